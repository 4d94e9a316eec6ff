"""What was played, kept in a file: stacks can be played one by one, and the page be made from all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from prove.case import Result

if TYPE_CHECKING:
    from pathlib import Path


class Played(NamedTuple):
    """One stack, as it was played."""

    results: list[Result]
    minutes: float
    seed: int
    commit: str
    """Of the program that was played with."""
    is_whole: bool
    """Whether every case was played that belongs to a whole run."""


def load(path: Path) -> dict[str, Played]:
    """What the file holds, by stack; nothing where there is no file yet."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_bytes())
    return {
        name: Played(**{**said, "results": [Result(*each) for each in said["results"]]}) for name, said in kept.items()
    }


def save(path: Path, played: dict[str, Played]) -> None:
    """Write all of it anew."""
    path.write_text(json.dumps({name: each._asdict() for name, each in played.items()}), encoding="utf-8")
