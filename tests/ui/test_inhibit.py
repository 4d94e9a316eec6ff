"""The computer is held awake by logind, without a wait for it: a logind of our own on a bus of our own."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from PySide6.QtDBus import QDBusConnection

from sithsup.ui import inhibit
from sithsup.ui.inhibit import WHAT, Inhibitor
from tests.support.desktop import started
from tests.support.window import SYSTEM_PYTHON
from tests.ui.window import application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.needs("dbus-daemon", SYSTEM_PYTHON)

LOGIND = Path(__file__).parents[1] / "support" / "logind.py"
SLOW = 300
"""Milliseconds that logind takes for an answer."""
AT_ONCE = 0.1
"""Seconds."""
PATIENCE = 20
"""Seconds, against hanging only."""


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the address of a bus that is taken for the system's."""
    with started({}, "dbus-daemon", "--session", "--nofork", "--nopidfile", write_to=3) as address:
        connection = QDBusConnection.connectToBus(address, address)
        monkeypatch.setattr(inhibit, "system_bus", lambda: connection)
        yield address
        QDBusConnection.disconnectFromBus(address)


@contextmanager
def told(bus: str) -> Iterator[IO[str]]:
    """Give what logind writes."""
    process = subprocess.Popen(
        [SYSTEM_PYTHON, str(LOGIND), str(SLOW)],
        env={"DBUS_SYSTEM_BUS_ADDRESS": bus},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield process.stdout
    finally:
        process.kill()
        process.communicate()


def wait(holds: Callable[[], bool]) -> None:
    """Let the window's loop run until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        application().processEvents()


def ask(inhibitor: Inhibitor) -> None:
    """Ask for it, which takes no time."""
    begun = time.monotonic()
    inhibitor.hold(0, "TEST")
    assert time.monotonic() - begun < AT_ONCE


def test_the_computer_is_held_from_the_answer_until_it_is_released(bus: str) -> None:
    application()
    inhibitor = Inhibitor()
    with told(bus) as lines:
        ask(inhibitor)
        assert not inhibitor.is_held
        wait(lambda: inhibitor.is_held)
        inhibitor.hold(0, "once more, which changes nothing")
        assert [lines.readline() for _ in range(2)] == [f"asked {WHAT} sithsup TEST block\n", "given\n"]
        inhibitor.release()
        assert lines.readline() == "released\n"
        inhibitor.release()
        assert not inhibitor.is_held


def test_an_answer_that_comes_too_late_holds_nothing(bus: str) -> None:
    """The run has ended meanwhile."""
    application()
    inhibitor = Inhibitor()
    with told(bus) as lines:
        ask(inhibitor)
        assert lines.readline().startswith("asked")
        inhibitor.release()
        assert lines.readline() == "given\n"
        wait(lambda: bool(lines.readline() == "released\n"))


def test_nobody_is_there(bus: str) -> None:
    """A bus without logind, and after that no bus at all."""
    application()
    for _ in range(2):
        inhibitor = Inhibitor()
        ask(inhibitor)
        application().processEvents()
        assert not inhibitor.is_held
        inhibitor.release()
        QDBusConnection.disconnectFromBus(bus)
