"""What is taken to be true of Qt for Python."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
import pytest
from PySide6.QtWidgets import QLabel

from tests.ui.window import application

if TYPE_CHECKING:
    from PySide6.QtGui import QSessionManager

TIMES = 200


def test_none_outlives_the_window() -> None:
    """PySide6 6.12.0 takes a reference to None with every call that returns nothing; Python 3.11 ends without any."""
    application()
    label = QLabel()
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        label.setText("…")
    assert abs(sys.getrefcount(None) - before) < TIMES / 2


@pytest.mark.skipif(sys.platform != "linux", reason="the name of the function is the compiler's")
def test_the_end_of_a_session_is_told_with_somebody_to_refuse_it_to() -> None:
    """The signal carries a reference, which few signals do; here it comes from Qt itself."""
    told: list[bool] = []

    def ends(manager: QSessionManager) -> None:
        told.append(manager.allowsInteraction())

    application().commitDataRequest.connect(ends)
    library = ctypes.CDLL(str(Path(PySide6.__file__).parent / "Qt" / "lib" / "libQt6Gui.so.6"))
    library._ZN23QPlatformSessionManager13appCommitDataEv(None)
    application().commitDataRequest.disconnect(ends)
    assert told == [False]
