"""The program's window as a screen reader and a keyboard meet it: from outside its process.

with Window.open(desktop, demo) as window:
    window.wait_for_page(*START)
    window.press("Nästa")                       # by its accessible action
    window.keys("Tab", "space")                 # by the keyboard
    window.type(code)
"""

from __future__ import annotations

import json
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import psutil

from sithsup.demo.campaign import TERMS_VERSION
from tests.support.demo import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

SYSTEM_PYTHON = "/usr/bin/python3"
PATIENCE = 60
"""Seconds, against hanging only."""
EVERY = 0.04
"""Seconds between two looks."""
INSERT, CARD = START = "Sätt i ditt kort", "Ditt kort"
"""The first page: before the card is found, and from then on."""
PREPARE, CODES = "Innan du börjar", "Ange dina koder"
UPGRADING, DONE = "Ditt kort uppgraderas", "Ditt kort är uppgraderat"
INTERRUPTED, RESTORED = "Avbruten uppgradering", "Ditt kort är som det var"
MAIL_GOES = "Jag förstår att jag inte kan läsa gammal krypterad e-post efteråt"
TERMS = f"Jag godkänner villkoren (version {TERMS_VERSION})"
HAVE_CODES = "Jag har båda koderna till hands: för legitimering och för underskrift"
BOXES = (MAIL_GOES, TERMS, HAVE_CODES)
"""What is to be ticked before the codes are asked for, in the order of the page."""
NEXT, UPGRADE, CONTINUE = "Nästa", "Uppgradera kortet", "Fortsätt"
FINISH, GO_BACK, CLOSE = "Fortsätt uppgraderingen", "Gå tillbaka till det gamla", "Stäng"
FIELDS = ("Legitimeringskod", "Underskriftskod")


class Seen(NamedTuple):
    """One thing that is shown."""

    role: str
    name: str
    states: frozenset[str]
    text: str
    depth: int


class ScreenReader:
    """A process that hears and reads what the window tells assistive tools."""

    def __init__(self, desktop: Desktop, process: int) -> None:
        """Look at this process; hear nothing yet."""
        self._process = subprocess.Popen(
            [SYSTEM_PYTHON, str(Path(__file__).with_name("screen_reader.py"))],
            env=desktop.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.ask("watch", process)

    def ask(self, verb: str, *arguments: object) -> Any:
        """Ask for something; raises `LookupError` when the window has just changed under it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps([verb, arguments])}\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        if "error" in told:
            raise LookupError(told["error"])
        return told["value"]

    def listen(self) -> None:
        """Hear events and keys from now on."""
        self.ask("listen")

    @property
    def announced(self) -> list[str]:
        """Everything that was announced."""
        return [carried for kind, _, _, carried in self.ask("heard") if kind.startswith("object:announcement")]

    def carried(self, kind: str) -> list[str]:
        """What the events of a kind carried, in order."""
        return [carried for name, _, _, carried in self.ask("heard") if name.startswith(kind)]

    def key_texts(self) -> list[str]:
        """The text of every key that was pressed or let go."""
        return [text for _, text, _ in self.ask("keys")]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Window:
    """A window that is open, and a screen reader that looks at it."""

    def __init__(self, desktop: Desktop, process: subprocess.Popen[str]) -> None:
        """Look at a process that was started on a desktop."""
        self.desktop, self.process = desktop, process
        self.reader = ScreenReader(desktop, process.pid)
        self.said = ""
        """What it had to complain about, known when it has ended."""

    @classmethod
    @contextmanager
    def open(
        cls,
        desktop: Desktop,
        demo: Demo,
        *,
        program: Sequence[str] = PROGRAM,
        environ: Mapping[str, str] | None = None,
        listening: bool = True,
    ) -> Iterator[Window]:
        """Start the program without arguments; end it in any case."""
        around = {**desktop.environment, "SITHSUP_LANGUAGE": "sv", "PYTHONFAULTHANDLER": "1", **(environ or {})}
        process = demo.start(program=tuple(program), environ=around)
        window = cls(desktop, process)
        try:
            if listening:
                window.reader.listen()
            yield window
        finally:
            window.reader.close()
            if window.is_open:
                process.kill()
                process.communicate()

    # ------------------------------------------------------------------------------------------------ looking

    @property
    def tree(self) -> list[Seen]:
        """Everything that is shown."""
        found = self.reader.ask("tree")
        return [
            Seen(each["role"], each["name"], frozenset(each["states"]), each["text"], each["depth"]) for each in found
        ]

    @property
    def texts(self) -> str:
        """The names of everything that is shown, one on each line."""
        return "\n".join(each.name for each in self.tree)

    @property
    def heading(self) -> str:
        """The heading of the page."""
        return " ".join(self.reader.ask("headings"))

    @property
    def focused(self) -> str:
        """The name of what has the focus."""
        return (self.reader.ask("focused") or ("", ""))[1]

    @property
    def child_too_many(self) -> list[str]:
        """The names of everything that gives a child by a number for which it has none."""
        told: list[str] = self.reader.ask("child_too_many")
        return told

    @property
    def is_open(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def card_processes(self) -> set[int]:
        """The card processes of the window."""
        return {child.pid for child in psutil.Process(self.process.pid).children() if _is_card_process(child)}

    def wait(self, holds: Callable[[], object], what: str, *, seconds: float = PATIENCE) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while True:
            with suppress(LookupError):  # it changes while it is looked at
                if holds():
                    return
            code = self.process.poll()
            assert code is None, f"the window ended before {what}, by {code}: {self.process.communicate()[1]}"
            assert time.monotonic() < end, f"not {what}; shown is:\n{self.texts}"
            time.sleep(EVERY)

    def wait_for_page(self, *headings: str) -> None:
        """Wait until the page with one of these headings is shown."""
        self.wait(lambda: self.heading in headings, f"page {headings}")

    def wait_for_text(self, text: str) -> None:
        """Wait until something with this text is shown."""
        self.wait(lambda: text in self.texts, f"text {text}")

    def wait_for_focus(self, name: str) -> None:
        """Wait until something has the focus."""
        self.wait(lambda: self.focused == name, f"focus on {name}")

    def wait_for_tick(self, name: str) -> None:
        """Wait until a box is ticked."""
        self.wait(
            lambda: [each for each in self.tree if each.name == name and "CHECKED" in each.states], f"tick {name}"
        )

    def wait_for_length(self, name: str, length: int) -> None:
        """Wait until a field for a code holds so many signs."""
        self.wait(lambda: [len(each.text) for each in self.tree if each.name == name and each.text] == [length], name)

    def wait_for_announcement(self, text: str) -> None:
        """Wait until something was announced."""
        self.wait(lambda: any(text in each for each in self.reader.announced), f"announcement {text}")

    def wait_for_end(self) -> int:
        """Wait until the window has closed and its process has ended; the exit code."""
        _, self.said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    # ------------------------------------------------------------------------------------------------- acting

    def press(self, name: str) -> None:
        """Press a button or tick a box by its accessible action, as soon as that is possible."""
        self.wait(lambda: self.reader.ask("press", name), f"button {name}")

    def set_text(self, name: str, text: str) -> None:
        """Set a field's text by its accessible interface."""
        self.wait(lambda: self.reader.ask("set_text", name, text), f"field {name}")

    def keys(self, *keys: str) -> None:
        """Press keys."""
        self.desktop.keys(*keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.desktop.type(text)

    # -------------------------------------------------------------------------------------- the way of a person

    def go_to_codes(self) -> None:
        """From the start to the page of the codes, by accessible actions."""
        self.go_to_prepare()
        self.agree()
        self.press(NEXT)
        self.wait_for_page(CODES)

    def go_to_prepare(self) -> None:
        """From the start to the page of what is to be known before, by accessible actions."""
        self.wait_for_page(*START)
        self.press(NEXT)
        self.wait_for_page(PREPARE)

    def agree(self) -> None:
        """Tick every box of that page."""
        for box in BOXES:
            self.press(box)
            self.wait_for_tick(box)

    def give_codes(self, codes: Sequence[str], button: str = UPGRADE) -> None:
        """Set both codes and press the button that begins."""
        for field, code in zip(FIELDS, codes, strict=True):
            self.set_text(field, code)
        self.press(button)

    def type_codes(self, codes: Sequence[str]) -> None:
        """Type both codes, Tab between them; Return is not pressed."""
        self.wait_for_focus(FIELDS[0])
        self.type(codes[0])
        self.keys("Tab")
        self.wait_for_focus(FIELDS[1])
        self.type(codes[1])
        for field, code in zip(FIELDS, codes, strict=True):
            self.wait_for_length(field, len(code))


def _is_card_process(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it has just ended
        return False
