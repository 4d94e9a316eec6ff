"""The system's smart card service, its readers, and who uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.pcsc import ReaderState
from sithsup.diagnostics.card_side import absence, trouble
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.screen import is_remote
from sithsup.diagnostics.values import Fact, Term, Word, foreign
from sithsup.errors import (
    CardServiceDeniedError,
    CardServiceHungError,
    CardServiceMissingError,
    CardServiceStoppedError,
    SithsupError,
)
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.pcsc import Reader
    from sithsup.diagnostics.card_side import ReadersSeen
    from sithsup.diagnostics.scene import Scene

RUNNING = Term("running", mark("is running"))
SERVICE: dict[type[SithsupError], Term] = {
    CardServiceStoppedError: Term("stopped", mark("is not running")),
    CardServiceMissingError: Term("missing", mark("is not installed")),
    CardServiceHungError: Term("hung", mark("does not answer")),
    CardServiceDeniedError: Term("denied", mark("refuses this account")),
}
"""What is told of the service, by the error that it gave."""
STATE_TEXTS = {
    ReaderState.UNAVAILABLE: mark("cannot be used"),
    ReaderState.EMPTY: mark("no card"),
    ReaderState.MUTE: mark("a card that does not answer"),
    ReaderState.EXCLUSIVE: mark("a card that a program keeps to itself"),
    ReaderState.IN_USE: mark("a card that programs are using"),
    ReaderState.UNPOWERED: mark("a card without power, as nobody uses it"),
    ReaderState.CARD: mark("a card"),
}


def readers(scene: Scene) -> Found:
    """Whether the service runs, what is in its readers, and which other programs use it."""
    seen, others = scene.readers(), scene.programs()
    service = SERVICE.get(type(seen.error), Term("unknown", mark("not known"))) if seen.error else RUNNING
    facts = (
        Fact("service", mark("The smart card service"), service),
        Fact("readers", mark("Card readers"), None if seen.error else len(seen.readers)),
        Fact("programs", mark("Other programs that use smart cards"), None if others is None else len(others)),
    )
    groups = (*map(_group, seen.readers), *(Group("program", foreign(name), ()) for name in others or ()))
    return Found(facts, groups, tuple(map(Problem, _problems(scene, seen, others or ()))))


def _group(reader: Reader) -> Group:
    facts = (
        Fact("state", mark("In the reader"), Term(reader.state.value, STATE_TEXTS[reader.state])),
        Fact("atr", mark("The card's answer to reset (ATR)"), Word(reader.atr.hex()) if reader.atr else None),
    )
    return Group("reader", foreign(reader.name), facts)


def _problems(scene: Scene, seen: ReadersSeen, programs: tuple[str, ...]) -> Iterator[SithsupError]:
    """Troubled cards in any case; that there is none, or no service, only where no card could be read without."""
    troubled = trouble(seen, programs)
    yield from troubled
    missing = absence(seen, programs, is_remote=is_remote())
    if missing and not troubled and not _shows_card(scene):
        yield missing


def _shows_card(scene: Scene) -> bool:
    try:
        return bool(scene.cards().cards)
    except SithsupError:
        return False
