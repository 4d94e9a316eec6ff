"""What is told at the command line of a code that is locked, wrong or missing: where it is unlocked, what one costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.eligibility import Reason
from sithsup.errors import CodeIncorrectError, NotEligibleError, PukNeededError
from sithsup.locked import tells_of_a_locked_code
from sithsup.model import CodeState
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from sithsup.errors import SithsupError
    from sithsup.model import CardContents

UNBLOCK_TEXT = mark("If you have the PUK code, “sithsup unblock” gives the locked code a new value.")
ELSEWHERE_TEXT = mark("If you have the PUK code, your organisation's smart card program unlocks the code.")


class Unlocking:
    """What the program can do about a locked code here, and what the campaign says of new codes."""

    def __init__(self) -> None:
        """Nothing is known before the card is read."""
        self.may_unblock = False
        """Whether `unblock` has a way with the module of this computer."""
        self.order = ""
        """How a PUK code is ordered."""
        self.new_codes: tuple[str, ...] = ()
        """How new codes are ordered."""
        self._states: set[CodeState] = set()

    def look(self, contents: CardContents) -> Unlocking:
        """See whether a code of the card is locked, or was never chosen."""
        self._states = {token.info.code for token in contents.tokens if token.roles}
        return self

    @property
    def lines(self) -> tuple[str, ...]:
        """To be told of a card."""
        if CodeState.LOCKED in self._states:
            return tuple(filter(None, (self._where, self.order)))
        return self.new_codes if CodeState.UNSET in self._states else ()

    def error_lines(self, error: SithsupError) -> tuple[str, ...]:
        """To be told with an error."""
        if isinstance(error, PukNeededError):
            return (self.order,)
        if isinstance(error, NotEligibleError):
            return self.lines if Reason.PIN_LOCKED in error.reasons else ()
        if isinstance(error, CodeIncorrectError) and error.state is not CodeState.LOCKED:
            return self.new_codes
        return (self._where, self.order) if tells_of_a_locked_code(error, is_locked=False) else ()

    @property
    def _where(self) -> str:
        return tr(UNBLOCK_TEXT if self.may_unblock else ELSEWHERE_TEXT)
