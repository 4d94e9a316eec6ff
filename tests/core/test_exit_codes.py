"""The exit code of a computer with several cards, and of a look that came to nothing."""

from __future__ import annotations

import pytest

from sithsup.cli import exit_codes
from sithsup.eligibility import RULES
from sithsup.errors import (
    CancelledError,
    CardRemovedError,
    CodeLockedError,
    InterruptedUpgradeError,
    ModuleHungError,
    NoCardError,
    SithsupError,
    kinds,
)


def test_every_code_has_its_place_once() -> None:
    """But for that of somebody who cancels, which ends everything."""
    known = {leaf.exit_code for leaf in kinds()} | {row.exit_code for row in RULES}
    known |= {exit_codes.DONE, exit_codes.INTERRUPTED, exit_codes.TO_BE_UPGRADED, exit_codes.BUSY}
    assert set(exit_codes.URGENCY) == known - {CancelledError.exit_code}
    assert len(exit_codes.URGENCY) == len(set(exit_codes.URGENCY))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0, 0], 0),
        ([0, 3], 3),
        ([0, 7], 7),
        ([3, 7], 7),
        ([7, 8], 8),
        ([8, 5], 5),
        ([5, 2], 2),
        ([2, 1], 1),
        ([1, 6], 6),
        ([0, 6, 10], 10),
        ([3, 10, 4, 0], 4),
        ([], 7),
    ],
)
def test_the_most_urgent_of_all_cards_counts(codes: list[int], expected: int) -> None:
    """In whatever order they come; 0 is said only where it holds for all of them."""
    assert exit_codes.of_computer(codes) == expected
    assert exit_codes.of_computer(reversed(codes)) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModuleHungError(seconds="1"), 7),
        (CardRemovedError(), 7),
        (NoCardError(), 7),
        (CodeLockedError(), 6),
        (InterruptedUpgradeError(), 4),
        (SithsupError(), 1),
    ],
)
def test_a_card_that_does_not_answer_is_no_interrupted_upgrade(error: SithsupError, expected: int) -> None:
    """Nothing was begun by looking, whatever the error says of a run that it stops."""
    assert exit_codes.of_look(error) == expected
