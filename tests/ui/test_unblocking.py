"""A locked code gets its new value in the window: the real one, its worker in a thread of its own, and a demo's card.

SoftHSM2's card and a virtual one behind pcscd and OpenSC. Whether a code works is told by pkcs11-tool.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt, QThread
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from sithsup import texts
from sithsup.card import session
from sithsup.card_lock import CardLock
from sithsup.demo import start as life
from sithsup.demo.virtual.power import Cut, When
from sithsup.flow import Page
from sithsup.journal import card_key
from sithsup.model import KeyAlgorithm
from sithsup.settings import Settings
from sithsup.ui.frame import NEXT
from sithsup.ui.leave import end
from sithsup.ui.seen import Unblocked
from sithsup.ui.wizard import Wizard
from sithsup.ui.worker import Worker
from tests.demo.tools import Pkcs11Tool
from tests.support.locking import lock_softhsm, lock_virtual
from tests.support.virtual import NEEDED, short_folder
from tests.ui.window import Setting, application, dress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.demo.virtual.door import Door
    from sithsup.ui.pages.unblock import UnblockPage

AUTHENTICATION, SIGNATURE = "TEST SITHS kort (legitimering)", "TEST SITHS kort (underskrift)"
TOKENS = (AUTHENTICATION, SIGNATURE)
NEW = "73519402"
WRONG = "90909090"
PATIENCE = 30
TELLS = ("looked", "began", "stepped", "asked", "ended", "unblocked")


@dataclass
class Card:
    """A running demo, one of whose codes is locked."""

    environment: dict[str, str]
    tool: Pkcs11Tool
    puk: str
    lock: Callable[[], None]
    door: Door | None
    """Of a virtual card."""

    def opens(self, code: str) -> bool:
        """Whether pkcs11-tool signs in with it."""
        try:
            self.tool.listing(SIGNATURE, code)
        except subprocess.CalledProcessError:
            return False
        return True


@contextmanager
def demo(kind: life.CardType) -> Iterator[Card]:
    with short_folder() as around:
        folder = around / "demo"
        life.start(folder, key_algorithm=KeyAlgorithm.P_256, card=kind)
        try:
            environment = life.environment(folder)
            tool = Pkcs11Tool(environment["SITHSUP_MODULE"], environment)
            puk = (folder / "puks").read_text().split()[1]
            if kind is life.CardType.SOFTHSM2:
                yield Card(environment, tool, puk, partial(lock_softhsm, folder / "card" / "tokens", SIGNATURE), None)
            else:
                door = life.card_door(folder)
                yield Card(environment, tool, puk, partial(lock_virtual, door, tool, SIGNATURE, 2), door)
        finally:
            life.stop(folder)


KINDS = [
    pytest.param(life.CardType.SOFTHSM2, marks=pytest.mark.needs("softhsm2-util", "pkcs11-tool")),
    pytest.param(life.CardType.VIRTUAL, marks=pytest.mark.needs(*NEEDED)),
]


@pytest.fixture(scope="module", params=KINDS, ids=str)
def running(request: pytest.FixtureRequest) -> Iterator[Card]:
    with demo(request.param) as made:
        yield made


class Window:
    """The window, its worker, and a person who looks and types."""

    def __init__(self, stack: ExitStack) -> None:
        dress(Setting(language="en"))
        self.thread, self.worker, self.wizard = QThread(), Worker(Settings.load(os.environ)), Wizard()
        self.told: list[object] = []
        for name in TELLS:
            getattr(self.worker, name).connect(self.told.append)
        self.wizard.unblock_wanted.connect(self.told.append)
        self.worker.moveToThread(self.thread)
        self.thread.start()
        stack.callback(self.close)
        self.wizard.show()
        self.wizard.activateWindow()
        self.wizard.attach(self.worker)

    def close(self) -> None:
        end(self.thread, self.worker)
        self.wizard.hide()
        self.wizard.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        application().processEvents()
        texts.set_language(None)

    def wait(self, holds: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"{self.at()}: {self.text()}"
            application().processEvents()
            time.sleep(0.005)

    def at(self) -> Page:
        return self.wizard._page.page

    def text(self) -> str:
        labels = self.wizard._page.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible())

    def shows(self, *said: str) -> Callable[[], bool]:
        return lambda: all(each in self.text() for each in said)

    @property
    def page(self) -> UnblockPage:
        return cast("UnblockPage", self.wizard._made(Page.UNBLOCK))

    def go_there(self) -> None:
        """By the button of whatever page offers it."""
        self.wait(self.wizard._page.unblock.isVisible)  # type: ignore[attr-defined]
        self.wizard._page.unblock.click()  # type: ignore[attr-defined]
        assert self.at() is Page.UNBLOCK

    def send(self, puk: str, new: str = NEW) -> None:
        """Type, and press the button."""
        for code_input, digits in zip(self.page.form.inputs, (puk, new, new), strict=True):
            code_input.field.setFocus()
            QTest.keyClicks(self.wizard, digits)
        QTest.mouseClick(self.wizard.button(NEXT), Qt.MouseButton.LeftButton)


@pytest.fixture
def window(running: Card, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """The window on the first page, with a card whose code for signatures is locked."""
    running.lock()
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    application()
    with ExitStack() as stack:
        opened = Window(stack)
        opened.wait(opened.shows("The code for signature is locked. Unlock it with your PUK code."))
        yield opened


def card_processes() -> set[psutil.Process]:
    """Those that hold a module for the window now."""
    found = set()
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            found |= {child} if "spawn_main" in " ".join(child.cmdline()) else set()
    return found


def test_a_locked_code_gets_its_new_value(running: Card, window: Window, caplog: pytest.LogCaptureFixture) -> None:
    """After a wrong PUK code, which costs a try and changes nothing; no code outlives its use, and none is told."""
    caplog.set_level("DEBUG")
    window.go_there()
    window.send(WRONG)
    window.wait(lambda: window.at() is Page.HELP)
    assert window.shows("The PUK code was wrong", "The code for signature is still locked.")()
    window.go_there()
    window.wait(card_processes)
    (before,) = card_processes()
    window.send(running.puk)
    window.wait(lambda: window.at() is Page.INSERT)
    assert window.shows("The code for signature has its new value, and is not locked.")()
    window.wait(window.shows("The code for signature has its new value", "The card can be upgraded."))
    assert window.wizard.button(NEXT).isEnabled()
    assert not before.is_running()
    assert running.opens(NEW)
    assert not running.opens(WRONG)
    everything = repr(window.told) + caplog.text
    assert not any(code in everything for code in (running.puk, NEW, WRONG))
    assert "SU-1105" in everything


def test_a_card_that_another_process_holds_is_left_alone(running: Card, window: Window) -> None:
    """Nothing is sent: the code is as locked as before, and what was typed is gone."""
    window.go_there()
    card = window.wizard._shown.card
    assert card
    lock = CardLock(window.worker._settings.locks, card_key(card))
    lock.take()
    try:
        window.send(running.puk)
        window.wait(lambda: window.at() is Page.HELP)
        assert window.shows("Error code: SU-4002")()
    finally:
        lock.release()
    assert [code_input.field.length for code_input in window.page.form.inputs] == [0, 0, 0]
    assert not window.worker.puks._puk
    assert [told.is_sent for told in window.told if isinstance(told, Unblocked)] == [False]


def at_reset(running: Card, window: Window) -> int:
    """Which of the card's commands from there on unlocks the code: it is unlocked for it, and locked anew."""
    assert running.door
    window.go_there()
    window.send(running.puk)
    window.wait(lambda: window.at() is Page.INSERT)
    names = [exchange.name for exchange in running.door.exchanges()]
    running.door.arm()
    running.lock()
    return names.index("RESET_RETRY_COUNTER") + 1


@pytest.mark.parametrize("running", KINDS[1:], ids=str, indirect=True)
@pytest.mark.parametrize("when", [When.BEFORE, When.AFTER])
def test_a_card_that_is_pulled_meanwhile_tells_when_it_is_back(
    when: When, running: Card, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is claimed while it is out; nothing is sent a second time. The card is held for as long as that takes."""
    door, cuts, held, really_unblock = running.door, list[Cut](), list[bool](), session.Card.unblock
    card = window.wizard._shown.card
    assert door
    assert card
    lock = CardLock(window.worker._settings.locks, card_key(card))

    def unblock(*arguments: Any) -> None:
        held.append(lock.is_taken)
        door.arm(*cuts)
        really_unblock(*arguments)

    monkeypatch.setattr(session.Card, "unblock", unblock)
    cuts.append(Cut(at=at_reset(running, window), when=when))
    tries = door.memory().codes[2].unblocking_tries_left
    window.go_there()
    window.send(running.puk, "13572468")
    window.wait(lambda: window.at() is Page.HELP)
    assert window.shows("Whether the new code for signature is in force is not known now.")()
    assert door.insert()
    QTest.mouseClick(window.wizard.button(NEXT), Qt.MouseButton.LeftButton)
    is_in_force = when is When.AFTER
    window.wait(window.shows("The card can be upgraded." if is_in_force else "The code for signature is locked."))
    assert running.opens("13572468") is is_in_force
    assert door.memory().codes[2].unblocking_tries_left == tries
    assert held == [True, True]
