"""The code of a token, as the page of the codes asks for it: typed here or on the reader, the last try after a yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.pin import code_lengths
from sithsup.errors import role_text
from sithsup.model import CodeState, KeyRole
from sithsup.texts import mark, tr
from sithsup.ui.code_input import TRIES, CodeInput, code_name

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.model import TokenInfo

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
