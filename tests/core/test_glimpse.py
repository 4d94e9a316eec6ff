"""Journals seen from outside: nothing in them is changed, nobody is kept from them, and damage is called damage."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sithsup.glimpse import Glimpse, Sight, glimpses
from sithsup.journal import Journal, Unfinished
from sithsup.model import Message, MessageKind

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = datetime(2030, 1, 1, 12, tzinfo=UTC)
KILLED = """
import os, pathlib, signal, sqlite3, sys
db = sqlite3.connect(pathlib.Path(sys.argv[1]), isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for number in range(500):
    db.execute("INSERT INTO message (kind, der) VALUES ('order', ?)", (bytes(4000),))
os.kill(os.getpid(), signal.SIGKILL)
"""
"""Somebody who is killed when a part of what is written has reached the file."""


def begun(folder: Path, card: str = "card") -> Journal:
    journal = Journal(folder, card, lambda: BEGUN)
    journal.begin("…1234", "campaign", "CASE")
    return journal


def only(folder: Path) -> Glimpse:
    (found,) = glimpses(folder)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_announced_is_seen_and_nothing_is_changed(tmp_path: Path) -> None:
    """Names and kinds, never a message."""
    with begun(tmp_path) as journal:
        journal.announce_key("authentication", b"1")
        journal.announce_key("signature", b"2")
        journal.remember("target", Message(MessageKind.ORDER, b"one", b"der"), b"key")
        journal.remember("target", Message(MessageKind.ISSUED, b"one", b"der"))
    before = contents(tmp_path)
    seen = only(tmp_path)
    assert seen.unfinished == Unfinished("…1234", "campaign", "CASE", BEGUN.isoformat())
    assert (seen.sight, seen.keys, seen.is_full) == (Sight.WHOLE, 2, False)
    assert seen.messages == {MessageKind.ORDER, MessageKind.ISSUED}
    assert contents(tmp_path) == before
    with Journal(tmp_path, "card", lambda: BEGUN) as journal:
        journal.remember_full()
    assert only(tmp_path).is_full


def test_nothing_is_there_before_anything_was_begun(tmp_path: Path) -> None:
    assert glimpses(tmp_path / "nowhere") == ()
    assert glimpses(tmp_path) == ()
    (tmp_path / "history.sqlite3").touch()
    assert glimpses(tmp_path) == ()
    Journal(tmp_path, "card", lambda: BEGUN).close()
    assert only(tmp_path).unfinished is None
    (tmp_path / "journal-card.sqlite3").write_bytes(b"")  # it was made, and cut before anything was written
    assert (only(tmp_path).sight, only(tmp_path).unfinished) == (Sight.WHOLE, None)


def test_one_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    """Whoever holds it goes on writing."""
    with begun(tmp_path) as journal:
        assert only(tmp_path) == Glimpse(tmp_path / "journal-card.sqlite3", Sight.IN_USE)
        journal.announce_key("authentication", b"1")
    assert only(tmp_path).keys == 1


def test_one_that_was_cut_in_the_middle_of_a_write_is_left_to_whoever_opens_it(tmp_path: Path) -> None:
    """It is no damage: SQLite takes back what was half written. Looking does not."""
    begun(tmp_path).close()
    path = tmp_path / "journal-card.sqlite3"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    before = contents(tmp_path)
    assert "journal-card.sqlite3-journal" in before
    assert only(tmp_path).sight is Sight.CUT
    assert contents(tmp_path) == before
    Journal(tmp_path, "card", lambda: BEGUN).close()
    assert (only(tmp_path).sight, only(tmp_path).messages) == (Sight.WHOLE, frozenset())


@pytest.mark.parametrize("damage", [b"this is no database, it is a text" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_one_is_damaged(tmp_path: Path, damage: bytes) -> None:
    """And is left as it is, for whoever can do something with it."""
    (tmp_path / "journal-card.sqlite3").write_bytes(damage)
    assert only(tmp_path).sight is Sight.DAMAGED
    assert only(tmp_path).problem
    assert contents(tmp_path) == {"journal-card.sqlite3": damage}


def test_damage_in_the_middle_is_found(tmp_path: Path) -> None:
    with begun(tmp_path) as journal:
        for number in range(50):
            journal.remember("target", Message(MessageKind.ORDER, bytes([number]), bytes(500)), b"key")
    path = tmp_path / "journal-card.sqlite3"
    content = path.read_bytes()
    path.write_bytes(content[: 5 * 4096] + b"\xff" * 4096 + content[6 * 4096 :])
    assert only(tmp_path).sight is Sight.DAMAGED


def test_a_word_that_there_is_not_is_damage(tmp_path: Path) -> None:
    with begun(tmp_path) as journal:
        journal._write("INSERT INTO message (kind) VALUES ('nonsense')", ())
    assert only(tmp_path).sight is Sight.DAMAGED
    assert "nonsense" in only(tmp_path).problem


def test_one_of_another_format_is_not_read(tmp_path: Path) -> None:
    begun(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal-card.sqlite3")) as db:
        db.execute("PRAGMA user_version = 99")
    assert (only(tmp_path).sight, only(tmp_path).problem) == (Sight.DAMAGED, "format 99")


def test_a_folder_that_cannot_be_read_is_no_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        glimpses(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208  no more is asked
