"""Every reason why a card is not upgraded (now), one row each: change a reason here.

Rules of the table:

* Several reasons may hold at once; the rows stand in the order in which they are told.
* A row that *settles* the matter is told alone: whoever has a spare card need not hear of a window as well.
* No finding means that nothing stands in the way here; the authority has the last word.
* What was begun may always be finished or undone (law 6): then only rows that *hinder recovery* are looked at.
* Never judge by ATR or model (law 9): by certificates, flags, mechanisms, and the campaign's table of cards.
* The time is the authority's where it is known. A computer's clock that is wrong is told, and not believed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.eligibility import holds
from sithsup.eligibility.finding import Finding, Severity
from sithsup.eligibility.holds import Told
from sithsup.errors import Contact, NotEligibleError
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.eligibility.facts import AuthorityTime, Facts

USUAL_EXIT = 3
"""The exit code of most reasons (design section 8)."""


class Reason(StrEnum):
    """The names of the reasons; the authority's answers have the same (design section 7)."""

    SPARE_CARD = "SPARE_CARD"
    FOREIGN_ISSUER = "FOREIGN_ISSUER"
    NOT_HANDED_OUT = "NOT_HANDED_OUT"
    ALREADY_UPGRADED = "ALREADY_UPGRADED"
    NO_NEED = "NO_NEED"
    CARD_NUMBERS_DISAGREE = "CARD_NUMBERS_DISAGREE"
    CARD_REVOKED = "CARD_REVOKED"
    CLOCK_WRONG = "CLOCK_WRONG"
    WINDOW_NOT_OPEN = "WINDOW_NOT_OPEN"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    CARD_EXPIRED = "CARD_EXPIRED"
    PAUSED = "PAUSED"
    PROGRAM_TOO_OLD = "PROGRAM_TOO_OLD"
    MIDDLEWARE_TOO_OLD = "MIDDLEWARE_TOO_OLD"
    PIN_LOCKED = "PIN_LOCKED"
    READ_ONLY = "READ_ONLY"
    MECHANISM_MISSING = "MECHANISM_MISSING"
    CARD_FULL = "CARD_FULL"
    NOT_IN_HSA = "NOT_IN_HSA"
    PROTECTED_IDENTITY = "PROTECTED_IDENTITY"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"


def only_the_authority_knows(facts: Facts) -> Told | None:  # noqa: ARG001  as every test
    """Nothing on the card shows it."""
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: the reason, its test, what is said where the test has no better words, whom to ask, and what follows."""

    reason: Reason
    holds: Callable[[Facts], Told | None]
    text: str
    contact: Contact | None
    exit_code: int = USUAL_EXIT
    settles: bool = False
    hinders_recovery: bool = False
    spoils_old: bool = False
    """Whether the old certificates are of no use, though they and their keys are on the card."""
    by_authority: bool = False
    """Whether an authority is expected to give it as its answer."""

    def finding(self, told: Told) -> Finding:
        """The reason as it is told."""
        message = self.text if told.message is None else told.message
        return Finding(self.reason, Severity.STOPS, message, told.values, self.contact, self.exit_code)


_ISSUER, _IT = Contact.DEPUTY_ISSUER, Contact.LOCAL_IT

RULES = (
    Rule(
        Reason.SPARE_CARD,
        holds.spare,
        mark("This is a spare card. Spare cards cannot be upgraded."),
        _ISSUER,
        settles=True,
    ),
    Rule(
        Reason.FOREIGN_ISSUER,
        holds.foreign,
        mark("This is not a SITHS card of the kind that is upgraded."),
        _ISSUER,
        settles=True,
    ),
    Rule(
        Reason.NOT_HANDED_OUT,
        holds.not_handed_out,
        mark("It is not registered yet that the card was handed out. Ask your deputy issuer to do so."),
        _ISSUER,
        settles=True,
        by_authority=True,
    ),
    Rule(
        Reason.ALREADY_UPGRADED,
        holds.already_upgraded,
        mark("Your card is upgraded already."),
        None,
        exit_code=0,
        settles=True,
    ),
    Rule(
        Reason.NO_NEED,
        holds.no_need,
        mark("This card does not need to be upgraded."),
        None,
        exit_code=0,
        settles=True,
        by_authority=True,
    ),
    Rule(
        Reason.CARD_NUMBERS_DISAGREE,
        holds.numbers_disagree,
        mark("The certificates on the card have different card numbers. Contact your deputy issuer."),
        _ISSUER,
    ),
    Rule(
        Reason.CARD_REVOKED,
        holds.revoked,
        mark("This card is revoked. Order a new card from your deputy issuer."),
        _ISSUER,
        spoils_old=True,
        by_authority=True,
    ),
    Rule(
        Reason.CLOCK_WRONG,
        holds.clock_wrong,
        mark("The clock of this computer is wrong. Have it set right, and try again."),
        _IT,
    ),
    Rule(
        Reason.WINDOW_NOT_OPEN,
        holds.window_not_open,
        mark("The upgrade has not opened yet. Try again later."),
        _ISSUER,
        exit_code=5,
    ),
    Rule(
        Reason.WINDOW_CLOSED,
        holds.window_closed,
        mark("The time for the upgrade is over. Order a new card from your deputy issuer."),
        _ISSUER,
    ),
    Rule(
        Reason.CARD_EXPIRED,
        holds.expired,
        mark("The certificates on the card have expired. Order a new card from your deputy issuer."),
        _ISSUER,
        spoils_old=True,
    ),
    Rule(
        Reason.PAUSED,
        holds.paused,
        mark("No upgrades begin just now: there is a pause. Try again later."),
        _ISSUER,
        exit_code=5,
    ),
    Rule(
        Reason.PROGRAM_TOO_OLD,
        holds.program_too_old,
        mark("This version of the program is too old to begin an upgrade. Have it updated."),
        _IT,
    ),
    Rule(
        Reason.MIDDLEWARE_TOO_OLD,
        holds.middleware_too_old,
        mark("The smart card program on this computer is too old. Have it updated."),
        _IT,
    ),
    Rule(
        Reason.PIN_LOCKED,
        holds.pin_locked,
        mark("A code of this card is locked. Unlock it with your PUK code."),
        _ISSUER,
        exit_code=6,
        hinders_recovery=True,
        spoils_old=True,
    ),
    Rule(
        Reason.READ_ONLY,
        holds.read_only,
        mark("Nothing can be written to the card on this computer. Use another computer."),
        _IT,
        hinders_recovery=True,
    ),
    Rule(
        Reason.MECHANISM_MISSING,
        holds.mechanism_missing,
        mark("The card or the smart card program cannot make the keys that are needed. Try on another computer."),
        _IT,
    ),
    Rule(
        Reason.CARD_FULL,
        holds.full,
        mark("The card has no room for new keys. Order a new card from your deputy issuer."),
        _ISSUER,
    ),
    Rule(
        Reason.NOT_IN_HSA,
        only_the_authority_knows,
        mark("The holder of the card is not in the HSA directory."),
        _ISSUER,
        by_authority=True,
    ),
    Rule(
        Reason.PROTECTED_IDENTITY,
        only_the_authority_knows,
        mark("This card must be upgraded at your deputy issuer's."),
        _ISSUER,
        by_authority=True,
    ),
    Rule(
        Reason.NOT_AUTHORIZED,
        only_the_authority_knows,
        mark("The certificate issuer does not allow this card to be upgraded."),
        _ISSUER,
        by_authority=True,
    ),
)
ROWS = {row.reason.value: row for row in RULES}
"""The rows by their names."""
AUTHORITY_REASONS = tuple(row.reason.value for row in RULES if row.by_authority)
"""What an authority may answer."""
SETTLED = frozenset(row.reason for row in RULES if row.settles)
"""Reasons for which this program has nothing to do with the card."""
NOT_USABLE = frozenset(row.reason for row in RULES if row.spoils_old)
"""Reasons for which the old certificates are of no use now."""


def findings(facts: Facts) -> tuple[Finding, ...]:
    """Every reason against upgrading this card; where that was begun, against finishing or undoing it."""
    found = tuple(_found(facts))
    settled = next((finding for finding in found if finding.name in SETTLED), None)
    return (settled,) if settled else found


def _found(facts: Facts) -> Iterator[Finding]:
    for row in RULES:
        if facts.is_begun and not row.hinders_recovery:
            continue
        if (told := row.holds(facts)) is not None:
            yield row.finding(told)


def clock_finding(time: AuthorityTime) -> Finding | None:
    """That this computer's clock is wrong; None where it is right, as far as this time tells."""
    told = holds.clock_of(time)
    return ROWS[Reason.CLOCK_WRONG].finding(told) if told else None


def refusal(*found: Finding) -> NotEligibleError:
    """The error that tells the first of several reasons."""
    first = found[0]
    return NotEligibleError(
        reasons=tuple(finding.name for finding in found),
        exit_code=first.exit_code,
        contact=first.contact,
        reason=first.text(),
    )


def said_by_authority(name: str) -> Finding:
    """A reason as an authority gives it: a name that this program may or may not know."""
    if name in ROWS:
        return ROWS[name].finding(Told())
    words = name.replace("{", "{{").replace("}", "}}")  # no format to fill in
    return Finding(name, Severity.STOPS, words, contact=Contact.DEPUTY_ISSUER, exit_code=USUAL_EXIT)


def reason_text(name: str) -> str:
    """What a person reads for the name of a reason, where nothing more is known of it than that."""
    return said_by_authority(name).text()


def named_reason(words: str) -> str | None:
    """The name of a reason that stands in an authority's own words, None where they have none that is known."""
    return next((name for name in re.findall(r"[A-Z]+(?:_[A-Z]+)+", words) if name in ROWS), None)
