"""What pages are made of: headings that a screen reader knows as such, text that wraps and can be selected, panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFont,
    QFontMetrics,
    QPainter,
    QPalette,
    QPen,
    QTextDocument,
)
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QPushButton

HEADING_SIZE = 1.7
"""Of a page's heading, in units of the person's font."""
RING = 2
"""The thickness of the line around a text that has the focus."""
SIGN_SIZE = 1.2
"""Of a sign beside text, in lines."""


def em() -> int:
    """The height of a line of the person's font: what every distance is measured in."""
    return QFontMetrics(QApplication.font()).height()


def sized(factor: float, *, bold: bool = False) -> QFont:
    """The person's font, larger or smaller."""
    font = QApplication.font()
    font.setPointSizeF(font.pointSizeF() * factor)
    font.setBold(bold)
    return font


class Heading(QLabel):
    """The heading of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(sized(HEADING_SIZE, bold=True))

    def setText(self, text: str) -> None:  # noqa: N802  Qt's name
        """Say it to screen readers too."""
        super().setText(text)
        self.setAccessibleName(text)


class Text(QLabel):
    """Plain text that wraps, and that can be selected by mouse and keyboard where it is worth copying."""

    def __init__(self, name: str = "", *, may_be_copied: bool = False, size: float = 1.0, bold: bool = False) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # what a card or an authority says is never read as HTML
        self.setFont(sized(size, bold=bold))
        policy = self.sizePolicy()
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        if may_be_copied:
            flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            self.setTextInteractionFlags(flags)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # Qt's own leaves the keyboard out
            self.setMargin(RING)
        self._is_told_twice = may_be_copied

    def setText(self, text: str) -> None:  # noqa: N802  Qt's name
        """Have assistive tools hear of it as of another name, and no more.

        Text that can be selected is laid out in a document, which is made with the first text. It reports each change
        again, as one of a text interface; a label has none, so that Qt's bridge complains of every one.
        """
        super().setText(text)
        if self._is_told_twice and (document := self.findChild(QTextDocument)):
            document.contentsChange.disconnect()
            self._is_told_twice = False

    def tell(self, text: str) -> None:
        """Show a text; no text takes no room."""
        self.setText(text)
        self.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), RING))
            painter.drawRect(self.rect().adjusted(1, 1, -2, -2))
            painter.end()


class Signed(QFrame):
    """A text with a sign before it, so that its colour is never all that tells what it is."""

    def __init__(
        self, name: str = "", sign: str = "", *, may_be_copied: bool = False, bold: bool = False, margin: float = 0
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.sign, self.text = Sign(sign, SIGN_SIZE), Text(may_be_copied=may_be_copied, bold=bold)
        ring = self.text.margin()  # which must not move the text
        above = round(em() * (SIGN_SIZE - 1) / 2)
        self.text.setContentsMargins(0, max(0, above - ring), 0, 0)  # its first line beside the sign
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(*[round(em() * margin)] * 4)
        self.row.setSpacing(round(em() * 0.7) - ring)
        self.row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        self.row.addWidget(self.text, 1)

    def tell(self, text: str, sign: str | None = None) -> None:
        """Show a text, and another sign; no text takes no room."""
        if sign is not None:
            self.sign.draw(sign)
            restyle(self, sign=sign)
        self.text.setText(text)
        self.setVisible(bool(text))


class Notice(Signed):
    """What must not be overlooked."""

    def __init__(self) -> None:
        super().__init__("notice", "warning", margin=0.8)

    def add(self, button: QPushButton) -> None:
        """Put what can be done about it beside it."""
        button.setAutoDefault(False)
        self.row.addWidget(button)


class Panel(QFrame):
    """A raised part of a page with its own column."""

    def __init__(self, name: str = "panel", margin: float = 1.1, spacing: float = 0.7) -> None:
        super().__init__()
        self.setObjectName(name)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(*[round(em() * margin)] * 4)
        self.column.setSpacing(round(em() * spacing))


def restyle(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet asks for, and have it asked again."""
    for name, value in properties.items():
        widget.setProperty(name, value)
    for part in (widget, *widget.findChildren(QWidget)):
        part.style().unpolish(part)
        part.style().polish(part)


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say it now."""
    event = QAccessibleAnnouncementEvent(widget, text)
    event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)


def sentences(*texts: str) -> str:
    """Texts as one that is spoken, with a full stop between any two; empty ones are left out."""
    return ". ".join(text.removesuffix(".") for text in texts if text)
