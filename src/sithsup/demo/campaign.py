"""The demo's own campaign: the demo's authorities, a window around now, one target for each profile that upgrades."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.campaign import AuthorityData, Campaign, Contacts, TargetData, Window
from sithsup.demo import profiles
from sithsup.demo.profiles import PROFILES
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.demo.hierarchy import Hierarchy

CMP_PATH = "/.well-known/cmp"
_OPEN_BEFORE = timedelta(days=1)
_OPEN_AFTER = timedelta(days=90)
_MARGIN = timedelta(minutes=2)
"""What the longest wait is longer than the authority's own: its clock and ours may differ, and a message takes time."""


def demo_campaign(hierarchy: Hierarchy, now: datetime, confirm_wait: timedelta, query_oid: str) -> Campaign:
    """Compose the campaign; `confirm_wait` is how long the authority waits for a confirmation."""
    return Campaign(
        format=1,
        id="demo",
        version=1,
        title="TEST: the demo's campaign",
        window=Window(opens=now - _OPEN_BEFORE, closes=now + _OPEN_AFTER),
        source_issuers=(profiles.TYPE_1,),
        spare_issuers=(profiles.HSA_ID_2,),
        targets=tuple(_target(profile) for profile in PROFILES.values() if profile.upgrades),
        confirm_wait_max=confirm_wait + _MARGIN,
        authority=AuthorityData(address=hierarchy.url + CMP_PATH, query_oid=query_oid),
        trust_anchors=(_pem(hierarchy, profiles.ROOT_2),),
        intermediates=tuple(
            _pem(hierarchy, name) for name in (profiles.HSA_ID_3, profiles.PERSON_ID_3, profiles.TYPE_1)
        ),
        contacts=Contacts(
            deputy_issuer="Utfärda Påhittad, 000-00 00 00, utfardare@example.org",
            local_it="Hjälpa Låtsasson, 000-00 00 01, it@example.org",
        ),
    )


def _target(profile: profiles.Profile) -> TargetData:
    return TargetData(
        name=profile.name,
        role=profile.role,
        subject=profile.subject,
        issuer=profile.issuer,
        profile=profile.name,
        algorithm=KeyAlgorithm.RSA_2048,
    )


def _pem(hierarchy: Hierarchy, name: str) -> str:
    return hierarchy.authorities[name].certificate.public_bytes(Encoding.PEM).decode("ascii")
