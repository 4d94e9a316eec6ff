"""Everything that the program logs, at the fullest level, as records: pytest's own looks at INFO alone."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sithsup import logs

if TYPE_CHECKING:
    from collections.abc import Iterator


class Told(NamedTuple):
    """One call or message."""

    what: str
    facts: dict[str, Any]


class Kept(logging.Handler):
    """Every record."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def traffic(self) -> list[Told]:
        """What was told of calls and messages."""
        traffic = [record for record in self.records if record.levelno == logs.TRAFFIC]
        return [Told(record.getMessage(), dict(vars(record)["facts"])) for record in traffic]


@contextmanager
def everything_kept() -> Iterator[Kept]:
    """Log everything, for the length of a block."""
    log, kept = logging.getLogger("sithsup"), Kept()
    before = log.level
    log.addHandler(kept)
    log.setLevel(logs.TRAFFIC)
    try:
        yield kept
    finally:
        log.removeHandler(kept)
        log.setLevel(before)
