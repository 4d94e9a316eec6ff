"""What pages are made of: headings that a screen reader knows as such, text that wraps and can be selected, panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QAccessibleWidget, QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAccessibleInterface

HEADING_SIZE = 1.7
"""Of a page's heading, in units of the person's font."""

_headings: dict[QObject, QAccessibleInterface] = {}
"""Qt keeps no reference to what Python makes for it."""


class Heading(QLabel):
    """The heading of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * HEADING_SIZE)
        font.setBold(True)
        self.setFont(font)

    def setText(self, text: str) -> None:  # noqa: N802  Qt's name
        """Say it to screen readers too."""
        super().setText(text)
        self.setAccessibleName(text)


class _HeadingInterface(QAccessibleWidget):
    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget, QAccessible.Role.Heading)


def install_headings() -> None:
    """Make every `Heading` one for assistive tools. Once in a process, before any is shown."""
    QAccessible.installFactory(_interface)


def _interface(_: str, item: QObject) -> QAccessibleInterface | None:
    if not isinstance(item, Heading):
        return None
    if item not in _headings:
        _headings[item] = _HeadingInterface(item)
    return _headings[item]


class Text(QLabel):
    """Plain text that wraps, and that can be selected by mouse and keyboard where it is worth copying."""

    def __init__(self, name: str = "", *, may_be_copied: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # what a card or an authority says is never read as HTML
        policy = self.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        if may_be_copied:
            flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            self.setTextInteractionFlags(flags)

    def tell(self, text: str) -> None:
        """Show a text; no text takes no room."""
        self.setText(text)
        self.setVisible(bool(text))


class Panel(QFrame):
    """A raised part of a page with its own column."""

    def __init__(self, name: str = "card") -> None:
        super().__init__()
        self.setObjectName(name)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 14)
        self.column.setSpacing(6)


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say it now."""
    event = QAccessibleAnnouncementEvent(widget, text)
    event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)
