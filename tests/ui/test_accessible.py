"""What assistive tools may ask of the window at any time: also of what has just gone, and by numbers that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible

from sithsup.ui.about import About
from tests.ui.window import Setting, opened, settle, show

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QWidget

    from sithsup.ui.column import Column


def test_a_page_that_goes_keeps_all_the_children_that_a_tool_has_counted() -> None:
    """Its scroll bar goes with it, from the screen; the one who asks for the last child is given it all the same."""
    with opened(Setting()) as window:
        area = show(window, "prepare-consent").area
        before = children(area)
        assert area.verticalScrollBar().isVisible()
        show(window, "codes-two")
        assert not area.verticalScrollBar().isVisible()
        assert children(area) == before


@pytest.mark.parametrize("name", ["prepare-consent", "codes-two"])
def test_there_is_no_child_of_a_wrong_number(name: str) -> None:
    with opened(Setting()) as window:
        has_no_other_child(show(window, name).area)


def test_there_is_no_child_of_a_wrong_number_in_the_box_about_the_program() -> None:
    with opened(Setting()) as window:
        about = About(window)
        about.open()
        settle()
        has_no_other_child(about.area)


def has_no_other_child(area: Column) -> None:
    """Qt's own interface, which most likely ends a process that asks it for one, is told by what it leaves out."""
    inside = children(area)
    assert {area.viewport(), area.verticalScrollBar().parent(), area.horizontalScrollBar().parent()} == set(inside)
    assert [is_child(area, number) for number in (-1, len(inside), 1 << 16)] == [False, False, False]


def test_a_heading_is_one() -> None:
    with opened(Setting()) as window:
        assert spoken(show(window, "codes-two").heading) == (QAccessible.Role.Heading, "Ange dina koder")


# An interface goes with its widget, and Python is not told: none is kept, lest a report of a failure look at it.


def children(widget: QWidget) -> list[QObject]:
    """What a tool is given, by each number that there is."""
    seen = QAccessible.queryAccessibleInterface(widget)
    return [seen.child(number).object() for number in range(seen.childCount())]


def is_child(widget: QWidget, number: int) -> bool:
    """Whether a tool is given anything by a number."""
    return QAccessible.queryAccessibleInterface(widget).child(number) is not None


def spoken(widget: QWidget) -> tuple[QAccessible.Role, str]:
    """What it is to a tool, and what it is called."""
    seen = QAccessible.queryAccessibleInterface(widget)
    return seen.role(), seen.text(QAccessible.Text.Name)
