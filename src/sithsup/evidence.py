"""What the card, the authority and this computer's journal together say of the upgrade (law 4).

* Ours is found without a journal: a key by its derived id, or by a certificate of a target that carries it.
* Pair by public key; ids and labels are hints. A key that an old certificate carries is never ours.
* A certificate's fate is read off signed messages and the status service, per target. UNKNOWN is never taken for seen
  nor for not seen: such a certificate is not trusted to live, and not erased until another one was confirmed.
* An issued but unconfirmed certificate may look good to a status service. `good` counts as confirmed only when the
  longest confirmation wait is over, or when the old authentication certificate is gone (nothing removes it earlier), or
  for the one that is always confirmed first, when the old one is revoked (nothing retires it earlier).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

from sithsup.ca import trust
from sithsup.certificate import Certificate
from sithsup.errors import AuthorityError, AuthorityUnreachableError, StillWaitingError, UnusableError
from sithsup.model import CertificateState, CertificateStatus, KeyRole, Signer
from sithsup.texts import tr

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from sithsup.ca.authority import Authority
    from sithsup.campaign import Campaign
    from sithsup.card.session import Card
    from sithsup.journal import Journal
    from sithsup.model import (
        CardCertificate,
        CardContents,
        Clock,
        Issued,
        KeyPair,
        Target,
        TokenId,
        Transaction,
    )

GENERATIONS = 8
"""How many ids a role has: a key generation that was cut may leave a phantom that can be neither used nor destroyed."""


@dataclass
class World:
    """What the steps work on. What was asked of the authority in this run is kept, so that nothing is asked twice."""

    card: Card
    authority: Authority
    journal: Journal
    campaign: Campaign
    clock: Clock
    executor: Executor
    """Sends several messages at once."""
    statuses: dict[bytes, CertificateStatus | AuthorityError] = field(default_factory=dict)
    judged: dict[bytes, tuple[Issued, tuple[str, ...]]] = field(default_factory=dict)
    broken: set[bytes] = field(default_factory=set)
    """Public keys whose private keys are listed on the card and yet cannot sign."""

    @property
    def contents(self) -> CardContents:
        """What is on the card now."""
        return self.card.contents


class Fate(StrEnum):
    """What became of a certificate that was issued for a key of ours."""

    CONFIRMED = "confirmed"
    PENDING = "pending"  # issued to this computer, suitable, and still to be confirmed
    UNKNOWN = "unknown"  # on the card, but nobody here can confirm it
    DEAD = "dead"  # rejected, revoked, forgotten, or not suitable


@dataclass(frozen=True, slots=True)
class Candidate:
    """One certificate for one target and a key of ours, with all that is known of it."""

    certificate: Certificate
    fate: Fate
    on_card: CardCertificate | None
    transaction: Transaction | None


# ------------------------------------------------------------------------------------------- the old identity


def is_old(world: World, certificate: Certificate) -> bool:
    """Whether this certificate is one of those that the campaign replaces."""
    return not certificate.is_ca and certificate.issuer_common_name in world.campaign.source_issuers


def old_on_card(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates that are on the card; those for signatures first, so that authentication goes last."""
    found = [c for c in world.contents.certificates if is_old(world, c.certificate)]
    return tuple(sorted(found, key=lambda c: c.certificate.role is KeyRole.AUTHENTICATION))


def old_certificate(world: World, role: KeyRole) -> Certificate | None:
    """The old certificate of a role: the one on the card that lives longest, else the journal's copy of it."""
    for source in (world.contents.certificates, world.journal.certificates()):
        found = [c.certificate for c in source if is_old(world, c.certificate) and c.certificate.role is role]
        if found:
            return max(found, key=lambda certificate: certificate.not_after)
    return None


def signer(world: World) -> Signer:
    """Who protects the messages: the old authentication key, or the new one once the old certificate is retired.

    Raises `StillWaitingError` when the old one is retired and the new one cannot be relied on before the wait is over.
    """
    old, new = old_certificate(world, KeyRole.AUTHENTICATION), _new_authentication(world)
    if old and world.contents.key_pair(old.public_key) is None:
        old = None
    if old and (new or _has_strangers(world)) and _is_revoked(world, old):
        if new is None:
            raise StillWaitingError(minutes=ceil(world.campaign.confirm_wait_max.total_seconds() / 60))
        old = None
    certificate = old or new
    if certificate is None:
        raise UnusableError(reason=tr("the card has no key for authentication that works"))
    chain = tuple(c.certificate.der for c in world.contents.certificates if c.certificate.is_ca)
    return Signer(certificate.der, chain, lambda data: world.card.sign(certificate.public_key, data))


def _new_authentication(world: World) -> Certificate | None:
    """A new authentication certificate that was confirmed."""
    found = (chosen(world, target) for target in targets_of(world, KeyRole.AUTHENTICATION))
    return next((c.certificate for c in found if c and c.fate is Fate.CONFIRMED), None)


def _has_strangers(world: World) -> bool:
    """Whether another computer was at work: the card carries certificates of ours that this one did not order."""
    return any(c.transaction is None for target in world.campaign.wanted for c in candidates(world, target))


def _is_revoked(world: World, certificate: Certificate) -> bool:
    """Whether the status service calls a certificate revoked; not, when it does not answer."""
    try:
        return status(world, certificate).state is CertificateState.REVOKED
    except AuthorityError:
        return False


# ------------------------------------------------------------------------------------------------- our keys


def key_ids(world: World, role: KeyRole) -> tuple[bytes, ...]:
    """The CKA_ID of each generation of our key for a role (20 bytes): the same on every computer."""
    card = world.contents.number or ",".join(world.contents.serials)
    return _key_ids(world.campaign.id, card, role)


@lru_cache
def _key_ids(campaign: str, card: str, role: KeyRole) -> tuple[bytes, ...]:
    names = ("|".join((campaign, card, role.value, str(generation))) for generation in range(GENERATIONS))
    return tuple(hashlib.sha256(name.encode()).digest()[:20] for name in names)


def matches(target: Target, certificate: Certificate) -> bool:
    """Whether a certificate is of the kind that the target asks for."""
    identity = certificate.identity
    return (
        not certificate.is_ca
        and certificate.issuer_common_name == target.issuer
        and certificate.role is target.role
        and identity is not None
        and identity.kind is target.subject
    )


def targets_of(world: World, role: KeyRole) -> tuple[Target, ...]:
    """The targets whose certificates carry the key of this role."""
    return tuple(target for target in world.campaign.wanted if target.role is role)


def our_key_pairs(world: World, role: KeyRole) -> tuple[KeyPair, ...]:
    """Every key pair of ours for a role, whole or broken; certified ones first, then by generation."""
    token = world.contents.token_for(role)
    if token is None:
        return ()
    certified, claimed = set[bytes](), set[bytes]()
    for found in (c.certificate for c in world.contents.certificates):
        if any(matches(target, found) for target in targets_of(world, role)):
            certified.add(found.public_key)
        elif is_old(world, found):
            claimed.add(found.public_key)
    known = certified | world.journal.keys(role)
    ids = key_ids(world, role)
    pairs = [
        pair
        for pair in world.contents.key_pairs
        if pair.token == token.info.id
        and (pair.key_id in ids or pair.public_key in known)
        and (not pair.public_key or pair.public_key not in claimed)
    ]
    rank = {identifier: generation for generation, identifier in enumerate(ids)}
    return tuple(sorted(pairs, key=lambda p: (p.public_key not in certified, rank.get(p.key_id, GENERATIONS))))


def our_key(world: World, role: KeyRole) -> KeyPair | None:
    """The key pair of ours that is to be certified for a role."""
    pairs = (pair for pair in our_key_pairs(world, role) if pair.public_key not in world.broken)
    return next((pair for pair in pairs if is_alive(world, pair)), None)


def is_alive(world: World, pair: KeyPair) -> bool:
    """Whether a key pair is whole, as far as can be seen: private keys hide until their token's code was given."""
    return pair.usable or (pair.public is not None and is_closed(world, pair.token))


def is_closed(world: World, token: TokenId) -> bool:
    """Whether a token shows no private key at all: then its code was not given."""
    return all(pair.private is None for pair in world.contents.key_pairs if pair.token == token)


# ------------------------------------------------------------------------------------------ our certificates


def candidates(world: World, target: Target) -> tuple[Candidate, ...]:
    """Every certificate for a target and its present key: this computer's, newest first, then the card's."""
    pair = our_key(world, target.role)
    if pair is None:
        return ()
    on_card = {
        c.certificate.der: c
        for c in world.contents.certificates
        if matches(target, c.certificate) and c.certificate.public_key == pair.public_key
    }
    found: dict[bytes, Candidate] = {}
    for transaction in world.journal.transactions(target.name):
        if transaction.public_key == pair.public_key and (issued := read_issued(world, transaction)):
            certificate = Certificate.parse(issued.certificate)
            fate = _fate_of_transaction(world, transaction, is_alone=set(on_card) == {certificate.der})
            found[certificate.der] = Candidate(certificate, fate, on_card.get(certificate.der), transaction)
    for der, seen in on_card.items():
        if der not in found:
            found[der] = Candidate(seen.certificate, _fate_of_stranger(world, seen.certificate), seen, None)
    return tuple(found.values())


def chosen(world: World, target: Target) -> Candidate | None:
    """The certificate that belongs on the card for a target; None when one must be ordered."""
    found = [c for c in candidates(world, target) if c.fate in (Fate.CONFIRMED, Fate.PENDING)]
    return min(found, key=lambda c: (c.fate is not Fate.CONFIRMED, c.on_card is None), default=None)


def strays(world: World) -> tuple[CardCertificate, ...]:
    """Certificates of targets that are on the card without belonging there: dead, superseded, or without a key."""
    keep = {c.certificate.der for target in world.campaign.wanted if (c := chosen(world, target))}
    return tuple(c for c in ours_on_card(world) if c.certificate.der not in keep)


def ours_on_card(world: World) -> tuple[CardCertificate, ...]:
    """Every certificate on the card that is of a target's kind and carries a key of ours, or a key that is gone."""
    others = {
        pair.public_key
        for pair in world.contents.key_pairs
        if pair.public_key and not any(pair in our_key_pairs(world, role) for role in world.campaign.roles)
    }
    return tuple(
        c
        for c in world.contents.certificates
        if any(matches(target, c.certificate) for target in world.campaign.wanted)
        and c.certificate.public_key not in others
    )


def read_issued(world: World, transaction: Transaction) -> Issued | None:
    """The journalled answer of a transaction, read again; None where there is none that can be trusted."""
    if transaction.issued is None:
        return None
    try:
        return judge(world, transaction)[0]
    except AuthorityError:
        return None


def judge(world: World, transaction: Transaction) -> tuple[Issued, tuple[str, ...]]:
    """An issued certificate, and every reason why it does not belong on this card (design section 6)."""
    assert transaction.issued  # noqa: S101  callers look first
    der = transaction.issued.der
    if der not in world.judged:
        issued = world.authority.read_issued(transaction.order, transaction.issued)
        target = next(target for target in world.campaign.wanted if target.name == transaction.target)
        reasons = trust.mismatches(
            issued.certificate,
            public_key=transaction.public_key,
            target=target,
            known=tuple(c.certificate for c in (*world.contents.certificates, *world.journal.certificates())),
            chain=issued.extra_certificates,
            anchors=world.campaign.anchors,
            at=issued.at,
        )
        world.judged[der] = (issued, reasons)
    return world.judged[der]


def status(world: World, certificate: Certificate) -> CertificateStatus:
    """What the status service says; asked once a run. Raises `AuthorityError` when it cannot be told."""
    if certificate.der not in world.statuses:
        world.statuses[certificate.der] = _ask_status(world, certificate)
    answer = world.statuses[certificate.der]
    if isinstance(answer, AuthorityError):
        raise answer
    return answer


def _ask_status(world: World, certificate: Certificate) -> CertificateStatus | AuthorityError:
    came_along = (der for issued, _ in world.judged.values() for der in issued.extra_certificates)
    known = (*world.campaign.issuers, *came_along)
    issuer = next((der for der in known if Certificate.parse(der).subject == certificate.issuer), None)
    if issuer is None:
        return AuthorityUnreachableError("its certificate is not known", address=certificate.issuer_common_name)
    try:
        return world.authority.status(certificate.der, issuer)
    except AuthorityError as error:
        return error


def _fate_of_transaction(world: World, transaction: Transaction, *, is_alone: bool) -> Fate:
    """The fate of a certificate issued to this computer; `is_alone`: on the card, with no other for its target."""
    issued, reasons = judge(world, transaction)
    certificate = Certificate.parse(issued.certificate)
    if transaction.reject or reasons or (transaction.error and not transaction.confirm):
        return Fate.DEAD
    if transaction.error:  # it was told, and no longer knows: only the status service can say what became of it
        return _fate_of_stranger(world, certificate)
    if transaction.confirmed:
        # Superseded by another computer meanwhile? Then it must not come back to the card.
        is_doubtful = not is_alone or certificate.der in world.statuses
        return Fate.DEAD if is_doubtful and _is_revoked(world, certificate) else Fate.CONFIRMED
    if transaction.confirm or not is_overdue(world, transaction):
        return Fate.PENDING
    return Fate.DEAD


def _fate_of_stranger(world: World, certificate: Certificate) -> Fate:
    """The fate of a certificate that lies on the card and whose transaction this computer does not know."""
    try:
        answer = status(world, certificate)
    except AuthorityError:
        return Fate.UNKNOWN if _has_old_authentication(world) else Fate.CONFIRMED
    if answer.state is CertificateState.REVOKED:
        return Fate.DEAD
    is_late = answer.at > certificate.not_before + world.campaign.confirm_wait_max
    is_good = answer.state is CertificateState.GOOD
    is_certain = is_late or not _has_old_authentication(world) or (is_good and _was_heard_first(world, certificate))
    return Fate.CONFIRMED if is_good and is_certain else Fate.UNKNOWN


def _was_heard_first(world: World, certificate: Certificate) -> bool:
    """Whether this is the one that is confirmed before all others, and the authority has retired the old one since."""
    old = [c.certificate for c in old_on_card(world) if c.certificate.role is KeyRole.AUTHENTICATION]
    return matches(world.campaign.confirmation_order[0], certificate) and all(_is_revoked(world, each) for each in old)


def is_overdue(world: World, transaction: Transaction) -> bool:
    """Whether the authority has given up waiting. Only lengths of time are compared, so no clock need be right."""
    issued = judge(world, transaction)[0]
    assert transaction.issued_at  # noqa: S101  it has an answer
    allowed = issued.confirm_by - issued.at if issued.confirm_by else world.campaign.confirm_wait_max
    return world.clock() - transaction.issued_at >= allowed


def _has_old_authentication(world: World) -> bool:
    return any(c.certificate.role is KeyRole.AUTHENTICATION for c in old_on_card(world))


def _is_dead(world: World, transaction: Transaction) -> bool:
    """Whether what was told to be confirmed, and then forgotten, is revoked."""
    issued = read_issued(world, transaction)
    certificate = Certificate.parse(issued.certificate) if issued else None
    return certificate is None or status(world, certificate).state is CertificateState.REVOKED


def past_no_return(world: World) -> bool:
    """Whether the authority has, or may have, heard a confirmation: then the upgrade can only be finished.

    Raises `AuthorityError` when only the status service could tell and it does not answer.
    """
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if transaction.confirm and not (transaction.error and _is_dead(world, transaction)):
                return True
    strangers = [
        c.certificate
        for target in world.campaign.wanted
        for c in candidates(world, target)
        if c.on_card and c.transaction is None
    ]
    if ours_on_card(world) and not _has_old_authentication(world):
        return True
    return any(status(world, certificate).state is CertificateState.GOOD for certificate in strangers)
