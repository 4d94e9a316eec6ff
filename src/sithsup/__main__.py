"""The composition root: a command runs the command line; the window comes here when it exists.

The card process imports this module too, so it imports nothing of ours by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import sys


def main() -> None:
    """Run the program and end the process with its exit code (design section 8)."""
    multiprocessing.freeze_support()
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # they are looked for in every package that is installed
    from sithsup.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
