"""The session: how the screen is reached, and what Windows does with cards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sithsup.diagnostics import screen, windows
from sithsup.diagnostics.probe import Found
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Word, one_of
from sithsup.diagnostics.windows import Hive
from sithsup.errors import ServiceDisabledError
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.windows import Windows

WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
REMOVAL_ACTIONS = {"0": "nothing", "1": "lock", "2": "log-off", "3": "disconnect"}
"""What Windows does when the card is pulled with which somebody has logged in (ScRemoveOption)."""
SMART_CARDS, PROPAGATION, REMOVAL = "SCardSvr", "CertPropSvc", "SCPolicySvc"
SERVICES = (
    (SMART_CARDS, mark("Service for smart cards"), mark("Service for smart cards starts")),
    (PROPAGATION, mark("Service that copies certificates"), mark("Service that copies certificates starts")),
    (REMOVAL, mark("Service that watches for pulled cards"), mark("Service that watches for pulled cards starts")),
)
STATUSES = {"running", "stopped", "start_pending", "stop_pending", "paused"}
DISABLED = "disabled"
START_TYPES = {"automatic", "manual", DISABLED}


def session(scene: Scene) -> Found:  # noqa: ARG001  as every probe
    """From where the screen is seen; on Windows also its services for cards."""
    system = windows.here()
    facts = [Fact("kind", mark("The screen is reached"), Word(screen.kind(os.environ, system)))]
    if system is None:
        return Found(tuple(facts))
    facts += _facts(system)
    service = system.service(SMART_CARDS)
    is_off = service is not None and service.start_type == DISABLED
    return Found(tuple(facts), problems=(Problem(ServiceDisabledError(service=SMART_CARDS)),) if is_off else ())


def _facts(system: Windows) -> Iterator[Fact]:
    for name, label, start_label in SERVICES:
        service = system.service(name)
        yield Fact(name, label, one_of(service.status, STATUSES) if service else None)
        yield Fact(f"{name}-start", start_label, one_of(service.start_type, START_TYPES) if service else None)
    option = system.value(Hive.MACHINE, WINLOGON, "ScRemoveOption")
    removal = Word(REMOVAL_ACTIONS.get(str(option), "other")) if option is not None else None
    yield Fact("removal", mark("When the card is pulled, Windows does"), removal)
