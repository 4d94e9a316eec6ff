"""Practice: the whole way on a simulated card, in a window that says so, with nothing left behind."""

from __future__ import annotations

import tempfile
import time
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest

from sithsup.flow import Page
from sithsup.model import KeyRole
from sithsup.sim.case import CODES
from sithsup.texts import ENGLISH
from sithsup.ui import practice
from sithsup.ui.practice import Practice
from sithsup.ui.wizard import NEXT
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
        for tick in cast("PreparePage", self.window._page).ticks:
            tick.setChecked(True)
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
            assert not audit(Scene(practised, page.area, setting.scale), by_eye=True)
            practised.close()
            settle()
            assert window.isVisible()
