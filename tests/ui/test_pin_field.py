"""The field for a code: what is shown and what is kept agree, whoever changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from sithsup.ui.pin_field import LONGEST, MASK, PinField
from tests.ui.window import application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QAccessibleEditableTextInterface

Edit = QAccessible.Text.Value


@pytest.fixture
def fields() -> Iterator[tuple[PinField, PinField]]:
    """Two fields in a window, the first of them with four digits."""
    application()
    window, first, second = QWidget(), PinField(), PinField()
    column = QVBoxLayout(window)
    column.addWidget(first)
    column.addWidget(second)
    window.show()
    window.activateWindow()
    application().processEvents()
    first.setFocus()
    QTest.keyClicks(first, "1234")
    yield first, second
    window.hide()


def kept(field: PinField) -> str:
    """What is kept; it is as long as what is shown, and nothing else is in the buffer."""
    assert field.text() == MASK * field.length
    assert not any(field._buffer[field.length :])
    return field._buffer[: field.length].decode()


# ---------------------------------------------------------------------------------------------- assistive tools


def _one_by_one(text: QAccessibleEditableTextInterface) -> None:
    for place, char in enumerate("5678", start=4):
        text.insertText(place, char)


CHANGES: dict[str, tuple[Callable[[QAccessibleEditableTextInterface], None], str]] = {
    "a digit at the end": (lambda text: text.insertText(4, "5"), "12345"),
    "digits one by one": (_one_by_one, "12345678"),
    "a digit at the beginning": (lambda text: text.insertText(0, "5"), "51234"),
    "digits in the middle": (lambda text: text.insertText(2, "56"), "125634"),
    "other digits in the middle": (lambda text: text.replaceText(1, 3, "567"), "15674"),
    "other digits": (lambda text: text.replaceText(0, 4, "98765"), "98765"),
    "the last ones go": (lambda text: text.deleteText(2, 4), "12"),
    "all go": (lambda text: text.deleteText(0, 4), ""),
    "what is no digit": (lambda text: text.insertText(4, "5a6"), "123456"),
    "more than there is room for": (lambda text: text.insertText(2, "5" * LONGEST), "12" + "5" * 12 + "34"),
    "bullets that stand for nothing": (lambda text: text.insertText(4, MASK * 3), "1234"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_an_assistive_tool_changes_is_changed(fields: tuple[PinField, PinField], change: str) -> None:
    field, _ = fields
    do, expected = CHANGES[change]
    do(QAccessible.queryAccessibleInterface(field).editableTextInterface())
    assert kept(field) == expected


def test_what_an_assistive_tool_replaces_is_overwritten(fields: tuple[PinField, PinField]) -> None:
    field, _ = fields
    before = field._buffer
    QAccessible.queryAccessibleInterface(field).editableTextInterface().insertText(0, "5")
    assert field._buffer is not before
    assert not any(before)


@pytest.mark.parametrize(("value", "expected"), [("", ""), ("5678", "5678"), ("56", "56")])
def test_a_value_that_an_assistive_tool_sets_is_all_there_is(
    fields: tuple[PinField, PinField], value: str, expected: str
) -> None:
    field, _ = fields
    QAccessible.queryAccessibleInterface(field).setText(Edit, value)
    assert kept(field) == expected
    QTest.keyClicks(field, "9")
    assert kept(field) == f"{expected}9"


# ------------------------------------------------------------------------------------------------- what is selected

KEYS = {
    "digits": ([Qt.Key.Key_5, Qt.Key.Key_6], "56"),
    "Backspace": ([Qt.Key.Key_Backspace], ""),
    "Delete": ([Qt.Key.Key_Delete], ""),
}


@pytest.mark.parametrize("pressed", KEYS)
def test_what_is_selected_after_tab_is_replaced(fields: tuple[PinField, PinField], pressed: str) -> None:
    first, second = fields
    QTest.keyClick(first, Qt.Key.Key_Tab)
    assert second.hasFocus()
    QTest.keyClick(second, Qt.Key.Key_Backtab)
    assert first.selectedText() == MASK * 4
    keys, expected = KEYS[pressed]
    for key in keys:
        QTest.keyClick(first, key)
    assert kept(first) == expected


@pytest.mark.parametrize(
    ("start", "length", "keys", "expected"),
    [
        (1, 2, "5", "154"),
        (1, 2, "567", "15674"),
        (1, 2, "\b", "14"),
        (1, 2, "\x7f", "14"),
        (2, 0, "5", "12534"),
        (2, 0, "\b", "134"),
        (0, 0, "\b", "1234"),
        (2, 0, "\x7f", ""),
    ],
)
def test_keys_change_what_the_mouse_has_pointed_out(
    fields: tuple[PinField, PinField], start: int, length: int, keys: str, expected: str
) -> None:
    field, _ = fields
    field.setCursorPosition(start)
    if length:
        field.setSelection(start, length)
    named = {"\b": Qt.Key.Key_Backspace, "\x7f": Qt.Key.Key_Delete}
    for key in keys:
        QTest.keyClick(field, named.get(key, Qt.Key(ord(key))))
    assert kept(field) == expected


def test_a_field_that_is_full_takes_no_digit_more(fields: tuple[PinField, PinField]) -> None:
    field, _ = fields
    QTest.keyClicks(field, "5" * LONGEST)
    field.setCursorPosition(1)
    QTest.keyClicks(field, "9")
    assert kept(field) == "1234" + "5" * 12
