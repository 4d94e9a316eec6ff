"""A field for a code with its name above it; below it what is to be known of the code, and what is wrong with it."""

from __future__ import annotations

from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr
from sithsup.ui.parts import Notice, Panel, Signed, Text, em, restyle
from sithsup.ui.pin_field import PinField
from sithsup.ui.tick import Tick

FIELD = 20
"""The width of a field, in lines of text."""
NAMES = {
    frozenset({KeyRole.AUTHENTICATION}): mark("Code for authentication"),
    frozenset({KeyRole.SIGNATURE}): mark("Code for signature"),
    frozenset(KeyRole): mark("Code for authentication and signature"),
}
TRIES = {
    CodeState.COUNT_LOW: mark("A wrong code was given since the last right one. Take care."),
    CodeState.FINAL_TRY: mark("Only one try is left. After a wrong code it is locked."),
    CodeState.LOCKED: mark("This code is locked."),
    CodeState.UNSET: mark("This code has not been chosen yet."),
}
"""What a card may tell of the tries that are left for a code."""
PUK_TRIES = {
    CodeState.COUNT_LOW: mark("The PUK code was entered wrong, and fewer tries are left for it. Take care."),
    CodeState.FINAL_TRY: mark("Only one try is left for the PUK code. If it is wrong, nothing unlocks the code again."),
}
"""The same of a PUK code; many cards never do."""


def code_name(roles: frozenset[KeyRole]) -> str:
    """What people call the code that is for these."""
    return tr(NAMES.get(roles, NAMES[frozenset(KeyRole)]))


class CodeInput(Panel):
    """One code that is to be given: typed here, or on the reader."""

    def __init__(self) -> None:
        super().__init__("plain", margin=0, spacing=0.3)
        self.label, self.field, self.hint, self.notice = Text(bold=True), PinField(), Text("quiet"), Notice()
        self.tries, self.sure = Signed("tries"), Tick()
        self.label.setBuddy(self.field)
        self.field.setMaximumWidth(FIELD * em())
        for widget in (self.label, self.field, self.tries, self.sure, self.hint, self.notice):
            self.column.addWidget(widget)
        self.tell_tries("")

    def tell(self, name: str, hint: str = "") -> None:
        """Say which code, and what is to be known of it."""
        self.label.tell(name)
        self.hint.tell(hint)
        self.notice.tell("")
        self.field.setAccessibleName(name)
        self.field.setAccessibleDescription(hint)

    def tell_tries(self, text: str, sign: str = "warning", *, sure: str = "") -> None:
        """Say what is known of its tries; before a last one ask for a yes, in these words."""
        self.tries.tell(text, sign)
        restyle(self.tries, grave=sign == "warning")
        self.sure.setText(sure)
        self.sure.setVisible(bool(sure))

    def wipe(self) -> None:
        """Forget what was typed, and the yes to a last try."""
        self.field.wipe()
        self.sure.setChecked(False)

    @property
    def is_unsure(self) -> bool:
        """Whether a yes to the last try is asked for, and was not given."""
        return not self.sure.isHidden() and not self.sure.isChecked()
