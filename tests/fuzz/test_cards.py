"""A slice of the mutated cards; the long run is `python -m tests.fuzz.cards`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.fuzz.cards import EAST, SORTS, decks, drive, fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = 60 * len(SORTS)


@pytest.fixture(autouse=True)
def _east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In a time zone where a day begins early."""
    monkeypatch.setenv("TZ", EAST)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("decks")


def test_true_cards_are_read_whole(folder: Path) -> None:
    """Else nothing would be changed."""
    assert [drive(deck, folder) for deck in decks(folder)] == ["none unreadable"] * 5
    assert all(deck.numbers for deck in decks(folder))


@pytest.mark.parametrize("seed", range(3))
def test_a_mutated_card_is_read_judged_and_told(seed: int, folder: Path) -> None:
    """Every sort comes as far as it should."""
    counts, each = fuzz(CASES, seed, folder), CASES / len(SORTS)
    assert sum(counts.values()) == CASES
    assert counts["raw: some unreadable"] > each / 2
    assert counts["tree: all readable"] > each / 10
    assert counts["objects: all readable"] > each / 2
    assert counts["tokens: all readable"] == each
