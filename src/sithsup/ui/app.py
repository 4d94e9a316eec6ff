"""The window's composition root."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from sithsup.ui import theme
from sithsup.ui.parts import install_headings
from sithsup.ui.signs import icon
from sithsup.ui.wizard import Wizard, end
from sithsup.ui.worker import Worker

if TYPE_CHECKING:
    from sithsup.settings import Settings


GENEROUS = 1.15
"""How much larger than the system's the text is."""


def run(settings: Settings) -> int:
    """Show the window until it is closed; its exit code."""
    application = QApplication(sys.argv[:1])
    application.setApplicationName("sithsup")
    font = application.font()
    font.setPointSizeF(font.pointSizeF() * GENEROUS)
    application.setFont(font)
    application.setWindowIcon(icon())
    install_headings()
    theme.apply(application)
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _: theme.apply(application))
    thread, worker = QThread(), Worker(settings)
    worker.moveToThread(thread)
    thread.started.connect(worker.start)
    wizard = Wizard(worker)
    wizard.show()
    thread.start()
    try:
        return application.exec()
    finally:
        end(thread, worker)
