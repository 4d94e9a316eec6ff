"""May this card be upgraded, as far as can be told without a code? Pure: `Facts` in, findings out.

`rules.py` is the table of reasons, with the rules of their order; `holds.py` has the test of each; `kinds.py` tells
ordinary cards from spare ones and from other issuers' by the campaign's table of cards.
"""

from sithsup.eligibility.facts import AuthorityTime, Facts, Stage, expires, level, old_authentication
from sithsup.eligibility.finding import Finding, Severity
from sithsup.eligibility.holds import CLOCK_TOLERANCE
from sithsup.eligibility.kinds import kind_of
from sithsup.eligibility.rules import (
    AUTHORITY_REASONS,
    NOT_USABLE,
    RULES,
    SETTLED,
    Reason,
    clock_finding,
    findings,
    named_reason,
    reason_text,
    refusal,
    said_by_authority,
)

__all__ = [
    "AUTHORITY_REASONS",
    "CLOCK_TOLERANCE",
    "NOT_USABLE",
    "RULES",
    "SETTLED",
    "AuthorityTime",
    "Facts",
    "Finding",
    "Reason",
    "Severity",
    "Stage",
    "clock_finding",
    "expires",
    "findings",
    "kind_of",
    "level",
    "named_reason",
    "old_authentication",
    "reason_text",
    "refusal",
    "said_by_authority",
]
