"""A slice of the mutated answers; the long run is `python -m tests.fuzz.answers`."""

from __future__ import annotations

import pytest

from tests.fuzz.answers import KINDS, fuzz

CASES = 2000


@pytest.mark.parametrize("seed", range(2))
def test_a_mutated_answer_is_refused_or_harmless(seed: int) -> None:
    """No other error, and no other outcome than that of the true answer."""
    counts = fuzz(CASES, seed)
    assert sum(counts.values()) == CASES
    assert all(counts[f"{kind.name} refused"] > CASES / len(KINDS) / 2 for kind in KINDS)
