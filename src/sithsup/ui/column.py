"""The column of a page: as high as its text needs at this width, and scrolled when that is higher than the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent


class Column(QScrollArea):
    """Qt's own resizing takes the height at the least width, and scrolls long before there is need to.

    While it scrolls it takes the focus, so that the arrow keys reach every line of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("column")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._inside = QWidget()
        self.column = QVBoxLayout(self._inside)
        self.setWidget(self._inside)
        self._inside.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """Fit anew when a text has changed."""
        if watched is self._inside and event.type() is QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """Make the column as high as it needs to be, and at least as high as the window."""
        room = self.viewport().size()
        needed = self.column.totalHeightForWidth(room.width())
        self._inside.resize(room.width(), max(needed, room.height()))
        is_scrolled = needed > self.maximumViewportSize().height()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_scrolled else Qt.FocusPolicy.NoFocus)
        if self.property("scrolls") is not is_scrolled:
            self.setProperty("scrolls", is_scrolled)
            self.style().unpolish(self)
            self.style().polish(self)
