"""No digit of a code leaves the fields: not on the accessibility bus, not on the clipboard, not in the memory (law 11).

Every search has its control: an ordinary password field in the same session, which leaks.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import plain_field
from tests.support import window as shown
from tests.support.demo import NEW
from tests.support.desktop import NEEDED
from tests.support.window import FIELDS, ScreenReader, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

PLAIN = (sys.executable, plain_field.__file__)
CODES = ("59371604", "82640917")
"""Long enough to be nowhere by chance."""
DIGIT = re.compile(r"[0-9]")
F9 = 0xFFC6
"""A key that means nothing to the program."""


@pytest.fixture
def demo(demo: Demo) -> Iterator[Demo]:
    """Give the ordinary demo with unmistakable codes."""
    ordinary = demo.codes
    for (token, code), new in zip(demo.opened(), CODES, strict=True):
        demo.tool.run("--login", "--pin", code, "--change-pin", "--new-pin", new, "--token-label", token)
    demo.codes = CODES
    yield demo
    demo.codes = ordinary


def plain_window(desktop: Desktop, demo: Demo, *, listening: bool = True) -> AbstractContextManager[Window]:
    """The window of the control."""
    return Window.open(desktop, demo, program=PLAIN, listening=listening)


def is_forwarding(window: Window) -> bool:
    """Whether the window's keys reach the screen reader: press one and see."""
    window.keys("F9")
    return any(number == F9 for _, _, number in window.reader.ask("keys"))


def digits_heard(reader: ScreenReader) -> tuple[str, str]:
    """The digits that came as keys (each by its text and by its number), and those that came as text."""
    keys = "".join(f"{text} {chr(number)} " for _, text, number in reader.ask("keys"))
    carried = "".join(reader.carried("object:text-changed"))
    return "".join(DIGIT.findall(keys)), "".join(DIGIT.findall(carried))


def test_no_digit_is_on_the_accessibility_bus(desktop: Desktop, demo: Demo) -> None:
    """Bullets are, and other keys are: somebody listens."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.type_codes(CODES)
        window.wait(lambda: is_forwarding(window), "a key forwarded")
        assert digits_heard(window.reader) == ("", "")
        assert window.reader.carried("object:text-changed:insert")
        assert "Tab" in window.reader.keys()
        assert not DIGIT.search("".join(each.text for each in window.tree if each.role == "password text"))


def test_no_digit_reaches_a_screen_reader_that_comes_late(desktop: Desktop, demo: Demo) -> None:
    """Qt's bridge puts itself in front of every other filter whenever somebody begins to listen."""
    with Window.open(desktop, demo, listening=False) as window:
        window.go_to_codes()
        window.wait_for_focus(FIELDS[0])
        window.type(CODES[0][:2])
        window.reader.listen()
        window.wait(lambda: is_forwarding(window), "a key forwarded")
        window.type(CODES[0][2:])
        window.wait(lambda: is_forwarding(window), "another key forwarded")
        second = ScreenReader(desktop, window.process.pid)
        second.listen()
        window.type(CODES[0])
        window.wait(lambda: is_forwarding(window), "one more key forwarded")
        assert digits_heard(window.reader) == ("", "")
        second.close()


def test_a_plain_field_leaks_every_digit(desktop: Desktop, demo: Demo) -> None:
    """The control: each digit four times by its key (press and release, text and number), and once as text."""
    with plain_window(desktop, demo) as window:
        window.wait_for_focus(plain_field.NAME)
        window.wait(lambda: is_forwarding(window), "a key forwarded")
        window.type(CODES[0])
        both = "".join(digit * 4 for digit in CODES[0])
        window.wait(lambda: digits_heard(window.reader) == (both, CODES[0]), "every digit")
