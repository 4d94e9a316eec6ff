"""The process behind `readers.virtual_readers`: a pcscd with many readers, each with a virtual card or without one.

python hall_of_readers.py FOLDER NAME...      FOLDER/NAME.json is the card in the reader of that name
"""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from pathlib import Path

from sithsup.demo.virtual import service
from sithsup.demo.virtual.card import ATR
from sithsup.demo.virtual.holder import Holder, Pace
from sithsup.demo.virtual.machine import raise_loopback, start_pcscd
from sithsup.demo.virtual.reader import PORT, Reader

ANSWERS = {"mute": b"\x00", "unknown": bytes.fromhex("3b028000")}
"""What these say to a reset."""
FOR_EVER = Pace(command=3600)
SLOTS = 2
"""That each reader of vpcd has; each has a port."""
READER = """FRIENDLYNAME "{name}"
DEVICENAME /dev/null:{port:#x}
LIBPATH {driver}
CHANNELID {port:#x}

"""


def configure(folder: Path, ports: dict[str, int]) -> None:
    """Write what pcscd reads. A library of vpcd serves one reader: each has a copy of its own."""
    driver, configuration = service.reader_configuration(folder)
    rows = []
    for name, port in ports.items():
        copy = shutil.copy(driver, folder / f"{name}.so")
        rows.append(READER.format(name=name, port=port, driver=copy))
    configuration.write_text("".join(rows), "utf-8")


def insert(folder: Path, name: str, port: int) -> bool:
    """Put the card of a reader in, if there is one."""
    file = folder / f"{name}.json"
    if not file.exists():
        return True
    holder = Holder(file)
    is_in = Reader(holder, port, ANSWERS.get(name, ATR)).insert()
    if name == "hanging":
        holder.set_pace(FOR_EVER)
    return is_in


def main(folder: Path, *names: str) -> None:
    """Run until a SIGTERM."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ports = {name: PORT + SLOTS * place for place, name in enumerate(names)}
    raise_loopback()
    configure(folder, ports)
    with start_pcscd(folder) as pcscd:
        if all(insert(folder, name, port) for name, port in ports.items()):
            print("ready", flush=True)  # noqa: T201  whoever started it waits for that
            ended.wait()
        pcscd.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
