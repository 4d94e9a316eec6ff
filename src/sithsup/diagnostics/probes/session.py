"""The session: how the screen is reached, and what Windows does with cards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.diagnostics import screen, windows
from sithsup.diagnostics.probe import Found
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term, Word
from sithsup.diagnostics.windows import Hive
from sithsup.errors import CertificatesLeftError, ServiceDisabledError
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.windows import Windows

WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"
REMOVAL_ACTIONS = {
    # Translators: stands after “When the card is pulled, Windows”
    "0": Term("nothing", mark("does nothing")),
    # Translators: stands after “When the card is pulled, Windows”
    "1": Term("lock", mark("locks the screen")),
    # Translators: stands after “When the card is pulled, Windows”
    "2": Term("log-off", mark("logs the person off")),
    # Translators: stands after “When the card is pulled, Windows”
    "3": Term("disconnect", mark("ends the connection to a remote session")),
}
"""What Windows does when the card is pulled with which somebody has logged in (ScRemoveOption)."""
DISABLED = "disabled"
SMART_CARDS, PROPAGATION, REMOVAL = "SCardSvr", "CertPropSvc", "SCPolicySvc"
SERVICES = (
    (SMART_CARDS, mark("Service for smart cards"), mark("Service for smart cards starts")),
    (PROPAGATION, mark("Service that copies certificates"), mark("Service that copies certificates starts")),
    (REMOVAL, mark("Service that watches for pulled cards"), mark("Service that watches for pulled cards starts")),
)
STATUSES = {"running": mark("is running"), "stopped": mark("is not running")}
START_TYPES = {
    # Translators: when a service of Windows starts
    "automatic": mark("by itself"),
    "manual": mark("when it is needed"),
    DISABLED: mark("never: it is disabled"),
}


def session(scene: Scene) -> Found:
    """From where the screen is seen; on Windows also its services for cards."""
    system = windows.here()
    facts = [Fact("kind", mark("The screen is reached"), screen.kind(os.environ, system))]
    if system is None:
        return Found(tuple(facts))
    count, left = _in_store(system, scene)
    facts += [*_facts(system), Fact("in-store", mark("Old certificates that Windows has kept"), count)]
    service = system.service(SMART_CARDS)
    problems = []
    if service and service.start_type == DISABLED:
        problems.append(Problem(ServiceDisabledError(service=SMART_CARDS)))
    if left:
        problems.append(Problem(CertificatesLeftError(count=left)))
    return Found(tuple(facts), problems=tuple(problems))


def _facts(system: Windows) -> Iterator[Fact]:
    for name, label, start_label in SERVICES:
        service = system.service(name)
        yield Fact(name, label, _term(service.status, STATUSES) if service else None)
        yield Fact(f"{name}-start", start_label, _term(service.start_type, START_TYPES) if service else None)
    option = system.value(Hive.MACHINE, WINLOGON, "ScRemoveOption")
    yield Fact("removal", mark("When the card is pulled, Windows"), REMOVAL_ACTIONS.get(str(option)))


def _term(word: str, known: Mapping[str, str]) -> Word:
    return Term(word, known[word]) if word in known else Word("other")


def _in_store(system: Windows, scene: Scene) -> tuple[int, int]:
    """How many old certificates Windows has in the account's store, and of how many no reader has the card.

    Of the second nothing is told where no card was read.
    """
    kept = {der for der in system.certificates() if scene.campaign and _is_old(der, scene.campaign)}
    cards = scene.cards_within(scene.left)
    there = {found.certificate.der for card in cards for found in card.certificates}
    return len(kept), len(kept - there) if cards else 0


def _is_old(der: bytes, campaign: Campaign) -> bool:
    try:
        return campaign.replaces(Certificate.parse(der))
    except UnreadableCertificateError:
        return False
