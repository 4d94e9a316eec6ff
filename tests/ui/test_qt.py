"""What is taken to be true of Qt for Python."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QLabel

from tests.ui.window import application

TIMES = 200


def test_none_outlives_the_window() -> None:
    """PySide6 6.12.0 takes a reference to None with every call that returns nothing; Python 3.11 ends without any."""
    application()
    label = QLabel()
    before = sys.getrefcount(None)
    for _ in range(TIMES):
        label.setText("…")
    assert abs(sys.getrefcount(None) - before) < TIMES / 2
