"""A slice of the mutated answers; the long run is `python -m tests.fuzz.answers`."""

from __future__ import annotations

import pytest

from tests.fuzz.answers import KINDS, RAW, SIGNED, fuzz

CASES = 100 * len(KINDS)


@pytest.mark.parametrize("seed", range(3))
def test_a_mutated_answer_is_refused_or_harmless(seed: int) -> None:
    """No other error, and no other outcome than one that the client can go on with."""
    counts = fuzz(CASES, seed)
    each = CASES // len(KINDS)
    assert sum(counts.values()) == CASES
    assert all(counts[f"{kind.name}: unharmed"] < each / 2 for kind in RAW)
    assert all(counts[f"{kind.name}: not signed"] < each / 3 for kind in SIGNED)  # they come further than that
    assert sum(counts[f"{kind.name}: taken"] for kind in SIGNED) > each
