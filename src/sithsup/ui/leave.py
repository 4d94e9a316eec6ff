"""How the window ends: its worker lets go of the card in time, and Qt takes down what it has made."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QMetaObject, Qt

if TYPE_CHECKING:
    from PySide6.QtCore import QThread

    from sithsup.ui.wizard import Wizard
    from sithsup.ui.worker import Worker

GRACE = 3000
"""Milliseconds that the worker has for its end when the window is closed."""


def end(thread: QThread, worker: Worker | None) -> bool:
    """Let the worker, if it was made, let go of the card, and end its thread; whether that was done in time."""
    if worker:
        worker.hurry()
        QMetaObject.invokeMethod(worker, "stop", Qt.ConnectionType.QueuedConnection)
    else:
        thread.quit()
    return thread.wait(GRACE)


def destroy(wizard: Wizard) -> None:
    """Take the window down while Qt stands: what is left to Python's end goes in any order, and crashed (measured)."""
    wizard.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def leave(code: int) -> None:
    """End the process though a thread of it still waits, for a module or a network that hangs.

    Nothing was under way but looking, or a run whose journal tells how to go on.
    """
    logging.shutdown()
    os._exit(code)
