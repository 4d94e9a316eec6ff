"""The world that the steps work on, and what was asked and told: statuses and answers, each judged once a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sithsup.ca import trust
from sithsup.ca.path import path_to_anchor
from sithsup.certificate import Certificate
from sithsup.errors import AuthorityError, IssuerUnknownError
from sithsup.model import CertificateState, CertificateStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from datetime import datetime

    from sithsup.ca.authority import Authority
    from sithsup.campaign import Campaign
    from sithsup.card.session import Card
    from sithsup.journal import Journal
    from sithsup.model import CardCertificate, CardContents, Clock, Issued, Transaction


@dataclass
class World:
    """What the steps work on. What was asked of the authority in this run is kept, so that nothing is asked twice."""

    card: Card
    authority: Authority
    journal: Journal
    campaign: Campaign
    clock: Clock
    executor: Executor
    """Sends several messages at once."""
    pause: Callable[[float], None]
    """Waits for so many seconds."""
    statuses: dict[bytes, CertificateStatus | AuthorityError] = field(default_factory=dict)
    judged: dict[bytes, tuple[Issued, tuple[str, ...]]] = field(default_factory=dict)
    broken: set[bytes] = field(default_factory=set)
    """Public keys whose private keys are listed on the card and yet cannot sign."""
    given_up: list[CardCertificate] = field(default_factory=list)
    """What went missing from the card and could not be put back."""

    @property
    def contents(self) -> CardContents:
        """What is on the card now."""
        return self.card.contents


def read_issued(world: World, transaction: Transaction) -> Issued | None:
    """The journalled answer of a transaction, read again; None where there is none that can be trusted."""
    if transaction.issued is None:
        return None
    try:
        return judge(world, transaction)[0]
    except AuthorityError:
        return None


def judge(world: World, transaction: Transaction) -> tuple[Issued, tuple[str, ...]]:
    """An issued certificate, and every reason why it does not belong on this card (design section 6)."""
    assert transaction.issued  # noqa: S101  callers look first
    der = transaction.issued.der
    if der not in world.judged:
        issued = world.authority.read_issued(transaction.asked, transaction.issued)
        target = next(target for target in world.campaign.wanted if target.name == transaction.target)
        reasons = trust.mismatches(
            issued.certificate,
            public_key=transaction.public_key,
            target=target,
            known=tuple(c.certificate for c in (*world.contents.certificates, *world.journal.certificates())),
            chain=issued.extra_certificates,
            anchors=world.campaign.anchors,
            at=issued.at,
        )
        world.judged[der] = (issued, reasons)
    return world.judged[der]


def is_overdue(world: World, transaction: Transaction) -> bool:
    """Whether the authority has given up waiting. Only lengths of time are compared, so no clock need be right."""
    issued = judge(world, transaction)[0]
    assert transaction.issued_at  # noqa: S101  it has an answer
    allowed = issued.confirm_by - issued.at if issued.confirm_by else world.campaign.confirm_wait_max
    return world.clock() - transaction.issued_at >= allowed


def settled_at(world: World, certificate: Certificate) -> datetime:
    """From when on the status tells for certain whether a certificate was confirmed."""
    return certificate.not_before + world.campaign.confirm_wait_max + world.campaign.status_lag_max


def status(world: World, certificate: Certificate) -> CertificateStatus:
    """What the status service says; asked once a run. Raises `AuthorityError` when it cannot be told."""
    if certificate.der not in world.statuses:
        try:
            world.statuses[certificate.der] = ask_status(world, certificate)
        except AuthorityError as error:
            world.statuses[certificate.der] = error
    answer = world.statuses[certificate.der]
    if isinstance(answer, AuthorityError):
        raise answer
    return answer


def ask_status(world: World, certificate: Certificate) -> CertificateStatus:
    """What the status service says at this moment; not kept. Raises `AuthorityError` when it cannot be told."""
    known = (*world.campaign.issuers, *_issuers_on_the_way(world))
    issuer = next((der for der in known if Certificate.parse(der).subject == certificate.issuer), None)
    if issuer is None:
        raise IssuerUnknownError(issuer=certificate.issuer_common_name)
    return world.authority.status(certificate.der, issuer)


def _issuers_on_the_way(world: World) -> Iterator[bytes]:
    """Every issuer between a certificate of this computer's and an anchor, DER.

    Only these of all that came along: extraCerts are not protected, and whoever is believed as an issuer may call a
    certificate good, or revoked.
    """
    for issued, _ in tuple(world.judged.values()):
        path = path_to_anchor(issued.certificate, issued.extra_certificates, world.campaign.anchors, issued.at)
        if not path.problems:
            yield from path.certificates[1:]


def is_revoked(world: World, certificate: Certificate) -> bool:
    """Whether the status service calls a certificate revoked; not, when it does not answer."""
    try:
        return status(world, certificate).state is CertificateState.REVOKED
    except AuthorityError:
        return False
