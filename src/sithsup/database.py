"""SQLite files of ours: for their owner only, whole or not there, and their errors told in our words."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from typing import TYPE_CHECKING

from sithsup import os_words
from sithsup.errors import DiskFullError, JournalUnwritableError, SecondInstanceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.errors import JournalError

DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
"""The primary result codes of a file that is not, or no longer, what it should be."""


def require_whole(db: sqlite3.Connection) -> None:
    """Raise what SQLite raises of a damaged file; its own errors come late, page by page."""
    found = db.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def make_private(folder: Path, path: Path) -> None:
    """Make the folder and the file, both for their owner only, before anything is written to them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code; the extended ones keep it in the low byte."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


@contextlib.contextmanager
def translated(path: Path, kind: type[JournalError] = JournalUnwritableError) -> Iterator[None]:
    """Turn the errors of SQLite and of the file system into ours: of this kind where they have none of their own."""
    try:
        yield
    except sqlite3.Error as error:
        code = primary(error)
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise SecondInstanceError(str(error)) from error
        kind = DiskFullError if code == sqlite3.SQLITE_FULL else kind
        raise kind(str(error), path=str(path), problem=str(error)) from error
    except OSError as error:
        raise unwritable(path, error, kind) from error


def unwritable(path: Path, error: OSError, kind: type[JournalError] = JournalUnwritableError) -> JournalError:
    """What the system refused, as an error of ours of this kind; a full disk has its own."""
    kind = DiskFullError if error.errno == errno.ENOSPC else kind
    return kind(str(error), path=str(path), problem=os_words.reason(error))
