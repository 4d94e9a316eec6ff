"""Which other programs have the smart card service open, as far as the system tells. Their names, and nothing more."""

from __future__ import annotations

import csv
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SERVICE_LIBRARY = "libpcsclite.so"
"""Whoever speaks to pcscd has it loaded, whatever module it goes through."""
PATIENCE = 4.0
"""Seconds for the list of Windows."""


class Program(NamedTuple):
    """A process, by its id, and what it is called."""

    pid: int
    name: str


def at_cards(module: str | None) -> tuple[str, ...] | None:
    """The names of the programs besides this one that have the service open, or the module; None where nobody tells."""
    found = _found(module)
    return None if found is None else besides(found, _ours())


def besides(found: Iterable[Program], ours: set[int]) -> tuple[str, ...]:
    """The names of processes that are not ours, each once."""
    return tuple(sorted({program.name for program in found if program.pid not in ours}))


def mapping(libraries: Iterable[str], root: Path = Path("/proc")) -> Iterator[Program]:
    """The processes that have one of these libraries loaded; those that may not be looked into are left out."""
    wanted = [os.fsencode(name) for name in libraries]
    for process in root.glob("[0-9]*"):
        with suppress(OSError):
            loaded = (process / "maps").read_bytes()
            if any(name in loaded for name in wanted):
                yield Program(int(process.name), (process / "comm").read_text("utf-8", "replace").strip())


def listed(output: str) -> Iterator[Program]:
    """The processes of a list that `tasklist` has written as CSV: name, id, libraries."""
    for row in csv.reader(output.splitlines()):
        if len(row) > 1 and row[1].isdecimal():
            yield Program(int(row[1]), row[0])


def _ours() -> set[int]:
    """This process and whatever it has started: its card processes."""
    return {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}


if sys.platform == "win32":
    import subprocess

    def _found(module: str | None) -> Iterable[Program] | None:  # noqa: ARG001  every module goes through the service
        """Ask the system's own list of processes; no console opens for it."""
        tool = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "tasklist.exe"
        command = [str(tool), "/m", "winscard.dll", "/fo", "csv", "/nh"]
        try:
            done = subprocess.run(  # noqa: S603  a constant
                command,
                capture_output=True,
                check=True,
                timeout=PATIENCE,
                text=True,
                errors="replace",
                creationflags=subprocess.CREATE_NO_WINDOW,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return listed(done.stdout)

elif sys.platform == "linux":

    def _found(module: str | None) -> Iterable[Program] | None:
        return mapping([SERVICE_LIBRARY, *([Path(module).name] if module else [])])

else:

    def _found(module: str | None) -> Iterable[Program] | None:  # noqa: ARG001  as on the other systems
        return None
