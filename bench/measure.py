"""One run of a command: wall time, processor time, and in a run of its own the memory."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import psutil

if TYPE_CHECKING:
    from bench.stage import Command

_SAMPLE = 0.003
_MEBIBYTE = 1 << 20


class Run(NamedTuple):
    """Seconds by the clock, and seconds of processor in user and system mode, all processes that it started counted."""

    wall: float
    cpu: float


def run(command: Command) -> Run:
    """Run a command to its end; raises `CalledProcessError` with what it said when it fails."""
    begun = time.monotonic()
    with _started(command) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command.arguments, stderr=said)
    return Run(wall, used.ru_utime + used.ru_stime)


def peak_memory(command: Command) -> float:
    """Run a command and look often: the most MiB that all its processes had resident together.

    Pages that two of them share count for both.
    """
    peak = 0
    with _started(command) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, _resident(watched))
            time.sleep(_SAMPLE)
    return peak / _MEBIBYTE


def _resident(root: psutil.Process) -> int:
    total = 0
    with suppress(psutil.Error):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def _started(command: Command) -> subprocess.Popen[bytes]:
    """Start a command with its codes on standard input. What it says is kept, and is less than a pipe holds."""
    process = subprocess.Popen(
        command.arguments,
        env=dict(command.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if process.stdin:
        # A command that ends without reading them says why in its exit code.
        with suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(command.codes)
    return process
