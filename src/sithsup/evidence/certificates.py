"""Which certificates are ours: those ordered from this computer, and those that lie on the card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.evidence.fates import Fate, fate_of_stranger, fate_of_transaction
from sithsup.evidence.keys import is_closed, is_held, matches, our_key_pairs, reused_key_pairs, target_key
from sithsup.evidence.old import is_kept, is_old
from sithsup.evidence.world import read_issued
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.evidence.world import World
    from sithsup.model import CardCertificate, Target, Transaction


@dataclass(frozen=True, slots=True)
class Candidate:
    """One certificate for one target and a key of ours, with all that is known of it."""

    certificate: Certificate
    fate: Fate
    on_card: CardCertificate | None
    transaction: Transaction | None


def candidates(world: World, target: Target) -> tuple[Candidate, ...]:
    """Every certificate for a target and its present key: this computer's, newest first, then the card's."""
    pair = target_key(world, target)
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
            fate = fate_of_transaction(world, transaction, is_alone=set(on_card) == {certificate.der})
            found[certificate.der] = Candidate(certificate, fate, on_card.get(certificate.der), transaction)
    for der, seen in on_card.items():
        if der not in found:
            found[der] = Candidate(seen.certificate, fate_of_stranger(world, seen.certificate), seen, None)
    return tuple(found.values())


def chosen(world: World, target: Target) -> Candidate | None:
    """The certificate that belongs on the card for a target; None when one must be ordered."""
    found = [c for c in candidates(world, target) if c.fate in (Fate.CONFIRMED, Fate.PENDING)]
    return min(found, key=lambda c: (c.fate is not Fate.CONFIRMED, c.on_card is None), default=None)


def strays(world: World) -> tuple[CardCertificate, ...]:
    """Certificates of targets that are on the card without belonging there: dead, superseded, or without a key.

    As long as it is not known what belongs there for a target, none of its certificates is one.
    """
    wanted = {target: chosen(world, target) for target in world.campaign.wanted}
    keep = {c.certificate.der for c in wanted.values() if c}
    unsettled = [target for target, c in wanted.items() if c is None]
    return tuple(
        c
        for c in ours_on_card(world)
        if c.certificate.der not in keep and not any(matches(target, c.certificate) for target in unsettled)
    )


def ours_on_card(world: World) -> tuple[CardCertificate, ...]:
    """Every certificate on the card that is of a target's kind and carries a key that it may, or a key that is gone.

    It may carry one of ours, or one that is certified again. A public key whose private half is not there is gone,
    whoever's token shows it: modules show one with every certificate, on whichever token they think best.
    """
    made = [pair for key in world.campaign.new_keys for pair in our_key_pairs(world, key)]
    reused = [pair for role in world.campaign.roles for pair in reused_key_pairs(world, role)]
    others = {
        pair.public_key
        for pair in world.contents.key_pairs
        if pair.public_key
        and (pair.private is not None or is_closed(world, pair.token))
        and pair not in (*made, *reused)
    }
    return tuple(
        c
        for c in world.contents.certificates
        if any(matches(target, c.certificate) for target in world.campaign.wanted)
        and c.certificate.public_key not in others
    )


def lost_old(world: World) -> tuple[CardCertificate, ...]:
    """Old certificates that the card shows no more, though it has their keys; those for authentication first.

    Lifted off a full card, or lost by a directory that was torn; above the line they are to be put back.
    """
    found = [c for c in _lost(world) if is_old(world, c.certificate)]
    return tuple(sorted(found, key=lambda c: c.certificate.role is not KeyRole.AUTHENTICATION))


def lost_others(world: World) -> tuple[CardCertificate, ...]:
    """Certificates that this campaign leaves on the card and that the card, as far as it is open, shows no more.

    Those that are no business of it, and old ones that it keeps.
    A card that loses its power while it writes a directory may lose from it what the upgrade never touched.
    """
    return tuple(
        c
        for c in _lost(world)
        if world.card.is_open(c.found.token)
        and (not is_old(world, c.certificate) or is_kept(world, c.certificate))
        and not any(matches(target, c.certificate) for target in world.campaign.wanted)
        and not _is_renewed(world, c.certificate)
    )


def _lost(world: World) -> tuple[CardCertificate, ...]:
    on_card = {c.certificate.der for c in world.contents.certificates}
    known = (c for c in world.journal.certificates() if c.certificate.der not in on_card)
    return tuple(c for c in known if c.certificate.is_ca or is_held(world, c.certificate))


def _is_renewed(world: World, certificate: Certificate) -> bool:
    """Whether a later one by the same issuer for the same key is on the card: then this one was removed on purpose."""
    key = (certificate.issuer, certificate.public_key)
    on_card = (c.certificate for c in world.contents.certificates)
    return any((c.issuer, c.public_key) == key and c.not_before > certificate.not_before for c in on_card)
