"""The life of a virtual card: its process in a namespace of its own, and what leads the program to it.

Nothing listens outside: pcscd and the card meet on the loopback interface of a private network namespace, and clients
come through a socket in the card's folder. Root makes such a namespace; so may an ordinary user, where the system lets
users have namespaces of their own. Any number of cards can run beside each other.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sithsup.card.modules import find_module
from sithsup.demo.detached import Detached
from sithsup.demo.virtual.door import Door
from sithsup.errors import NoCardError, NoModuleError, NoReaderError, SettingsInvalidError
from sithsup.texts import tr

MACHINE = "sithsup.demo.virtual.machine"
CARD_FILE, DOOR, READY_FILE, LOG_FILE = "card.json", "door", "machine.json", "machine.log"
SOCKET = "run/pcscd.comm"
READER_FILE, OPENSC_FILE = "reader.conf", "opensc.conf"
LONGEST_PATH = 107
"""Bytes of a Unix socket's name."""

MODULE_PLACES = (
    "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
    "/usr/lib64/opensc-pkcs11.so",
    "/usr/lib/opensc-pkcs11.so",
)
DRIVER_PLACES = (
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
)
TOOLS = ("pcscd", "unshare", "mount", "setpriv")

READER = """FRIENDLYNAME "{name}"
DEVICENAME /dev/null:0x8C7B
LIBPATH {driver}
CHANNELID 0x8C7B
"""
READER_NAME = "TEST Virtual Reader"

OPENSC = """app default {
    card_drivers = myeid;
    framework pkcs15 { use_file_caching = false; }
}
app opensc-pkcs11 {
    pkcs11 {
        create_slots_for_pins = "all";
        max_virtual_slots = 16;
        slots_per_card = 4;
        user_pin_unblock_style = set_pin_in_unlogged_session;
    }
}
"""
"""One slot for each code. In this unblocking style C_SetPIN without a log-in takes the unblocking code (PUK)."""


def module() -> str:
    """The path of OpenSC's module; raises `NoModuleError`."""
    return find_module(None, MODULE_PLACES)


def require_tools() -> None:
    """Raise `NoModuleError` or `NoReaderError` where something is not installed."""
    module()
    _driver()
    for tool in TOOLS:
        find_tool(tool)


def set_up(folder: Path) -> None:
    """Write the configurations into a card's folder. Raises `SettingsInvalidError` for one with too long a name."""
    if len(os.fsencode(folder / SOCKET)) > LONGEST_PATH:
        raise SettingsInvalidError(name=str(folder), problem=tr("its name is too long for a socket in it"))
    (folder / SOCKET).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    driver = _driver()
    # In pcscd's own namespace the folder of the driver lies over the folder above it.
    seen = driver.parent.parent / driver.name
    (folder / READER_FILE).write_text(READER.format(name=READER_NAME, driver=seen), "utf-8")
    (folder / OPENSC_FILE).write_text(OPENSC, "utf-8")


def reader_configuration(folder: Path) -> tuple[Path, Path]:
    """Where the driver is outside, and the configuration that names it."""
    return _driver(), folder / READER_FILE


def environment(folder: Path) -> dict[str, str]:
    """Give the variables that lead OpenSC to the card, and the program to OpenSC."""
    return {
        "OPENSC_CONF": str(folder / OPENSC_FILE),
        "PCSCLITE_CSOCK_NAME": str(folder / SOCKET),
        "SITHSUP_MODULE": module(),
    }


def start(folder: Path) -> Door:
    """Start the card of a folder that was set up, and wait until it lies in its reader.

    Raises `NoReaderError` with the end of what its process said when it does not.
    """
    machine = _machine(folder)
    if not machine.start(before=namespace()):
        raise NoReaderError(machine.said)
    return Door(folder / DOOR)


def find_door(folder: Path) -> Door:
    """Lead a hand to the card of this folder; raises `NoCardError` when its process does not run."""
    if not (folder / DOOR).exists():
        raise NoCardError(f"no virtual card in {folder}")
    return Door(folder / DOOR)


def is_running(folder: Path) -> bool:
    """Tell whether the process of this folder's card runs."""
    return _machine(folder).is_running


def stop(folder: Path) -> None:
    """End the process of this folder's card, if it runs, and nothing else. The card stays in its file."""
    _machine(folder).end()


def namespace() -> tuple[str, ...]:
    """The command that puts another one into a network of its own."""
    own_user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ("unshare", "--net", *own_user)


def _machine(folder: Path) -> Detached:
    return Detached(MACHINE, folder, folder / READY_FILE, folder / LOG_FILE)


def _driver() -> Path:
    try:
        return Path(find_module(None, DRIVER_PLACES))
    except NoModuleError as error:
        raise NoReaderError(f"vsmartcard-vpcd is not installed: {error.values['places']}") from error


def find_tool(name: str) -> Path:
    """Find a program, also where only root's path leads; raises `NoReaderError`."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
    if found is None:
        raise NoReaderError(f"{name} is not installed")
    return Path(found)
