"""Processes that outlive the command which started them, and are ended by their id and by nothing else.

A process id is given out again, so before one is ended its command line is looked at: every process here is
`python -m MODULE FOLDER ...`, and the folder is one demo's own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 20.0
_PAUSE = 0.02
_LOG_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Detached:
    """One such process: its module, its folder, the file that says it is ready, and the file of what it prints.

    The ready file is JSON with the process's `pid`; the process itself writes it, and takes it away at its end.
    """

    module: str
    folder: Path
    ready: Path
    output: Path

    def start(self, *options: str, before: tuple[str, ...] = ()) -> bool:
        """Start it, through the command `before` where there is one; tells whether it got ready."""
        self.ready.unlink(missing_ok=True)
        command = (*before, sys.executable, "-m", self.module, str(self.folder), *options)
        pid = _detach(command, self.output)
        wait_until(lambda: self.ready.exists() or _has_ended(pid))
        if not self.ready.exists():
            self._end(pid)
        return self.ready.exists()

    def end(self) -> None:
        """End that process and no other, or none when it has ended already."""
        with suppress(OSError, ValueError, KeyError, TypeError):  # none, or a torn one
            self._end(json.loads(self.ready.read_bytes())["pid"])

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        with suppress(OSError, ValueError, KeyError, TypeError):  # none, or a torn one
            pid = json.loads(self.ready.read_bytes())["pid"]
            return self._is_ours(pid) and not _has_ended(pid)
        return False

    @property
    def said(self) -> str:
        """The end of what it printed."""
        with suppress(OSError):
            return self.output.read_text("utf-8", "replace")[-_LOG_SHOWN:]
        return ""

    def _end(self, pid: int) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._is_ours(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
                wait_until(lambda: _has_ended(pid))

    def _is_ours(self, pid: int) -> bool:
        """Whether this process is this one: process ids are given to others again."""
        return f" -m {self.module} {self.folder} " in f"{_command_line(pid)} "


def _detach(command: tuple[str, ...], output: Path) -> int:
    """Start a command through a shell that ends at once, so that nobody here is its parent. Returns its process id."""
    with output.open("ab") as log:
        shell = subprocess.run(  # noqa: S603  ourselves
            ["/bin/sh", "-c", 'exec 3>&1 >&2; "$@" 3>&- & echo $! >&3', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=True,
        )
    return int(shell.stdout)


def _command_line(pid: int) -> str:
    """The command of a process; empty for one that is ending or has ended."""
    if sys.platform != "linux":
        return _ps(pid, "args")
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", errors="surrogateescape").replace("\0", " ").rstrip(" ")
    except OSError:
        return ""


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie for which nobody waits."""
    if sys.platform != "linux":
        return _ps(pid, "stat")[:1] in {"", "Z"}
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(") ")[2][:1] in {"Z", "X"}
    except OSError:
        return True


def _ps(pid: int, column: str) -> str:
    command = ["/bin/ps", "-ww", "-o", f"{column}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603  a number


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    deadline = time.monotonic() + _PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(_PAUSE)
