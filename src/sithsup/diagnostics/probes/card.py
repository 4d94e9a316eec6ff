"""The card: its certificates, each by everything but whose it is, and the keys that belong to them.

Names, HSA-id and personal identity number of the holder are kept as `Scene.private`, to be blotted from every text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sithsup.card.session import choose_card
from sithsup.diagnostics import private
from sithsup.diagnostics.card_side import unread
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.screen import is_remote
from sithsup.diagnostics.values import Fact, Term, Word, card_number, foreign, hexadecimal
from sithsup.errors import (
    CardChoiceError,
    CodeLockedError,
    KeyMissingError,
    PairIncompleteError,
    SithsupError,
    role_text,
)
from sithsup.model import KeyRole, SubjectKind
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.campaign import Campaign
    from sithsup.certificate import Certificate
    from sithsup.diagnostics.scene import Scene
    from sithsup.model import CardCertificate, CardContents, Unreadable

KIND_TEXTS = {
    SubjectKind.HSA_ID: mark("HSA-id"),
    SubjectKind.PERSONAL_NUMBER: mark("personal identity number"),
}
MOST = 40
"""Certificates of a card that are told one by one; a full card has a dozen."""
LONGEST_SERIAL = 160
"""Bits of a serial number (RFC 5280, section 4.1.2.2)."""
_USAGE = re.compile(r"[a-z0-9_.]{1,40}")
_KIND = re.compile(r"[A-Za-z]{1,40}")


def card(scene: Scene) -> Found:
    """What is on every card that is in, as far as it shows without a code."""
    seen, campaign = scene.cards(), scene.campaign
    for contents in seen.cards:
        scene.private |= private.of_card(contents)
    if missing := unread(scene.readers(), seen, scene.programs() or (), is_remote=is_remote()):
        raise missing
    groups = tuple(group for contents in seen.cards for group in _groups(contents, campaign))
    problems = [error for contents in seen.cards for error in _problems(contents, campaign)]
    try:
        choose_card(seen.cards, reader=None, number=None)
    except CardChoiceError as error:
        problems.insert(0, error)
    if seen.error is not None:
        problems.insert(0, seen.error)
    return Found((Fact("cards", mark("Cards"), len(seen.cards)),), groups, tuple(map(Problem, problems)))


# ---------------------------------------------------------------------------------------------- what is told


def _groups(contents: CardContents, campaign: Campaign | None) -> Iterator[Group]:
    yield Group("card", foreign(contents.reader), tuple(_facts(contents)))
    for found in contents.certificates[:MOST]:
        yield _certificate(found, contents, campaign)
    yield from map(_unreadable, contents.unreadable[:MOST])


def _facts(contents: CardContents) -> Iterator[Fact]:
    free = [token.info.free_public_memory for token in contents.tokens]
    yield Fact("number", mark("Card number"), card_number(contents.number))
    yield Fact("numbers", mark("Different card numbers"), len(contents.numbers))
    yield Fact("tokens", mark("Codes on the card"), len(contents.tokens))
    yield Fact("key-pairs", mark("Key pairs that it shows"), len(contents.key_pairs))
    yield Fact("certificates", mark("Certificates"), len(contents.certificates))
    yield Fact("unreadable", mark("Certificates that cannot be read"), len(contents.unreadable))
    yield Fact("free", mark("Free memory (bytes)"), min((each for each in free if each is not None), default=None))


def _certificate(found: CardCertificate, contents: CardContents, campaign: Campaign | None) -> Group:
    said = found.certificate
    serial = said.serial_number
    facts = (
        Fact("serial", mark("Serial number"), hexadecimal(serial) if serial.bit_length() <= LONGEST_SERIAL else None),
        Fact("not-before", mark("Valid from"), said.not_before),
        Fact("not-after", mark("Valid until"), said.not_after),
        Fact("role", mark("For"), role_term(said.role)),
        Fact("subject", mark("Names its holder by"), _kind(said)),
        Fact("key-usage", mark("Key usage"), _words(said.key_usage)),
        Fact("extended-key-usage", mark("Extended key usage"), _words(said.extended_key_usage)),
        Fact("level", mark("Level of assurance"), campaign.levels.get(said.issuer_common_name) if campaign else None),
        Fact("is-old", mark("Is replaced by the upgrade"), campaign.replaces(said) if campaign else None),
        Fact("is-authority", mark("An issuer's own certificate"), said.is_ca),
        Fact("has-key", mark("Its key is on the card"), _has_key(found, contents)),
        Fact("is-destroyable", mark("Can be taken off the card"), found.found.destroyable),
    )
    return Group("certificate", foreign(said.issuer_common_name), facts)


def role_term(role: KeyRole | None) -> Term | None:
    """What a certificate is for."""
    return Term(role.value, role_text({role})) if role else None


def _kind(certificate: Certificate) -> Term | None:
    kind = certificate.identity.kind if certificate.identity else None
    return Term(kind.value, KIND_TEXTS[kind]) if kind else None


def _words(usages: frozenset[str]) -> Word | None:
    """The names of usages; a few are enough for any certificate."""
    return Word(", ".join(sorted(filter(_USAGE.fullmatch, usages))[:MOST])) if usages else None


def _has_key(found: CardCertificate, contents: CardContents) -> bool | None:
    """Whether its key is among those that the card shows; None where it shows none, as many do without a code."""
    if found.certificate.role is None or not any(pair.token == found.found.token for pair in contents.key_pairs):
        return None
    return any(pair.public_key == found.certificate.public_key for pair in contents.key_pairs)


def _unreadable(unreadable: Unreadable) -> Group:
    """Of what cannot be read, only what kind of error that was: its words may quote it."""
    kind = _KIND.match(unreadable.reason)
    facts = (
        Fact("size", mark("Bytes"), len(unreadable.found.value)),
        Fact("fault", mark("What came of it"), Word(kind[0]) if kind else None),
    )
    return Group("unreadable", Term("unreadable", mark("a certificate that cannot be read")), facts)


# ---------------------------------------------------------------------------------------------- what is wrong


def _problems(contents: CardContents, campaign: Campaign | None) -> Iterator[SithsupError]:
    for token in contents.locked:
        yield CodeLockedError("by the token's flags", role=role_text(token.roles))
    for found in contents.certificates:
        role = found.certificate.role
        if role and _has_key(found, contents) is False:
            yield KeyMissingError(issuer=found.certificate.issuer_common_name, role=tr(role_text({role})))
    if campaign:
        yield from _halves(contents, campaign)


def _halves(contents: CardContents, campaign: Campaign) -> Iterator[PairIncompleteError]:
    """Certificates of an issuer of the campaign's whose fellow for the other role is missing."""
    known = {*campaign.source_issuers, *(target.issuer for target in campaign.targets)}
    pairs: dict[tuple[str, SubjectKind], set[KeyRole]] = {}
    for said in (c.certificate for c in contents.certificates):
        if said.role and said.identity and said.issuer_common_name in known:
            pairs.setdefault((said.issuer_common_name, said.identity.kind), set()).add(said.role)
    for (issuer, _), roles in pairs.items():
        for missing in set(campaign.roles) - roles:
            yield PairIncompleteError(issuer=issuer, role=tr(role_text(roles)), missing=tr(role_text({missing})))
