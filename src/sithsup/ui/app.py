"""The window's composition root.

The window comes up before the rest of the program is loaded, which takes several times as long: the worker's thread
loads it, while the first page says that it looks for the card. Where it cannot be loaded, the window says so.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from sithsup.errors import SithsupError, bug
from sithsup.flow import Act, Flow, Page
from sithsup.ui import accessible, theme
from sithsup.ui.leave import destroy, end, leave
from sithsup.ui.seen import Ending
from sithsup.ui.shown import Shown
from sithsup.ui.signs import icon
from sithsup.ui.wizard import Wizard
from sithsup.ways import Interface, set_interface

if TYPE_CHECKING:
    from sithsup.settings import Settings
    from sithsup.ui.worker import Worker

_log = logging.getLogger(__name__)

GENEROUS = 1.15
"""How much larger than the system's the text is."""


def run(settings: Settings) -> int:
    """Show the window until it is closed; its exit code."""
    application = _application()
    thread, loader, wizard = QThread(), Loader(settings), Wizard(logs=settings.logs)
    loader.moveToThread(thread)
    loader.loaded.connect(wizard.attach, Qt.ConnectionType.QueuedConnection)
    loader.failed.connect(wizard.failed, Qt.ConnectionType.QueuedConnection)
    wizard.look_wanted.connect(loader.load)
    thread.started.connect(loader.load)
    wizard.painted.connect(thread.start)
    application.commitDataRequest.connect(wizard.session_ends)
    wizard.show()
    code = application.exec()
    is_over = end(thread, loader.worker)
    destroy(wizard)
    if not is_over:
        leave(code)
    return code


def refuse(error: SithsupError) -> int:
    """Show why the program cannot even begin, until the window is closed; its exit code."""
    application = _application()
    wizard = refused(error)
    wizard.show()
    application.exec()
    destroy(wizard)
    return error.exit_code


def refused(error: SithsupError) -> Wizard:
    """The window with an error alone; there is nothing to try again."""
    wizard = Wizard()
    wizard.present(Shown(Flow(Page.HELP), ending=Ending(Act.UPGRADE, error=error), is_final=True))
    return wizard


def _application() -> QApplication:
    set_interface(Interface.WINDOW)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("sithsup")
    font = application.font()
    font.setPointSizeF(font.pointSizeF() * GENEROUS)
    application.setFont(font)
    application.setWindowIcon(icon())
    accessible.install()
    theme.apply(application)
    QGuiApplication.styleHints().colorSchemeChanged.connect(lambda _: theme.apply(application))
    return application


class Loader(QObject):
    """Makes the worker in the thread that it lives in."""

    loaded = Signal(object)  # Worker
    failed = Signal(object)  # SithsupError

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.worker: Worker | None = None

    @Slot()
    def load(self) -> None:
        """Load the heart, and everything that it works with, until that has been done once."""
        if self.worker:
            return
        try:
            from sithsup.ui.worker import Worker  # noqa: PLC0415  see above

            self.worker = Worker(self._settings)
        except Exception as error:  # noqa: BLE001  a file that is missing or cannot be read, or a bug
            _log.error("the program cannot be loaded", exc_info=error)
            self.failed.emit(error if isinstance(error, SithsupError) else bug(error))
            return
        self.loaded.emit(self.worker)
