"""The keys of the card: new ones made, ours destroyed again, and in the end the old ones, if at all."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sithsup.campaign import OldKeys
from sithsup.errors import CardFullError, ModuleRefusedError, ObjectGoneError
from sithsup.evidence import World, is_old, key_ids, our_key, our_key_pairs, reused_key_pairs
from sithsup.model import KeyRole, Seen
from sithsup.steps.common import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.campaign import Campaign
    from sithsup.model import CardObject, KeyPair, NewKey

_log = logging.getLogger(__name__)

DESTROY_TRIES = 2
"""A card that refuses once may obey the second time; a phantom never does, and is left."""


# ------------------------------------------------------------------------------------------- generate-*-key


def makes_keys(role: KeyRole) -> Callable[[Campaign], int]:
    """How many keys a campaign has made for a role."""
    return lambda campaign: len(campaign.new_keys_of(role))


def generate(role: KeyRole) -> Callable[[World], None]:
    """Make the key pairs of a role that are not there yet."""

    def do(world: World) -> None:
        for key in world.campaign.new_keys_of(role):
            if our_key(world, key) is None:
                _generate(world, key)

    return do


def has_key(role: KeyRole) -> Callable[[World], Seen]:
    """See, for each new key of a role, a private key of ours whose public key is readable."""

    def seen(world: World) -> Seen:
        return fold(_key_state(world, key) for key in world.campaign.new_keys_of(role))

    return seen


def destroy_key(role: KeyRole) -> Callable[[World], None]:
    """Destroy the keys of ours for a role, whole or broken; never one that a certificate on the card carries."""

    def undo(world: World) -> None:
        carried = {c.certificate.public_key for c in world.contents.certificates}
        for _ in range(DESTROY_TRIES):
            for pair in [pair for key in world.campaign.new_keys_of(role) for pair in our_key_pairs(world, key)]:
                if pair.public_key not in carried:
                    _destroy(world, _objects(pair))

    return undo


def _key_state(world: World, key: NewKey) -> Seen:
    if our_key(world, key):
        return Seen.LIVE
    return Seen.DEAD if our_key_pairs(world, key) else Seen.ABSENT


def _generate(world: World, key: NewKey) -> None:
    """Make a key pair under the first id that a cut generation has not spoilt."""
    known = {pair.public_key for pair in world.contents.key_pairs}
    for generation, identifier in enumerate(key_ids(world, key)):
        if _is_free(world, identifier):
            label = f"{world.campaign.id} {key.name} {generation}"
            world.journal.announce_key(key.name, identifier)
            world.card.generate_key_pair(key.role, key.algorithm, identifier, label)
            break
    else:
        raise CardFullError("every id of ours is taken by a key that can be neither used nor destroyed")
    for pair in world.contents.key_pairs:  # where the middleware gives its own ids, this is how ours is known
        if pair.public_key and pair.public_key not in known:
            world.journal.remember_key(key.name, pair.public_key)


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


def destroys_old(campaign: Campaign) -> int:
    """Whether a campaign has the old keys destroyed."""
    return campaign.old_keys is OldKeys.DESTROY


def remove_old_keys(world: World) -> None:
    """Destroy the old keys that no certificate on the card carries any more; never one that is certified again."""
    for pair in _spent_key_pairs(world):
        _destroy(world, _objects(pair))


def old_keys_removed(world: World) -> Seen:
    """See that no spent key is left."""
    return Seen.ABSENT if _spent_key_pairs(world) else Seen.LIVE


def _spent_key_pairs(world: World) -> tuple[KeyPair, ...]:
    old = {c.certificate.public_key for c in world.journal.certificates() if is_old(world, c.certificate)}
    kept = {c.certificate.public_key for c in world.contents.certificates}
    kept |= {pair.public_key for role in world.campaign.roles for pair in reused_key_pairs(world, role)}
    return tuple(pair for pair in world.contents.key_pairs if pair.public_key in old - kept)
