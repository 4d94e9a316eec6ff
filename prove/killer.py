"""Runs the program and kills it, as `kill -9` would, right before or right after its n-th write to the journal.

    python -m prove.killer before|after|full N COMMAND [ARGUMENTS]...

With `full` it goes on, but from that write on the system takes not a byte more for any file of the program: neither
journal nor history nor log. The card has a process of its own, which still writes.

The folder of the journal is written to by an SQL statement of the journal, by its end, and by a line of the history.
A run with fewer writes than N is an ordinary one.
"""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any

from sithsup import journal
from sithsup.cli import run

if TYPE_CHECKING:
    from collections.abc import Callable


UNNOTICED = 99
"""The exit code of a run that ends well although its disk was full: it must not pass for one with fewer writes."""


def deadly(write: Callable[..., Any], numbers: itertools.count[int], when: str, at: int) -> Callable[..., Any]:
    """The same function, which at its turn ends this process or fills its disk."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        is_turn = next(numbers) == at
        if is_turn and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if is_turn and when == "full":
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        result = write(*args, **kwargs)
        if is_turn and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def main() -> int:
    """Wrap everything that writes, then run the command."""
    when, at, *command = sys.argv[1:]
    numbers = itertools.count(1)
    for owner, name in ((journal.Journal, "_write"), (journal.Journal, "discard"), (journal, "append_history")):
        setattr(owner, name, deadly(getattr(owner, name), numbers, when, int(at)))
    ended = run(command)
    is_full = resource.getrlimit(resource.RLIMIT_FSIZE)[0] == 0
    return UNNOTICED if is_full and not ended else ended


if __name__ == "__main__":
    sys.exit(main())
