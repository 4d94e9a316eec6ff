"""What this computer remembers of campaigns: what was fetched last, and the newest version of each that was accepted.

    ID-VERSION.p7m      a campaign that was accepted, as it was signed; the highest version of an id counts
    HASH.address        the id of the campaign that an address gave last (its SHA-256)
    HASH.tried          its age is that of the last attempt to fetch

Every file is written beside its place and then put there, so that a campaign and the memory of its version are one. Of
two processes that accept two versions at once, each leaves its own, and the higher one counts: nothing is read, changed
and written back.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from glob import escape
from typing import TYPE_CHECKING

from sithsup.errors import CampaignOldError
from sithsup.texts import tr
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.campaign.campaign import Campaign

_log = logging.getLogger(__name__)

_ACCEPTED = ".p7m"
_TRIES = 5


class Store:
    """A folder in the program's data folder."""

    def __init__(self, data: Path) -> None:
        """Nothing is made yet."""
        self._folder = data / "campaigns"

    def refuse_older(self, campaign: Campaign, place: str) -> None:
        """Raise `CampaignOldError` where a newer version of a campaign was accepted before."""
        newest = max(self._accepted(campaign.id), default=0)
        if campaign.version < newest:
            too_low = campaign.version
            problem = tr(
                "it has version {version}, and version {newest} was used before", version=too_low, newest=newest
            )
            raise CampaignOldError(path=place, problem=problem)

    def accept(self, campaign: Campaign, document: bytes, place: str) -> None:
        """Keep a version of a campaign; raises `CampaignOldError` where a newer one was accepted before.

        The last good one goes only when the new one is there.
        """
        self.refuse_older(campaign, place)
        known = self._accepted(campaign.id)
        newest = max(known, default=0)
        is_kept = campaign.version == newest and _read(known[newest]) == document
        if is_kept or self._write(f"{campaign.id}-{campaign.version}{_ACCEPTED}", document):
            for version, path in known.items():
                if version < campaign.version:
                    path.unlink(missing_ok=True)

    def given(self, address: str) -> bytes:
        """The newest of the campaign that an address or a file gave last, as it was signed; empty where none is."""
        campaign = _read(self._folder / f"{_name(address)}.address").decode("ascii", "replace")
        for _ in range(_TRIES):  # another process may put a newer one in the place of what is being read
            known = self._accepted(campaign) if campaign else {}
            if not known or (document := _read(known[max(known)])):
                return document if known else b""
        return b""

    def remember_given(self, address: str, campaign: Campaign) -> None:
        """Remember which campaign an address or a file gave."""
        self._write(f"{_name(address)}.address", campaign.id.encode("ascii"))

    def last_try(self, address: str) -> float:
        """When an address was last tried, in seconds since 1970; 0 for never."""
        try:
            return (self._folder / f"{_name(address)}.tried").stat().st_mtime
        except OSError:
            return 0

    def note_try(self, address: str) -> None:
        """Remember that an address is tried now."""
        self._write(f"{_name(address)}.tried", b"")

    def _accepted(self, campaign: str) -> dict[int, Path]:
        """The versions of a campaign that were accepted, as a rule one. Of a folder that cannot be read, none."""
        found = {}
        with suppress(OSError):
            for path in self._folder.glob(f"{escape(campaign)}-*{_ACCEPTED}"):
                name, _, version = path.stem.rpartition("-")
                if name == campaign and version.isascii() and version.isdigit():
                    found[int(version)] = path
        return found

    def _write(self, name: str, content: bytes) -> bool:
        """Write, for the owner only. What cannot be written is forgotten: it must not keep anybody from a card."""
        try:
            write_whole(self._folder / name, content)
        except OSError as error:
            _log.warning("cannot remember of a campaign: %s", error)
            return False
        return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _name(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:24]
