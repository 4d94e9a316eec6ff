"""What the page that unlocks a code is made of: which code, the form, and what is said where it cannot be done here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.unblocking import lengths
from sithsup.errors import role_text
from sithsup.model import CodeState
from sithsup.texts import mark, tr
from sithsup.ui.code_input import PUK_TRIES, CodeInput, code_name
from sithsup.ui.parts import Notice, Panel, Signed, Text
from sithsup.ui.pin_field import SHORTEST
from sithsup.ui.tick import Dot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.errors import CodeError
    from sithsup.model import TokenContents, TokenInfo

ALWAYS = mark("After too many wrong PUK codes nothing unlocks the code again.")


class Which(Panel):
    """Which of two locked codes is meant; neither before somebody has said so."""

    def __init__(self) -> None:
        super().__init__("plain", margin=0, spacing=0.2)
        self.question, self.dots, self.notice = Text(bold=True), (Dot(), Dot()), Notice()
        for widget in (self.question, *self.dots, self.notice):
            self.column.addWidget(widget)
        self._offered: tuple[object, ...] = ()

    def tell(self, locked: tuple[TokenContents, ...]) -> None:
        """Offer these; what was said of other ones counts for nothing."""
        offered = tuple(code.info.id for code in locked)
        if offered != self._offered:
            self._offered = offered
            for dot in self.dots:
                dot.setAutoExclusive(False)
                dot.setChecked(False)
                dot.setAutoExclusive(True)
        self.question.tell(tr("Both codes are locked. Which one do you want to unlock?"))
        for dot, code in zip(self.dots, locked, strict=False):
            dot.setText(code_name(code.roles))
        self.notice.tell("")

    def ask(self) -> str:
        """Ask for a choice, since none was made."""
        problem = tr("Choose first which code you want to unlock.")
        self.notice.tell(problem)
        self.dots[0].setFocus()
        return problem


class Form(Panel):
    """The PUK code, and a new code twice."""

    def __init__(self) -> None:
        super().__init__("plain", margin=0)
        self.puk, self.new, self.again = self.inputs = (CodeInput(), CodeInput(), CodeInput())
        self.sure = self.puk.sure
        for each in self.inputs:
            self.column.addWidget(each)
        self.token: TokenInfo | None = None

    def tell(self, code: TokenContents | None, *, both: bool) -> None:
        """Ask for a new value of a code, or for nothing; `both` is whether the card has two codes."""
        token = code.info if code else None
        if token != self.token:
            self.wipe()
        self.token = token
        self.setVisible(token is not None)
        if code is None or token is None:
            return
        role, counts = tr(role_text(code.roles)), _counts(token)
        self.puk.tell(tr("PUK code for {role}", role=role))
        self.new.tell(
            tr("New code for {role}", role=role),
            tr("Choose {shortest} to {longest} digits. The two codes should differ.", **counts)
            if both
            else tr("Choose {shortest} to {longest} digits.", **counts),
        )
        self.again.tell(tr("The new code once more"))
        self.puk.tell_tries(
            tr(PUK_TRIES.get(token.puk, ALWAYS)),
            "warning" if token.puk in PUK_TRIES else "info",
            sure=tr("I am sure of my PUK code for {role}", role=role) if token.puk is CodeState.FINAL_TRY else "",
        )

    def check(self) -> str:
        """What is missing, said where it is; empty when nothing is."""
        problem, place, focus = self._problem()
        for each in self.inputs:
            each.notice.tell(problem if each is place else "")
        if problem:
            focus.setFocus()
        return problem

    def _problem(self) -> tuple[str, CodeInput, QWidget]:
        """The first thing that is missing, the code that it is of, and where it is mended."""
        puk, new, token = self.puk, self.new, self.token
        if token is None or puk.field.length < SHORTEST:
            return tr("Type the whole PUK code."), puk, puk.field
        if puk.is_unsure:
            return tr("Only one try is left. Tick the box if you are sure of the PUK code."), puk, puk.sure
        if new.field.length not in lengths(token):
            return tr("The new code must have {shortest} to {longest} digits.", **_counts(token)), new, new.field
        if not new.field.is_same(self.again.field):
            new.field.wipe()
            self.again.field.wipe()
            return tr("The new code was not the same twice. Nothing was sent. Type it in both fields."), new, new.field
        return "", new, new.field

    def take(self) -> tuple[bytearray, bytearray]:
        """The PUK code and the new code; the fields are empty afterwards."""
        self.again.field.wipe()
        return self.puk.field.take(), self.new.field.take()

    def wipe(self) -> None:
        """Forget what was typed, and the yes to a last try."""
        for each in self.inputs:
            each.wipe()


class Elsewhere(Panel):
    """Where to go when it cannot be done here: why, and the way that there is."""

    def __init__(self) -> None:
        super().__init__(spacing=0.9)
        self.what_next, self.why = Signed("point", "now", bold=True), Signed("point", "info")
        self.contact = Signed("point", "person", may_be_copied=True)
        for part in (self.what_next, self.why, self.contact):
            self.column.addWidget(part)

    def tell(self, error: CodeError | None, contact: str) -> None:
        """Say what stands in the way; nothing takes no room."""
        self.setVisible(error is not None)
        if error:
            self.what_next.tell(error.next_step)
            self.why.tell(error.why)
            self.contact.tell(contact)


def _counts(token: TokenInfo) -> dict[str, int]:
    allowed = lengths(token)
    return {"shortest": allowed.start, "longest": allowed.stop - 1}
