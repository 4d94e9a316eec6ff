"""The certificates on the card: new ones written beside the old, proven, and in the end the old ones removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.certificate import verify
from sithsup.errors import AuthorityBusyError, ProofFailedError, StepNotSeenError
from sithsup.evidence import (
    Fate,
    World,
    candidates,
    chosen,
    lost_others,
    ours_on_card,
    spent_on_card,
    status,
    strays,
    target_key,
)
from sithsup.model import CertificateState, Seen
from sithsup.steps.common import fold, made_key, ordered_certificate
from sithsup.steps.lost import put_others_back

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.model import CardObject, Target

SENTENCE = "Med den här underskriften visar jag att de nya certifikaten på mitt kort fungerar.".encode()
"""What the new keys sign to prove themselves: always this, and readable, never random bytes."""


LOOKS, BETWEEN_LOOKS = 5, 2.0
"""How often the status of the new certificates is asked after their confirmation, and the seconds between."""


# --------------------------------------------------------------------------------------- write-certificates


def write_certificates(world: World) -> None:
    """Write what belongs on the card beside what is there; certificates of ours known to be dead go first."""
    for dead in _dead_on_card(world):
        world.card.destroy(dead)
    for target in world.campaign.wanted:
        pair, wanted = made_key(world, target), ordered_certificate(world, target)
        label = wanted.certificate.common_name
        if wanted.on_card is None:
            world.card.write_certificate(target.role, wanted.certificate.der, pair.key_id, label)
        elif wanted.on_card.found.key_id != pair.key_id:
            world.card.rename(wanted.on_card.found, pair.key_id, label)


def has_certificates(world: World) -> Seen:
    """See, per target, the certificate on the card, byte for byte and paired with its key, and no dead one."""
    if _dead_on_card(world):
        return Seen.DEAD
    return fold(_certificate_state(world, target) for target in world.campaign.wanted)


def _certificate_state(world: World, target: Target) -> Seen:
    pair, wanted = target_key(world, target), chosen(world, target)
    if wanted and wanted.on_card:
        return Seen.LIVE if pair and wanted.on_card.found.key_id == pair.key_id else Seen.DEAD
    return Seen.UNKNOWN if any(c.on_card for c in candidates(world, target)) else Seen.ABSENT


def erase_certificates(world: World) -> None:
    """Take every certificate of ours off the card again."""
    for seen in ours_on_card(world):
        world.card.destroy(seen.found)
    if ours_on_card(world):
        raise StepNotSeenError(step="write-certificates")


def _dead_on_card(world: World) -> tuple[CardObject, ...]:
    """Certificates of ours that are known to be dead, or whose key is gone. UNKNOWN ones are not among them."""
    known = [c for target in world.campaign.wanted for c in candidates(world, target)]
    alive = {c.certificate.der for c in known if c.fate is not Fate.DEAD}
    return tuple(c.found for c in ours_on_card(world) if c.certificate.der not in alive)


# --------------------------------------------------------------------------------------- prove-new-identity


def sign_and_verify(world: World) -> None:
    """Sign the sentence with each new key; verify it under each certificate as it was read back from the card."""
    signatures: dict[bytes, bytes] = {}
    for target in world.campaign.wanted:
        public_key = made_key(world, target).public_key
        if public_key not in signatures:
            signatures[public_key] = world.card.sign(public_key, SENTENCE)
        read_back = ordered_certificate(world, target).on_card
        if not (read_back and verify(read_back.found.value, SENTENCE, signatures[public_key])):
            raise ProofFailedError(certificate=target.name)


# ---------------------------------------------------------------------------------- remove-old-certificates


def remove_old(world: World) -> None:
    """Remove the old certificates one by one, once the status service calls every new one good.

    What goes is decided before anything is asked anew: an answer that is lost from here on must not make a new
    certificate look as if it did not belong on the card.
    """
    new = [ordered_certificate(world, target) for target in world.campaign.wanted]
    doomed = (*spent_on_card(world), *strays(world))
    if not all(each.on_card for each in new):
        raise StepNotSeenError(step="write-certificates")
    _require_good(world, [each.certificate for each in new])
    world.journal.remember_certificates(world.contents.certificates)
    for seen in doomed:
        world.card.destroy(seen.found)
    put_others_back(world)  # now that there is room


def old_removed(world: World) -> Seen:
    """See no old certificate that is not kept, none of ours that was superseded, and nothing lost that stays."""
    return Seen.ABSENT if spent_on_card(world) or strays(world) or lost_others(world) else Seen.LIVE


def _require_good(world: World, new: list[Certificate]) -> None:
    """See every new certificate called good; a status service may need a moment after the confirmation."""
    for _ in range(LOOKS):
        world.statuses.clear()  # what was known before says nothing now
        states = {answer.state for answer in world.executor.map(lambda each: status(world, each), new)}
        if states <= {CertificateState.GOOD}:
            return
        if CertificateState.REVOKED in states:
            raise StepNotSeenError("a new certificate is revoked", step="confirm-certificates")
        world.pause(BETWEEN_LOOKS)
    raise AuthorityBusyError("the status service does not know the new certificates yet")
