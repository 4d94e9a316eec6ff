"""Case codes: one per run, to be read out over the phone."""

from __future__ import annotations

import secrets

CASE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
"""No character that sounds or looks like another (0 O, 1 I, U V); 31 is prime, so the check finds every slip."""


def new_case_code() -> str:
    """A fresh case code: seven random characters and a check character, to be read out over the phone."""
    body = "".join(secrets.choice(CASE_ALPHABET) for _ in range(7))
    return body + _check_character(body)


def is_case_code(text: str) -> bool:
    """Whether a code that somebody read out is a real one: finds any wrong character and any swapped neighbours."""
    text = text.strip().upper()
    known = len(text) == 8 and set(text) <= set(CASE_ALPHABET)  # noqa: PLR2004  seven and the check
    return known and _check_character(text[:7]) == text[7]


def _check_character(body: str) -> str:
    """Weights 8 to 2 for the body and 1 for the check make the whole sum 0 (mod 31)."""
    total = sum((8 - position) * CASE_ALPHABET.index(char) for position, char in enumerate(body))
    return CASE_ALPHABET[-total % 31]
