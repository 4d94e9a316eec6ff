"""A slice of the mutated campaigns; the long run is `python -m tests.fuzz.campaigns`."""

from __future__ import annotations

import pytest

from tests.fuzz.campaigns import SORTS, fuzz

CASES = 400 * len(SORTS)


@pytest.mark.parametrize("seed", range(3))
def test_a_mutated_campaign_is_refused_or_the_true_one(seed: int) -> None:
    """No other error; and every sort comes as far as it should."""
    counts, each = fuzz(CASES, seed), CASES / len(SORTS)
    assert sum(counts.values()) == CASES
    assert counts["raw: not believed"] > each / 2
    assert counts["tree: not believed"] > each / 2
    assert counts["text: refused with a line"] > each / 2
    assert counts["text: taken"] > each / 40
