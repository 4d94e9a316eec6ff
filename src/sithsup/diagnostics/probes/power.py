"""Power: what may put the computer to sleep in the middle of an upgrade, or a reader.

While a card is written the program holds the computer awake. What it cannot hold is told here: a battery that runs
out, a lid that is closed (on Linux it holds that too, by logind), and readers that the system puts to sleep to save
power.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sithsup.diagnostics import windows
from sithsup.diagnostics.probe import Found
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term
from sithsup.diagnostics.windows import PowerSetting
from sithsup.preflight import LEAST_BATTERY, battery, warning
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.windows import Windows

LID_CLOSES = PowerSetting("4f971e89-eebd-4455-a8de-9e59040e7347", "5ca83367-6e45-459f-a27b-476b1d01c936")
USB_SUSPENDS = PowerSetting("2a737441-1930-4402-8d77-b2bebba308a3", "48e6b7a6-50f5-4782-a5d4-53bb8f07e226")
LID_ACTIONS = {
    # Translators: what happens when the lid of a laptop is closed
    0: Term("nothing", mark("nothing happens")),
    1: Term("sleep", mark("it sleeps")),
    2: Term("hibernate", mark("it hibernates")),
    3: Term("shut-down", mark("it shuts down")),
}
LOGIND = Path("/run/systemd/seats")
USB_DEVICES = Path("/sys/bus/usb/devices")
SMART_CARD_READER = "0b"
"""The class of their interfaces (USB CCID)."""


def power(scene: Scene) -> Found:  # noqa: ARG001  as every probe
    """The battery, the lid, and whether readers are put to sleep."""
    found, percent = psutil.sensors_battery(), battery()
    facts = [Fact("has-battery", mark("Has a battery"), found is not None)]
    if found:
        facts.append(Fact("battery", mark("Battery (%)"), round(found.percent)))
        facts.append(Fact("plugged-in", mark("Plugged in"), found.power_plugged))
    if system := windows.here():
        facts += _of_windows(system)
    elif sys.platform == "linux":
        facts += _of_linux()
    is_low = percent is not None and percent < LEAST_BATTERY
    return Found(tuple(facts), problems=(Problem(warning("BATTERY_LOW", count=percent)),) if is_low else ())


def _of_windows(system: Windows) -> Iterator[Fact]:
    lid, usb = system.power(LID_CLOSES), system.power(USB_SUSPENDS)
    for place, name, label in (
        (0, "lid-plugged-in", mark("Closing the lid when plugged in")),
        (1, "lid-battery", mark("Closing the lid on battery")),
    ):
        yield Fact(name, label, LID_ACTIONS.get(lid[place]) if lid else None)
    yield Fact("usb-suspends", mark("USB readers may be put to sleep"), any(usb) if usb else None)


def _of_linux() -> Iterator[Fact]:
    yield Fact("logind", mark("The computer can be held awake (logind)"), LOGIND.is_dir())
    if (sleeps := reader_sleeps(USB_DEVICES)) is not None:
        yield Fact("usb-suspends", mark("USB readers may be put to sleep"), sleeps)


def reader_sleeps(devices: Path) -> bool | None:
    """Whether the kernel may suspend a reader that nobody uses just now; None where there is no reader on USB."""
    controls = []
    for kind in devices.glob("*/bInterfaceClass"):
        with suppress(OSError):
            if kind.read_text().strip() == SMART_CARD_READER:
                device = kind.parent.name.partition(":")[0]
                controls.append((devices / device / "power" / "control").read_text().strip())
    return "auto" in controls if controls else None
