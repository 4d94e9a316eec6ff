"""The keys of the card: new ones made, ours destroyed again, and in the end the old ones, if at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sithsup.campaign import OldKeys
from sithsup.errors import CardFullError, ModuleRefusedError, ObjectGoneError
from sithsup.evidence import World, key_ids, our_key, our_key_pairs
from sithsup.model import KeyRole, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.model import CardObject, KeyPair

_log = logging.getLogger(__name__)

DESTROY_TRIES = 2
"""A card that refuses once may obey the second time; a phantom never does, and is left."""


# ------------------------------------------------------------------------------------------- generate-*-key


def generate(role: KeyRole) -> Callable[[World], None]:
    """Make a key pair for a role, under the first id that a cut generation has not spoilt."""

    def do(world: World) -> None:
        known = {pair.public_key for pair in world.contents.key_pairs}
        for generation, identifier in enumerate(key_ids(world, role)):
            if _is_free(world, identifier):
                label = f"{world.campaign.id} {role.value} {generation}"
                world.journal.announce_key(role, identifier)
                world.card.generate_key_pair(role, world.campaign.algorithm(role), identifier, label)
                break
        else:
            raise CardFullError("every id of ours is taken by a key that can be neither used nor destroyed")
        for pair in world.contents.key_pairs:  # where the middleware gives its own ids, this is how ours is known
            if pair.public_key and pair.public_key not in known:
                world.journal.remember_key(role, pair.public_key)

    return do


def has_key(role: KeyRole) -> Callable[[World], Seen]:
    """See a private key of ours whose public key is readable; campaigns without the role have nothing to see."""

    def seen(world: World) -> Seen:
        if role not in world.campaign.roles or our_key(world, role):
            return Seen.LIVE
        return Seen.DEAD if our_key_pairs(world, role) else Seen.ABSENT

    return seen


def destroy_key(role: KeyRole) -> Callable[[World], None]:
    """Destroy the keys of ours for a role, whole or broken; never one that a certificate on the card carries."""

    def undo(world: World) -> None:
        carried = {c.certificate.public_key for c in world.contents.certificates}
        for _ in range(DESTROY_TRIES):
            for pair in our_key_pairs(world, role):
                if pair.public_key not in carried:
                    _destroy(world, _objects(pair))

    return undo


def _is_free(world: World, identifier: bytes) -> bool:
    """Whether a key can be made under an id, once what a cut generation left there is destroyed.

    A key that a certificate carries is somebody's, whatever its id: it stays (law 10).
    """
    carried = {c.certificate.public_key for c in world.contents.certificates}
    if any(pair.key_id == identifier and pair.public_key in carried for pair in world.contents.key_pairs):
        return False
    _destroy(world, _with_id(world, identifier))
    return not _with_id(world, identifier)


def _with_id(world: World, identifier: bytes) -> tuple[CardObject, ...]:
    return tuple(o for pair in world.contents.key_pairs if pair.key_id == identifier for o in _objects(pair))


def _objects(pair: KeyPair) -> tuple[CardObject, ...]:
    """The private key goes last: as long as it is there, the pair is found again by its id."""
    return tuple(found for found in (pair.public, pair.private) if found is not None)


def _destroy(world: World, objects: Iterable[CardObject]) -> None:
    """Destroy what can be destroyed; a phantom that refuses stays, and is seen."""
    for found in objects:
        try:
            world.card.destroy(found)
        except (ModuleRefusedError, ObjectGoneError) as error:
            _log.info("cannot destroy %s: %s", found.kind, error)


# -------------------------------------------------------------------------------------------- remove-old-keys


def remove_old_keys(world: World) -> None:
    """Destroy the old keys that no certificate on the card carries any more; only where the campaign asks for it."""
    for pair in _spent_key_pairs(world):
        _destroy(world, _objects(pair))


def old_keys_removed(world: World) -> Seen:
    """See that no spent key is left, or that the campaign keeps them."""
    return Seen.ABSENT if _spent_key_pairs(world) else Seen.LIVE


def _spent_key_pairs(world: World) -> tuple[KeyPair, ...]:
    if world.campaign.old_keys is OldKeys.KEEP:
        return ()
    remembered = (c.certificate for c in world.journal.certificates())
    old = {
        certificate.public_key
        for certificate in remembered
        if certificate.issuer_common_name in world.campaign.source_issuers
    }
    carried = {c.certificate.public_key for c in world.contents.certificates}
    return tuple(pair for pair in world.contents.key_pairs if pair.public_key in old - carried)
