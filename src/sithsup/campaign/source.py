"""Where the campaign in force comes from, and what is to be done before it is believed.

* An address that the settings have in force (`Settings.of`) goes before the file; without one the file counts.
* The shipped one is trusted as the program is; every other one is signed under the anchor of the settings.
* A version older than the last accepted one of the same campaign is refused, wherever it comes from: the shipped one
  too, because what the newer one has stopped must not begin again when an address is taken away.
* An address that gave one campaign gives another one only if that was signed later: whoever can send old bytes must
  not bring back a campaign that is over.
* An address is asked at most every `FETCH_EVERY`, while the card process loads. Whatever comes of it, the last good
  campaign stays in use until there is a better one; only without any the person hears of it.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup import os_words
from sithsup.campaign.campaign import LARGEST, Campaign, read_file, refuse_long
from sithsup.campaign.store import Store
from sithsup.errors import (
    AuthorityError,
    CampaignOldError,
    CampaignUnreachableError,
    CampaignUntrustedError,
    SettingsInvalidError,
    SithsupError,
)
from sithsup.settings import variable_name
from sithsup.texts import resources, tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.campaign.signature import Signature
    from sithsup.model import Clock
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)

FETCH_EVERY = timedelta(minutes=15)
FETCH_SECONDS = 20.0
"""How long a first campaign is waited for."""
WAIT_SECONDS = 3.0
"""How long a newer one is waited for where there is one to go on with. What comes later is there the next time."""


class Origin(StrEnum):
    """Where a campaign was taken from."""

    SHIPPED = "shipped"
    FILE = "file"
    ADDRESS = "address"
    CACHE = "cache"  # what an address gave, or a file held, earlier


@dataclass(frozen=True, slots=True)
class Document:
    """A campaign that may be used, and why."""

    campaign: Campaign
    origin: Origin
    place: str
    """The path or the address."""
    signature: Signature | None
    """None of one that is part of the program."""


class Finder:
    """Looks for the campaign in force. `start`, do something else, then `document`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock = lambda: datetime.now(UTC),
        *,
        may_fetch: bool = True,
        download: Callable[[str], bytes] | None = None,
    ) -> None:
        """Without `may_fetch` an address is asked only where there is nothing else to go by."""
        self._settings, self._clock, self._may_fetch = settings, clock, may_fetch
        self._download = download or self._fetch
        self._store = Store(settings.data)
        self._fetched: Future[Document] | None = None
        self.known: Document | None = None
        """What is there without asking anybody."""
        self.failure: SithsupError | None = None
        """Why there is nothing better, or nothing at all."""

    def start(self) -> None:
        """Read what is there, and begin to fetch where it is time to. Raises nothing: `document` does."""
        try:
            self.known = self._at_hand()
        except SithsupError as error:
            self.failure = error
        if (address := self._settings.campaign_url) and self._is_due(address):
            self._store.note_try(address)
            self._fetched = Future()
            threading.Thread(target=self._run, args=(address, self._fetched), daemon=True).start()

    def check(self) -> None:
        """Raise what is wrong already, where nothing is under way that could mend it."""
        if self.known is None and self._fetched is None and self.failure:
            raise self.failure

    def document(self) -> Document:
        """The campaign in force. Raises a `ConfigurationError` where there is none."""
        if self._fetched:
            try:
                found = self._fetched.result(WAIT_SECONDS if self.known else FETCH_SECONDS + 1)
                self.failure = None
                return found
            except TimeoutError:
                self.failure = self._out_of_reach(tr("no answer"))
            except SithsupError as error:
                self.failure = error
        if self.known is None:
            raise self.failure or SithsupError("no campaign was looked for")
        if self.failure:
            _log.warning("the last good campaign stays in use: %s", self.failure)
        return self.known

    # ------------------------------------------------------------------------------------------ at hand

    def _at_hand(self) -> Document | None:
        path, address = self._settings.campaign, self._settings.campaign_url
        if address:
            cached = self._store.given(address)
            return self._accepted(cached, Origin.CACHE, address) if cached else None
        if is_shipped(path):
            campaign = Campaign.load(path)
            self._store.refuse_older(campaign, str(path))
            return Document(campaign, Origin.SHIPPED, str(path), None)
        return self._in_file(path)

    def _in_file(self, path: Path) -> Document:
        """The campaign in a file; where that is not to be used, the last good one that was there."""
        place = str(path)
        try:
            document = self._accepted(read_file(path), Origin.FILE, place)
        except SithsupError as error:
            kept = self._store.given(place)
            if not kept:
                raise
            self.failure = error
            return self._accepted(kept, Origin.CACHE, place)
        self._store.remember_given(place, document.campaign)
        return document

    def _accepted(self, document: bytes, origin: Origin, place: str) -> Document:
        campaign, signature = read_signed(document, self._anchors(), place)
        if origin is Origin.ADDRESS:
            self._refuse_earlier(campaign, signature, place)
        self._store.accept(campaign, document, place)
        return Document(campaign, origin, place, signature)

    def _refuse_earlier(self, campaign: Campaign, signature: Signature, place: str) -> None:
        """Compare another campaign with what the address gave last, as far as that is still believed."""
        last = self.known
        if last and last.signature and last.campaign.id != campaign.id and signature.at <= last.signature.at:
            problem = tr(
                "it is the campaign {id}, and was signed no later than {known}, which the same address gave before",
                id=campaign.id,
                known=last.campaign.id,
            )
            raise CampaignOldError(path=place, problem=problem)

    def _anchors(self) -> tuple[bytes, ...]:
        path = self._settings.campaign_anchor
        return load_anchors(path) if path else ()

    # ------------------------------------------------------------------------------------------- fetching

    def _is_due(self, address: str) -> bool:
        """A last try that is still to come shows a clock that was wrong."""
        ago = abs(self._clock().timestamp() - self._store.last_try(address))
        return self.known is None or (self._may_fetch and ago >= FETCH_EVERY.total_seconds())

    def _run(self, address: str, fetched: Future[Document]) -> None:
        try:
            found = self._download(address)
            document = self._accepted(found, Origin.ADDRESS, address)
            self._store.remember_given(address, document.campaign)
            fetched.set_result(document)
        except (AuthorityError, OSError) as error:
            problem = error.what if isinstance(error, AuthorityError) else tr("no answer")
            fetched.set_exception(self._out_of_reach(problem, str(error)))
        except BaseException as error:  # noqa: BLE001  told to whoever waits for it
            fetched.set_exception(error)

    def _fetch(self, address: str) -> bytes:
        from sithsup.ca.transport import HttpTransport  # noqa: PLC0415  nothing else here needs it

        with HttpTransport(address, proxy=self._settings.proxy, seconds=FETCH_SECONDS) as transport:
            return transport.fetch(address, largest=LARGEST)

    def _out_of_reach(self, problem: str, detail: str = "") -> CampaignUnreachableError:
        return CampaignUnreachableError(detail, address=self._settings.campaign_url, problem=problem)


def is_shipped(path: Path) -> bool:
    """Whether a campaign file is part of the program."""
    return path.parent == resources() / "campaigns"


def read_signed(document: bytes, anchors: tuple[bytes, ...], place: str) -> tuple[Campaign, Signature]:
    """A signed campaign and its signature. Raises `CampaignInvalidError`."""
    from sithsup.campaign import signature  # noqa: PLC0415  the shipped one needs none of it

    refuse_long(document, place)
    try:
        signed = signature.verify(document, anchors)
    except signature.SignatureRefusedError as error:
        raise CampaignUntrustedError(path=place, problem=str(error)) from error
    return Campaign.parse(signed.content, place), signed.signature


def load_anchors(path: Path, name: str = "") -> tuple[bytes, ...]:
    """The certificates in a PEM file, DER. Raises `SettingsInvalidError`, by this name or that of the setting."""
    from sithsup.campaign import signature  # noqa: PLC0415  as above

    try:
        return signature.read_anchors(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = os_words.reason(error) if isinstance(error, OSError) else tr("it holds no certificates")
        problem = reason if name else f"{path}: {reason}"
        name = name or variable_name("campaign_anchor")
        raise SettingsInvalidError(str(error), name=name, problem=problem) from error
