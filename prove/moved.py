"""Runs the program on a computer whose clock is a day ahead, or a day behind.

python -m prove.moved ahead|behind COMMAND [ARGUMENTS]...
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sithsup.cli import commands, run
from sithsup.connection import Connection

if TYPE_CHECKING:
    from sithsup.model import Clock

MOVES = {"ahead": timedelta(days=1), "behind": timedelta(days=-1)}


def main() -> int:
    """Hand the command another clock, then run it."""
    move, *command = sys.argv[1:]

    def connection(*args: Any, clock: Clock, **options: Any) -> Connection:
        return Connection(*args, clock=lambda: clock() + MOVES[move], **options)

    commands.Connection = connection  # type: ignore[assignment,attr-defined]
    return run(command)


if __name__ == "__main__":
    sys.exit(main())
