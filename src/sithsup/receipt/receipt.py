"""The receipt as a value, made from what is seen when an upgrade has ended.

* No personal identity number, no HSA-id and no name of a person is in it: a certificate is told by issuer, use, kind
  and serial number.
* Whatever this computer cannot know, because the upgrade was begun on another one, is said to be unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.evidence import is_held, is_kept, is_old, old_on_card, was_begun_elsewhere
from sithsup.model import KeyRole, SubjectKind
from sithsup.receipt.active_directory import alt_security_identity

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sithsup.campaign import Campaign, Text
    from sithsup.certificate import Certificate
    from sithsup.evidence import World
    from sithsup.model import AcceptedTerms
    from sithsup.self_test import Tested


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate, without anything that tells whose it is."""

    issuer: str
    role: KeyRole | None
    subject: SubjectKind | None
    serial_number: str
    """In hex, as IT support reads it."""
    not_before: datetime
    not_after: datetime
    opens_mail: bool

    @property
    def last_day(self) -> date:
        """The last day on which it is valid, in this computer's own zone."""
        return self.not_after.astimezone().date()


@dataclass(frozen=True, slots=True)
class Mapping:
    """What Active Directory calls a certificate (altSecurityIdentities)."""

    entry: Entry
    value: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """All that a person, and their IT support, may want to know of a finished upgrade."""

    case_code: str
    at: datetime
    card_number: str | None
    campaign: str
    campaign_version: int
    title: Text
    level_before: int | None
    level_after: int | None
    written: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    removed_is_known: bool
    """Whether nothing else can have been removed: the upgrade was begun on this computer."""
    kept: tuple[Entry, ...]
    mail_kept: tuple[Entry, ...]
    """Those among them that the campaign leaves on the card for old encrypted e-mail."""
    has_terms: bool
    terms: AcceptedTerms | None
    """None also where they were accepted on another computer."""
    terms_text: Text | None
    """Their wording; None also where the campaign has other terms now."""
    log_in_with: Entry | None
    """The certificate to choose at work."""
    tests: tuple[Tested, ...]
    """In the order of `written`; empty as long as nothing was tested."""
    mappings: tuple[Mapping, ...]
    old_keys_left: int
    given_up: tuple[str, ...]
    """The issuers of what went missing from the card and could not be put back."""
    afterwards: Text | None
    local_it: str

    @property
    def works(self) -> bool | None:
        """Whether log-in and signature work, as far as the self-test could tell."""
        found = {test.works for test in self.tests}
        if False in found:
            return False
        return True if found == {True} else None

    @property
    def tested(self) -> tuple[tuple[Entry, Tested], ...]:
        """What was found of each new certificate; empty as long as nothing was tested."""
        return tuple(zip(self.written, self.tests, strict=True)) if self.tests else ()

    @property
    def last_day(self) -> date | None:
        """Until when all new certificates are valid."""
        return min((each.last_day for each in self.written), default=None)

    @property
    def last_day_before(self) -> date | None:
        """Until when those that they replace were valid, the one that lives longest."""
        return max((each.last_day for each in self.removed), default=None)

    @property
    def is_as_long(self) -> bool:
        """Whether every new certificate ends on the same day as what it replaces: as a rule with the card."""
        return bool(self.written) and {each.last_day for each in self.written} == {self.last_day_before}

    @property
    def is_shorter(self) -> bool:
        """Whether a new certificate ends before what it replaces."""
        return bool(self.last_day and self.last_day_before and self.last_day < self.last_day_before)


def entry(certificate: Certificate) -> Entry:
    """A certificate as a receipt tells it."""
    return Entry(
        issuer=certificate.issuer_common_name,
        role=certificate.role,
        subject=certificate.identity.kind if certificate.identity else None,
        serial_number=f"{certificate.serial_number:x}",
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        opens_mail=certificate.opens_mail,
    )


def make_receipt(world: World, new: tuple[Certificate, ...], case_code: str, local_it: str) -> Receipt:
    """Make the receipt of an upgrade that has just ended, while the journal is still there; nothing is tested yet."""
    campaign, contents = world.campaign, world.contents
    removed, kept = _removed(world), _kept(world, new)
    written = tuple(entry(certificate) for certificate in new)
    return Receipt(
        case_code=case_code,
        at=world.clock(),
        card_number=contents.number,
        campaign=campaign.id,
        campaign_version=campaign.version,
        title=campaign.title,
        level_before=_level(campaign, (*removed, *(c.certificate for c in old_on_card(world)))),
        level_after=_level(campaign, new),
        written=written,
        removed=tuple(entry(certificate) for certificate in removed),
        removed_is_known=not was_begun_elsewhere(world),
        kept=tuple(entry(certificate) for certificate in kept),
        mail_kept=tuple(entry(certificate) for certificate in kept if _is_for_old_mail(world, certificate)),
        has_terms=campaign.terms is not None,
        terms=world.journal.terms,
        terms_text=_terms_text(world),
        log_in_with=_for_work(written),
        tests=(),
        mappings=tuple(Mapping(entry(c), alt_security_identity(c)) for c in new if c.role is KeyRole.AUTHENTICATION),
        old_keys_left=len({c.public_key for c in removed if is_held(world, c)} - {c.public_key for c in new}),
        given_up=tuple(known.certificate.issuer_common_name for known in world.given_up),
        afterwards=campaign.words.afterwards,
        local_it=local_it,
    )


def _removed(world: World) -> tuple[Certificate, ...]:
    """The old certificates that this computer has seen on the card and that are not there any more."""
    on_card = {c.certificate.der for c in world.contents.certificates}
    known = {c.certificate.der: c.certificate for c in world.journal.certificates()}
    return tuple(each for der, each in known.items() if der not in on_card and is_old(world, each))


def _kept(world: World, new: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
    """Every certificate of a person that is on the card beside the new ones."""
    written = {certificate.der for certificate in new}
    found = {c.certificate.der: c.certificate for c in world.contents.certificates if c.certificate.role}
    return tuple(certificate for der, certificate in found.items() if der not in written)


def _is_for_old_mail(world: World, certificate: Certificate) -> bool:
    """Whether an old certificate that opens e-mail is still there, and its key."""
    return is_kept(world, certificate) and certificate.opens_mail and is_held(world, certificate)


def _level(campaign: Campaign, certificates: Iterable[Certificate]) -> int | None:
    """The level of assurance of what these issuers have issued; None where the campaign does not tell."""
    known = (campaign.levels.get(certificate.issuer_common_name) for certificate in certificates)
    return max((level for level in known if level is not None), default=None)


def _terms_text(world: World) -> Text | None:
    """The wording of the terms that were accepted: it stands in the campaign, which the journal has kept."""
    terms, accepted = world.campaign.terms, world.journal.terms
    return terms.text if terms and accepted and accepted.version == terms.version else None


def _for_work(written: tuple[Entry, ...]) -> Entry | None:
    """The certificate for authentication that names its holder by HSA-id; else whichever there is."""
    found = [each for each in written if each.role is KeyRole.AUTHENTICATION]
    return min(found, key=lambda each: each.subject is not SubjectKind.HSA_ID, default=None)
