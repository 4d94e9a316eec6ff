"""Which modules are told of, and which of them are loaded: none that could disturb whoever uses a card."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import Middleware
from sithsup.card.pcsc import Reader, ReaderState
from sithsup.card.slot_info import SlotInfo
from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.probes.modules import CODE_TEXTS, modules
from sithsup.errors import ModuleBrokenError, ModuleHungError, NoModuleError, SecondInstanceError
from sithsup.model import CodeState, ModuleInfo
from tests.support.eligible import campaign, eligible
from tests.support.scenes import scene

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.diagnostics.probe import Found

module_probe = importlib.import_module("sithsup.diagnostics.probes.modules")  # its package has a probe of that name
INFO = ModuleInfo("m", "Net iD, TEST", "Test module", "6.8")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """Three known places: two with a file, one without. Whatever is loaded is noted."""
    found = tuple(str(tmp_path / name) for name in ("taken.so", "other.so", "absent.so"))
    for path in found[:2]:
        (tmp_path / path).write_bytes(b"\x7fELF".ljust(18, b"\0") + b"\x3e\0")
    monkeypatch.setattr(module_probe, "every_place", lambda _: found)
    return found  # type: ignore[return-value]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the modules that were loaded besides the one that is taken."""
    paths: list[str] = []

    def introduced(path: str, seconds: float) -> CardsSeen:
        assert seconds > 0
        paths.append(path)
        return CardsSeen(path, error=ModuleBrokenError(path=path))

    monkeypatch.setattr(module_probe, "introduced", introduced)
    return paths


def told(found: Found, name: str) -> list[dict[str, object]]:
    return [{fact.name: fact.value for fact in group.facts} for group in found.groups if group.name == name]


def reader(state: ReaderState) -> Reader:
    return Reader("R", state, b";")


def test_every_place_is_told(places: tuple[str, str, str], loaded: list[str], tmp_path: Path) -> None:
    taken = CardsSeen(places[0], module=INFO, slots=(SlotInfo("R", has_token=False),))
    found = modules(scene(tmp_path, taken))

    first, other, absent = told(found, "module")
    assert (first["is-taken"], first["loads"], first["version"], first["made-for"]) == (
        True,
        True,
        "6.8",
        "Linux (x86-64)",
    )
    assert (other["is-taken"], other["loads"], other["error"]) == (False, False, "SU-1002 ModuleBrokenError")
    assert absent == {"is-there": False}
    assert loaded == [places[1]]
    assert found.problems == ()  # a broken module that nobody uses is none
    assert {fact.name: fact.value for fact in found.facts} == {
        "places": 3,
        "found": 2,
        "taken": places[0],
        "slots": 1,
    }


@pytest.mark.parametrize("state", list(ReaderState))
def test_others_are_left_alone_while_a_card_is_used(
    places: tuple[str, str, str], loaded: list[str], tmp_path: Path, state: ReaderState
) -> None:
    """Some read the card as soon as they are loaded."""
    found = modules(scene(tmp_path, CardsSeen(places[0], module=INFO), readers=(reader(state),)))
    is_used = state in {ReaderState.IN_USE, ReaderState.EXCLUSIVE}
    assert bool(loaded) is not is_used
    assert told(found, "module")[1]["loads"] is (None if is_used else False)


@pytest.mark.parametrize("error", [SecondInstanceError(), NoModuleError(places="-")])
def test_none_is_loaded_where_none_may_be(
    places: tuple[str, str, str], loaded: list[str], tmp_path: Path, error: SecondInstanceError | NoModuleError
) -> None:
    found = modules(scene(tmp_path, error))
    assert loaded == []
    assert [problem.source for problem in found.problems] == [error]
    assert len(told(found, "module")) == len(places)


def test_there_must_be_time_left(places: tuple[str, str, str], loaded: list[str], tmp_path: Path) -> None:
    made = scene(tmp_path, CardsSeen(places[0], module=INFO))
    made.deadline -= 60
    modules(made)
    assert loaded == []


def test_what_the_module_came_to_is_told_by_its_cause(
    places: tuple[str, str, str], loaded: list[str], tmp_path: Path
) -> None:
    hung = CardsSeen(places[0], module=INFO, error=ModuleHungError(seconds="6"))
    for state, name in ((ReaderState.CARD, "ModuleHungError"), (ReaderState.IN_USE, "CardHeldError")):
        found = modules(scene(tmp_path, hung, readers=(reader(state),)))
        assert [problem.name for problem in found.problems] == [name]
    assert loaded == [places[1]]


def test_a_module_that_shows_cards_before_it_ends(
    places: tuple[str, str, str], loaded: list[str], tmp_path: Path
) -> None:
    """Its own error stands."""
    facts = eligible(tmp_path)
    came = CardsSeen(places[0], module=INFO, cards=(facts.contents,), error=ModuleHungError(seconds="6"))
    assert [problem.name for problem in modules(scene(tmp_path, came)).problems] == ["ModuleHungError"]
    assert loaded


@pytest.mark.parametrize(("version", "named"), [("6.9", ["MIDDLEWARE_TOO_OLD"]), ("6.8", []), ("6.7.9", [])])
def test_a_module_that_is_too_old_is_told_without_a_card(
    places: tuple[str, str, str], loaded: list[str], tmp_path: Path, version: str, named: list[str]
) -> None:
    facts = campaign(eligible(tmp_path), middleware=(Middleware(manufacturer="net id", version=version),))
    found = modules(scene(tmp_path, CardsSeen(places[0], module=INFO), campaign=facts.campaign))
    assert [problem.name for problem in found.problems] == named
    assert loaded


def test_what_flags_say_of_codes(places: tuple[str, str, str], loaded: list[str], tmp_path: Path) -> None:
    """No label: a name may stand in it."""
    facts = eligible(tmp_path)
    info = replace(facts.contents.tokens[0].info, code=CodeState.FINAL_TRY, puk=CodeState.LOCKED, pin_pad=True)
    slots = (
        SlotInfo("R", has_token=True, token=info, mechanisms=("CKM_ECDSA", "CKM_SHA_1")),
        SlotInfo("R", has_token=True, answer="CKR_TOKEN_NOT_RECOGNIZED (0xE1)"),
        SlotInfo("R", has_token=False),
    )
    found = modules(scene(tmp_path, CardsSeen(places[0], module=INFO, slots=slots)))

    first, unknown = told(found, "slot")
    assert (first["code"], first["puk"], first["has-pin-pad"]) == ("final-try", "locked", True)
    assert (first["mechanisms"], first["needed-mechanisms"]) == (2, "CKM_ECDSA")
    assert (unknown["is-known"], unknown["answer"]) == (False, "CKR_TOKEN_NOT_RECOGNIZED (0xE1)")
    assert info.id.label not in str(found)
    assert loaded


def test_every_state_of_a_code_has_its_words() -> None:
    assert set(CODE_TEXTS) == set(CodeState)
