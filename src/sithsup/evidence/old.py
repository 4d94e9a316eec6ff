"""The old identity: the certificates that the campaign replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import CardCertificate


def is_old(world: World, certificate: Certificate) -> bool:
    """Whether this certificate is one of those that the campaign replaces."""
    return not certificate.is_ca and certificate.issuer_common_name in world.campaign.source_issuers


def old_on_card(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates that are on the card; those for signatures first, so that authentication goes last."""
    found = [c for c in world.contents.certificates if is_old(world, c.certificate)]
    return tuple(sorted(found, key=lambda c: c.certificate.role is KeyRole.AUTHENTICATION))


def old_known(world: World, role: KeyRole) -> tuple[Certificate, ...]:
    """The old certificates of a role, on the card or remembered by this computer's journal."""
    known = (c.certificate for c in (*world.contents.certificates, *world.journal.certificates()))
    return tuple(each for each in known if is_old(world, each) and each.role is role)


def old_certificate(world: World, role: KeyRole) -> Certificate | None:
    """The old certificate of a role: the one on the card that lives longest, else the journal's copy of it."""
    for source in (world.contents.certificates, world.journal.certificates()):
        found = [c.certificate for c in source if is_old(world, c.certificate) and c.certificate.role is role]
        if found:
            return max(found, key=lambda certificate: certificate.not_after)
    return None


def has_old_authentication(world: World) -> bool:
    """Whether an old certificate for authentication is on the card."""
    return any(c.certificate.role is KeyRole.AUTHENTICATION for c in old_on_card(world))
