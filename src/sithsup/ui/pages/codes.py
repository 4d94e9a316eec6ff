"""Koder: one field for each code, with the tries that are left; the last try only after an explicit yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.pin import code_lengths
from sithsup.errors import role_text
from sithsup.flow import Act, Page
from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr
from sithsup.ui.code_input import TRIES, CodeInput, code_name
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Panel, announce, sentences

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.model import TokenId, TokenInfo
    from sithsup.ui.shown import Shown

BUTTONS = {
    Act.UPGRADE: mark("&Upgrade the card"),
    Act.RESUME: mark("&Finish the upgrade"),
    Act.RESTORE: mark("&Go back to the old"),
}
WHOLE = {
    frozenset({KeyRole.AUTHENTICATION}): mark("Type the whole code for authentication."),
    frozenset({KeyRole.SIGNATURE}): mark("Type the whole code for signature."),
    frozenset(KeyRole): mark("Type the whole code."),
}


class CodeRow(CodeInput):
    """The code of a token."""

    def __init__(self) -> None:
        super().__init__()
        self.token: TokenInfo | None = None
        self.roles: frozenset[KeyRole] = frozenset()

    @property
    def is_typed(self) -> bool:
        """Whether it is typed here, and not on the reader."""
        return self.token is not None and not self.token.pin_pad

    def ask(self, token: TokenInfo | None, roles: frozenset[KeyRole]) -> None:
        """Ask for the code of a token, or for nothing."""
        if token != self.token:
            self.wipe()
        self.token, self.roles = token, roles
        self.setVisible(token is not None)
        if token is None:
            self.tell_tries("")
            return
        role = tr(role_text(roles))
        self.tell(code_name(roles))
        for widget in (self.label, self.field):
            widget.setVisible(self.is_typed)
        pad = tr("The code for {role} is typed on the reader, when it asks for it.", role=role) if token.pin_pad else ""
        tries = tr(TRIES[token.code]) if token.code in TRIES else ""
        self.tell_tries(
            "\n".join(filter(None, (tries, pad))),
            "warning" if tries else "keypad",
            sure=tr("I am sure of my code for {role}", role=role) if token.code is CodeState.FINAL_TRY else "",
        )

    @property
    def missing(self) -> QWidget | None:
        """Where something is to be done before it is sent; None where nothing is."""
        if self.token and self.is_typed and self.field.length < code_lengths(self.token).start:
            return self.field  # it is not sent, so that no try is lost on it
        return self.sure if self.is_unsure else None

    @property
    def problem(self) -> str:
        """What is missing; empty when nothing is."""
        if self.missing is self.field:
            return tr(WHOLE.get(self.roles, WHOLE[frozenset(KeyRole)]))
        return tr("Only one try is left. Tick the box if you are sure of the code.") if self.missing else ""


class CodesPage(WizardPage):
    """The page whose button begins everything."""

    page = Page.CODES

    def build(self) -> None:
        self.rows = (CodeRow(), CodeRow())
        panel = Panel("plain", margin=0, spacing=1)
        for row in self.rows:
            panel.column.addWidget(row)
        self.column.addWidget(panel)
        self.setCommitPage(True)

    def tell(self, shown: Shown) -> None:
        wanted = _wanted(shown)
        if len(wanted) == 1:
            self.say(tr("Give your code"), tr("It is sent to the card alone, and kept nowhere."))
        else:
            self.say(tr("Give your codes"), tr("They are sent to the card alone, and kept nowhere."))
        for place, row in enumerate(self.rows):
            row.ask(*(wanted[place] if place < len(wanted) else (None, frozenset())))

    def news(self) -> tuple[str, ...]:
        told = ((row.label.text() if row.is_typed else "", row.tries.text.text()) for row in self.rows)
        return tuple(sentences(name, tries) for name, tries in told if tries)

    def next_text(self, shown: Shown) -> str:
        return tr(BUTTONS[shown.flow.facts.act])

    def first(self) -> QWidget | None:
        return next(filter(None, (row.missing for row in self.rows)), None)

    def go_on(self) -> bool:
        wrong = next((row for row in self.rows if row.problem), None)
        for row in self.rows:
            row.notice.tell(row.problem if row is wrong else "")
        if wrong and wrong.missing:
            announce(self, wrong.problem)
            wrong.missing.setFocus()
            self.bring_up()
        return wrong is None

    @property
    def sure(self) -> frozenset[TokenId]:
        """The tokens whose last try was agreed to."""
        return frozenset(
            row.token.id
            for row in self.rows
            if row.token and row.token.code is CodeState.FINAL_TRY and row.sure.isChecked()
        )

    def take(self) -> dict[TokenId, bytearray]:
        """The codes that were typed; the fields are empty afterwards."""
        return {row.token.id: row.field.take() for row in self.rows if row.token and row.is_typed}

    def wipe(self) -> None:
        """Forget what was typed, and every yes to a last try."""
        for row in self.rows:
            row.wipe()


def _wanted(shown: Shown) -> list[tuple[TokenInfo, frozenset[KeyRole]]]:
    """The codes to ask for: the one that the card wants once more, else all that it has; authentication first."""
    if shown.wanted:
        return [(shown.wanted.token, shown.wanted.roles)]
    tokens = [(token.info, token.roles) for token in shown.card.tokens if token.roles] if shown.card else []
    return sorted(tokens, key=lambda found: KeyRole.AUTHENTICATION not in found[1])
