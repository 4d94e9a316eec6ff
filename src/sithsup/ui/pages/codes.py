"""Koder: one field for each code, with the tries that are left; the last try only after an explicit yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.flow import Act, Page
from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr
from sithsup.ui.code_row import CodeRow
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
KEPT = {
    True: mark("It is sent to the card alone, and kept nowhere."),
    False: mark("They are sent to the card alone, and kept nowhere."),
}
"""Of one code, and of two."""


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
        is_one = len(wanted) == 1
        lead = " ".join(filter(None, (_why(shown), tr(KEPT[is_one]))))
        self.say(tr("Give your code") if is_one else tr("Give your codes"), lead)
        for place, row in enumerate(self.rows):
            row.ask(*(wanted[place] if place < len(wanted) else (None, frozenset())))

    def news(self) -> tuple[str, ...]:
        told = ((row.label.text() if row.is_typed else "", row.tries.text.text()) for row in self.rows)
        return tuple(sentences(name, tries) for name, tries in told if tries)

    def next_text(self, shown: Shown) -> str:
        return tr("&Continue") if shown.wanted else tr(BUTTONS[shown.flow.facts.act])

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


def _why(shown: Shown) -> str:
    """What the codes are for, where the way here does not tell."""
    if shown.wanted:
        return tr("The card needs the code once more before it can go on.")
    is_back = shown.flow.facts.act is Act.RESTORE
    return tr("Then everything new is removed from the card again.") if is_back else ""


def _wanted(shown: Shown) -> list[tuple[TokenInfo, frozenset[KeyRole]]]:
    """The codes to ask for: the one that the card wants once more, else all that it has; authentication first."""
    if shown.wanted:
        return [(shown.wanted.token, shown.wanted.roles)]
    tokens = [(token.info, token.roles) for token in shown.card.tokens if token.roles] if shown.card else []
    return sorted(tokens, key=lambda found: KeyRole.AUTHENTICATION not in found[1])
