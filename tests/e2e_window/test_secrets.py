"""No digit of a code leaves the fields: not on the accessibility bus, not on the clipboard, not in the memory (law 11).

Every search has its control: an ordinary password field in the same session, which leaks.
"""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.support import plain_field
from tests.support import window as shown
from tests.support.demo import NEW
from tests.support.desktop import NEEDED
from tests.support.memory import copies
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
        assert "Tab" in window.reader.key_texts()
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
        with ScreenReader(desktop, window.process.pid) as second, ThreadPoolExecutor(1) as hand:
            typing = hand.submit(window.type, CODES[0] * 4)
            while not typing.done():
                second.listen()
            window.wait(lambda: is_forwarding(window), "one more key forwarded")
            assert digits_heard(second) == digits_heard(window.reader) == ("", "")


def test_a_plain_field_leaks_every_digit(desktop: Desktop, demo: Demo) -> None:
    """The control: each digit four times by its key (press and release, text and number), and once as text."""
    with plain_window(desktop, demo) as window:
        window.wait_for_focus(plain_field.NAME)
        window.wait(lambda: is_forwarding(window), "a key forwarded")
        window.type(CODES[0])
        both = "".join(digit * 4 for digit in CODES[0])
        window.wait(lambda: digits_heard(window.reader) == (both, CODES[0]), "every digit")


# ------------------------------------------------------------------------------------------- clipboard and undoing


def on_clipboard(desktop: Desktop, demo: Demo) -> str:
    """What another window could paste."""
    with plain_window(desktop, demo, listening=False) as other:
        other.wait_for_focus(plain_field.NAME)
        other.keys("F2")
        other.wait_for_text(plain_field.CLIPBOARD)
        (found,) = [each.name for each in other.tree if each.name.startswith(plain_field.CLIPBOARD)]
    return found.removeprefix(plain_field.CLIPBOARD)


def test_nothing_of_a_code_is_copied_or_cut(desktop: Desktop, demo: Demo) -> None:
    """The field keeps its bullets, and another window has nothing to paste; of ordinary text it has (the control)."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.wait_for_focus(FIELDS[0])
        window.type(CODES[0])
        window.keys("ctrl+a", "ctrl+c", "ctrl+x", "ctrl+Insert", "shift+Delete", "ctrl+a", "ctrl+c")
        assert not DIGIT.search(on_clipboard(desktop, demo))
    with plain_window(desktop, demo) as window:
        window.wait_for_focus(plain_field.NAME)
        window.keys("Tab")
        window.wait_for_focus(plain_field.TEXT)
        window.type(CODES[0])
        window.wait_for_length(plain_field.TEXT, len(CODES[0]))

        def is_copied() -> bool:
            window.keys("ctrl+a", "ctrl+c", "F2")
            return f"{plain_field.CLIPBOARD}{CODES[0]}" in window.texts

        window.wait(is_copied, "the text on the clipboard")


def test_nothing_is_undone(desktop: Desktop, demo: Demo) -> None:
    """Neither a typed digit nor a wiped field, and no digit is heard of it."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.wait_for_focus(FIELDS[0])
        for keys, left in ((("ctrl+z", "ctrl+y", "ctrl+shift+z"), len(CODES[0])), (("Delete", "ctrl+z", "ctrl+y"), 0)):
            if left:
                window.type(CODES[0])
            window.keys(*keys)
            window.wait(lambda: is_forwarding(window), "a key forwarded")
            (text,) = [each.text for each in window.tree if each.name == FIELDS[0] and each.role == "password text"]
            assert text == "\N{BLACK CIRCLE}" * left
        assert digits_heard(window.reader) == ("", "")


# -------------------------------------------------------------------------------------------------------- memory


def counted(process: int, codes: Sequence[str]) -> list[int]:
    """How many copies of each code are in a process."""
    return [copies(process, code) for code in codes]


def written_by(demo: Demo) -> list[str]:
    """Every file that the program has written."""
    files = (path for folder in (demo.logs, demo.data) for path in folder.rglob("*") if path.is_file())
    return [path.read_bytes().decode("latin-1") for path in files]


def test_no_code_stays_in_memory(desktop: Desktop, demo: Demo) -> None:
    """Each lies once in its field while it is typed, and nowhere when the run is over; its card process is gone.

    Nor is one in any file that was written, or in what was said, as much as there is of it.
    """
    with Window.open(desktop, demo, environ={"SITHSUP_LOG_LEVEL": "TRAFFIC"}) as window:
        window.go_to_codes()
        window.type_codes(CODES)
        assert counted(window.process.pid, CODES) == [1, 1]
        with_codes = window.card_processes()
        assert with_codes
        window.keys("Return")
        window.wait_for_page(shown.DONE)
        window.wait(lambda: not with_codes & window.card_processes(), "the card process gone", seconds=1)
        assert counted(window.process.pid, [*CODES, *(code[:6] for code in CODES)]) == [0, 0, 0, 0]
        window.wait(window.card_processes, "looking again")
        (looking,) = window.card_processes()
        assert counted(looking, CODES) == [0, 0]
        window.press(shown.CLOSE)
        assert window.wait_for_end() == 0
    written = written_by(demo)
    assert any("confirm-certificates" in text for text in written)
    assert [code for code in CODES for text in (*written, window.said) if code in text] == []
    assert demo.identity() == NEW


def test_a_plain_field_holds_the_code(desktop: Desktop, demo: Demo) -> None:
    """The control: the search finds Qt's own copy, which is UTF-16. What is left of it afterwards is luck."""
    with plain_window(desktop, demo) as window:
        window.wait_for_focus(plain_field.NAME)
        window.type(CODES[0])
        window.wait_for_length(plain_field.NAME, len(CODES[0]))
        assert copies(window.process.pid, CODES[0]) >= 1
