"""What is said of locked codes by the window and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.eligibility import Reason
from sithsup.errors import CodeIncorrectError, CodeLockedError, NotEligibleError
from sithsup.model import CodeState
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.errors import SithsupError


def tells_of_a_locked_code(error: SithsupError, *, is_locked: bool) -> bool:
    """Whether an error means that a code is locked; `is_locked` is what the card itself shows."""
    if isinstance(error, CodeIncorrectError):
        return error.state is CodeState.LOCKED
    if isinstance(error, NotEligibleError):  # the same reason stands against a card whose code was never chosen
        return is_locked and Reason.PIN_LOCKED in error.reasons
    return isinstance(error, CodeLockedError)


def order_text(campaign: Campaign | None) -> str:
    """How new codes are ordered and what one costs, in the campaign's words; empty where it has none."""
    codes = campaign.codes if campaign else None
    if codes is None:
        return ""
    order = tr("Have you no PUK code? {order}", order=codes.order)
    price = tr("Price: {price}.", price=codes.price) if codes.price else ""
    return f"{order} {price}".rstrip()


def new_code_lines(campaign: Campaign | None) -> tuple[str, ...]:
    """What somebody without their codes does, and what that costs; nothing where the campaign does not tell."""
    if campaign is None or campaign.codes is None:
        return ()
    order = tr("If you do not have your codes: {order}", order=campaign.codes.order)
    price = campaign.codes.price
    return (order, tr("Each new code costs {price}.", price=price)) if price else (order,)
