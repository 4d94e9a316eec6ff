"""What was finished on this computer: one line for each case, without messages and without anybody's name."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.database import DAMAGED, make_private, primary, translated
from sithsup.errors import HistoryUnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "history.sqlite3"
"""In the data folder."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One finished run. `card` is a masked card number, times are ISO 8601 in UTC."""

    card: str
    campaign: str
    case_code: str
    begun: str
    ended: str
    outcome: str


def history(folder: Path) -> tuple[HistoryEntry, ...]:
    """What was finished on this computer, newest first. Raises `HistoryUnreadableError`, `SecondInstanceError`."""
    path = folder / FILE
    with translated(path, HistoryUnreadableError):
        if not path.exists():
            return ()
        with contextlib.closing(sqlite3.connect(path)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'history'").fetchone():
                return ()  # it was made, and cut before anything was written
            rows = db.execute(
                "SELECT card, campaign, case_code, begun, ended, outcome FROM history ORDER BY entry DESC"
            )
            return tuple(HistoryEntry(*row) for row in rows)


def append_history(folder: Path, entry: HistoryEntry) -> None:
    """Write down that a case has ended. Raises `JournalUnwritableError`, `HistoryUnreadableError`."""
    path = folder / FILE
    with translated(path), _naming_damage(path):
        make_private(folder, path)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS history (entry INTEGER PRIMARY KEY, card TEXT, campaign TEXT, "
                "case_code TEXT UNIQUE, begun TEXT, ended TEXT, outcome TEXT)"
            )
            db.execute(
                "INSERT OR IGNORE INTO history (card, campaign, case_code, begun, ended, outcome) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (entry.card, entry.campaign, entry.case_code, entry.begun, entry.ended, entry.outcome),
            )


@contextlib.contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    """More room on the disk mends no damaged file."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if primary(error) not in DAMAGED:
            raise
        raise HistoryUnreadableError(str(error), path=str(path), problem=str(error)) from error
