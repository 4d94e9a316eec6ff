"""The composition root: a command runs the command line; the window comes here when it exists."""

from __future__ import annotations

import multiprocessing
import sys

from sithsup.cli import run


def main() -> None:
    """Run the program and end the process with its exit code (design section 8)."""
    multiprocessing.freeze_support()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
