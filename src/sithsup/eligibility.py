"""May this card be upgraded, as far as can be told without a code? Pure: contents x campaign x time -> reasons.

* Several reasons may hold at once; they are ranked, the one to tell first comes first.
* An empty list means that nothing stands in the way here; the authority has the last word.
* A card whose upgrade was begun may always be finished or undone (law 6); only a locked code, or that nothing can be
  written to it, stands in the way.
* Never judge by ATR or model (law 9): only by certificates, flags and mechanisms.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.campaign import CardKind
from sithsup.model import CodeState, KeyRole, RequestBody
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.campaign import Campaign
    from sithsup.model import CardContents


class Reason(StrEnum):
    """Why a card is not to be upgraded (now). The names are the authority's too (design section 7)."""

    SPARE_CARD = "SPARE_CARD"
    FOREIGN_ISSUER = "FOREIGN_ISSUER"
    ALREADY_UPGRADED = "ALREADY_UPGRADED"
    CARD_NUMBERS_DISAGREE = "CARD_NUMBERS_DISAGREE"
    WINDOW_NOT_OPEN = "WINDOW_NOT_OPEN"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    CARD_EXPIRED = "CARD_EXPIRED"
    PIN_LOCKED = "PIN_LOCKED"
    READ_ONLY = "READ_ONLY"
    MECHANISM_MISSING = "MECHANISM_MISSING"


HINDRANCES = frozenset({Reason.PIN_LOCKED, Reason.READ_ONLY})
"""What stands in the way of finishing and undoing too."""

REASON_TEXTS = {
    Reason.SPARE_CARD: mark("This is a spare card. Spare cards cannot be upgraded."),
    Reason.FOREIGN_ISSUER: mark("This is not a SITHS card of the kind that is upgraded."),
    Reason.ALREADY_UPGRADED: mark("Your card is upgraded already."),
    Reason.CARD_NUMBERS_DISAGREE: mark(
        "The certificates on the card have different card numbers. Contact your deputy issuer."
    ),
    Reason.WINDOW_NOT_OPEN: mark("The upgrade has not opened yet. Try again later."),
    Reason.WINDOW_CLOSED: mark("The time for the upgrade is over. Order a new card from your deputy issuer."),
    Reason.CARD_EXPIRED: mark("The certificates on the card have expired. Order a new card from your deputy issuer."),
    Reason.PIN_LOCKED: mark("A code of this card is locked. Unlock it with your PUK code in the smart card program."),
    Reason.READ_ONLY: mark("Nothing can be written to the card on this computer. Use another computer."),
    Reason.MECHANISM_MISSING: mark(
        "The card or the smart card program cannot make the keys that are needed. Try on another computer."
    ),
}
AUTHORITY_TEXTS = {
    "NO_NEED": mark("This card does not need to be upgraded."),
    "NOT_HANDED_OUT": mark("It is not registered yet that the card was handed out. Ask your deputy issuer to do so."),
    "NOT_IN_HSA": mark("The holder of the card is not in the HSA directory."),
    "PROTECTED_IDENTITY": mark("This card must be upgraded at your deputy issuer's."),
    "NOT_AUTHORIZED": mark("The certificate issuer does not allow this card to be upgraded."),
    "CARD_REVOKED": mark("This card is revoked. Order a new card from your deputy issuer."),
}
"""What an authority may answer beside the reasons above."""

NOT_USABLE = frozenset({Reason.CARD_EXPIRED, Reason.PIN_LOCKED, "CARD_REVOKED"})
"""Reasons for which the old certificates are of no use now, though they and their keys are on the card."""

EXIT_CODES: dict[str, int] = {
    Reason.ALREADY_UPGRADED: 0,
    "NO_NEED": 0,
    Reason.WINDOW_NOT_OPEN: 5,
    Reason.PIN_LOCKED: 6,
}
"""Where a reason has another exit code than 3 (design section 8)."""


def reasons(contents: CardContents, campaign: Campaign, now: datetime) -> tuple[Reason, ...]:
    """Every reason against upgrading this card, the first to tell first; empty when there is none."""
    tests = {
        Reason.SPARE_CARD: _is_spare(contents, campaign),
        Reason.FOREIGN_ISSUER: _is_foreign(contents, campaign) or _lacks_old(contents, campaign),
        Reason.ALREADY_UPGRADED: _is_upgraded(contents, campaign),
        Reason.CARD_NUMBERS_DISAGREE: len(contents.numbers) > 1,
        Reason.WINDOW_NOT_OPEN: now < campaign.opens(contents.number),
        Reason.WINDOW_CLOSED: now >= campaign.closes(contents.hsa_id),
        Reason.CARD_EXPIRED: _is_expired(contents, campaign, now),
        Reason.PIN_LOCKED: any(t.roles and t.info.code is CodeState.LOCKED for t in contents.tokens),
        Reason.READ_ONLY: any(t.roles and t.info.read_only for t in contents.tokens),
        Reason.MECHANISM_MISSING: _lacks_mechanism(contents, campaign),
    }
    return tuple(reason for reason, holds in tests.items() if holds)


def reason_text(reason: str) -> str:
    """What a person reads for a reason, in their language; for an unknown reason of an authority its own name."""
    if reason in REASON_TEXTS:
        return tr(REASON_TEXTS[Reason(reason)])
    return tr(AUTHORITY_TEXTS[reason]) if reason in AUTHORITY_TEXTS else reason  # its words are no format to fill in


def named_reason(words: str) -> str | None:
    """The name of a reason that stands in an authority's own words, None where they have none that is known."""
    known = {*REASON_TEXTS, *AUTHORITY_TEXTS}
    return next((name for name in re.findall(r"[A-Z]+(?:_[A-Z]+)+", words) if name in known), None)


def _issuers(contents: CardContents) -> set[str]:
    return {c.certificate.issuer_common_name for c in contents.certificates if not c.certificate.is_ca}


def _is_spare(contents: CardContents, campaign: Campaign) -> bool:
    return not _issuers(contents).isdisjoint(campaign.issuers_of(CardKind.SPARE))


def _is_foreign(contents: CardContents, campaign: Campaign) -> bool:
    known = {*campaign.issuers_of(CardKind.SPARE), *(target.issuer for target in campaign.targets)}
    has_old = any(campaign.replaces(c.certificate) for c in contents.certificates)
    return not has_old and _issuers(contents).isdisjoint(known)


def _lacks_old(contents: CardContents, campaign: Campaign) -> bool:
    """Whether an old card lacks a certificate that is to be updated (kur), or whose key is to be certified again."""
    old = [c.certificate for c in contents.certificates if campaign.replaces(c.certificate)]
    roles, kinds = {c.role for c in old}, {(c.role, c.identity.kind) for c in old if c.identity}
    return bool(old) and any(
        (target.reuses_key and target.role not in roles)
        or (target.body is RequestBody.KUR and (target.role, target.subject) not in kinds)
        for target in campaign.wanted
    )


def _is_upgraded(contents: CardContents, campaign: Campaign) -> bool:
    issuers = _issuers(contents)
    return issuers.isdisjoint(campaign.source_issuers) and all(t.issuer in issuers for t in campaign.targets)


def _is_expired(contents: CardContents, campaign: Campaign, now: datetime) -> bool:
    """Without a valid old authentication certificate the authority will not listen."""
    ends = [
        c.certificate.not_after
        for c in contents.certificates
        if c.certificate.issuer_common_name in campaign.source_issuers and c.certificate.role is KeyRole.AUTHENTICATION
    ]
    return bool(ends) and max(ends) <= now


def _lacks_mechanism(contents: CardContents, campaign: Campaign) -> bool:
    if any(contents.token_for(role) is None for role in campaign.roles):
        return True
    made = ((key.algorithm, contents.token_for(key.role)) for key in campaign.new_keys)
    return any(token and algorithm not in token.info.algorithms for algorithm, token in made)
