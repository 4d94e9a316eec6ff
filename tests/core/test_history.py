"""The list of what was finished: a damaged one is called damaged, and says what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.errors import HistoryUnreadableError, JournalUnwritableError, SecondInstanceError
from sithsup.history import FILE, HistoryEntry, append_history, history

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = HistoryEntry("…1234", "campaign", "CASE", "2030-01-01T12:00:00+00:00", "2030-01-01T12:05:00+00:00", "upgraded")


def test_the_newest_comes_first_and_each_case_once(tmp_path: Path) -> None:
    second = replace(ENTRY, case_code="CASE2")
    for entry in (ENTRY, second, ENTRY):
        append_history(tmp_path, entry)
    assert history(tmp_path) == (second, ENTRY)


def test_nothing_was_finished_yet(tmp_path: Path) -> None:
    """Nor where the file was made and the computer went off before anything was written."""
    assert history(tmp_path) == ()
    (tmp_path / FILE).touch()
    assert history(tmp_path) == ()
    append_history(tmp_path, ENTRY)
    assert history(tmp_path) == (ENTRY,)


def test_a_damaged_list_is_told_as_one_and_left_as_it_is(tmp_path: Path) -> None:
    """Whether it is to be read or to be added to: more room on the disk mends nothing."""
    damage = b"this is no database, it is a text" * 100
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(HistoryUnreadableError) as read:
        history(tmp_path)
    with pytest.raises(HistoryUnreadableError) as written:
        append_history(tmp_path, ENTRY)
    assert str(tmp_path / FILE) in read.value.why
    assert read.value.why == written.value.why
    assert (tmp_path / FILE).read_bytes() == damage


def test_a_place_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(HistoryUnreadableError):
        history(tmp_path)
    with pytest.raises(JournalUnwritableError, match="folder"):
        append_history(tmp_path, ENTRY)


def test_somebody_else_writes_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no damage."""
    append_history(tmp_path, ENTRY)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, timeout=0, **options))
    with closing(connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SecondInstanceError):
            history(tmp_path)
        with pytest.raises(SecondInstanceError):
            append_history(tmp_path, ENTRY)
