"""Room on the card: which old certificates may be lifted off it for a while, and which ones are.

Only those for signatures are ever lifted: the old identity for authentication stays where it is until the new one was
confirmed. This computer's journal holds what was lifted, byte for byte; no other computer can put it back.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sithsup.campaign import OldKeys, RevokeOld
from sithsup.card.contents import card_contents
from sithsup.evidence.certificates import lost_old
from sithsup.evidence.line import was_begun_elsewhere
from sithsup.evidence.old import is_kept, is_old, old_on_card
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import CardCertificate, SubjectKind


def old_signatures(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates for signatures that are on the card."""
    return tuple(c for c in old_on_card(world) if c.certificate.role is KeyRole.SIGNATURE)


def lifted(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates for signatures that this computer keeps and that are not on the card now."""
    return tuple(c for c in lost_old(world) if c.certificate.role is KeyRole.SIGNATURE)


def may_lift(world: World) -> bool:
    """Whether they may be lifted: whoever finishes can do without them, and whoever looks can see that they are away.

    Not where a campaign needs them on whichever computer finishes: to update them (kur), to certify their key again, to
    have them revoked, or to know their keys in the end. Not where it keeps them, nor where it makes nothing for
    signatures in their place. Not where the token for signatures is known by them alone.
    """
    doomed = {c.found for c in old_signatures(world)}
    left = card_contents(
        (token.info, tuple(o for o in token.objects if o not in doomed)) for token in world.contents.tokens
    )
    campaign = world.campaign
    is_needed = campaign.replaces_one_by_one or campaign.revoke_old is RevokeOld.CLIENT
    is_needed = is_needed or campaign.old_keys is OldKeys.DESTROY or not campaign.new_keys_of(KeyRole.SIGNATURE)
    is_needed = is_needed or any(is_kept(world, c.certificate) for c in old_signatures(world))
    old = [c.certificate for c in old_on_card(world)]
    is_regular = _kinds(old, KeyRole.AUTHENTICATION) == _kinds(old, KeyRole.SIGNATURE)
    return bool(doomed) and is_regular and not is_needed and left.token_for(KeyRole.SIGNATURE) is not None


def is_lifted_elsewhere(world: World) -> bool:
    """Whether old certificates for signatures may lie in another computer's journal, and nowhere else.

    They are lifted only off cards that have as many of each kind as for authentication. Where this computer saw the
    card before anything of ours was on it, its own journal holds them all.
    """
    if KeyRole.SIGNATURE not in world.campaign.roles or not was_begun_elsewhere(world):
        return False
    if world.journal.was_untouched:
        return False
    known = (c.certificate for c in (*world.contents.certificates, *world.journal.certificates()))
    old = list({c.der: c for c in known if is_old(world, c)}.values())
    return bool(_kinds(old, KeyRole.AUTHENTICATION) - _kinds(old, KeyRole.SIGNATURE))


def _kinds(certificates: list[Certificate], role: KeyRole) -> Counter[tuple[str, SubjectKind | None]]:
    """How many certificates of a role there are of each issuer and kind of subject."""
    found = (c for c in certificates if c.role is role)
    return Counter((c.issuer_common_name, c.identity.kind if c.identity else None) for c in found)
