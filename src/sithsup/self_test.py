"""After the end: whether everybody who will look at the new certificates finds them in order.

Each new key signs the one readable sentence once more through the card, as a log-in or a signature would; that is
verified under its certificate, its path is followed to the campaign's anchors, and its status is asked.

* The upgrade has ended: nothing that goes wrong here is raised, and no code is asked again.
* What could not be tried, or is not known, is said to be so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.ca.path import path_to_anchor
from sithsup.certificate import verify
from sithsup.errors import AuthorityError, CardError
from sithsup.evidence import chosen, status
from sithsup.model import CertificateState
from sithsup.steps import SENTENCE

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence import World

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tested:
    """What was found of one new certificate."""

    signs: bool | None
    """Whether its key signs; None where that was not tried: it would have taken a code, or the card was gone."""
    is_trusted: bool
    """Whether it leads to an anchor of the campaign."""
    status: CertificateState
    """UNKNOWN also where nobody could be asked."""

    @property
    def works(self) -> bool | None:
        """Whether everything is well; None when nothing is wrong and something is not known."""
        if self.signs is False or not self.is_trusted or self.status is CertificateState.REVOKED:
            return False
        return True if self.signs and self.status is CertificateState.GOOD else None


def new_certificates(world: World) -> tuple[Certificate, ...]:
    """The new certificates that are on the card, in the campaign's order."""
    found = (chosen(world, target) for target in world.campaign.wanted)
    return tuple(c.certificate for c in found if c and c.on_card)


def self_test(world: World, certificates: tuple[Certificate, ...]) -> tuple[Tested, ...]:
    """Test every new certificate, in this order; one signature for each key."""
    signatures: dict[bytes, bytes | None] = {}
    for certificate in certificates:
        if certificate.public_key not in signatures:
            signatures[certificate.public_key] = _signature(world, certificate)
    return tuple(_tested(world, each, signatures[each.public_key]) for each in certificates)


def _tested(world: World, certificate: Certificate, signature: bytes | None) -> Tested:
    campaign = world.campaign
    path = path_to_anchor(certificate.der, campaign.issuers, campaign.anchors, world.clock())
    signs = None if signature is None else verify(certificate.der, SENTENCE, signature)
    return Tested(signs, not path.problems, _status(world, certificate))


def _signature(world: World, certificate: Certificate) -> bytes | None:
    """The sentence, signed through the card; None where that cannot be had without a code, or not at all."""
    try:
        pair = world.contents.key_pair(certificate.public_key)
        if not (pair and pair.private) or pair.private.always_authenticate or not world.card.is_open(pair.token):
            return None
        return world.card.sign(certificate.public_key, SENTENCE)
    except CardError as error:
        _log.info("not tested: %s", error)
        return None


def _status(world: World, certificate: Certificate) -> CertificateState:
    try:
        return status(world, certificate).state
    except AuthorityError as error:
        _log.info("status not known: %s", error)
        return CertificateState.UNKNOWN
