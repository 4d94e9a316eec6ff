"""What became of a certificate: read off signed messages and the status service.

An issued but unconfirmed certificate may look good to a status service. `good` counts as confirmed only when the
longest confirmation wait is over; or when the old authentication certificate is gone (nothing removes it earlier); or
when the old one that its confirmation retires is revoked (nothing retires it earlier).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.errors import AuthorityError
from sithsup.evidence.keys import matches
from sithsup.evidence.old import has_old_authentication, old_on_card
from sithsup.evidence.world import is_overdue, is_revoked, judge, settled_at, status
from sithsup.model import CertificateState, KeyRole

if TYPE_CHECKING:
    from sithsup.evidence.world import World
    from sithsup.model import Transaction


class Fate(StrEnum):
    """What became of a certificate that was issued for a key of ours."""

    CONFIRMED = "confirmed"
    PENDING = "pending"  # issued to this computer, suitable, and still to be confirmed
    UNKNOWN = "unknown"  # on the card, but nobody here can confirm it
    DEAD = "dead"  # rejected, revoked, forgotten, or not suitable


def fate_of_transaction(world: World, transaction: Transaction, *, is_alone: bool) -> Fate:
    """The fate of a certificate issued to this computer; `is_alone`: on the card, with no other for its target."""
    issued, reasons = judge(world, transaction)
    certificate = Certificate.parse(issued.certificate)
    if transaction.reject or reasons or (transaction.error and not transaction.confirm):
        return Fate.DEAD
    if transaction.error:  # it was told, and no longer knows: only the status service can say what became of it
        return fate_of_stranger(world, certificate)
    if transaction.confirmed:
        # Superseded by another computer meanwhile? Then it must not come back to the card.
        is_doubtful = not is_alone or certificate.der in world.statuses
        return Fate.DEAD if is_doubtful and is_revoked(world, certificate) else Fate.CONFIRMED
    if transaction.confirm or not is_overdue(world, transaction):
        return Fate.PENDING
    return Fate.DEAD


def fate_of_stranger(world: World, certificate: Certificate) -> Fate:
    """The fate of a certificate that lies on the card and whose transaction this computer does not know."""
    try:
        answer = status(world, certificate)
    except AuthorityError:
        return Fate.UNKNOWN if has_old_authentication(world) else Fate.CONFIRMED
    if answer.state is CertificateState.REVOKED:
        return Fate.DEAD
    is_late = answer.at > settled_at(world, certificate)
    is_good = answer.state is CertificateState.GOOD
    is_certain = is_late or not has_old_authentication(world) or (is_good and _was_heard(world, certificate))
    return Fate.CONFIRMED if is_good and is_certain else Fate.UNKNOWN


def _was_heard(world: World, certificate: Certificate) -> bool:
    """Whether the authority has retired, since, what it retires no earlier than at this certificate's confirmation."""
    if world.campaign.replaces_one_by_one:
        retired = [c.certificate for c in old_on_card(world) if _is_updated(c.certificate, certificate)]
        return bool(retired) and all(is_revoked(world, each) for each in retired)
    retired = [c.certificate for c in old_on_card(world) if c.certificate.role is KeyRole.AUTHENTICATION]
    is_first = any(matches(target, certificate) for target in world.campaign.confirmation_rounds[0])
    return is_first and all(is_revoked(world, each) for each in retired)


def _is_updated(old: Certificate, new: Certificate) -> bool:
    """Whether the old one is of the same role and kind of subject as the new one."""
    return (old.role, old.identity and old.identity.kind) == (new.role, new.identity and new.identity.kind)
