"""The way to the log: opened by the system where it can, told in words where it cannot."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from sithsup.errors import SithsupError
from sithsup.settings import Settings
from sithsup.ui import app, log_folder
from sithsup.ui.about import About
from sithsup.ui.pages.help import HelpPage
from sithsup.ui.practice import Practice
from sithsup.ui.shown import Shown
from tests.ui.states import trouble
from tests.ui.window import Setting, application, opened, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.ui.log_folder import LogFolder
    from sithsup.ui.wizard import Wizard


class FileManager(QObject):
    """What the system would start."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    @Slot(QUrl)
    def show(self, url: QUrl) -> None:
        self.shown.append(url.toLocalFile())


@contextmanager
def file_manager() -> Iterator[FileManager]:
    """One that is there, for the length of a block."""
    manager = FileManager()
    QDesktopServices.setUrlHandler("file", manager, "show")  # type: ignore[arg-type]  # its stub wants bytes
    try:
        yield manager
    finally:
        QDesktopServices.unsetUrlHandler("file")


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give what a screen reader is told to say."""
    told: list[str] = []
    monkeypatch.setattr(log_folder, "announce", lambda _, text: told.append(text))
    return told


def helped(window: Wizard, logs: Path | None) -> LogFolder:
    """The page of an error, of a program with this log."""
    shown = trouble(SithsupError())
    window.present(Shown(shown.flow, shown.sight, ending=shown.ending, logs=logs))
    settle()
    page = window.currentPage()
    assert isinstance(page, HelpPage)
    return page.logs


def press(part: LogFolder) -> None:
    QTest.mouseClick(part.button, Qt.MouseButton.LeftButton)
    settle()


def test_the_folder_is_opened(tmp_path: Path, announced: list[str]) -> None:
    """Whatever it is called; nothing else is told."""
    folder = tmp_path / "en mapp, åäö & 100 %"
    folder.mkdir()
    with file_manager() as manager, opened(Setting()) as window:
        part = helped(window, folder)
        assert part.button.text() == "Öppna &loggmappen"
        press(part)
        assert manager.shown == [str(folder)]
        assert not part.place.isVisible()
        assert announced == []


def test_where_nothing_opens_it_the_place_is_told(
    tmp_path: Path, announced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To be read, heard, selected by keyboard and copied; in the language in use."""
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    with opened(Setting("en")) as window:
        part = helped(window, tmp_path)
        press(part)
        told = f"The log is in the folder {tmp_path}"
        assert part.place.isVisible()
        assert part.place.text() == told
        assert announced == [told]
        assert part.place.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
        window.speak("sv")
        settle()
        assert part.place.text() == f"Loggen ligger i mappen {tmp_path}"


def test_a_folder_that_is_not_there_is_not_opened(tmp_path: Path, announced: list[str]) -> None:
    """As when the log cannot be written: a file manager would complain in words of its own."""
    with file_manager() as manager, opened(Setting()) as window:
        press(helped(window, tmp_path / "missing"))
        assert manager.shown == []
        assert announced == [f"Loggen ligger i mappen {tmp_path / 'missing'}"]


def test_it_stands_in_about_too(tmp_path: Path) -> None:
    with file_manager() as manager, opened(Setting()) as window:
        window.present(Shown(logs=tmp_path))
        window.tell_about()
        settle()
        box = window.findChild(About)
        assert box
        press(box.logs)
        assert manager.shown == [str(tmp_path)]
        box.close()


def test_the_place_comes_into_view(tmp_path: Path) -> None:
    """Where there is less room than text."""
    with opened(Setting(scale=2)) as window:
        window.present(Shown(logs=tmp_path / "missing"))
        window.tell_about()
        settle()
        box = window.findChild(About)
        assert box
        box.logs.button.click()
        settle()
        assert box.logs.place.visibleRegion().boundingRect() == box.logs.place.rect()
        box.close()


def test_without_a_log_there_is_no_button() -> None:
    """As when the settings cannot be used, and in practice, which logs nothing."""
    with opened(Setting()) as window:
        assert not helped(window, None).button.isVisible()
    practice = Practice()
    assert practice.wizard._shown.logs is None
    practice.wizard.close()
    application().processEvents()


def test_the_window_knows_the_folder_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path | None] = []

    class Stop(Exception):
        """Far enough."""

    def wizard(*, logs: Path | None) -> None:
        made.append(logs)
        raise Stop

    monkeypatch.setattr(app, "Wizard", wizard)
    monkeypatch.setattr(app, "_application", application)
    with pytest.raises(Stop):
        app.run(Settings(logs=tmp_path))
    assert made == [tmp_path]
