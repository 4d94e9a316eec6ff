"""The exit code of `check`: of one card, and of a whole computer. Those of errors and reasons stand with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import CardError, SecondInstanceError, UnusableError
from sithsup.situation import Situation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sithsup.errors import SithsupError
    from sithsup.report import Report

DONE = 0
INTERRUPTED = 4
BUSY = SecondInstanceError.exit_code
TO_BE_UPGRADED = 10
"""A card that is to be upgraded."""
URGENCY = (INTERRUPTED, TO_BE_UPGRADED, 6, 1, 2, 5, 8, CardError.exit_code, 3, DONE)
"""Of several cards in one computer the first that holds for any of them is the computer's: what a person can do
something about comes first, and nothing is left to do only where that holds for every card."""


def of_card(report: Report) -> int:
    """What holds for one card."""
    if report.verdict.situation is Situation.INTERRUPTED:
        return INTERRUPTED
    if report.verdict.situation is Situation.UNUSABLE:
        return UnusableError.exit_code
    return advice(report)


def advice(report: Report) -> int:
    """What holds for a card on which nothing is begun."""
    return report.stops[0].exit_code if report.stops else TO_BE_UPGRADED


def of_look(error: SithsupError) -> int:
    """What holds where an error has ended a look: a card that is lost or does not answer is no interrupted upgrade."""
    is_about_card = isinstance(error, CardError) and error.exit_code == INTERRUPTED
    return CardError.exit_code if is_about_card else error.exit_code


def of_computer(codes: Iterable[int]) -> int:
    """The one that counts of the codes of all cards; where there is none, no card could be looked at."""
    return min(codes, key=URGENCY.index, default=CardError.exit_code)
