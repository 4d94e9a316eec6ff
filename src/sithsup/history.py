"""What was finished on this computer: one line for each case, without personal data and without messages."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.database import make_private, translated

if TYPE_CHECKING:
    from pathlib import Path


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
    """What was finished on this computer, newest first."""
    path = folder / "history.sqlite3"
    if not path.exists():
        return ()
    with translated(path), contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT card, campaign, case_code, begun, ended, outcome FROM history ORDER BY entry DESC")
        return tuple(HistoryEntry(*row) for row in rows)


def append_history(folder: Path, entry: HistoryEntry) -> None:
    """Write one line, once for each case. Raises `JournalUnwritableError`."""
    path = folder / "history.sqlite3"
    with translated(path):
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
