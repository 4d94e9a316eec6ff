"""The test of each reason: None where it does not hold, else in which words it is told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sithsup.campaign import CardKind, OldCertificates
from sithsup.eligibility.facts import Stage, expires
from sithsup.eligibility.kinds import kind_of
from sithsup.errors import role_text
from sithsup.model import CodeState, KeyAlgorithm, RequestBody
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sithsup.campaign import Text
    from sithsup.certificate import Certificate
    from sithsup.eligibility.facts import AuthorityTime, Facts

CLOCK_TOLERANCE = timedelta(minutes=5)
"""By how much a computer's clock may differ from the authority's."""
OF_ONE_MAKING = timedelta(days=30)
"""Certificates that a card gets when it is made are no further apart in time than this."""
LEAST_ROOM = {KeyAlgorithm.RSA_2048: 256, KeyAlgorithm.RSA_3072: 384, KeyAlgorithm.P_256: 64, KeyAlgorithm.P_384: 96}
"""Bytes that the public half of a new key takes at the very least: its numbers alone."""


class Told(NamedTuple):
    """That a reason holds: in the row's own words, in others that stand in their place, or in the campaign's."""

    message: str | Text | None = None
    values: Mapping[str, object] = {}


def spare(facts: Facts) -> Told | None:
    """A spare card (reservkort)."""
    kind, row = kind_of(facts)
    return Told(row.reason if row else None) if kind is CardKind.SPARE else None


def foreign(facts: Facts) -> Told | None:
    """Another issuer's card, one without any certificate that is replaced, or one of which the table cannot tell."""
    kind, row = kind_of(facts)
    if kind is CardKind.FOREIGN:
        return Told(row.reason if row else None)
    if not facts.is_known:
        return None if kind in (CardKind.SPARE, CardKind.TRANSPORT) else Told()
    if kind is None and facts.campaign.authority.query_oid is None:
        return Told(mark("It cannot be told what kind of card this is, so it is not upgraded."))
    return _if(facts.stage is Stage.FRESH and _lacks_old(facts))


def _lacks_old(facts: Facts) -> bool:
    """Whether an old card lacks a certificate that is to be updated (kur), or whose key is to be certified again."""
    old = [c for c in _certificates(facts) if facts.campaign.replaces(c)]
    roles, kinds = {c.role for c in old}, {(c.role, c.identity.kind) for c in old if c.identity}
    return bool(old) and any(
        (target.reuses_key and target.role not in roles)
        or (target.body is RequestBody.KUR and (target.role, target.subject) not in kinds)
        for target in facts.campaign.wanted
    )


def not_handed_out(facts: Facts) -> Told | None:
    """A card that carries nobody's certificate yet."""
    kind, row = kind_of(facts)
    return Told(row.reason if row else None) if kind is CardKind.TRANSPORT else None


def already_upgraded(facts: Facts) -> Told | None:
    """An upgraded card shows it: by a key that was made for it, or by a certificate from long before the new ones."""
    if not _has_new(facts) or not _was_upgraded(facts):
        return None
    newest = max(c.not_before for c in _certificates(facts) if c.issuer_common_name in facts.new_issuers)
    message = mark("Your card is upgraded already. Its new certificates are from {date}.")
    return Told(message, {"date": newest.astimezone().date()})


def no_need(facts: Facts) -> Told | None:
    """A card that was made with the new certificates; and one of which nobody can tell any more."""
    if not _has_new(facts) or _was_upgraded(facts):
        return None
    if facts.campaign.ordered_before is None:
        return Told()
    message = mark("This card does not need to be upgraded. Cards that were ordered on {date} or later are made so.")
    return Told(message, {"date": facts.campaign.ordered_before})


def _has_new(facts: Facts) -> bool:
    has_old = any(facts.campaign.replaces(certificate) for certificate in _certificates(facts))
    return facts.stage is Stage.DONE or (not has_old and facts.new_issuers <= facts.issuers)


def _was_upgraded(facts: Facts) -> bool:
    new = [c.not_before for c in _certificates(facts) if c.issuer_common_name in facts.new_issuers]
    others = [c.not_before for c in _certificates(facts) if c.issuer_common_name not in facts.new_issuers]
    return facts.has_our_keys or bool(others and min(others) < min(new) - OF_ONE_MAKING)


def _certificates(facts: Facts) -> Iterator[Certificate]:
    return (c.certificate for c in facts.contents.certificates if not c.certificate.is_ca)


def numbers_disagree(facts: Facts) -> Told | None:
    """Several card numbers on one card."""
    return _if(len(facts.contents.numbers) > 1)


def revoked(facts: Facts) -> Told | None:
    """The status service says so of the old certificate."""
    return _if(facts.is_revoked)


def paused(facts: Facts) -> Told | None:
    """Nobody begins now."""
    return _if(facts.campaign.paused)


def clock_wrong(facts: Facts) -> Told | None:
    """This computer's clock, beside the authority's."""
    return clock_of(facts.time) if facts.time else None


def clock_of(time: AuthorityTime) -> Told | None:
    """The same of a time that was told, whatever is known of a card."""
    behind = time.at - time.clock
    if behind > CLOCK_TOLERANCE:
        message = mark("The clock of this computer is {span} behind. Have it set right, and try again.")
        return Told(message, {"span": behind})
    if time.is_exact and -behind > CLOCK_TOLERANCE:
        message = mark("The clock of this computer is {span} ahead. Have it set right, and try again.")
        return Told(message, {"span": -behind})
    return None


def window_not_open(facts: Facts) -> Told | None:
    """The window, and the slot of this card in the rollout."""
    opens = facts.campaign.opens(facts.contents.number)
    message = mark("The upgrade opens for this card on {time}. Try again then.")
    return Told(message, {"time": opens}) if facts.now < opens else None


def window_closed(facts: Facts) -> Told | None:
    """The window, with the extension of the holder's organisation."""
    closes = facts.campaign.closes(facts.contents.hsa_id)
    message = mark("The time for the upgrade ended on {time}. Order a new card from your deputy issuer.")
    return Told(message, {"time": closes}) if facts.now >= closes else None


def expired(facts: Facts) -> Told | None:
    """Without a valid old authentication certificate the authority will not listen."""
    ends = expires(facts.contents, facts.campaign)
    return _if(ends is not None and ends <= facts.now)


def program_too_old(facts: Facts) -> Told | None:
    """This program, beside the oldest that may begin."""
    least = facts.campaign.program_min
    return _if(least is not None and bool(facts.program) and _version(facts.program) < _version(least))


def middleware_too_old(facts: Facts) -> Told | None:
    """The module, beside the oldest of its maker that will do."""
    module = facts.module
    if module is None:
        return None
    for row in facts.campaign.middleware:
        is_meant = row.manufacturer.casefold() in module.manufacturer.casefold()
        if is_meant and _version(module.version) < _version(row.version):
            message = mark("The smart card program on this computer is too old: {version}. At least {least} is needed.")
            return Told(message, {"version": module.version, "least": row.version})
    return None


def _version(text: str) -> tuple[int, ...]:
    """A version to compare: 2.6 and 2.6.0 are the same."""
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return (*numbers, *(0,) * (4 - len(numbers)))


def pin_locked(facts: Facts) -> Told | None:
    """A code that cannot be given, because it is locked or there is none."""
    messages = {
        CodeState.LOCKED: mark("The code for {role} is locked. Unlock it with your PUK code."),
        CodeState.UNSET: mark("The card has no code for {role} yet. Both codes are needed. Ask your deputy issuer."),
    }
    for state, message in messages.items():
        for token in facts.contents.tokens:
            if token.roles and token.info.code is state:
                return Told(message, {"role": tr(role_text(token.roles))})
    return None


def read_only(facts: Facts) -> Told | None:
    """A token that takes nothing, or old certificates that are to be removed and never will be."""
    if any(t.roles and t.info.read_only for t in facts.contents.tokens):
        return Told()
    old = [c for c in facts.contents.certificates if facts.campaign.replaces(c.certificate)]
    removes = facts.stage is Stage.FRESH and facts.campaign.old_certificates is OldCertificates.REMOVE
    stays = removes and any(not c.found.destroyable for c in old)
    return Told(mark("The old certificates cannot be taken off this card. Order a new card.")) if stays else None


def mechanism_missing(facts: Facts) -> Told | None:
    """A key that the campaign wants made, and the token cannot make."""
    if any(facts.contents.token_for(role) is None for role in facts.campaign.roles):
        return Told()
    made = ((key.algorithm, facts.contents.token_for(key.role)) for key in facts.campaign.new_keys)
    return _if(any(token and algorithm not in token.info.algorithms for algorithm, token in made))


def full(facts: Facts) -> Told | None:
    """By the token's own figure. Most modules tell none, and then the card itself will."""
    for token in facts.contents.tokens:
        needed = sum(LEAST_ROOM[key.algorithm] for key in facts.campaign.new_keys if key.role in token.roles)
        free = token.info.free_public_memory
        if free is not None and free < needed:
            return Told()
    return None


def _if(holds: bool) -> Told | None:  # noqa: FBT001  it is the answer
    return Told() if holds else None
