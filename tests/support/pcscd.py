"""A pcscd of a test's own, with readers that are as the test wants them, and a program that keeps a card to itself.

    with readers(folder, "ecm") as environment:     # an empty one, one with a card, one with a mute card
        with hold("00 01", Share.EXCLUSIVE, environment): ...

It needs no network; nobody outside finds it without the environment. See `readers.c` for the letters.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.demo.virtual.machine import MOUNTS
from sithsup.demo.virtual.service import find_tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NEEDED = ("pcscd", "unshare", "gcc")
"""Programs that a test with readers needs (the marker `needs`)."""
DRIVERS = Path("/usr/lib/pcsc/drivers")
NAME = "TEST Reader"
READER = """FRIENDLYNAME "{name}"
DEVICENAME /dev/null:{slots}
LIBPATH {driver}
CHANNELID 1
"""
HOLDER = Path(__file__).with_name("card_holder.py")
PATIENCE = 10.0


class Share(IntEnum):
    """How a program uses a card (SCARD_SHARE_*)."""

    EXCLUSIVE = 1
    SHARED = 2


@contextmanager
def readers(folder: Path, slots: str) -> Iterator[dict[str, str]]:
    """Start pcscd with one reader for each letter; gives what leads programs to it. The folder's name must be short."""
    driver, run, configuration = folder / "readers.so", folder / "run", folder / "reader.conf"
    source = Path(__file__).with_name("readers.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", driver, source], check=True, timeout=60)
    run.mkdir()
    configuration.write_text(READER.format(name=NAME, slots=slots, driver=driver))
    own_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    mounts = ("sh", "-c", MOUNTS, "sh", str(run), str(DRIVERS), str(configuration), str(find_tool("pcscd")))
    with (
        (folder / "pcscd.log").open("w") as log,
        subprocess.Popen(["unshare", *own_user, "--mount", *mounts], stdout=log, stderr=log) as pcscd,
    ):
        try:
            environment = {"PCSCLITE_CSOCK_NAME": str(run / "pcscd.comm")}
            _wait_for(slots, environment)
            yield environment
        finally:
            pcscd.kill()


def _wait_for(slots: str, environment: Mapping[str, str]) -> None:
    """Until every reader is listed, and every card that answers has."""
    deadline = time.monotonic() + PATIENCE
    wanted = (len(slots), slots.count("c"))
    said = ""
    look = "from sithsup.card import pcsc; r = pcsc.readers(); print(len(r), sum(bool(each.atr) for each in r))"
    while time.monotonic() < deadline:
        done = subprocess.run(
            [sys.executable, "-c", look],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if tuple(map(int, done.stdout.split())) == wanted:
            return
        said = done.stderr
    raise AssertionError(f"pcscd does not come up: {said}")


@contextmanager
def hold(
    reader: str, share: Share, environment: Mapping[str, str], *, seconds: float = 0.0
) -> Iterator[subprocess.Popen[str]]:
    """Have another program connect to the card in a reader, and keep it; with `seconds`, in a transaction so long."""
    command = [sys.executable, str(HOLDER), reader, str(int(share)), str(seconds)]
    with subprocess.Popen(
        command, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()
