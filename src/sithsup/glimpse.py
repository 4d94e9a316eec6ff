"""The journals of this computer seen from outside: nothing in them is changed, and nobody is kept from them.

What a journal has announced is no progress: how far an upgrade came is read off the card (law 4).
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.database import primary, require_whole
from sithsup.journal import FORMAT, PATTERN, Unfinished, read_only
from sithsup.model import MessageKind

if TYPE_CHECKING:
    from pathlib import Path

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Sight(StrEnum):
    """How much can be seen of a journal."""

    WHOLE = "whole"
    IN_USE = "in-use"  # a process is at work with it now
    CUT = "cut"  # in the middle of a write; whoever opens it next finds it as it was before that write
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One journal. But for `path` only a whole one tells anything, and only a damaged one has a problem."""

    path: Path
    sight: Sight
    unfinished: Unfinished | None = None
    """None also where it was cut before anything was begun."""
    keys: int = 0
    """How many keys were announced."""
    messages: frozenset[MessageKind] = frozenset()
    is_full: bool = False
    """Whether the card has refused a certificate for want of room."""
    problem: str = ""


def glimpses(folder: Path) -> tuple[Glimpse, ...]:
    """Every journal in a folder, which need not be there. Raises OSError where it cannot be read."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.match(PATTERN))
    except FileNotFoundError:
        return ()
    return tuple(map(_glimpse, paths))


def _glimpse(path: Path) -> Glimpse:
    try:
        with contextlib.closing(read_only(path)) as db:
            return _seen(path, db)
    except ValueError as error:  # a kind of message that there is not
        return Glimpse(path, Sight.DAMAGED, problem=str(error))
    except sqlite3.Error as error:
        if primary(error) in _BUSY:
            return Glimpse(path, Sight.IN_USE)
        if primary(error) == sqlite3.SQLITE_READONLY:
            return Glimpse(path, Sight.CUT)
        return Glimpse(path, Sight.DAMAGED, problem=str(error))


def _seen(path: Path, db: sqlite3.Connection) -> Glimpse:
    require_whole(db)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        return Glimpse(path, Sight.DAMAGED, problem=f"format {version}") if version else Glimpse(path, Sight.WHOLE)
    return Glimpse(
        path,
        Sight.WHOLE,
        next((Unfinished(*row) for row in db.execute("SELECT card, campaign, case_code, begun FROM run")), None),
        db.execute("SELECT count(*) FROM generation").fetchone()[0],
        frozenset(MessageKind(kind) for (kind,) in db.execute("SELECT DISTINCT kind FROM message")),
        bool(db.execute("SELECT 1 FROM refusal").fetchone()),
    )
