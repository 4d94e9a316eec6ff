"""The demo authority as a process of its own that outlives the command which started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.demo.server import READY_FILE
from sithsup.errors import AuthorityUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.knobs import Knobs

SERVER = "sithsup.demo.server"
_PATIENCE = 20.0
_PAUSE = 0.02
_LOG_SHOWN = 2000


def serve(folder: Path, knobs: Knobs) -> None:
    """Start the authority that lives in `folder`, and wait until it answers.

    Raises `AuthorityUnreachableError` with the end of what it said when it does not.
    """
    ready, output = folder / READY_FILE, folder / "server.log"
    ready.unlink(missing_ok=True)
    pid = _detach((sys.executable, "-m", SERVER, str(folder), *knobs.options), output)
    _wait_until(lambda: ready.exists() or not _is_ours(pid, folder))
    if not ready.exists():
        _end(pid, folder)
        raise AuthorityUnreachableError(output.read_text("utf-8", "replace")[-_LOG_SHOWN:], address=str(folder))


def end(folder: Path) -> None:
    """End the authority that was started in `folder`: that process and no other, or none when it has ended already."""
    with suppress(OSError, ValueError, KeyError, TypeError):  # none, or a torn one
        _end(json.loads((folder / READY_FILE).read_bytes())["pid"], folder)


def _end(pid: int, folder: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _is_ours(pid, folder):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            _wait_until(lambda: _has_ended(pid))


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


def _is_ours(pid: int, folder: Path) -> bool:
    """Whether this process is the authority of this folder: process ids are given to others again."""
    return f" -m {SERVER} {folder} --delay=" in _command_line(pid)


def _command_line(pid: int) -> str:
    """The command of a process; empty for one that is ending or has ended."""
    if sys.platform != "linux":
        return _ps(pid, "args")
    try:
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", errors="surrogateescape").replace("\0", " ")
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


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    deadline = time.monotonic() + _PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(_PAUSE)
