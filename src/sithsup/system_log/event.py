"""What can happen to a run, by the numbers that Windows' event log knows it by: they are stable for ever."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Self

from sithsup.errors import CancelledError

if TYPE_CHECKING:
    import logging

    from sithsup.errors import SithsupError


class Event(IntEnum):
    """The kinds of entries."""

    BEGAN = 1
    SUCCEEDED = 2
    FAILED = 3
    CANCELLED = 4
    """Nothing was begun, because the person did not want it."""

    @classmethod
    def of(cls, error: SithsupError | None) -> Self:
        """How a run has ended, by its error: one that is no failure has the exit code 0."""
        if isinstance(error, CancelledError):
            return cls(cls.CANCELLED)
        return cls(cls.FAILED if error and error.exit_code else cls.SUCCEEDED)

    @classmethod
    def in_record(cls, record: logging.LogRecord) -> Self:
        """The one that a record of this package tells of."""
        return cls(vars(record)["event"])

    @property
    def word(self) -> str:
        """For the entry."""
        return self.name.lower()
