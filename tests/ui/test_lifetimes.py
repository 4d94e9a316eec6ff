"""Who deletes what. Qt and Python each keep their own account of it."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, TypeGuard

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAccessibleWidget, QLayout, QLayoutItem
from shiboken6 import Shiboken

from sithsup.ui import accessible
from sithsup.ui.parts import Heading
from tests.ui.states import mishaps, states
from tests.ui.window import Setting, application, opened, show

if TYPE_CHECKING:
    from sithsup.ui.wizard import Wizard


def test_python_knows_no_item_of_a_layout_that_qt_has_deleted() -> None:
    """An item does not tell that it goes. Whatever comes to lie there would be taken for it: a scroll bar, for one."""
    with opened(Setting()) as window:
        for name in (*states(), *mishaps()):
            show(window, name)
        known = {address(item) for item in Shiboken.getAllValidWrappers() if is_bare_item(item)}
        assert known
        assert known <= {address(item) for item in items(window)}


def test_python_deletes_no_interface_that_qt_has() -> None:
    """One that Qt was given lasts as long as its widget; one that nobody was given goes at once."""
    application()
    accessible.install()
    heading = Heading()
    given = weakref.ref(QAccessible.queryAccessibleInterface(heading))
    other = weakref.ref(QAccessibleWidget(heading, QAccessible.Role.Heading))
    gc.collect()
    assert (given() is None, other() is None) == (False, True)
    assert Shiboken.isValid(given())
    Shiboken.delete(heading)
    assert not Shiboken.isValid(given())


def is_bare_item(thing: object) -> TypeGuard[QLayoutItem]:
    """Whether it is no layout either, which would tell that it goes."""
    return isinstance(thing, QLayoutItem) and not isinstance(thing, QObject)


def items(window: Wizard) -> list[QLayoutItem]:
    """Everything that the layouts of the window hold now."""
    return [item for each in window.findChildren(QLayout) for n in range(each.count()) if (item := each.itemAt(n))]


def address(item: QLayoutItem) -> int:
    """Where it lies."""
    return Shiboken.getCppPointer(item)[0]
