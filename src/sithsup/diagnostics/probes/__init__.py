"""Every probe, in the order in which support reads what came of them."""

from sithsup.diagnostics.probe import Probe
from sithsup.diagnostics.probes.configuration import campaign, settings
from sithsup.diagnostics.probes.program import program
from sithsup.texts import mark

ALL = (
    Probe("program", mark("The program and this computer"), program),
    Probe("settings", mark("Settings"), settings),
    Probe("campaign", mark("The upgrade campaign"), campaign),
)
