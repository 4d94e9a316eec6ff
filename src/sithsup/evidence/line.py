"""Where an upgrade stands: who signs its messages now, and whether the point of no return is passed."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.errors import StillWaitingError, UnusableError
from sithsup.evidence.certificates import candidates, chosen, ours_on_card
from sithsup.evidence.fates import Fate
from sithsup.evidence.keys import targets_of
from sithsup.evidence.old import has_old_authentication, old_certificate
from sithsup.evidence.world import is_revoked, read_issued, status
from sithsup.model import CertificateState, KeyRole, Signer
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.evidence.world import World
    from sithsup.model import Transaction


def signer(world: World) -> Signer:
    """Who protects the messages: the old authentication key, or the new one once the old certificate is retired.

    Raises `StillWaitingError` when the old one is retired and the new one cannot be relied on before the wait is over.
    """
    old, new = old_certificate(world, KeyRole.AUTHENTICATION), _new_authentication(world)
    if old and world.contents.key_pair(old.public_key) is None:
        old = None
    if old and (new or _has_strangers(world)) and is_revoked(world, old):
        if new is None:
            raise StillWaitingError(minutes=ceil(world.campaign.confirm_wait_max.total_seconds() / 60))
        old = None
    certificate = old or new
    if certificate is None:
        raise UnusableError(reason=tr("the card has no key for authentication that works"))
    return signer_with(world, certificate)


def signer_with(world: World, certificate: Certificate) -> Signer:
    """Whoever signs with the key of this certificate."""
    chain = tuple(c.certificate.der for c in world.contents.certificates if c.certificate.is_ca)
    return Signer(certificate.der, chain, lambda data: world.card.sign(certificate.public_key, data))


def _new_authentication(world: World) -> Certificate | None:
    """A new authentication certificate that was confirmed."""
    found = (chosen(world, target) for target in targets_of(world, KeyRole.AUTHENTICATION))
    return next((c.certificate for c in found if c and c.fate is Fate.CONFIRMED), None)


def _has_strangers(world: World) -> bool:
    """Whether another computer was at work: the card carries certificates of ours that this one did not order."""
    return any(c.transaction is None for target in world.campaign.wanted for c in candidates(world, target))


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
    if ours_on_card(world) and not has_old_authentication(world):
        return True
    return any(status(world, certificate).state is CertificateState.GOOD for certificate in strangers)
