"""The card's part of a scene: in which order it is looked at, and when it is not looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.card_lock import CardLock
from sithsup.diagnostics import card_side
from sithsup.diagnostics.card_side import CardsSeen, ReadersSeen
from sithsup.diagnostics.scene import LONGEST, Once, Scene
from sithsup.errors import NoModuleError, SecondInstanceError
from sithsup.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was looked at, in order."""
    seen: list[str] = []

    def look_at_cards(path: str, seconds: float) -> CardsSeen:
        assert 0 < seconds <= LONGEST
        seen.append(f"cards by {path}")
        return CardsSeen(path)

    monkeypatch.setattr(card_side, "look_at_cards", look_at_cards)
    return seen


def scene(folder: Path, looks: list[str], module: str) -> Scene:
    variables = {"MODULE": module, "DATA": str(folder / "data"), "LOCKS": str(folder / "locks")}
    made = Scene(Settings.resolve({f"SITHSUP_{name}": value for name, value in variables.items()}, ()))

    def look_at_readers() -> ReadersSeen:
        looks.append("readers")
        return ReadersSeen()

    made.readers = Once(look_at_readers)
    return made


def test_readers_are_looked_at_before_anything_of_ours_uses_a_card(tmp_path: Path, looks: list[str]) -> None:
    """Afterwards every card would be in use: by us."""
    module = tmp_path / "module.so"
    module.touch()
    made = scene(tmp_path, looks, str(module))
    assert made.cards() is made.cards()
    assert looks == ["readers", f"cards by {module}"]


def test_nothing_is_looked_at_while_a_run_is_at_work(tmp_path: Path, looks: list[str]) -> None:
    module = tmp_path / "module.so"
    module.touch()
    lock = CardLock(tmp_path / "locks", "some-card")
    lock.take()
    with pytest.raises(SecondInstanceError):
        scene(tmp_path, looks, str(module)).cards()
    assert looks == []
    lock.release()
    scene(tmp_path, looks, str(module)).cards()
    assert looks


def test_without_a_module_nothing_is_looked_at(tmp_path: Path, looks: list[str]) -> None:
    with pytest.raises(NoModuleError):
        scene(tmp_path, looks, str(tmp_path / "none.so")).cards()
    assert looks == []
