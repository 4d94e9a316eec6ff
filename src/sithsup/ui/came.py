"""What came of a diagnosis, part by part: each question with what was found, and each thing that is wrong."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from sithsup.texts import tr
from sithsup.ui.parts import Panel, Signed, Text, em

Part = TypeVar("Part", bound=QWidget)

SIGNS = {"running": "clock", "good": "done", "problem": "warning", "unknown": "info"}
"""Of what came of a probe."""


class Section(QFrame):
    """One question of the diagnosis: what came of it, and below it, when it is opened, everything that was found."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.button, self.body = Signed("row"), QPushButton(), Text("quiet", may_be_copied=True)
        self.button.setObjectName("link")
        self.button.setAutoDefault(False)
        self.button.setCheckable(True)
        self.button.toggled.connect(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em() // 4)
        row = self.head.layout()
        assert row  # noqa: S101  it has one
        row.setAlignment(self.head.sign, Qt.AlignmentFlag.AlignVCenter)  # the button makes the row higher
        row.addWidget(self.button)
        column.addWidget(self.head)
        column.addWidget(self.body)
        self.body.setContentsMargins(2 * em(), 0, 0, em() // 2)
        self._lines = ""

    def tell(self, title: str, status: str, came: str, lines: tuple[str, ...]) -> None:
        """Show what came of it; `came` says it in words."""
        said = tr("{name}: {value}", name=title, value=came)
        self.head.tell(said, SIGNS[status])
        self._lines = "\n".join(lines)
        self.button.setVisible(bool(lines))
        self.button.setAccessibleDescription(title)
        self._open(self.button.isChecked())

    def _open(self, is_open: bool) -> None:  # noqa: FBT001  Qt's own
        self.button.setText(tr("Hide") if is_open else tr("Show"))
        self.body.tell(self._lines if is_open else "")


class Wrong(Panel):
    """Something that is wrong: what, why, what to do, whom to ask."""

    def __init__(self) -> None:
        super().__init__(spacing=0.6)
        self.what, self.cause = Signed("point", "warning", bold=True, may_be_copied=True), Signed("point", "info")
        self.remedy, self.contact = Signed("point", "now"), Signed("point", "person", may_be_copied=True)
        for part in (self.what, self.cause, self.remedy, self.contact):
            self.column.addWidget(part)

    def tell(self, told: tuple[str, str, str, str]) -> None:
        """Show it; empty parts take no room."""
        for part, text in zip((self.what, self.cause, self.remedy, self.contact), told, strict=True):
            part.tell(text)


def nth(panel: Panel, place: int, kind: type[Part]) -> Part:
    """A part of a panel that has parts of one kind alone; made where it is not there yet."""
    while panel.column.count() <= place:
        panel.column.addWidget(kind())
    item = panel.column.itemAt(place)
    part = item.widget() if item else None
    assert isinstance(part, kind)  # noqa: S101  nothing else is added
    return part
