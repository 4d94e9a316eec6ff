"""Which keys are ours, found without a journal: by the derived id, or by a certificate of a target that carries it.

Pair by public key; ids and labels are hints. A key that an old certificate carries is never ours, but it may be the one
that is certified again: then it is found by the old certificates, and nothing here destroys it.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from sithsup.evidence.old import is_old, old_known

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import KeyPair, KeyRole, NewKey, Target, TokenId


GENERATIONS = 8
"""How many ids a key has: a key generation that was cut may leave a phantom that can be neither used nor destroyed."""


def key_ids(world: World, key: NewKey) -> tuple[bytes, ...]:
    """The CKA_ID of each generation of a key of ours (20 bytes): the same on every computer."""
    card = world.contents.number or ",".join(world.contents.serials)
    return _key_ids(world.campaign.id, card, key.name)


@lru_cache
def _key_ids(campaign: str, card: str, name: str) -> tuple[bytes, ...]:
    names = ("|".join((campaign, card, name, str(generation))) for generation in range(GENERATIONS))
    return tuple(hashlib.sha256(each.encode()).digest()[:20] for each in names)


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
    """The targets whose certificates are for this role."""
    return tuple(target for target in world.campaign.wanted if target.role is role)


def our_key_pairs(world: World, key: NewKey) -> tuple[KeyPair, ...]:
    """Every key pair that was made for a key of ours, whole or broken; certified ones first, then by generation."""
    token = world.contents.token_for(key.role)
    if token is None:
        return ()
    certified = _certified(world, key.targets)
    claimed = {c.certificate.public_key for c in world.contents.certificates if is_old(world, c.certificate)}
    known = certified | world.journal.keys(key.name)
    ids = key_ids(world, key)
    pairs = [
        pair
        for pair in world.contents.key_pairs
        if (pair.token == token.info.id or _is_orphan(world, pair))
        and (pair.key_id in ids or pair.public_key in known)
        and (not pair.public_key or pair.public_key not in claimed)
    ]
    rank = {identifier: generation for generation, identifier in enumerate(ids)}
    return tuple(sorted(pairs, key=lambda p: (p.public_key not in certified, rank.get(p.key_id, GENERATIONS))))


def reused_key_pairs(world: World, role: KeyRole) -> tuple[KeyPair, ...]:
    """The key pairs of old certificates that may be certified again for a role; certified ones first.

    Then that of the old certificate which lives longest. Where no old one is left, and none is remembered, the
    certificates of the targets tell which key it was.
    """
    targets = tuple(target for target in targets_of(world, role) if target.reuses_key)
    if not targets:
        return ()
    certified = _certified(world, targets)
    old = sorted(old_known(world, role), key=lambda certificate: certificate.not_after, reverse=True)
    carried = [certificate.public_key for certificate in old] or sorted(certified)
    pairs = [pair for pair in world.contents.key_pairs if pair.public_key in carried]
    pairs.sort(key=lambda pair: (pair.public_key not in certified, carried.index(pair.public_key), not pair.private))
    return tuple(pairs)


def _certified(world: World, targets: tuple[Target, ...]) -> set[bytes]:
    """The public keys of the certificates on the card that are of these targets' kinds."""
    on_card = (c.certificate for c in world.contents.certificates)
    return {each.public_key for each in on_card if any(matches(target, each) for target in targets)}


def _is_orphan(world: World, pair: KeyPair) -> bool:
    """Whether a public key has no private one anywhere: a module may show such a one on any of the card's tokens."""
    halves = (other.private for other in world.contents.key_pairs if other.public_key == pair.public_key)
    return not any(halves) and not any(is_closed(world, token.info.id) for token in world.contents.tokens)


def our_key(world: World, key: NewKey) -> KeyPair | None:
    """The key pair of ours that is to be certified for a key of the campaign."""
    return _first_alive(world, our_key_pairs(world, key))


def target_key(world: World, target: Target) -> KeyPair | None:
    """The key pair that the certificate of a target carries: a new one, or the old one that is certified again."""
    if target.reuses_key:
        return _first_alive(world, reused_key_pairs(world, target.role))
    return our_key(world, next(key for key in world.campaign.new_keys if target in key.targets))


def _first_alive(world: World, pairs: tuple[KeyPair, ...]) -> KeyPair | None:
    return next((p for p in pairs if p.public_key not in world.broken and is_alive(world, p)), None)


def is_alive(world: World, pair: KeyPair) -> bool:
    """Whether a key pair is whole, as far as can be seen: private keys hide until their token's code was given."""
    return pair.usable or (pair.public is not None and is_closed(world, pair.token))


def is_held(world: World, certificate: Certificate) -> bool:
    """Whether the card holds the key of a certificate, as far as can be seen."""
    return any(pair.public_key == certificate.public_key and is_alive(world, pair) for pair in world.contents.key_pairs)


def is_closed(world: World, token: TokenId) -> bool:
    """Whether a token may hold private keys that it does not show: its code was not given."""
    return not world.card.is_open(token) and all(
        pair.private is None for pair in world.contents.key_pairs if pair.token == token
    )
