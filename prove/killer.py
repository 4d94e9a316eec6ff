"""Runs the program and kills it, as `kill -9` would, right before or right after its n-th write to the journal.

    python -m prove.killer before|after N COMMAND [ARGUMENTS]...

The folder of the journal is written to by an SQL statement of the journal, by its end, and by a line of the history.
A run with fewer writes than N is an ordinary one.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from sithsup import journal
from sithsup.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable


def deadly(write: Callable[..., Any], numbers: itertools.count[int], when: str, at: int) -> Callable[..., Any]:
    """The same function, which ends this process at its turn."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_turn = next(numbers) == at
        if is_turn and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = write(*args, **kwargs)
        if is_turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def main() -> int:
    """Wrap everything that writes, then run the command."""
    when, at, *command = sys.argv[1:]
    numbers = itertools.count(1)
    for owner, name in ((journal.Journal, "_write"), (journal.Journal, "discard"), (journal, "_append_history")):
        setattr(owner, name, deadly(getattr(owner, name), numbers, when, int(at)))
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
