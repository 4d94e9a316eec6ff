"""What assistive tools are told a widget is, where Qt itself says too little or does not look where it reaches.

Qt asks here when it first needs an interface for a widget, and deletes that with the widget; Qt for Python holds each
one until the application has gone, so that Python never deletes it first. Nothing is kept here: an interface that was
given out twice would be deleted twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAccessibleWidget, QWidget

from sithsup.ui.column import Column
from sithsup.ui.parts import Heading

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAccessibleInterface

ROLES: dict[type[QWidget], QAccessible.Role] = {
    Heading: QAccessible.Role.Heading,
    Column: QAccessible.Role.Client,
}
"""The widgets that get the interface of a plain widget, in this role.

Qt knows no headings. Its interface of a scroll area counts the scroll bars that are seen just now, and takes a child by
any number unchecked: a tool that has counted, and asks for the last one when the page has gone, would end the program.
That of a plain widget counts all of them, seen or not, and has nothing to give for a number that is none of theirs.
"""


def install() -> None:
    """Have Qt ask here. Once in a process, before any window is shown."""
    QAccessible.installFactory(_interface)


def _interface(_: str, item: QObject) -> QAccessibleInterface | None:
    for kind, role in ROLES.items():
        if isinstance(item, kind):
            return QAccessibleWidget(item, role)
    return None
