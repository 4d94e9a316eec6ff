"""Practice: the whole way on a simulated card, in a window that says so, with nothing left behind."""

from __future__ import annotations

import gc
import logging
import tempfile
import time
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest

from sithsup import logs
from sithsup.flow import Page
from sithsup.model import KeyRole
from sithsup.sim.case import CODES
from sithsup.texts import ENGLISH
from sithsup.ui import practice
from sithsup.ui.frame import NEXT
from sithsup.ui.leave import end
from sithsup.ui.practice import Practice
from tests.ui.audit import Scene, audit
from tests.ui.window import Setting, application, dress, opened, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sithsup.ui.pages.codes import CodesPage
    from sithsup.ui.pages.interrupted import InterruptedPage
    from sithsup.ui.pages.prepare import PreparePage

PATIENCE = 60.0
"""Seconds; only so that nothing hangs."""


class Round:
    """A person at practice."""

    def __init__(self) -> None:
        self.practice = Practice()
        self.window = self.practice.wizard
        self.window.show()
        self.window.activateWindow()

    @property
    def page(self) -> Page:
        return self.window._shown.flow.page

    def close(self) -> None:
        self.window.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        settle()

    def wait(self, holds: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < until, f"on {self.page}"
            QTest.qWait(10)

    def go_on(self) -> None:
        self.wait(self.window.button(NEXT).isEnabled)
        self.window.button(NEXT).click()

    def give_codes(self) -> None:
        page = cast("CodesPage", self.window._page)
        for row, role in zip(page.rows, KeyRole, strict=True):
            row.field.setFocus()
            for digit in CODES[role].decode():
                QTest.keyClick(row.field, Qt.Key(ord(digit)))
        self.go_on()

    def begin(self) -> None:
        """To the page on which the card is written."""
        self.go_on()
        for demand in cast("PreparePage", self.window._page).demands:
            demand.tick.setChecked(True)
        self.go_on()
        self.give_codes()
        assert self.page is Page.UPGRADING


@pytest.fixture
def at_practice(monkeypatch: pytest.MonkeyPatch) -> Iterator[Round]:
    monkeypatch.setattr(practice, "PACE", 0.01)
    application()
    dress(Setting(ENGLISH))
    person = Round()
    yield person
    person.close()


def test_the_whole_way(at_practice: Round) -> None:
    at_practice.begin()
    at_practice.wait(lambda: at_practice.page is Page.DONE)
    assert "upgraded" in at_practice.window._page.heading.text()


@pytest.mark.parametrize("way", ["on", "back"])
def test_the_card_is_pulled_and_put_back(at_practice: Round, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "PACE", 0.1)
    window, banner = at_practice.window, at_practice.window._banner
    assert banner
    at_practice.begin()
    at_practice.wait(lambda: window._shown.progress is not None and window._shown.progress.share > 0)
    banner.button.click()
    at_practice.wait(lambda: at_practice.page is Page.INTERRUPTED)
    banner.button.click()
    at_practice.wait(lambda: window._shown.sight.report is not None)
    page = cast("InterruptedPage", window._page)
    if way == "on":
        at_practice.go_on()
    else:
        page.restore.click()
    at_practice.give_codes()
    at_practice.wait(lambda: at_practice.page is Page.DONE)
    assert window._page.heading.text() == ("Your card is upgraded" if way == "on" else "Your card is as it was")


def test_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    application()
    person = Round()
    person.wait(lambda: person.window._shown.sight.report is not None)
    person.close()
    assert not list(tmp_path.iterdir())


def test_it_says_on_every_page_that_it_is_practice() -> None:
    """It is opened from the first page, which waits behind it, and there is nothing to stumble over in it."""
    for setting in (Setting(ENGLISH), Setting(theme="dark", scale=2)):
        with opened(setting) as window:
            window._side.practice.click()
            practised = window._practice.wizard
            settle()
            assert not window.isVisible()
            assert practised._banner
            assert practised._banner.isVisible()
            practised.resize(window.size())
            settle()
            assert not practised._side.practice.isVisible()
            assert practised.windowTitle() != window.windowTitle()
            page = practised._page
            findings = audit(Scene(practised, page.area, setting.scale), by_eye=True)
            practised.close()
            assert not findings
            settle()
            assert window.isVisible()


def test_it_is_said_when_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the language in use."""
    said: list[str] = []
    monkeypatch.setattr(practice, "announce", lambda _, text: said.append(text))
    with opened(Setting()) as window:
        window.practise()
        window._practice.wizard.close()
        settle()
    assert said == ["Övning: inget riktigt kort används. Koderna är 123456 och 654321."]


def test_the_language_of_practice_is_gone_on_with() -> None:
    with opened(Setting(ENGLISH)) as window:
        assert window._page.heading.text() == "Insert your card"
        window.practise()
        window._practice.wizard._side.language.click()
        window._practice.wizard.close()
        settle()
        assert window.isVisible()
        assert window._page.heading.text() == "Sätt i ditt kort"


def test_nothing_of_it_is_logged(at_practice: Round, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the file that support is sent: no case of it is real."""
    logs.configure(tmp_path / "log")
    try:
        at_practice.begin()
        at_practice.wait(lambda: at_practice.page is Page.DONE)
        logging.getLogger("sithsup.ui").info("TEST")
    finally:
        logs.configure(None)
    written = (tmp_path / "log").read_text(encoding="utf-8")
    for name in ("sithsup.operation", "sithsup.runner"):
        assert name in caplog.text
        assert name not in written
    assert "TEST" in written


def test_what_it_keeps_stays_as_long_as_its_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Which may need longer than the window waits for it, and than the next round takes to begin."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with opened(Setting(ENGLISH)) as window:
        window.practise()
        thread, worker = window._practice._thread, window._practice.worker
        (folder,) = tmp_path.iterdir()
        with monkeypatch.context() as patch:
            patch.setattr(practice, "end", lambda *_: False)
            window._practice.wizard.close()
        settle()
        window.practise()
        gc.collect()
        settle()
        assert thread.isRunning()
        assert folder.exists()
        assert end(thread, worker)
        settle()
        assert not folder.exists()
        window._practice.wizard.close()
        settle()
    assert not list(tmp_path.iterdir())
