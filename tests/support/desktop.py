"""A desktop of its own for tests that look at a window from outside: a session bus, a screen that nobody sees, somebody
who gives windows the focus, and the bus on which screen readers listen.

    with Desktop(folder) as desktop:
        subprocess.Popen(..., env={**variables, **desktop.environment})

Several can run beside each other: nothing has a fixed number, nothing listens on a network. Each program is ended by
its process id, and with it what it has started.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NEEDED = ("dbus-daemon", "Xvfb", "openbox", "xdotool", "/usr/libexec/at-spi-bus-launcher", "/usr/bin/python3")
"""Programs that a desktop needs (the marker `needs`)."""
SCREEN = "1100x800x24"
PATIENCE = 20
"""Seconds, against hanging only."""


class Desktop:
    """A context manager. `environment` leads a program to it."""

    def __init__(self, folder: Path) -> None:
        """Everything that comes to lie on a disk lies in this folder."""
        self._folder = folder
        self._stack = ExitStack()
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        home = self._folder / "home"
        home.mkdir(mode=0o700, parents=True)
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "TMPDIR") if name in os.environ}
        plain = {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "GIO_USE_VFS": "local", "LANG": "C.UTF-8"}
        bus = stack.enter_context(started(plain, "dbus-daemon", "--session", "--nofork", "--nopidfile", write_to=3))
        number = stack.enter_context(
            started(plain, "Xvfb", "-noreset", "-screen", "0", SCREEN, "-nolisten", "tcp", write_to=4)
        )
        self.environment = {
            **plain,
            "DBUS_SESSION_BUS_ADDRESS": bus,
            "DISPLAY": f":{number}",
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        }
        stack.enter_context(started(self.environment, "openbox"))
        stack.enter_context(started(self.environment, "/usr/libexec/at-spi-bus-launcher", "--launch-immediately"))
        self._wait_until_managed()

    def _wait_until_managed(self) -> None:
        """A window that comes before the one who manages them would not be given the focus."""
        subprocess.run(
            ["bash", "-c", "until xdotool get_num_desktops; do sleep 0.02; done"],
            env=self.environment,
            capture_output=True,
            check=True,
            timeout=PATIENCE,
        )

    # ------------------------------------------------------------------------------------------------ a keyboard

    def keys(self, *keys: str) -> None:
        """Press keys, by their X names, one after the other."""
        self._xdotool("key", "--delay", "15", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._xdotool("type", "--delay", "15", text)

    def _xdotool(self, *arguments: str) -> None:
        command = ["xdotool", *arguments]
        subprocess.run(command, env=self.environment, capture_output=True, check=True, timeout=PATIENCE)


@contextmanager
def started(environment: Mapping[str, str], *command: str, write_to: int | None = None) -> Iterator[str]:
    """Run a program for the length of a block.

    Gives the line that it writes when it is ready, where it can write one: dbus-daemon its address, Xvfb the number of
    its display. In the end its whole process group goes: what it has started, too.
    """
    reading, writing = os.pipe()
    option = {3: ("--print-address", str(writing)), 4: ("-displayfd", str(writing))}.get(write_to or 0, ())
    process = subprocess.Popen(
        [*command, *option],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
        start_new_session=True,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as lines:
            yield lines.readline().strip() if option else ""
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
