"""Koder: one field for each code, with the tries that are left; the last try only after an explicit yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel

from sithsup.card.pin import code_lengths
from sithsup.errors import role_text
from sithsup.flow import Act, Page
from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Notice, Panel, Signed, announce, em, restyle, sized
from sithsup.ui.pin_field import PinField
from sithsup.ui.tick import Tick

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.model import TokenId, TokenInfo
    from sithsup.ui.shown import Shown

TRIES = {
    CodeState.OK: "",
    CodeState.COUNT_LOW: mark("A wrong code was given since the last right one. Take care."),
    CodeState.FINAL_TRY: mark("Only one try is left. After a wrong code it is locked."),
    CodeState.LOCKED: mark("This code is locked."),
    CodeState.UNSET: mark("This code has not been chosen yet."),
}
BUTTONS = {
    Act.UPGRADE: mark("&Upgrade the card"),
    Act.RESUME: mark("&Finish the upgrade"),
    Act.RESTORE: mark("&Go back to the old"),
}
FIELD = 20
"""The width of a field, in lines of text."""


class CodeRow:
    """One code: its name, its field, what is to be known of its tries, and the yes to a last one."""

    def __init__(self, panel: Panel) -> None:
        self.label, self.field, self.tries, self.sure = QLabel(), PinField(), Signed("tries"), Tick()
        self.label.setBuddy(self.field)
        self.label.setFont(sized(1, bold=True))
        self.field.setMaximumWidth(FIELD * em())
        self.token: TokenInfo | None = None
        for widget in (self.label, self.field, self.tries, self.sure):
            panel.column.addWidget(widget)

    def tell(self, token: TokenInfo | None, roles: frozenset[KeyRole]) -> None:
        """Ask for the code of a token, or for nothing."""
        if token != self.token:
            self.field.wipe()
            self.sure.setChecked(False)
        self.token = token
        is_typed = token is not None and not token.pin_pad
        for widget in (self.label, self.field):
            widget.setVisible(is_typed)
        self.sure.setVisible(token is not None and token.code is CodeState.FINAL_TRY)
        self.tries.tell("")
        if token is None:
            return
        role = tr(role_text(roles))
        self.label.setText(tr("Code for {role}", role=role))
        self.field.setAccessibleName(tr("Code for {role}", role=role))
        self.sure.setText(tr("I am sure of my code for {role}", role=role))
        pad = tr("The code for {role} is typed on the reader, when it asks for it.", role=role)
        if token.pin_pad:
            self.tries.tell(pad, "keypad")
        elif TRIES[token.code]:
            self.tries.tell(tr(TRIES[token.code]), "warning")
        restyle(self.tries, grave=not token.pin_pad)

    @property
    def problem(self) -> str:
        """What is missing; empty when nothing is."""
        if self.token is None or self.token.pin_pad:
            return ""
        if self.field.length < code_lengths(self.token).start:  # it is not sent, so that no try is lost on it
            return tr("Type the whole code: {code}.", code=self.label.text())
        if self.token.code is CodeState.FINAL_TRY and not self.sure.isChecked():
            return tr("Only one try is left. Tick the box if you are sure of the code.")
        return ""


class CodesPage(WizardPage):
    """The page whose button begins everything."""

    page = Page.CODES

    def build(self) -> None:
        self.panel = Panel("plain", margin=0)
        first = CodeRow(self.panel)
        self.panel.column.addSpacing(em() // 2)
        self.rows = (first, CodeRow(self.panel))
        self.notice = Notice()
        self.column.addWidget(self.panel)
        self.column.addWidget(self.notice)
        self.setCommitPage(True)

    def tell(self, shown: Shown) -> None:
        wanted = _wanted(shown)
        if len(wanted) == 1:
            self.say(tr("Give your code"), tr("It is sent to the card alone, and kept nowhere."))
        else:
            self.say(tr("Give your codes"), tr("They are sent to the card alone, and kept nowhere."))
        for place, row in enumerate(self.rows):
            row.tell(*(wanted[place] if place < len(wanted) else (None, frozenset())))
        self.notice.tell("")

    def next_text(self, shown: Shown) -> str:
        return tr(BUTTONS[shown.flow.facts.act])

    def first(self) -> QWidget | None:
        return next((row.field for row in self.rows if row.token and not row.token.pin_pad), None)

    def go_on(self) -> bool:
        problem = next((row.problem for row in self.rows if row.problem), "")
        self.notice.tell(problem)
        if problem:
            announce(self, problem)
        return not problem

    @property
    def sure(self) -> frozenset[TokenId]:
        """The tokens whose last try was agreed to."""
        return frozenset(row.token.id for row in self.rows if row.token and row.sure.isChecked())

    def take(self) -> dict[TokenId, bytearray]:
        """The codes that were typed; the fields are empty afterwards."""
        return {row.token.id: row.field.take() for row in self.rows if row.token and not row.token.pin_pad}

    def wipe(self) -> None:
        """Forget what was typed."""
        for row in self.rows:
            row.field.wipe()


def _wanted(shown: Shown) -> list[tuple[TokenInfo, frozenset[KeyRole]]]:
    """The codes to ask for: the one that the card wants once more, else all that it has; authentication first."""
    if shown.wanted:
        return [(shown.wanted.token, shown.wanted.roles)]
    tokens = [(token.info, token.roles) for token in shown.card.tokens if token.roles] if shown.card else []
    return sorted(tokens, key=lambda found: KeyRole.AUTHENTICATION not in found[1])
