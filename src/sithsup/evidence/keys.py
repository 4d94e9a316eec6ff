"""Which keys are ours, found without a journal: by the derived id, or by a certificate of a target that carries it.

Pair by public key; ids and labels are hints. A key that an old certificate carries is never ours.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from sithsup.evidence.old import is_old

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import KeyPair, KeyRole, Target, TokenId


GENERATIONS = 8
"""How many ids a role has: a key generation that was cut may leave a phantom that can be neither used nor destroyed."""


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
        if (pair.token == token.info.id or _is_orphan(world, pair))
        and (pair.key_id in ids or pair.public_key in known)
        and (not pair.public_key or pair.public_key not in claimed)
    ]
    rank = {identifier: generation for generation, identifier in enumerate(ids)}
    return tuple(sorted(pairs, key=lambda p: (p.public_key not in certified, rank.get(p.key_id, GENERATIONS))))


def _is_orphan(world: World, pair: KeyPair) -> bool:
    """Whether a public key has no private one anywhere: a module may show such a one on any of the card's tokens."""
    halves = (other.private for other in world.contents.key_pairs if other.public_key == pair.public_key)
    return not any(halves) and not any(is_closed(world, token.info.id) for token in world.contents.tokens)


def our_key(world: World, role: KeyRole) -> KeyPair | None:
    """The key pair of ours that is to be certified for a role."""
    pairs = (pair for pair in our_key_pairs(world, role) if pair.public_key not in world.broken)
    return next((pair for pair in pairs if is_alive(world, pair)), None)


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
