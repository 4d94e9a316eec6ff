"""Having the old certificates revoked (RFC 9483, section 4.2), where the campaign leaves that to this program.

Those for signatures go first, that for authentication last, and all before any is removed: revoking one takes its key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.campaign import RevokeOld, RevokeSignedBy
from sithsup.errors import AuthorityBusyError, AuthorityRefusedError, TransactionUnknownError
from sithsup.evidence import is_revoked, old_on_card, signer, signer_with
from sithsup.model import Message, MessageKind, Seen
from sithsup.steps.confirmations import confirmed

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.certificate import Certificate
    from sithsup.errors import AuthorityError
    from sithsup.evidence import World

ALREADY = "certRevoked"


def revokes_old(campaign: Campaign) -> int:
    """Whether a campaign leaves it to this program to have the old certificates revoked."""
    return campaign.revoke_old is RevokeOld.CLIENT


def revoke_old(world: World) -> None:
    """Ask the authority to revoke each old certificate that is still valid."""
    for old in _not_revoked(world):
        _revoke(world, old)


def old_revoked(world: World) -> Seen:
    """See that every old certificate is revoked; never before the confirmation."""
    return Seen.LIVE if confirmed(world) is Seen.LIVE and not _not_revoked(world) else Seen.ABSENT


def _not_revoked(world: World) -> tuple[Certificate, ...]:
    valid = (c.certificate for c in old_on_card(world) if c.certificate.not_after > world.clock())
    return tuple(old for old in valid if not (_is_acknowledged(world, old) or is_revoked(world, old)))


def _is_acknowledged(world: World, old: Certificate) -> bool:
    said = world.journal.revocation(old)
    return said is not None and said.kind is MessageKind.REVOKED


def _revoke(world: World, old: Certificate) -> None:
    """Send the request that was announced and not answered, else a new one."""
    said = world.journal.revocation(old)
    message = said if said and said.kind is MessageKind.REVOKE else _announce(world, old)
    try:
        answer = world.authority.revoke(message)
    except (AuthorityRefusedError, TransactionUnknownError) as error:
        world.journal.remember(old.fingerprint, Message(MessageKind.ERROR, message.transaction, str(error).encode()))
        _accept_if_revoked(world, old, error)
    else:
        world.journal.remember(old.fingerprint, answer)


def _accept_if_revoked(world: World, old: Certificate, error: AuthorityError) -> None:
    """That it was revoked before is a success when its status says so; until then there is nothing but to wait."""
    world.statuses.pop(old.der, None)
    if is_revoked(world, old):
        return
    if isinstance(error, AuthorityRefusedError) and ALREADY in error.fail_info:
        raise AuthorityBusyError(f"said to be revoked, and its status does not show it yet: {error}") from error
    raise error


def _announce(world: World, old: Certificate) -> Message:
    by_itself = world.campaign.revoke_signed_by is RevokeSignedBy.SAME
    sender = signer_with(world, old) if by_itself else signer(world)
    message = world.authority.compose_revocation(old, sender)
    world.journal.remember(old.fingerprint, message)
    return message
