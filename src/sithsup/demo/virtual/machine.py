"""The process that holds the card, its reader and their pcscd: `python -m sithsup.demo.virtual.machine FOLDER`.

It is started in a network namespace of its own (`service`), because vpcd listens on a fixed port on every address. Its
pcscd has a mount namespace besides: there the socket's folder is one of ours, and no other driver is to be seen, so
that a real reader at this computer is left alone.

FOLDER/card.json   the card's memory       FOLDER/run/pcscd.comm   where clients find pcscd (PCSCLITE_CSOCK_NAME)
FOLDER/door        the control door        FOLDER/machine.json     this process's id, once it is ready
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.demo.detached import wait_until
from sithsup.demo.virtual.door_server import DoorServer
from sithsup.demo.virtual.holder import Holder
from sithsup.demo.virtual.reader import Reader
from sithsup.demo.virtual.service import CARD_FILE, DOOR, READY_FILE, SOCKET, find_tool, reader_configuration

if TYPE_CHECKING:
    from collections.abc import Sequence

SET_FLAGS = 0x8914  # SIOCSIFFLAGS
UP = 0x1  # IFF_UP

MOUNTS = """
mount --bind "$1" /mnt && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && mount --move /mnt /run/pcscd &&
mount --bind "$2/serial" "$2" && exec setpriv --pdeathsig KILL "$4" --foreground --critical --config "$3"
"""
"""Arguments: the socket's folder, the drivers', the configuration, pcscd. It dies with this process in any case."""


def raise_loopback() -> None:
    """Set the one network interface of the namespace up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))


def start_pcscd(folder: Path) -> subprocess.Popen[bytes]:
    """Start pcscd for this folder."""
    driver, configuration = reader_configuration(folder)
    arguments = ((folder / SOCKET).parent, driver.parent.parent, configuration, find_tool("pcscd"))
    return subprocess.Popen(["unshare", "--mount", "sh", "-c", MOUNTS, "sh", *map(str, arguments)])  # noqa: S603, S607  ourselves


def main(arguments: Sequence[str]) -> int:
    """Run until a SIGTERM."""
    folder, ended = Path(arguments[0]), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    raise_loopback()
    with start_pcscd(folder) as pcscd:
        reader = Reader(holder := Holder(folder / CARD_FILE))
        with DoorServer(folder / DOOR, holder, reader):
            is_ready = reader.insert()
            wait_until(lambda: (folder / SOCKET).exists() or pcscd.poll() is not None)
            if is_ready and pcscd.poll() is None:
                (folder / READY_FILE).write_text(json.dumps({"pid": os.getpid()}))
                while pcscd.poll() is None and not ended.wait(0.2):
                    pass
        pcscd.terminate()
    for name in (READY_FILE, DOOR):
        (folder / name).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
