"""What all stacks share: the endings, and the result of one case."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.lab import NEW, OLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TORN = "torn directory"
"""The one physical exception: power was cut while a card wrote a directory that several keys share."""
ENDINGS = (OLD, NEW, TORN)


class Place(StrEnum):
    """Where the recovery is done."""

    HERE = "here"
    ELSEWHERE = "elsewhere"  # on another computer, without the journal


class Result(NamedTuple):
    """How one case ended."""

    stack: str
    """What it was played on, such as `simulators`."""
    fault: str
    """What kind of thing went wrong."""
    name: str
    """What plays the case again: `./dev prove --case NAME`."""
    ending: str
    """One of `ENDINGS`, or what is wrong."""

    @property
    def column(self) -> str:
        """Where it counts in the table."""
        return self.ending if self.ending in ENDINGS else "other"


def count(results: Iterable[Result]) -> dict[tuple[str, str], Counter[str]]:
    """How the cases of each stack and fault ended."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        found.setdefault((result.stack, result.fault), Counter())[result.column] += 1
    return found


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory where the system has such a place: no disk is to be proved there."""
    memory = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="sithsup-prove-") as name:
        yield Path(name)
