"""Where an upgrade stands: who signs its messages now, and whether the point of no return is passed."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.errors import AuthorityError, FinishElsewhereError, StillWaitingError, UnusableError
from sithsup.evidence.certificates import candidates, chosen, lost_old, ours_on_card
from sithsup.evidence.fates import Fate
from sithsup.evidence.keys import is_held, our_key_pairs, targets_of
from sithsup.evidence.old import has_old_authentication, old_signer
from sithsup.evidence.world import is_revoked, read_issued, settled_at, status
from sithsup.model import CertificateState, KeyRole, Signer
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.evidence.world import World
    from sithsup.model import Transaction


def signer(world: World) -> Signer:
    """Who protects the messages: the old authentication key, or the new one once the old certificate is retired.

    When the old one is retired and the new one is not known to be confirmed, it raises `StillWaitingError` where that
    will be known later, and `FinishElsewhereError` where only another computer knows of it.
    """
    old, new = old_signer(world), _new_authentication(world)
    if old and (not is_held(world, old) or _is_retired(world, old, new)):
        old = None
    certificate = old or new
    if certificate is None:
        raise UnusableError(reason=tr("the card has no key for authentication that works"))
    return signer_with(world, certificate)


def _is_retired(world: World, old: Certificate, new: Certificate | None) -> bool:
    """Whether the old certificate signs no more; asked only when a confirmation may have been heard.

    One that has expired meanwhile is no longer listened to: the new one, once confirmed, finishes what is left.
    """
    if new and old.not_after <= world.clock():
        return True
    strangers = _strangers(world)
    if not (new or strangers or was_begun_elsewhere(world)) or not is_revoked(world, old):
        return False
    if new is None and strangers:
        longest = world.campaign.confirm_wait_max + world.campaign.status_lag_max
        raise StillWaitingError(minutes=ceil(longest.total_seconds() / 60))
    if new is None:
        raise FinishElsewhereError
    return True


def require_settled(world: World) -> None:
    """Raise `StillWaitingError` while it will still become known whether a certificate on the card was confirmed."""
    unknown = [c.certificate for t in world.campaign.wanted for c in candidates(world, t) if c.fate is Fate.UNKNOWN]
    left = []
    for certificate in unknown:
        with suppress(AuthorityError):
            left.append(settled_at(world, certificate) - status(world, certificate).at)
    if left and max(left) > timedelta():
        raise StillWaitingError(minutes=ceil(max(left).total_seconds() / 60))


def signer_with(world: World, certificate: Certificate) -> Signer:
    """Whoever signs with the key of this certificate."""
    chain = tuple(c.certificate.der for c in world.contents.certificates if c.certificate.is_ca)
    return Signer(certificate.der, chain, lambda data: world.card.sign(certificate.public_key, data))


def _new_authentication(world: World) -> Certificate | None:
    """A new authentication certificate that was confirmed."""
    found = (chosen(world, target) for target in targets_of(world, KeyRole.AUTHENTICATION))
    return next((c.certificate for c in found if c and c.fate is Fate.CONFIRMED), None)


def _is_dead(world: World, transaction: Transaction) -> bool:
    """Whether what was told to be confirmed, and then forgotten, is revoked."""
    issued = read_issued(world, transaction)
    certificate = Certificate.parse(issued.certificate) if issued else None
    return certificate is None or status(world, certificate).state is CertificateState.REVOKED


def past_no_return(world: World) -> bool:
    """Whether the authority has, or may have, heard a confirmation: then the upgrade can only be finished.

    Raises `AuthorityError` when only the status service could tell, and does not answer or cannot tell yet.
    """
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if transaction.confirm and not (transaction.error and _is_dead(world, transaction)):
                return True
    if ours_on_card(world) and not has_old_authentication(world) and not _is_old_authentication_lost(world):
        return True
    return _may_be_confirmed(world, _strangers(world)) or _is_retired_elsewhere(world)


def _is_old_authentication_lost(world: World) -> bool:
    """Whether the journal has the old one, and its key is there: that the card shows it no more says nothing then."""
    return any(c.certificate.role is KeyRole.AUTHENTICATION for c in lost_old(world))


def _is_retired_elsewhere(world: World) -> bool:
    """Whether the old identity is retired on a card that carries keys of ours: another computer may have confirmed.

    The new certificates may be on the card and yet not be seen: a directory of the card that was torn hides what
    stands behind the tear. The keys are seen then. Keys that were made here may be undone where nobody can be asked.
    """
    old = old_signer(world)
    if old is None or not _our_public_keys(world):
        return False
    if not was_begun_elsewhere(world):
        return is_revoked(world, old)
    return status(world, old).state is CertificateState.REVOKED


def was_begun_elsewhere(world: World) -> bool:
    """Whether keys of ours are on the card that were not made from this computer."""
    made_here = {public_key for key in world.campaign.new_keys for public_key in world.journal.keys(key.name)}
    return not _our_public_keys(world) <= made_here


def _our_public_keys(world: World) -> set[bytes]:
    pairs = (pair for key in world.campaign.new_keys for pair in our_key_pairs(world, key))
    return {pair.public_key for pair in pairs if pair.public_key}


def _strangers(world: World) -> tuple[Certificate, ...]:
    """Certificates of ours on the card that this computer did not order: another one may have confirmed them."""
    return tuple(
        c.certificate
        for target in world.campaign.wanted
        for c in candidates(world, target)
        if c.on_card and c.transaction is None
    )


def _may_be_confirmed(world: World, certificates: tuple[Certificate, ...]) -> bool:
    """Whether somebody confirmed one of them, as their status tells; raises `StillWaitingError` where it is silent.

    A status service may be behind. Once the longest wait for a confirmation is over, and the news of it must be there,
    a certificate that is not called good was not confirmed.
    """
    answers = [(status(world, certificate), certificate) for certificate in certificates]
    if any(answer.state is CertificateState.GOOD for answer, _ in answers):
        return True
    silent = [(answer.at, each) for answer, each in answers if answer.state is CertificateState.UNKNOWN]
    old = old_signer(world)
    if silent and old and is_revoked(world, old):
        return True
    left = [settled_at(world, each) - at for at, each in silent if world.campaign.status_lag_max]
    if left and max(left) > timedelta():
        raise StillWaitingError(minutes=ceil(max(left).total_seconds() / 60))
    return False
