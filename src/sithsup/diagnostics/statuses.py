"""What the status services say of the campaign's issuers and of the card's old certificates: each place is asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from sithsup.ca import status
from sithsup.ca.passage import Passage, Step, explained, is_late, still_under_way
from sithsup.ca.transport import HttpTransport
from sithsup.certificate import Certificate
from sithsup.diagnostics.passages import require_usable_proxies
from sithsup.diagnostics.together import together
from sithsup.errors import AuthorityError, AuthorityUnreachableError
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.scene import Scene
    from sithsup.model import CertificateStatus

SECONDS, LONGEST, CARD_SECONDS = 4.0, 4.5, 2.0
"""For one answer; for all of them; for the card to show its certificates, before they are asked about."""


class Place(NamedTuple):
    """One place to ask: a service at an address, about what one issuer has issued."""

    issuer: str
    service: str
    address: str


class Question(NamedTuple):
    """A place, and the certificate that it is asked about there."""

    place: Place
    certificate: Certificate
    way: status.Way
    passage: Passage


class Told(NamedTuple):
    """What came of a question."""

    question: Question
    clock: datetime
    """This computer's time then."""
    status: CertificateStatus | None = None
    error: AuthorityError | None = None

    @property
    def is_long(self) -> bool:
        """Whether an answer came that is too long to be waited for here, as large revocation lists are."""
        return Step.ANSWERED in self.question.passage.took and is_late(self.error)


def asked(certificates: Iterable[Certificate], campaign: Campaign, scene: Scene) -> tuple[Told, ...]:
    """Ask every place that these certificates name, once for each issuer, all at once."""
    questions: dict[Place, Question] = {}
    for question in _questions(certificates, campaign):
        questions.setdefault(question.place, question)
    asks = {place: partial(_told, question, campaign, scene) for place, question in questions.items()}
    answers = together(asks, LONGEST)
    return tuple(answers.get(place) or _late(question, scene) for place, question in questions.items())


def _questions(certificates: Iterable[Certificate], campaign: Campaign) -> Iterator[Question]:
    issuers = {issuer.subject: issuer for issuer in map(Certificate.parse, campaign.issuers)}
    for certificate in certificates:
        issuer = issuers.get(certificate.issuer)
        if issuer is None or issuer == certificate:
            continue
        for way in status.ways(certificate.der, issuer.der):
            place = Place(certificate.issuer_common_name, way.service, way.address)
            yield Question(place, certificate, way, Passage(way.address))


def _told(question: Question, campaign: Campaign, scene: Scene) -> Told:
    passage = question.passage
    with HttpTransport(passage.address, campaign.anchors, proxy=scene.settings.proxy, seconds=SECONDS) as way:

        def fetch(address: str, body: bytes | None) -> bytes:
            try:
                return way.fetch(address, body, seconds=SECONDS, watch=passage.watch)
            except (ConnectionError, TimeoutError) as error:
                raise AuthorityUnreachableError(str(error), address=address) from error

        try:
            told = question.way.ask(fetch, scene.clock())
        except AuthorityError as error:
            return Told(question, scene.clock(), error=explained(passage, error))
    return Told(question, scene.clock(), told)


def _late(question: Question, scene: Scene) -> Told:
    return Told(question, scene.clock(), error=still_under_way(question.passage))


def told(scene: Scene) -> tuple[Told, ...]:
    """All of it, as far as there is a campaign. Raises `ProxyUnusableError`."""
    require_usable_proxies(scene)
    campaign = scene.campaign
    if campaign is None:
        return ()
    issuers = tuple(map(Certificate.parse, campaign.issuers))
    asks: dict[str, Callable[[], tuple[Told, ...]]] = {
        "issuers": partial(asked, issuers, campaign, scene),
        "card": lambda: asked(_on_cards(scene), campaign, scene),
    }
    return tuple(each for answers in together(asks, CARD_SECONDS + LONGEST + 0.5).values() for each in answers)


def _on_cards(scene: Scene) -> list[Certificate]:
    """Those for authentication first: one of each issuer is asked about."""
    found = (found.certificate for card in scene.cards_within(CARD_SECONDS) for found in card.certificates)
    return sorted(found, key=lambda certificate: certificate.role is not KeyRole.AUTHENTICATION)
