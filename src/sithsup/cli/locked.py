"""What is told to whoever has a locked code, a wrong one or none: where it is unlocked, how new codes are ordered."""

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
            return tuple(filter(None, (tr(UNBLOCK_TEXT) if self.may_unblock else "", self.order)))
        return self.new_codes if CodeState.UNSET in self._states else ()

    def error_lines(self, error: SithsupError) -> tuple[str, ...]:
        """To be told with an error."""
        if isinstance(error, PukNeededError):
            return (self.order,)
        if isinstance(error, NotEligibleError):
            return self.lines if Reason.PIN_LOCKED in error.reasons else ()
        if isinstance(error, CodeIncorrectError) and error.state is not CodeState.LOCKED:
            return self.new_codes
        if not isinstance(error, CodeIncorrectError | CodeLockedError):
            return ()
        return (tr(UNBLOCK_TEXT) if self.may_unblock else "", self.order)


def new_code_lines(campaign: Campaign | None) -> tuple[str, ...]:
    """What somebody without their codes does, and what that costs; nothing where the campaign does not tell."""
    if campaign is None or campaign.codes is None:
        return ()
    order = tr("If you do not have your codes: {order}", order=campaign.codes.order)
    price = campaign.codes.price
    return (order, tr("Each new code costs {price}.", price=price)) if price else (order,)


def order_text(campaign: Campaign | None) -> str:
    """How new codes are ordered and what one costs, in the campaign's words; empty where it has none."""
    codes = campaign.codes if campaign else None
    if codes is None:
        return ""
    order = tr("Have you no PUK code? {order}", order=codes.order)
    return f"{order} {tr('Price: {price}.', price=codes.price)}" if codes.price else order
