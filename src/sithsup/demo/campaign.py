"""The demo's own campaign: the demo's authorities, a window around now, one target for each profile that upgrades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.campaign import (
    AuthorityData,
    Campaign,
    CardKind,
    CardRow,
    Codes,
    ContactData,
    Directory,
    Price,
    RevokeOld,
    RevokeSignedBy,
    TargetData,
    Terms,
    Text,
    Window,
    Words,
)
from sithsup.demo import profiles
from sithsup.demo.kinds import TELIA_MAKER
from sithsup.demo.people import CARD_NUMBER_PREFIX, SPARE_NUMBER_PREFIX, TELIA_NUMBER_PREFIX
from sithsup.demo.profiles import PROFILES
from sithsup.model import KeyAlgorithm, RequestBody, SubjectKind

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.knobs import Knobs

TERMS_VERSION = "demo-1"
CMP_PATH = "/.well-known/cmp"
_OPEN_BEFORE = timedelta(days=1)
_OPEN_AFTER = timedelta(days=90)
_MARGIN = timedelta(minutes=2)
"""What the longest wait is longer than the authority's own: its clock and ours may differ, and a message takes time."""

_MADE_NEW_SINCE = timedelta(days=180)
CARDS = (
    CardRow(kind=CardKind.ORDINARY, numbers=(CARD_NUMBER_PREFIX,), labels=("TEST SITHS kort",)),
    CardRow(
        kind=CardKind.SPARE,
        numbers=(SPARE_NUMBER_PREFIX,),
        issuers=(profiles.HSA_ID_2,),
        reason=Text(
            sv="TEST: Det här är ett reservkort. Reservkort uppgraderas inte. Använd ditt ordinarie kort.",
            en="TEST: This is a spare card. Spare cards are not upgraded. Use your ordinary card.",
        ),
    ),
    CardRow(
        kind=CardKind.FOREIGN,
        numbers=(TELIA_NUMBER_PREFIX,),
        manufacturers=(TELIA_MAKER,),
        labels=(TELIA_MAKER,),
        issuers=(profiles.TELIA,),
        reason=Text(
            sv="TEST: Det här är ett kort från Telia, inte ett SITHS-kort. Beställ ett SITHS-kort från din utgivare.",
            en="TEST: This is a card from Telia, not a SITHS card. Order a SITHS card from your issuer.",
        ),
    ),
)
"""What shows of which kind a demo card is."""
WORDS = Words(
    why=Text(
        sv="TEST: de påhittade säkerhetskraven har höjts.",
        en="TEST: the invented security rules are stricter now.",
    ),
    afterwards=Text(
        sv="TEST: prova att logga in i ett påhittat system.",
        en="TEST: try to log in to an invented system.",
    ),
)
TERMS = Terms(
    version=TERMS_VERSION,
    text=Text(
        sv="TEST: kortet är personligt.\nTEST: du lånar inte ut det, och du berättar inga koder för någon.",
        en="TEST: the card is personal.\nTEST: you do not lend it, and you tell nobody its codes.",
    ),
)
CODES = Codes(
    price=Price(amount=7, currency="SEK"),
    order=Text(sv="TEST: fråga Utfärda Påhittad.", en="TEST: ask Utfärda Påhittad."),
)
CONTACTS = Directory(
    deputy_issuer=ContactData(name="Utfärda Påhittad", phone="000-00 00 00", mail="utfardare@example.org"),
    local_it=ContactData(name="Hjälpa Låtsasson", phone="000-00 00 01", mail="it@example.org"),
)
"""What the demo's holders are told, and by whom."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What may be chosen about the campaign."""

    key: KeyAlgorithm = KeyAlgorithm.RSA_2048
    """Of the new keys."""
    body: RequestBody = RequestBody.CR
    """By which an order is made. A kur makes one certificate of each old one: the card gets no other."""
    revoke_old: RevokeOld = RevokeOld.AUTHORITY
    revoke_signed_by: RevokeSignedBy = RevokeSignedBy.AUTH

    @property
    def profiles(self) -> tuple[profiles.Profile, ...]:
        """What is ordered."""
        every = tuple(profile for profile in PROFILES.values() if profile.upgrades)
        one_each = tuple(profile for profile in every if profile.subject is SubjectKind.HSA_ID)
        return one_each if self.body is RequestBody.KUR else every


def demo_campaign(hierarchy: Hierarchy, now: datetime, wishes: Wishes, knobs: Knobs) -> Campaign:
    """Compose the campaign for an authority with these knobs."""
    return Campaign(
        format=1,
        id="demo",
        version=1,
        title=Text(sv="TEST: demons kampanj", en="TEST: the demo's campaign"),
        window=Window(opens=now - _OPEN_BEFORE, closes=now + _OPEN_AFTER),
        source_issuers=(profiles.TYPE_1,),
        ordered_before=(now - _MADE_NEW_SINCE).date(),
        cards=CARDS,
        levels={profiles.TYPE_1: 2, profiles.HSA_ID_2: 2, profiles.HSA_ID_3: 3, profiles.PERSON_ID_3: 3},
        targets=tuple(_target(profile, wishes) for profile in wishes.profiles),
        revoke_old=wishes.revoke_old,
        revoke_signed_by=wishes.revoke_signed_by,
        confirm_wait_max=knobs.confirm_wait + _MARGIN,
        status_lag_max=timedelta(),
        authority=AuthorityData(address=hierarchy.url + CMP_PATH, query_oid=knobs.query_oid),
        trust_anchors=(_pem(hierarchy, profiles.ROOT_2),),
        intermediates=tuple(
            _pem(hierarchy, name) for name in (profiles.HSA_ID_3, profiles.PERSON_ID_3, profiles.TYPE_1)
        ),
        words=WORDS,
        terms=TERMS,
        codes=CODES,
        contacts=CONTACTS,
    )


def _target(profile: profiles.Profile, wishes: Wishes) -> TargetData:
    return TargetData(
        name=profile.name,
        role=profile.role,
        subject=profile.subject,
        body=wishes.body,
        issuer=profile.issuer,
        profile=profile.name,
        algorithm=wishes.key,
    )


def _pem(hierarchy: Hierarchy, name: str) -> str:
    return hierarchy.authorities[name].certificate.public_bytes(Encoding.PEM).decode("ascii")
