"""Room on the card: which old certificates may be lifted off it for a while, and which ones are.

Only those for signatures are ever lifted: the old identity for authentication stays where it is until the new one was
confirmed. This computer's journal holds what was lifted, byte for byte; no other computer can put it back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.campaign import RevokeOld
from sithsup.card.contents import card_contents
from sithsup.evidence.line import was_begun_elsewhere
from sithsup.evidence.old import is_old, old_on_card
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import CardCertificate


def old_signatures(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates for signatures that are on the card."""
    return tuple(c for c in old_on_card(world) if c.certificate.role is KeyRole.SIGNATURE)


def lifted(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates for signatures that this computer knows of and that are not on the card now."""
    on_card = {c.certificate.der for c in world.contents.certificates}
    known = (c for c in world.journal.certificates() if is_old(world, c.certificate))
    return tuple(c for c in known if c.certificate.role is KeyRole.SIGNATURE and c.certificate.der not in on_card)


def may_lift(world: World) -> bool:
    """Whether lifting them is possible and costs nothing but the journal.

    Not where a campaign needs them on whichever computer finishes: to update them (kur) or to have them revoked. And
    not where it is only by them that the token for signatures is known.
    """
    doomed = {c.found for c in old_signatures(world)}
    left = card_contents(
        (token.info, tuple(o for o in token.objects if o not in doomed)) for token in world.contents.tokens
    )
    is_needed = world.campaign.replaces_one_by_one or world.campaign.revoke_old is RevokeOld.CLIENT
    return bool(doomed) and not is_needed and left.token_for(KeyRole.SIGNATURE) is not None


def is_lifted_elsewhere(world: World) -> bool:
    """Whether old certificates for signatures may lie in another computer's journal, and nowhere else.

    An old card has as many kinds of them as of certificates for authentication.
    """
    if KeyRole.SIGNATURE not in world.campaign.roles or not was_begun_elsewhere(world):
        return False
    known = (c.certificate for c in (*world.contents.certificates, *world.journal.certificates()))
    old = [certificate for certificate in known if is_old(world, certificate)]
    return not _kinds(old, KeyRole.AUTHENTICATION) <= _kinds(old, KeyRole.SIGNATURE)


def _kinds(certificates: list[Certificate], role: KeyRole) -> set[tuple[str, object]]:
    return {(c.issuer_common_name, c.identity and c.identity.kind) for c in certificates if c.role is role}
