"""A computer with a log of its own: `in_namespace` runs a program where /dev/log is a socket that somebody reads.

The program is run in a mount namespace, so that nothing of it reaches the computer's real log. This file is also what
runs there: it gives what the program wrote, one JSON object: its exit code, and each entry.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NEEDED = ("unshare", "mount")
DEV_LOG = "/dev/log"
DEVICES = "null zero full random urandom"
MOUNTS = f"""
mount -t tmpfs tmpfs "$1" || exit 99
for each in {DEVICES}; do : > "$1/$each" && mount --bind "/dev/$each" "$1/$each" || exit 99; done
mount --rbind "$1" /dev && shift && exec "$@"
"""


class Logged(NamedTuple):
    """How a run ended, and what the computer's log was told."""

    code: int
    entries: list[str]


def in_namespace(folder: Path, command: list[str], environ: Mapping[str, str], codes: str) -> Logged:
    """Run a program, with these codes on its standard input; `folder` is an empty one."""
    around = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNTS, "sh", str(folder)]
    ended = subprocess.run(
        [*around, sys.executable, __file__, *command],
        env=dict(environ),
        input=codes,
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=120,
    )
    told = json.loads(ended.stdout)
    return Logged(
        told["code"], [entry for entry in told["entries"] if " sithsup[" in entry]
    )  # a module writes there too


def main(command: list[str]) -> None:
    """Read the computer's log while a program runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(DEV_LOG)
        log.setblocking(False)
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        entries = []
        while True:
            try:
                entries.append(log.recv(65536).decode("utf-8", "replace"))
            except BlockingIOError:
                break
    print(json.dumps({"code": ended.returncode, "entries": entries}))  # noqa: T201  whoever started this reads it


if __name__ == "__main__":
    main(sys.argv[1:])
