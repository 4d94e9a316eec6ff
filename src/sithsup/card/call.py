"""One call of the module as the log tells it: by its name, by numbers that say nothing of a person, and how it ended.

There is nothing in it of a code, of data, of a signature or of what an object holds: see `traffic`, which makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup import logs

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Call:
    """A frozen value: it crosses the card process's pipe, once when the call begins and once when it has ended."""

    name: str
    """Of the function, such as C_Sign."""
    facts: Mapping[str, str | int]
    answer: str = ""
    """The name of the return code; empty as long as there is none."""
    seconds: float | None = None

    def tell(self, log: logging.Logger) -> None:
        """Write it into the log."""
        took = {} if self.seconds is None else {"ms": round(self.seconds * 1000, 1)}
        logs.traffic(log, self.name, **self.facts, answer=self.answer or NO_ANSWER, **took)
