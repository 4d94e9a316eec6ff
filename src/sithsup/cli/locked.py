"""What whoever meets a locked code is told: where it is unlocked, and how new codes are ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.eligibility import Reason
from sithsup.errors import CodeIncorrectError, CodeLockedError, NotEligibleError, PukNeededError
from sithsup.model import CodeState
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.errors import SithsupError
    from sithsup.model import CardContents

UNBLOCK_TEXT = mark("If you have the PUK code, “sithsup unblock” gives the locked code a new value.")


class Unlocking:
    """What the program can do about a locked code here, and what the campaign says of new codes."""

    def __init__(self) -> None:
        """Nothing is known before the card is read."""
        self.may_unblock = False
        """Whether `unblock` has a way with the module of this computer."""
        self.order = ""
        """How new codes are ordered."""
        self._is_locked = False

    def look(self, contents: CardContents) -> Unlocking:
        """See whether a code of the card is locked: what stands against it may also be that there is none."""
        self._is_locked = any(t.roles and t.info.code is CodeState.LOCKED for t in contents.tokens)
        return self

    @property
    def lines(self) -> tuple[str, ...]:
        """To be told of a card."""
        return (tr(UNBLOCK_TEXT),) if self._is_locked and self.may_unblock else ()

    def error_lines(self, error: SithsupError) -> tuple[str, ...]:
        """To be told with an error."""
        if isinstance(error, PukNeededError):
            return (self.order,)
        if not self._is_of_a_locked_code(error):
            return ()
        return (tr(UNBLOCK_TEXT) if self.may_unblock else "", self.order)

    def _is_of_a_locked_code(self, error: SithsupError) -> bool:
        if isinstance(error, CodeIncorrectError):
            return error.state is CodeState.LOCKED
        if isinstance(error, NotEligibleError):
            return self._is_locked and Reason.PIN_LOCKED in error.reasons
        return isinstance(error, CodeLockedError)


def order_text(campaign: Campaign | None) -> str:
    """How new codes are ordered and what one costs, in the campaign's words; empty where it has none."""
    codes = campaign.codes if campaign else None
    if codes is None:
        return ""
    order = tr("Have you no PUK code? {order}", order=codes.order)
    return f"{order} {tr('Price: {price}.', price=codes.price)}" if codes.price else order
