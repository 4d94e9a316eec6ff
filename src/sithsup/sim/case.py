"""A person with an old card, the campaign that will upgrade it, and the codes: where every simulation begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.campaign import (
    AuthorityData,
    Campaign,
    CardRow,
    ContactData,
    Directory,
    TargetData,
    Text,
    Window,
    Words,
)
from sithsup.campaign import CardKind as Plastic
from sithsup.card.pin import Code
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind
from sithsup.sim import pki
from sithsup.sim.card import SimulatedCard, StoredToken, code_digest
from sithsup.sim.keys import KeyPool, public_half

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.model import TokenInfo

CODES = {KeyRole.AUTHENTICATION: b"123456", KeyRole.SIGNATURE: b"654321"}
"""The codes of every simulated card; a card with one code has the first."""
PUK = b"38194720"
"""The PUK code of every one of them."""

ADDRESS = "http://sim.invalid/cmp"
"""Nobody is there."""

CONFIRM_WAIT = timedelta(minutes=10)
"""How long the simulated authority waits for a confirmation."""


class CardKind(StrEnum):
    """What an old card looks like."""

    TWO_PINS = "two-pins"
    ONE_PIN = "one-pin"
    BRIMMING = "brimming"
    """There is room for the keys, and for one certificate too few."""
    SHARED = "shared"
    """A Telia e-legitimation shares both keys."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that belongs together, as of `founded`.

    `old` are the certificates to be replaced, `kept` those that are not ours (DER).
    """

    founded: datetime
    person: pki.Person
    card: SimulatedCard
    campaign: Campaign
    old: tuple[bytes, ...]
    kept: tuple[bytes, ...]


class HonestHolder:
    """A `card.pin.CodeSource` who knows the right codes, and counts how often one was asked for."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.given = 0

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Give the code of the token."""
        self.given += 1
        return Code(bytearray(CODES[KeyRole.AUTHENTICATION if KeyRole.AUTHENTICATION in roles else KeyRole.SIGNATURE]))


def old_card(
    kind: CardKind,
    at: datetime,
    algorithm: KeyAlgorithm = KeyAlgorithm.P_256,
    number: int = 1,
    pool: KeyPool | None = None,
    person: pki.Person | None = None,
) -> Case:
    """Invent a person, unless one is given, and make the card that they were given three years ago."""
    person = person or pki.Person.invent(number)
    card = SimulatedCard(serial=f"SIM{number:013d}", reader=f"SIM Reader {number}", tokens=_tokens(kind))
    hierarchy, pool = pki.Hierarchy.found(at), pool or KeyPool()
    certificates: dict[str, list[bytes]] = {pki.OLD_PERSONS: [], pki.TELIA: []}
    issuers = (pki.OLD_PERSONS, pki.TELIA) if kind is CardKind.SHARED else (pki.OLD_PERSONS,)
    for place, role in enumerate(KeyRole):
        token = card.tokens[place % len(card.tokens)]
        card.keys_made += 1
        secret = pool.key(algorithm, f"{card.serial}/{card.keys_made}")
        key_id, label = (b"IdentificationC", "Legitimering") if place == 0 else (b"SignatureC", "Underskrift")
        card.add_key_pair(token, secret, key_id, label)
        for issuer in issuers:
            body = _old_body(person, role, issuer, hierarchy.at)
            certificate = hierarchy.issue(issuer, body, public_half(secret))
            certificates[issuer].append(certificate)
            card.add_certificate(token, certificate, key_id, f"{label} {issuer}")
    if kind is CardKind.BRIMMING:
        largest = max(len(certificate) for certificate in certificates[pki.OLD_PERSONS])
        card.room_for_keys = 2 * len(KeyRole)
        used = sum(len(certificate) for certificate in certificates[pki.OLD_PERSONS])
        card.room_for_certificates = used + (len(pki.PROFILES) - 1) * largest
    old, kept = tuple(certificates[pki.OLD_PERSONS]), tuple(certificates[pki.TELIA])
    return Case(hierarchy.at, person, card, campaign(at, algorithm), old, kept)


def campaign(at: datetime, algorithm: KeyAlgorithm = KeyAlgorithm.P_256) -> Campaign:
    """Tell the campaign that upgrades simulated cards; its window is open at this moment."""
    issuers = pki.Hierarchy.found(at).issuers
    return Campaign(
        format=1,
        id="simulated",
        version=1,
        title=Text(sv="Simulerad kampanj", en="Simulated campaign"),
        window=Window(opens=at - timedelta(days=1), closes=at + timedelta(days=90)),
        source_issuers=(pki.OLD_PERSONS,),
        cards=(CardRow(kind=Plastic.SPARE, issuers=(pki.SPARE,)),),
        targets=tuple(
            TargetData(
                name=name,
                role=profile.role,
                subject=profile.subject,
                issuer=profile.issuer,
                profile=name,
                algorithm=algorithm,
            )
            for name, profile in pki.PROFILES.items()
        ),
        confirm_wait_max=CONFIRM_WAIT,
        status_lag_max=timedelta(),
        authority=AuthorityData(address=ADDRESS, query_oid="2.999.1"),
        trust_anchors=(_pem(issuers[pki.NEW_ROOT]),),
        intermediates=tuple(_pem(issuers[name]) for name in (pki.NEW_HSA_ID, pki.NEW_PERSON_ID, pki.OLD_PERSONS)),
        words=Words(
            why=Text(
                sv="SIM: Säkerhetskraven har höjts, och kortet behöver nya certifikat.",
                en="SIM: The security rules are stricter now, and the card needs new certificates.",
            )
        ),
        contacts=Directory(
            deputy_issuer=ContactData(name="SIM biträdande utgivare"), local_it=ContactData(name="SIM lokal it-support")
        ),
    )


def _pem(issuer: pki.Issuer) -> str:
    return issuer.certificate.public_bytes(Encoding.PEM).decode("ascii")


def _tokens(kind: CardKind) -> list[StoredToken]:
    def token(label: str, role: KeyRole) -> StoredToken:
        return StoredToken(label=label, code_digest=code_digest(CODES[role]), puk_digest=code_digest(PUK))

    if kind is CardKind.ONE_PIN:
        return [token("SIM SITHS-kort", KeyRole.AUTHENTICATION)]
    return [
        token("SIM SITHS-kort (legitimering)", KeyRole.AUTHENTICATION),
        token("SIM SITHS-kort (underskrift)", KeyRole.SIGNATURE),
    ]


def _old_body(person: pki.Person, role: KeyRole, issuer: str, at: datetime) -> pki.Body:
    kind = SubjectKind.PERSONAL_NUMBER if issuer == pki.TELIA else SubjectKind.HSA_ID
    name = hashlib.sha256(f"{issuer}/{person.card_number}/{role}".encode()).digest()
    return pki.Body(person, role, kind, int.from_bytes(name[:15]), at - pki.AGE, at + pki.AGE)
