"""The log: one named logger for each module, one rotating file that only its owner can read.

A module says `_log = logging.getLogger(__name__)` and nothing more. What the log never holds:

* Codes, keys and what messages carry: they are never given to a logger at all; no mask could find them.
* Personal identity numbers, HSA-ids and the name of the account's folder: whatever reaches the file or the terminal is
  masked as a whole, because any of them may stand in any text that a card, an authority or the system sends.
* Names of people: no mask knows them. Errors keep the words of others out of it (`SithsupError.logged`), and what a
  library says of an error that nobody expected is told at the levels DEBUG and TRAFFIC alone.

At TRAFFIC, below DEBUG, each call to the card's module and each message to the authority is told by its name, numbers
and how it ended (`traffic`). One process writes the file: what the card process has to tell comes over its pipe.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from functools import cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import TextIOWrapper

    Fact = str | int | float

PRACTICE = "sithsup-practice"
"""How the names of the threads begin whose records go nowhere: no card and no case of theirs is real."""
MASKED = "********-****"
FILE = "sithsup.log"
TRAFFIC = 5
LEVELS = {"TRAFFIC": TRAFFIC, "DEBUG": logging.DEBUG}
"""The levels that tell more than the usual one."""
TEXT, JSON = FORMATS = ("text", "json")
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
# Country and organisation number, which may be known, and who it is there.
_HSA_ID = re.compile(r"\b([A-Z]{2,6}[0-9]{10}[-\u2010-\u2013\u2212])[0-9A-Z]+\b", re.IGNORECASE)

logging.addLevelName(TRAFFIC, "TRAFFIC")


def mask(text: str) -> str:
    """Replace personal identity numbers, HSA-ids and the account's folder; leaves card numbers and the rest alone."""
    for written in _home():
        text = text.replace(written, "~")
    return _PERSONAL_NUMBER.sub(MASKED, _HSA_ID.sub(r"\1****", text))


@cache
def _home() -> tuple[str, ...]:
    """The account's folder, which may be called like a person, as it is and as `repr` writes it."""
    try:
        home = Path.home()
    except RuntimeError:
        return ()
    return tuple(dict.fromkeys((str(home), repr(str(home))[1:-1]))) if home != Path(home.anchor) else ()


def configure(folder: Path | None, *, level: str = "INFO", form: str = TEXT) -> None:
    """Send the program's log to a file in a folder, if one is given, and at DEBUG and TRAFFIC also to the terminal.

    The terminal is spared the traffic. May be called again: the former handlers are closed. Raises OSError when the
    file cannot be opened; from then on warnings go to the terminal, and all else is as it would be.
    """
    threshold = LEVELS.get(level, logging.INFO)
    logger = logging.getLogger("sithsup")
    logger.setLevel(threshold)
    close(logger)
    logger.addHandler(logging.NullHandler())
    if threshold < logging.INFO:
        logger.addHandler(_terminal(logging.DEBUG))
    if folder is None:
        return
    try:
        logger.addHandler(dressed(_owner_only_file(folder / FILE), form))
    except OSError:
        if threshold >= logging.INFO:
            logger.addHandler(_terminal(logging.WARNING))
        raise


def _terminal(level: int) -> logging.Handler:
    handler = dressed(logging.StreamHandler(sys.stderr))
    handler.setLevel(level)
    return handler


def dressed(handler: logging.Handler, form: str = TEXT, line: str = _LINE) -> logging.Handler:
    """The handler, made to mask what it writes, and to leave out what is practice."""
    handler.setFormatter(_JsonLine() if form == JSON else _TextLine(line))
    handler.addFilter(_is_real)
    return handler


def close(logger: logging.Logger) -> None:
    """Take a logger's handlers away."""
    for handler in logger.handlers[:]:
        logger.removeHandler(handler)
        handler.close()


def traffic(logger: logging.Logger, what: str, **facts: Fact) -> None:
    """Tell of one call or message by its name and by facts that say nothing of a person, a code or a key."""
    tell(logger, TRAFFIC, what, **facts)


def tell(logger: logging.Logger, level: int, what: str, **facts: Fact) -> None:
    """Log something with facts, which a machine finds by their names."""
    logger.log(level, what, extra={"facts": facts})


def _is_real(record: logging.LogRecord) -> bool:
    return not (record.threadName or "").startswith(PRACTICE)


def _facts(record: logging.LogRecord) -> Mapping[str, Fact]:
    found: Mapping[str, Fact] = getattr(record, "facts", {})
    return found


class _TextLine(logging.Formatter):
    """Masks the finished line, so that arguments and tracebacks are covered as well."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is the library's
        return " ".join((super().formatMessage(record), *(f"{name}={fact}" for name, fact in _facts(record).items())))

    def formatException(self, ei: Any) -> str:  # noqa: N802  as above
        """The whole traceback where much is logged; else where it happened, and not what was said of it."""
        if logging.getLogger("sithsup").getEffectiveLevel() < logging.INFO:
            return super().formatException(ei)
        return "".join(_outline(ei[1])).rstrip()


class _JsonLine(_TextLine):
    """One object on each line (JSON Lines). Every text in it is masked before it is written as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": record.process,
            "logger": record.name,
            "message": record.getMessage(),
            "facts": dict(_facts(record)) or None,
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        told = {name: _masked(value) for name, value in fields.items() if value is not None}
        return json.dumps(told, ensure_ascii=False)


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    return mask(value) if isinstance(value, str) else value


def _outline(error: BaseException | None) -> Iterator[str]:
    """The kinds of an error and of those that led to it, the first one first, and the places in the program."""
    if error is None:
        return
    yield from _outline(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__qualname__}\n"


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
