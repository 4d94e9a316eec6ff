"""The way to the log: a button that opens its folder and, where nothing can open one, the place to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from sithsup.texts import tr
from sithsup.ui.parts import Text, announce, em

if TYPE_CHECKING:
    from pathlib import Path


class LogFolder(QWidget):
    """Stands where somebody may be asked for the log."""

    def __init__(self, *beside: QPushButton) -> None:
        """What else stands in the same row goes before it."""
        super().__init__()
        self._folder: Path | None = None
        self.button, self.place = QPushButton(), Text("quiet", may_be_copied=True)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._open)
        self.place.hide()
        row, column = QHBoxLayout(), QVBoxLayout(self)
        row.setSpacing(em() // 2)
        for button in (*beside, self.button):
            row.addWidget(button)
        row.addStretch(1)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em() // 2)
        column.addLayout(row)
        column.addWidget(self.place)

    def tell(self, folder: Path | None) -> None:
        """In the language in use; without a folder there is nothing to open."""
        self._folder = folder
        self.button.setText(tr("Open the &log folder"))
        self.button.setVisible(folder is not None)
        self.place.setText(tr("The log is in the folder {folder}", folder=folder))

    def _open(self) -> None:
        folder = self._folder
        if folder and folder.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            return
        self.place.show()
        announce(self.place, self.place.text())
        QTimer.singleShot(0, self, self._bring_up)

    def _bring_up(self) -> None:
        """Scroll to the place, once there is room for it."""
        above = self.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(self.place)
            above = above.parentWidget()
