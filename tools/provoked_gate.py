#!/usr/bin/env python3
"""Whether every error, every reason and every warning of the catalogue was provoked while the tests ran.

`./dev test` runs the whole suite with `tests/provoked` on PYTHONPATH, which notes what the program raises, and then
this: exit code 1, and a line for each that no test has provoked.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.catalogue import entries

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = Path(__file__).resolve().parents[1] / ".provoked"


def main(notes: Path = NOTES) -> int:
    """Compare; the exit code."""
    if not notes.exists():
        print("provoked: no test has run with tests/provoked on PYTHONPATH")
        return 1
    left = list(never_provoked(set(notes.read_text("utf-8").split())))
    for complaint in left:
        print(complaint)
    print(f"provoked: {len(left)} never were" if left else f"provoked: all {len(entries())} entries of the catalogue")
    return 1 if left else 0


def never_provoked(noted: set[str]) -> Iterator[str]:
    """What the catalogue has and no process has noted, one line each."""
    for entry in entries():
        name = entry.name or entry.kind
        if name not in noted:
            yield f"no test makes the program say {entry.label}: {name}"


if __name__ == "__main__":
    sys.exit(main())
