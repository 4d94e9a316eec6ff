"""Why there is no card, by what readers and module show: the cause is named, not what follows from it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sithsup.card.pcsc import Reader, ReaderState
from sithsup.card.slot_info import SlotInfo
from sithsup.diagnostics import screen
from sithsup.diagnostics.card_side import CardsSeen, ReadersSeen, absence, look_at_readers, unread
from sithsup.diagnostics.probes.readers import readers
from sithsup.errors import (
    CardHeldError,
    CardMuteError,
    CardRemovedError,
    CardServiceDeniedError,
    CardServiceHungError,
    CardServiceMissingError,
    CardServiceStoppedError,
    CardUnknownError,
    ModuleCrashedError,
    ModuleHungError,
    ModuleNotStartingError,
    NoCardError,
    NoModuleError,
    NoReaderError,
    ReaderHiddenError,
    SithsupError,
)
from tests.support.eligible import eligible
from tests.support.scenes import scene

if TYPE_CHECKING:
    from pathlib import Path

STOPPED = CardServiceStoppedError(answer="SCARD_E_NO_SERVICE (0x8010001D)")
HUNG = ModuleHungError(seconds="6")


def seen(*states: ReaderState) -> ReadersSeen:
    """Readers by how they are, named by their places."""
    answer = {ReaderState.CARD, ReaderState.EXCLUSIVE, ReaderState.IN_USE, ReaderState.UNPOWERED}
    return ReadersSeen(
        tuple(Reader(f"R{place}", state, b";" if state in answer else b"") for place, state in enumerate(states))
    )


EMPTY, CARD, MUTE = ReaderState.EMPTY, ReaderState.CARD, ReaderState.MUTE
IN_USE, EXCLUSIVE = ReaderState.IN_USE, ReaderState.EXCLUSIVE


@pytest.mark.parametrize(
    ("shown", "is_remote", "kind"),
    [
        (ReadersSeen(error=STOPPED), False, CardServiceStoppedError),
        (ReadersSeen(error=STOPPED), True, ReaderHiddenError),
        (ReadersSeen(error=CardServiceDeniedError(answer="no")), True, CardServiceDeniedError),
        (ReadersSeen(error=CardServiceHungError(seconds="2")), True, CardServiceHungError),
        (seen(), False, NoReaderError),
        (seen(), True, ReaderHiddenError),
        (seen(EMPTY, ReaderState.UNAVAILABLE), True, NoCardError),
        (seen(EMPTY, MUTE), False, CardMuteError),
        (seen(EXCLUSIVE, EMPTY), False, CardHeldError),
        (seen(EMPTY, CARD), False, type(None)),
        (seen(ReaderState.UNPOWERED), False, type(None)),
    ],
)
def test_what_the_readers_say(shown: ReadersSeen, is_remote: bool, kind: type) -> None:
    assert type(absence(shown, (), is_remote=is_remote)) is kind


@pytest.mark.parametrize(
    ("shown", "came", "kind"),
    [
        (seen(CARD), CardsSeen("m"), CardUnknownError),
        (seen(EMPTY), CardsSeen("m"), NoCardError),
        (seen(CARD), CardsSeen("m", error=HUNG), ModuleHungError),
        (seen(IN_USE), CardsSeen("m", error=HUNG), CardHeldError),
        (seen(IN_USE), CardsSeen("m", error=ModuleNotStartingError(path="m", seconds="6")), CardHeldError),
        (seen(MUTE, IN_USE), CardsSeen("m", error=HUNG), CardMuteError),
        (seen(IN_USE), CardsSeen("m", error=ModuleCrashedError()), ModuleCrashedError),
        (seen(IN_USE), CardsSeen("m"), CardUnknownError),
        (seen(CARD), CardsSeen("m", slots=(SlotInfo("R0", has_token=True),)), CardUnknownError),
        (ReadersSeen(error=STOPPED), CardsSeen("m", error=ModuleCrashedError()), ModuleCrashedError),
        (ReadersSeen(error=STOPPED), CardsSeen("m", error=HUNG), ModuleHungError),
        (ReadersSeen(error=CardServiceHungError(seconds="2")), CardsSeen("m", error=HUNG), CardServiceHungError),
    ],
)
def test_what_the_module_says(shown: ReadersSeen, came: CardsSeen, kind: type) -> None:
    assert type(unread(shown, came, (), is_remote=False)) is kind


def test_a_card_that_went_while_it_was_read(tmp_path: Path) -> None:
    """Its token was there a moment ago."""
    facts = eligible(tmp_path)
    slot = SlotInfo("R0", has_token=True, token=facts.contents.tokens[0].info)
    assert type(unread(seen(CARD), CardsSeen("m", slots=(slot,)), (), is_remote=False)) is CardRemovedError
    assert unread(seen(EMPTY), CardsSeen("m", slots=(slot,), cards=(facts.contents,)), (), is_remote=False) is None


def test_who_holds_a_card_is_told_where_that_is_known() -> None:
    told = absence(seen(EMPTY, EXCLUSIVE), ("netid", "test-browser"), is_remote=False)
    assert told is not None
    assert "R1" in told.why
    assert "netid, test-browser" in told.why
    untold = absence(seen(EXCLUSIVE), (), is_remote=False)
    assert untold is not None
    assert "does not tell which one" in untold.why


def test_a_service_that_hangs_is_not_waited_for() -> None:
    released = threading.Event()
    begun = time.monotonic()

    def hangs() -> tuple[Reader, ...]:
        released.wait(60)
        return ()

    found = look_at_readers(hangs, seconds=0.3)
    released.set()
    assert time.monotonic() - begun < 10
    assert isinstance(found.error, CardServiceHungError)
    assert "0.3 seconds" in found.error.why


def test_a_fault_of_ours_at_the_readers_is_no_fault_of_the_service() -> None:
    """The probe fails by it, and says so."""
    with pytest.raises(ZeroDivisionError):
        look_at_readers(lambda: (1 / 0,))  # type: ignore[arg-type, return-value]


# ------------------------------------------------------------------------------------------------------ the probe


def named(folder: Path, cards: CardsSeen | SithsupError, readers_: object) -> list[str]:
    found = readers(scene(folder, cards, readers=readers_))  # type: ignore[arg-type]
    return [problem.name for problem in found.problems]


@pytest.mark.parametrize("readers_", [STOPPED, (), seen(EMPTY).readers])
def test_what_a_module_does_without_is_no_problem(tmp_path: Path, readers_: object) -> None:
    """It shows a card; where it shows none, or there is no module, it is one."""
    card = CardsSeen("m", cards=(eligible(tmp_path).contents,))
    assert named(tmp_path, card, readers_) == []
    for without in (CardsSeen("m"), NoModuleError(places="-")):
        assert len(named(tmp_path, without, readers_)) == 1


def test_every_troubled_card_is_told_beside_a_good_one(tmp_path: Path) -> None:
    card = CardsSeen("m", cards=(eligible(tmp_path).contents,))
    shown = seen(MUTE, CARD, EXCLUSIVE, MUTE).readers
    assert named(tmp_path, card, shown) == ["CardMuteError", "CardMuteError", "CardHeldError"]


@pytest.mark.parametrize(
    ("error", "service"),
    [
        (STOPPED, "stopped"),
        (CardServiceMissingError(library="libpcsclite.so.1"), "missing"),
        (CardServiceHungError(seconds="2"), "hung"),
        (CardServiceDeniedError(answer="no"), "denied"),
        (SithsupError("a bug"), "unknown"),
    ],
)
def test_what_is_said_of_the_service(tmp_path: Path, error: SithsupError, service: str) -> None:
    facts = {fact.name: fact.value for fact in readers(scene(tmp_path, CardsSeen("m"), readers=error)).facts}
    assert facts["service"] == service
    assert facts["readers"] is None


def test_programs_that_nobody_can_list_are_not_none(tmp_path: Path) -> None:
    """Not known is another thing than nobody."""
    for programs, told in ((None, None), ((), 0), (("netid", "test-browser"), 2)):
        found = readers(scene(tmp_path, CardsSeen("m"), programs=programs))
        assert next(fact.value for fact in found.facts if fact.name == "programs") == told


def test_a_remote_session_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address, is_remote in (("192.0.2.1 50000 192.0.2.2 22", True), ("", False)):
        monkeypatch.setenv("SSH_CONNECTION", address)
        assert screen.is_remote() is is_remote
        assert (named(tmp_path, CardsSeen("m"), ()) == ["ReaderHiddenError"]) is is_remote
