"""The way to the log: a button that opens its folder and, where nothing can open one, the place to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from sithsup.texts import tr
from sithsup.ui.parts import Text, announce, em

if TYPE_CHECKING:
    from pathlib import Path


class LogFolder(QWidget):
    """Stands where somebody may be asked for the log."""

    def __init__(self) -> None:
        super().__init__()
        self._folder: Path | None = None
        self.button, self.place = QPushButton(), Text("quiet", may_be_copied=True)
        self.button.setAutoDefault(False)
        self.button.clicked.connect(self._open)
        self.place.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em() // 2)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.place)

    def tell(self, folder: Path | None) -> None:
        """In the language in use; without a folder there is nothing to open."""
        self._folder = folder
        self.button.setText(tr("Open the &log folder"))
        self.place.setText(tr("The log is in the folder {folder}", folder=folder))
        self.setVisible(folder is not None)

    def _open(self) -> None:
        folder = self._folder
        if folder and folder.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            return
        self.place.show()
        announce(self.place, self.place.text())
