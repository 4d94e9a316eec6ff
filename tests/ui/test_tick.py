"""The box to tick is a QCheckBox to hands and ears, and its text wraps."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from sithsup.ui.tick import Tick
from tests.ui.window import Setting, application, dress

TEXT = "Jag har båda koderna till hands: för legitimering och för underskrift"


@pytest.fixture
def tick() -> Tick:
    application()
    dress(Setting())
    found = Tick()
    found.setText(TEXT)
    found.resize(found.sizeHint())
    found.show()
    return found


def test_it_is_ticked_by_key_and_anywhere_on_its_text(tick: Tick) -> None:
    QTest.keyClick(tick, Qt.Key.Key_Space)
    assert tick.isChecked()
    QTest.mouseClick(tick, Qt.MouseButton.LeftButton, pos=QPoint(tick.width() - 5, tick.height() // 2))
    assert not tick.isChecked()


def test_its_text_wraps(tick: Tick) -> None:
    whole = tick.sizeHint()
    assert tick.heightForWidth(whole.width()) == whole.height()
    assert tick.heightForWidth(whole.width() // 2) > whole.height()


def test_a_screen_reader_hears_what_it_is(tick: Tick) -> None:
    heard = QAccessible.queryAccessibleInterface(tick)
    assert heard.role() is QAccessible.Role.CheckBox
    assert heard.text(QAccessible.Text.Name) == TEXT
