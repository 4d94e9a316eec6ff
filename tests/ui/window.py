"""The window in one setting, with the same pixels on every machine: a pinned font, no blinking, nothing that moves."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication

from sithsup import texts
from sithsup.ui import accessible, theme
from sithsup.ui.frame import window_size
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.wizard import Wizard
from sithsup.ways import Interface, set_interface
from tests.ui.states import AFTER, mishaps, states

if TYPE_CHECKING:
    from collections.abc import Iterator


FONT = "DejaVu Sans"
POINTS = 11.0
TURNS = 4
SCREEN = QSize(1366, 728)
"""What is left of a small screen below its panel."""
THEMES = {"light": theme.LIGHT, "dark": theme.DARK}
CONTRAST = "contrast"
"""The theme of whoever has asked the system for contrast."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a person has set their computer."""

    language: str = "sv"
    theme: str = "light"
    scale: int = 1

    def __str__(self) -> str:
        return f"{self.language}-{self.theme}-{self.scale}00"


def prepare_process() -> None:
    """Before Qt is started."""
    os.environ.update(
        QT_QPA_PLATFORM="offscreen",
        QT_FONT_DPI="96",
        FONTCONFIG_FILE=str(Path(__file__).with_name("fonts.conf")),
    )


def application() -> QApplication:
    """The one of this process."""
    found = QApplication.instance() or QApplication(["sithsup"])
    assert isinstance(found, QApplication)
    found.setCursorFlashTime(0)
    found.setEffectEnabled(Qt.UIEffect.UI_General, False)
    return found


def dress(setting: Setting) -> None:
    """Set the computer as this person has."""
    assert FONT in QFontDatabase.families(), "the pictures are of one font: Debian's fonts-dejavu-core"
    font = QFont(FONT)
    font.setPointSizeF(POINTS * setting.scale)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    application().setFont(font)
    if setting.theme == CONTRAST:
        theme.apply_contrast(application())
    else:
        theme.apply(application(), THEMES[setting.theme])
    texts.set_language(setting.language)
    set_interface(Interface.WINDOW)


@contextmanager
def opened(setting: Setting) -> Iterator[Wizard]:
    """The window, without a worker."""
    app = application()
    dress(setting)
    accessible.install()
    wizard = Wizard()
    wizard.resize(window_size(SCREEN))
    wizard.show()
    wizard.activateWindow()
    app.processEvents()
    try:
        yield wizard
    finally:
        wizard.hide()
        wizard.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        app.processEvents()
        texts.set_language(None)
        set_interface(Interface.COMMAND_LINE)


def show(wizard: Wizard, name: str) -> WizardPage:
    """Bring up a state by its name."""
    shown = {**states(), **mishaps()}[name]
    wizard.present(shown)
    page = wizard.currentPage()
    assert isinstance(page, WizardPage)
    if name in AFTER:
        AFTER[name](page)
    settle()
    return page


def settle() -> None:
    """Let the layouts within layouts find their sizes: each takes a turn of the event loop."""
    for _ in range(TURNS):
        application().processEvents()
