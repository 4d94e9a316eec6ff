"""The ways to the authority and to the campaign, each tried once. Nothing is ordered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib import request

from sithsup.ca import tls
from sithsup.ca.passage import Passage, explained, still_under_way
from sithsup.ca.path import path_to_anchor
from sithsup.ca.transport import HttpTransport
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.diagnostics.together import together
from sithsup.diagnostics.values import foreign
from sithsup.eligibility import AuthorityTime
from sithsup.errors import AuthorityError, InterceptedError, ServerUntrustedError
from sithsup.settings import refuse_unusable_proxies
from sithsup.texts import tr

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.diagnostics.scene import Scene

SECONDS, LOOK_SECONDS = 4.0, 1.5
"""For one answer; for a look at who it is that cannot be trusted."""
LONGEST = 6.0
"""Seconds for all of it: a probe has a little more."""
AUTHORITY, CAMPAIGN = "authority", "campaign"


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of a way."""

    name: str
    passage: Passage
    error: AuthorityError | None = None
    hint: AuthorityTime | None = None
    """The time as the HTTP answer told it, which nobody has signed."""
    shown: tuple[Certificate, ...] = ()
    """The certificates that the server showed over https, believed or not."""
    is_anchored: bool = False
    """Whether the campaign's anchors vouch for the server."""


def tried(scene: Scene) -> tuple[Reached, ...]:
    """Try every way at once. Raises `ProxyUnusableError`."""
    require_usable_proxies(scene)
    campaign, settings = scene.campaign, scene.settings
    anchors = campaign.anchors if campaign else ()
    passages, asks = dict[str, Passage](), {}
    for name, address, own in (
        (AUTHORITY, settings.authority or (campaign.authority.address if campaign else None), anchors),
        (CAMPAIGN, settings.campaign_url, ()),
    ):
        if address:
            passages[name] = Passage(address)
            asks[name] = partial(_tried, name, passages[name], own, scene)
    answers = together(asks, LONGEST)
    return tuple(answers.get(name) or _late(name, passage) for name, passage in passages.items())


def require_usable_proxies(scene: Scene) -> None:
    """See that what the system says of proxies can be used, where no setting goes before it."""
    if scene.settings.proxy is None:
        refuse_unusable_proxies(request.getproxies())


def _late(name: str, passage: Passage) -> Reached:
    return Reached(name, passage, still_under_way(passage))


def _tried(name: str, passage: Passage, anchors: tuple[bytes, ...], scene: Scene) -> Reached:
    told: datetime | None = None
    failure: AuthorityError | None = None
    with HttpTransport(passage.address, anchors, proxy=scene.settings.proxy, seconds=SECONDS) as transport:
        try:
            told = transport.greet(SECONDS, passage.watch)
        except AuthorityError as error:
            failure = error
        is_foreign = isinstance(failure, ServerUntrustedError)
        chain = transport.shown_chain(LOOK_SECONDS) if is_foreign else passage.chain
    now = scene.clock()
    shown = _readable(chain)
    if isinstance(failure, ServerUntrustedError):
        failure = _interception(failure, shown, now) or failure
    return Reached(
        name,
        passage,
        explained(passage, failure),
        AuthorityTime(told, now, is_exact=True) if told else None,
        shown,
        is_anchored=bool(chain and path_to_anchor(chain[0], chain[1:], anchors, now).certificates),
    )


def _readable(chain: tuple[bytes, ...]) -> tuple[Certificate, ...]:
    found = []
    for der in chain:
        with suppress(UnreadableCertificateError):
            found.append(Certificate.parse(der))
    return tuple(found)


def _interception(
    failure: ServerUntrustedError, shown: tuple[Certificate, ...], now: datetime
) -> InterceptedError | None:
    """Name whoever vouches for a server that nobody else does; a certificate that has expired is another matter."""
    is_unknown = failure.values.get("problem") == tr(tls.UNKNOWN)
    if not (is_unknown and shown and shown[0].not_before <= now <= shown[0].not_after):
        return None
    issuer = shown[0].issuer_common_name or shown[0].issuer_organization
    return InterceptedError(failure.detail, issuer=foreign(issuer), problem=failure.values.get("problem"))
