"""The rows of the upgrade table with their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.situation import Mark
from sithsup.texts import mark, tr
from sithsup.ui.parts import Panel, Signed, sized

if TYPE_CHECKING:
    from sithsup.ui.seen import RowSeen

SIGNS = {
    Mark.STARTED: "now",
    Mark.DONE: "done",
    Mark.SEEN: "done",
    Mark.UNDOING: "now",
    Mark.UNDONE: "undone",
    None: "todo",
}
WRITTEN = {Mark.UNDOING: mark("Undo: {step}"), Mark.UNDONE: mark("{step}, undone")}
"""What stands in a row that is more than the name of its step."""
SPOKEN = {
    Mark.STARTED: mark("{step}, now"),
    Mark.DONE: mark("{step}, done"),
    Mark.SEEN: mark("{step}, done"),
    Mark.UNDOING: mark("{step}, now"),
}
"""How a screen reader tells of a row what sighted people see by its sign."""


class Rows(Panel):
    """A list in which nothing can be pressed."""

    def __init__(self) -> None:
        super().__init__(spacing=0.45)
        self.rows: list[Signed] = []

    def tell(self, rows: tuple[RowSeen, ...], *, is_way_back: bool = False) -> None:
        """Show these rows, all of which are to be undone on the way back; none take no room."""
        self.setVisible(bool(rows))
        while len(self.rows) < len(rows):
            self.rows.append(Signed("row"))
            self.column.addWidget(self.rows[-1])
        for place, signed in enumerate(self.rows):
            _tell(signed, rows[place] if place < len(rows) else None, is_way_back=is_way_back)


def written(row: RowSeen, *, is_way_back: bool = False) -> str:
    """What is written in a row."""
    text, found = tr(row.text), row.mark or (Mark.UNDOING if is_way_back else None)
    return tr(WRITTEN[found], step=text) if found in WRITTEN else text


def _tell(signed: Signed, row: RowSeen | None, *, is_way_back: bool) -> None:
    if row is None:
        signed.tell("")
        return
    text = written(row, is_way_back=is_way_back)
    signed.tell(text, SIGNS[row.mark])
    signed.text.setAccessibleName(tr(SPOKEN[row.mark], step=text) if row.mark in SPOKEN else text)
    signed.text.setFont(sized(1, bold=row.mark is not None and row.mark.is_under_way))
