"""Every probe, in the order in which support reads what came of them."""

from sithsup.diagnostics.probe import Probe
from sithsup.diagnostics.probes.configuration import campaign, settings
from sithsup.diagnostics.probes.log import log
from sithsup.diagnostics.probes.memory import history, journal, locks
from sithsup.diagnostics.probes.program import program
from sithsup.texts import mark

ALL = (
    Probe("program", mark("The program and this computer"), program),
    Probe("settings", mark("Settings"), settings),
    Probe("campaign", mark("The upgrade campaign"), campaign),
    Probe("journal", mark("Unfinished upgrades"), journal),
    Probe("history", mark("Finished upgrades"), history),
    Probe("locks", mark("Several accounts at one card"), locks),
    Probe("log", mark("The log"), log),
)
