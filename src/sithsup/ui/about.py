"""What program this is, what may be done with it, and what it keeps to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from sithsup import __version__
from sithsup.texts import tr
from sithsup.ui.column import Column
from sithsup.ui.log_folder import LogFolder
from sithsup.ui.parts import Heading, Text, em
from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 32
"""Of the box, in lines of text."""
MARGIN = 1.6


class About(QDialog):
    """A box that is closed again."""

    def __init__(self, logs: Path | None, parent: QWidget | None = None) -> None:
        """`logs` is the folder of the log; in practice there is none."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("About the program"))
        self.area = Column()
        self.area.setAccessibleName(tr("About the program"))
        column, margin = self.area.column, round(em() * MARGIN)
        column.setContentsMargins(margin, margin, margin, em() // 2)
        column.setSpacing(round(em() * 0.8))
        column.addLayout(self._head())
        for told in self._texts():
            text = Text()
            text.tell(told)
            column.addWidget(text)
        self.logs = LogFolder()
        self.logs.tell(logs)
        column.addWidget(self.logs)
        column.addStretch(1)
        close = QPushButton(tr("&Close"))
        close.clicked.connect(self.accept)
        low = QHBoxLayout()
        low.setContentsMargins(margin, 0, margin, em())
        low.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)
        whole.addLayout(low)
        close.setFocus()
        width = WIDTH * em()
        height = column.totalHeightForWidth(width) + low.sizeHint().height() + em()
        self.resize(QSize(width, height).boundedTo(self.screen().availableSize()))

    @staticmethod
    def _head() -> QHBoxLayout:
        heading, version = Heading(), Text("quiet", may_be_copied=True)
        heading.setText("sithsup")
        version.tell(tr("Version {version}", version=__version__))
        names = QVBoxLayout()
        names.setSpacing(em() // 4)
        names.addWidget(heading)
        names.addWidget(version)
        head = QHBoxLayout()
        head.setSpacing(em())
        head.addWidget(Sign("sithsup", 3.4), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(names, 1)
        return head

    @staticmethod
    def _texts() -> tuple[str, ...]:
        return (
            tr("Upgrades the certificates of SITHS cards, and never leaves a card without a working identity."),
            tr("The program talks with your card and with the certificate issuer, and with nobody else."),
            tr("No statistics are collected, and nothing is sent to whoever made the program."),
            tr("The log stays on this computer. No codes and no personal identity numbers are in it."),
            tr(
                "Free software under the GNU General Public License, version 3 or later. It comes without any warranty."
            ),
        )
