"""The old identity: the certificates that the campaign replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.campaign import EncryptedMail, OldCertificates
from sithsup.model import KeyRole, RequestBody

if TYPE_CHECKING:
    from sithsup.certificate import Certificate
    from sithsup.evidence.world import World
    from sithsup.model import CardCertificate, SubjectKind, Target


def is_old(world: World, certificate: Certificate) -> bool:
    """Whether this certificate is one of those that the campaign replaces."""
    return world.campaign.replaces(certificate)


def is_kept(world: World, certificate: Certificate) -> bool:
    """Whether this old certificate stays on the card, and so its key, when everything is done."""
    campaign = world.campaign
    is_for_mail = campaign.encrypted_mail is EncryptedMail.KEEP and certificate.opens_mail
    return is_old(world, certificate) and (campaign.old_certificates is OldCertificates.KEEP or is_for_mail)


def old_on_card(world: World) -> tuple[CardCertificate, ...]:
    """The old certificates that are on the card; those for signatures first, so that authentication goes last."""
    found = [c for c in world.contents.certificates if is_old(world, c.certificate)]
    return tuple(sorted(found, key=lambda c: c.certificate.role is KeyRole.AUTHENTICATION))


def spent_on_card(world: World) -> tuple[CardCertificate, ...]:
    """Those of them that go in the end."""
    return tuple(c for c in old_on_card(world) if not is_kept(world, c.certificate))


def old_certificate(world: World, role: KeyRole, subject: SubjectKind | None = None) -> Certificate | None:
    """The old certificate of a role, and of a kind of subject if asked: the one on the card that lives longest.

    Where the card shows none, it is the journal's copy.
    """
    for source in (world.contents.certificates, world.journal.certificates()):
        found = [c.certificate for c in source if is_old(world, c.certificate) and c.certificate.role is role]
        if subject is not None:
            found = [each for each in found if each.identity and each.identity.kind is subject]
        if found:
            return max(found, key=lambda certificate: certificate.not_after)
    return None


def replaced_by(world: World, target: Target) -> Certificate | None:
    """The old certificate that a target takes the place of; with kur it must be of the same kind of subject."""
    same = old_certificate(world, target.role, target.subject)
    return same if same or target.body is RequestBody.KUR else old_certificate(world, target.role)


def old_signer(world: World) -> Certificate | None:
    """The old certificate that signs for the others: with kur the one whose successor is confirmed last."""
    last = world.campaign.confirmation_rounds[-1][0]
    same = old_certificate(world, last.role, last.subject) if world.campaign.replaces_one_by_one else None
    return same or old_certificate(world, KeyRole.AUTHENTICATION)


def old_known(world: World, role: KeyRole) -> tuple[Certificate, ...]:
    """The old certificates of a role, on the card or remembered by this computer's journal."""
    known = (c.certificate for c in (*world.contents.certificates, *world.journal.certificates()))
    return tuple(each for each in known if is_old(world, each) and each.role is role)


def has_old_authentication(world: World) -> bool:
    """Whether an old certificate for authentication is on the card."""
    return any(c.certificate.role is KeyRole.AUTHENTICATION for c in old_on_card(world))
