"""What assistive tools may ask of the window at any time: also of what has just gone, and by numbers that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible, QTextDocument

from sithsup.ui.about import About
from sithsup.ui.parts import Text
from tests.ui.window import Setting, application, opened, settle, show

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
        about = About(None, window)
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


def test_text_that_can_be_copied_reports_no_change_as_that_of_a_document() -> None:
    """No label has an interface for such reports; with the first text, with another one, and without any."""
    application()
    text = Text(may_be_copied=True)
    for told in ("1234", "12\n34", "", "5"):
        text.tell(told)
        assert text.heightForWidth(200) > 0  # which lays it out
        document = text.findChild(QTextDocument)
        assert document
        assert document.toPlainText() == told
        assert document.receivers("2contentsChange(int,int,int)") == 0
