"""Every probe, in the order in which support reads what came of them."""

from sithsup.diagnostics.probe import Probe
from sithsup.diagnostics.probes.card import card
from sithsup.diagnostics.probes.configuration import campaign, settings
from sithsup.diagnostics.probes.eligibility import eligibility
from sithsup.diagnostics.probes.modules import modules
from sithsup.diagnostics.probes.program import program
from sithsup.diagnostics.probes.readers import readers
from sithsup.texts import mark

ALL = (
    Probe("program", mark("The program and this computer"), program),
    Probe("settings", mark("Settings"), settings),
    Probe("campaign", mark("The upgrade campaign"), campaign),
    Probe("readers", mark("Card readers"), readers),
    Probe("modules", mark("Smart card programs"), modules),
    Probe("card", mark("The card"), card),
    Probe("eligibility", mark("Whether the card can be upgraded"), eligibility),
)
