"""The log: one named logger for each module, one rotating file that only its owner can read.

A module says `_log = logging.getLogger(__name__)` and nothing more. Whatever reaches the file or the terminal
is masked as a whole, tracebacks included, because a personal identity number may stand in any text that a
card or an authority sends. Codes are never given to a logger at all; no mask could find them.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path

PRACTICE = "sithsup-practice"
"""How the names of the threads begin whose records go nowhere: no card and no case of theirs is real."""
MASKED = "********-****"
_BYTES_PER_FILE = 1_000_000
_OLD_FILES = 3
_LINE = "%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"

# A date of birth (YYYYMMDD or YYMMDD; a samordningsnummer adds 60 to the day), birth number and check digit.
# The check digit is not checked: a mistyped number is still somebody's. Months 01-12 leave organisation
# numbers alone, and a longer run of digits is another kind of number.
_PERSONAL_NUMBER = re.compile(
    r"""
    (?<![0-9])
    (?:1[89]|2[01])? [0-9]{2}               # year, with or without the century
    (?:0[1-9]|1[0-2])                       # month
    (?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])  # day, or day + 60
    [-+\u2010-\u2013\u2212\u0020]?          # hyphen, its look-alikes, plus (after a hundred years)
    [0-9]{4}
    (?![0-9])
    """,
    re.VERBOSE,
)


def mask(text: str) -> str:
    """Replace every personal identity number in a text; leaves card numbers and other digits alone."""
    return _PERSONAL_NUMBER.sub(MASKED, text)


def configure(path: Path | None, *, verbose: bool = False) -> None:
    """Send the program's log to a file, if one is given, and with `verbose` in full also to the terminal.

    May be called again: the former handlers are closed. Raises OSError when the file cannot be opened.
    """
    handlers: list[logging.Handler] = [logging.NullHandler()]
    if path is not None:
        handlers.append(_owner_only_file(path))
    if verbose:
        handlers.append(logging.StreamHandler(sys.stderr))
    logger = logging.getLogger("sithsup")
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    _close(logger)
    for handler in handlers:
        handler.setFormatter(_MaskingFormatter(_LINE))
        handler.addFilter(_is_real)
        logger.addHandler(handler)


def _is_real(record: logging.LogRecord) -> bool:
    return not (record.threadName or "").startswith(PRACTICE)


class _MaskingFormatter(logging.Formatter):
    """Masks the finished line, so that arguments and tracebacks are covered as well."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


class _OwnerOnlyFile(RotatingFileHandler):
    """A rotating file that nobody else may read, from the moment it exists."""

    def _open(self) -> TextIOWrapper:
        stream = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_open_owner_only
        )
        if hasattr(os, "fchmod"):  # not on Windows, where the profile folder keeps others out
            os.fchmod(stream.fileno(), 0o600)  # the file may be older than this rule
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is the library's
        """Do without the log where the disk is full: the work goes on, and the terminal gets no traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def _open_owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _owner_only_file(path: Path) -> logging.Handler:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _OwnerOnlyFile(path, maxBytes=_BYTES_PER_FILE, backupCount=_OLD_FILES, encoding="utf-8", errors="replace")


def _close(logger: logging.Logger) -> None:
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()
