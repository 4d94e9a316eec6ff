"""What is ticked or chosen, with a text that wraps: Qt's own is cut where it is large. Drawn in the palette alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QCheckBox, QRadioButton, QSizePolicy

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractButton as Base
else:
    Base = object  # the classes below bring their own

Role = QPalette.ColorRole
BOX = 1.2
"""The side of the box, in lines of text."""
RING = 3
"""The thickness of the line around what has the focus."""
_FLAGS = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
_CHECK = ((0.24, 0.52), (0.43, 0.71), (0.77, 0.31))


def _policy() -> QSizePolicy:
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    return policy


class _Wrapping(Base):
    """A button that can be checked: a sign, and a text that takes as many lines as it needs."""

    @property
    def _line(self) -> int:
        return self.fontMetrics().height()

    @property
    def _box(self) -> int:
        return round(self._line * BOX)

    @property
    def _pad(self) -> int:
        return RING + self._line // 4

    @property
    def _before_text(self) -> int:
        return self._pad + self._box + round(self._line * 0.6)

    def _needed(self, width: int) -> QSize:
        """The room that the text takes at this width."""
        room = QRect(0, 0, max(1, width - self._before_text - self._pad), 1 << 16)
        return self.fontMetrics().boundingRect(room, _FLAGS, self.text()).size()

    def heightForWidth(self, width: int) -> int:  # noqa: N802  Qt's name
        return max(self._needed(width).height(), self._box) + 2 * self._pad

    def hasHeightForWidth(self) -> bool:  # noqa: N802  Qt's name
        return True

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        width = self._before_text + self.fontMetrics().horizontalAdvance(self.text()) + self._pad + 1
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(self._before_text + 6 * self._line, self._box + 2 * self._pad)

    def hitButton(self, pos: QPoint) -> bool:  # noqa: N802  Qt's name
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802  Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_box(painter)
        painter.setPen(self.palette().color(Role.WindowText))
        above = self._pad + (self._box - self._line) // 2
        room = self.rect().adjusted(self._before_text, above, -self._pad, 0)
        painter.drawText(room, _FLAGS, self.text())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(Role.Highlight), RING))
            half = RING / 2
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(half, half, -half, -half), 6, 6)
        painter.end()

    def _paint_box(self, painter: QPainter) -> None:
        raise NotImplementedError


class Tick(_Wrapping, QCheckBox):
    """A QCheckBox in all but its looks."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(_policy())

    def _paint_box(self, painter: QPainter) -> None:
        side, pad, palette = self._box, self._pad, self.palette()
        is_on = self.isChecked()
        painter.setPen(QPen(palette.color(Role.Highlight if is_on else Role.Mid), 2))
        painter.setBrush(palette.color(Role.Highlight if is_on else Role.Base))
        painter.drawRoundedRect(QRectF(pad + 1, pad + 1, side - 2, side - 2), side / 5, side / 5)
        if is_on:
            pen = QPen(palette.color(Role.HighlightedText), side / 9)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF([QPointF(pad + x * side, pad + y * side) for x, y in _CHECK]))


class Dot(_Wrapping, QRadioButton):
    """A QRadioButton in all but its looks."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(_policy())

    def _paint_box(self, painter: QPainter) -> None:
        side, palette, is_on = self._box, self.palette(), self.isChecked()
        middle = QPointF(self._pad + side / 2, self._pad + side / 2)
        painter.setPen(QPen(palette.color(Role.Highlight if is_on else Role.Mid), 2))
        painter.setBrush(palette.color(Role.Base))
        painter.drawEllipse(middle, side / 2 - 1, side / 2 - 1)
        if is_on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(Role.Highlight))
            painter.drawEllipse(middle, side / 4, side / 4)
