"""Something that is to be agreed to before anything begins."""

from __future__ import annotations

from sithsup.ui.parts import Notice, Panel, Text
from sithsup.ui.tick import Tick


class Demand(Panel):
    """A text, a box to tick below it, and what is said there where it was not."""

    def __init__(self, name: str = "panel", margin: float = 1.1) -> None:
        super().__init__(name, margin)
        self.title, self.text, self.tick, self.notice = Text(bold=True), Text(), Tick(), Notice()
        self.tick.toggled.connect(lambda: self.notice.tell(""))
        self._missing = ""
        for part in (self.title, self.text, self.tick, self.notice):
            self.column.addWidget(part)

    def tell(self, tick: str, missing: str, *, title: str = "", text: str = "") -> None:
        """Show what is agreed to; where nothing is, the text alone. A screen reader that comes to the box reads it."""
        self.title.tell(title)
        self.text.tell(text)
        self.tick.setText(tick)
        self.tick.setVisible(bool(tick))
        self.tick.setAccessibleDescription(text)
        self.notice.tell("")
        self._missing = missing

    @property
    def is_open(self) -> bool:
        """Whether it is asked, and was not agreed to."""
        return not self.isHidden() and not self.tick.isHidden() and not self.tick.isChecked()

    def ask(self) -> str:
        """Say what is missing, and go to the box; what was said."""
        self.notice.tell(self._missing)
        self.tick.setFocus()
        return self._missing
