"""What `history` lists for a person: whole sentences, local times, the person's language."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import cli, texts
from sithsup.cli.lists import history_lines
from sithsup.errors import CampaignInvalidError, CampaignMissingError
from sithsup.history import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTRY = HistoryEntry("…9277", "demo", "2B426L72", "2026-11-24T22:34:10+00:00", "2026-11-24T22:35:59+00:00", "upgraded")


@pytest.fixture(autouse=True)
def _in_stockholm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    texts.set_language(None)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("language", "changes", "line"),
    [
        ("en", {}, "Card …9277, case 2B426L72: upgraded, 2026-11-24 23:34 to 23:35"),
        ("sv", {}, "Kort …9277, ärende 2B426L72: uppgraderat, 2026-11-24 23:34 to 23:35"),
        ("sv", {"outcome": "restored"}, "Kort …9277, ärende 2B426L72: återställt, 2026-11-24 23:34 to 23:35"),
        (
            "en",
            {"ended": "2026-11-25T07:00:00+00:00"},
            "Card …9277, case 2B426L72: upgraded, 2026-11-24 23:34 to 2026-11-25 08:00",
        ),
        ("en", {"ended": ENTRY.begun}, "Card …9277, case 2B426L72: upgraded, 2026-11-24 23:34"),
        ("en", {"outcome": "later"}, "Card …9277, case 2B426L72: later, 2026-11-24 23:34 to 23:35"),
    ],
)
def test_a_finished_case_is_a_sentence(language: str, changes: dict[str, str], line: str) -> None:
    """It can be read out over the phone: which card, which case, how it ended, when."""
    texts.set_language(language)
    assert list(history_lines((replace(ENTRY, **changes),), {})) == [line.replace(" to ", "\N{EN DASH}")]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Nothing was finished on this computer."), ("sv", "Inget har gjorts klart på den här datorn.")],
)
def test_a_history_without_entries_says_so(
    language: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person reads a sentence; a script that counts lines, or reads JSON, finds none."""
    for variable in ("DATA", "LOGS"):
        monkeypatch.setenv(f"SITHSUP_{variable}", str(tmp_path / variable))
    monkeypatch.setenv("SITHSUP_LANGUAGE", language)
    assert cli.run(["history"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{sentence}\n")
    assert cli.run(["history", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["history"] == []


# ---------------------------------------------------------------------------------------- small texts


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "The file X does not exist."), ("sv", "Filen X finns inte.")]
)
def test_a_campaign_file_that_is_not_there(language: str, sentence: str) -> None:
    texts.set_language(language)
    assert CampaignMissingError(path="X", problem="No such file or directory").why == sentence


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({}, "The file X: odd"),
        ({"line": 7}, "The file X, line 7: odd"),
        ({"line": 7, "place": "a.0"}, "The file X, line 7, at a.0: odd"),
    ],
)
def test_a_place_is_told_where_there_is_one(place: dict[str, Any], why: str) -> None:
    texts.set_language("en")
    assert CampaignInvalidError(path="X", problem="odd", **place).why == why
