"""Every probe, in the order in which support reads what came of them."""

from sithsup.diagnostics.probe import Probe
from sithsup.diagnostics.probes.card import card
from sithsup.diagnostics.probes.clock import clock
from sithsup.diagnostics.probes.configuration import campaign, settings
from sithsup.diagnostics.probes.eligibility import eligibility
from sithsup.diagnostics.probes.log import log
from sithsup.diagnostics.probes.memory import history, journal, locks
from sithsup.diagnostics.probes.modules import modules
from sithsup.diagnostics.probes.network import network
from sithsup.diagnostics.probes.power import power
from sithsup.diagnostics.probes.program import program
from sithsup.diagnostics.probes.readers import readers
from sithsup.diagnostics.probes.session import session
from sithsup.diagnostics.probes.status import status
from sithsup.diagnostics.probes.trust import trust
from sithsup.texts import mark

ALL = (
    Probe("program", mark("The program and this computer"), program),
    Probe("settings", mark("Settings"), settings),
    Probe("campaign", mark("The upgrade campaign"), campaign),
    Probe("readers", mark("Card readers"), readers),
    Probe("modules", mark("Smart card programs"), modules),
    Probe("card", mark("The card"), card),
    Probe("eligibility", mark("Whether the card can be upgraded"), eligibility),
    Probe("network", mark("The network"), network),
    Probe("status", mark("The status services"), status),
    Probe("clock", mark("The clock"), clock),
    Probe("trust", mark("Roots that are trusted"), trust),
    Probe("power", mark("Power and sleep"), power),
    Probe("session", mark("The session"), session),
    Probe("journal", mark("Unfinished upgrades"), journal),
    Probe("history", mark("Finished upgrades"), history),
    Probe("locks", mark("Several accounts at one card"), locks),
    Probe("log", mark("The log"), log),
)
