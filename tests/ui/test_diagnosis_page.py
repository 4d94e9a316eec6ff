"""Felsökning as somebody uses it: it begins by itself, tells as it goes, and can be begun again and copied."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from sithsup.diagnostics import diagnosis as room
from sithsup.diagnostics.probe import Found, Probe
from sithsup.diagnostics.values import Fact, Word
from sithsup.errors import NoReaderError
from sithsup.flow import Page
from sithsup.texts import ENGLISH
from sithsup.ui.came import Section, Wrong
from sithsup.ui.pages.diagnosis import DiagnosisPage
from sithsup.ui.pages.page import DiagnoseButton
from tests.ui.window import Setting, application, opened, settle, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.diagnostics.scene import Scene
    from sithsup.ui.wizard import Wizard

USUAL = Setting(ENGLISH)
PATIENCE = 20
"""Seconds, against hanging only."""


def until(is_so: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < ends
        application().processEvents()
        time.sleep(0.01)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two probes in place of all: one is well, one is not. What was asked stands in the list."""
    names: list[str] = []

    def well(_: Scene) -> Found:
        names.append("well")
        return Found((Fact("version", "Version", Word("1.2")),))

    def ill(_: Scene) -> Found:
        names.append("ill")
        raise NoReaderError

    probes = (Probe("well", "The good one", well), Probe("ill", "The other one", ill))
    monkeypatch.setattr(room, "ALL", probes)
    return names


def opened_from(window: Wizard, state: str) -> DiagnosisPage:
    """The page, by its button on another one, when all has come."""
    from_page = show(window, state)
    from_page.findChildren(DiagnoseButton)[0].click()
    page = window.currentPage()
    assert isinstance(page, DiagnosisPage)
    until(page.again.isEnabled)
    settle()
    return page


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("state", ["support", "help-no-answer"])
def test_it_begins_by_itself_and_tells_what_is_wrong(state: str) -> None:
    with opened(USUAL) as window:
        page = opened_from(window, state)
        told = [section.head.text.text() for section in page.findChildren(Section)]
        assert told == ["The good one: nothing wrong", "The other one: something is wrong"]
        (wrong,) = page.findChildren(Wrong)
        assert wrong.what.text.text() == "No card reader was found (SU-1003)"
        assert wrong.remedy.text.text()


@pytest.mark.usefixtures("asked")
def test_one_comes_back_to_where_one_was() -> None:
    with opened(USUAL) as window:
        opened_from(window, "help-no-answer")
        window.customButtonClicked.emit(6)
        assert window._shown.flow.page is Page.HELP


@pytest.mark.usefixtures("asked")
def test_everything_that_was_found_can_be_shown_and_copied() -> None:
    with opened(USUAL) as window:
        page = opened_from(window, "support")
        first = page.findChildren(Section)[0]
        assert not first.body.isVisibleTo(page)
        first.button.click()
        assert (first.body.text(), first.body.isVisibleTo(page)) == ("Version: 1.2", True)
        page.copy.click()
        copied = QGuiApplication.clipboard().text()
        assert "Version: 1.2" in copied
        assert "SU-1003" in copied


def test_it_is_asked_again(asked: list[str]) -> None:
    with opened(USUAL) as window:
        page = opened_from(window, "support")
        before = page.case.text()
        page.again.click()
        assert not page.again.isEnabled()
        until(page.again.isEnabled)
        assert sorted(asked) == ["ill", "ill", "well", "well"]
        assert page.case.text() != before


def test_a_heart_that_cannot_be_loaded_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def cannot() -> None:
        raise ImportError("a file is missing")

    monkeypatch.setattr(room, "Diagnosis", cannot)
    with opened(USUAL) as window:
        show(window, "support").findChildren(DiagnoseButton)[0].click()
        page = window.currentPage()
        assert isinstance(page, DiagnosisPage)
        assert "ImportError" in page.notice.text.text()
    assert "cannot begin" in caplog.text
    caplog.clear()


def test_nothing_real_is_looked_at_in_practice() -> None:
    with opened(USUAL) as window:
        for state in ("support", "help-no-answer"):
            page = show(window, state)
            button = page.findChildren(DiagnoseButton)[0]
            assert button.isVisibleTo(page)
            window.present(window._shown.__class__(window._shown.flow, is_practice=True, ending=window._shown.ending))
            assert not button.isVisibleTo(page)
            assert isinstance(button, QPushButton)
