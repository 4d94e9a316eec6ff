"""What a measured window tells on its standard output, a line of JSON each."""

from __future__ import annotations

import json
import time
from pathlib import Path

_KIBIBYTES = 1024


def tell(name: str, value: object) -> None:
    """Write one fact."""
    print(json.dumps([name, value]), flush=True)


def tell_first() -> None:
    """Say that something is on the screen now, by the clock that all processes share, and with how much memory."""
    tell("first", (time.monotonic(), memory("VmRSS")))


def tell_memory() -> None:
    """The most MiB that this process ever had resident."""
    tell("memory", memory("VmHWM"))


def memory(name: str) -> float:
    """MiB, by their name in /proc."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    (found,) = (int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    return found / _KIBIBYTES
