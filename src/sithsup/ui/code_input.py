"""A field for a code with its name above it; below it what is to be known of the code, and what is wrong with it."""

from __future__ import annotations

from sithsup.ui.parts import Notice, Panel, Text, em
from sithsup.ui.pin_field import PinField

FIELD = 20
"""The width of a field, in lines of text."""


class CodeInput(Panel):
    """One code that is to be typed."""

    def __init__(self) -> None:
        super().__init__("plain", margin=0, spacing=0.3)
        self.label, self.field, self.hint, self.notice = Text(bold=True), PinField(), Text("quiet"), Notice()
        self.label.setBuddy(self.field)
        self.field.setMaximumWidth(FIELD * em())
        for widget in (self.label, self.field, self.hint, self.notice):
            self.column.addWidget(widget)

    def tell(self, name: str, hint: str = "") -> None:
        """Say which code, and what is to be known of it."""
        self.label.tell(name)
        self.hint.tell(hint)
        self.notice.tell("")
        self.field.setAccessibleName(name)
        self.field.setAccessibleDescription(hint)
