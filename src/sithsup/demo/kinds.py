"""What a demo card carries: kinds of cards, and for each its tokens, keys and certificates. Nothing is made here.

Ids are text and shared by everything that belongs to one key: so it is on the cards that are known.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sithsup.demo import profiles
from sithsup.demo.profiles import PROFILES, Profile
from sithsup.model import KeyRole

CODE_LENGTH = 6
YEAR = timedelta(days=365)
BETWEEN_RENEWALS = 2 * YEAR
_AUTH, _SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE


class Kind(StrEnum):
    """Which card it is."""

    ORDINARY = "ordinary"
    ONE_PIN = "one-pin"  # one token and one code for both keys
    UPGRADED = "upgraded"  # the four new certificates on two new keys; the old keys were left
    SPARE = "spare"  # reservkort: level 2, nothing else on it
    FOREIGN = "foreign"  # an e-legitimation alone
    EXPIRED = "expired"
    BRIMMING = "brimming"  # renewed again and again, and every authority's certificate


@dataclass(frozen=True, slots=True)
class Filling:
    """The certificates of one kind of card, and how old they are."""

    profiles: tuple[str, ...]
    authorities: tuple[str, ...]
    """Whose own certificates lie there too."""
    age: timedelta = timedelta(days=700)
    lifetime: timedelta = 3 * YEAR + timedelta(days=90)
    renewals: int = 0
    """How many earlier sets are left on the same keys, each older than the next by `BETWEEN_RENEWALS`."""


_OLD = ("old-authentication", "old-signature")
_TELIA = ("telia-authentication", "telia-signature")
_SPARE = ("spare-authentication", "spare-signature")
_NEW = tuple(profile.name for profile in PROFILES.values() if profile.upgrades)
_EVERY_AUTHORITY = (
    profiles.TYPE_1,
    profiles.ROOT_1,
    profiles.TELIA,
    profiles.ROOT_2,
    profiles.HSA_ID_3,
    profiles.PERSON_ID_3,
)

FILLINGS = {
    Kind.ORDINARY: Filling((*_OLD, *_TELIA), (profiles.TYPE_1,)),
    Kind.ONE_PIN: Filling((*_OLD, *_TELIA), (profiles.TYPE_1,)),
    Kind.UPGRADED: Filling((*_NEW, *_TELIA), (profiles.TYPE_1,)),
    Kind.SPARE: Filling(_SPARE, (profiles.HSA_ID_2,), age=timedelta(days=60), lifetime=timedelta(days=180)),
    Kind.FOREIGN: Filling(_TELIA, (profiles.TELIA,)),
    Kind.EXPIRED: Filling((*_OLD, *_TELIA), (profiles.TYPE_1,), age=4 * YEAR),
    Kind.BRIMMING: Filling((*_OLD, *_TELIA), _EVERY_AUTHORITY, renewals=4),
}


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """A key pair to be made on a token."""

    role: KeyRole
    key_id: bytes
    label: str


_OLD_KEYS = (
    KeyPlan(_AUTH, b"IdentificationC", "Legitimering"),
    KeyPlan(_SIGN, b"SignatureC", "Underskrift"),
)
_NEW_KEYS = (
    KeyPlan(_AUTH, b"IdentificationC3", "Legitimering SITHS e-id"),
    KeyPlan(_SIGN, b"SignatureC3", "Underskrift SITHS e-id"),
)


def key_for(profile: Profile) -> KeyPlan:
    """Which key a certificate of this profile belongs to: old and foreign ones share theirs."""
    keys = _NEW_KEYS if profile.upgrades else _OLD_KEYS
    return next(key for key in keys if key.role is profile.role)


@dataclass(frozen=True, slots=True)
class TokenPlan:
    """A token to be made, the code that opens it, and its keys."""

    label: str
    code: str
    keys: tuple[KeyPlan, ...]


def plan_tokens(kind: Kind) -> tuple[TokenPlan, ...]:
    """Name the tokens of a card and draw their codes; the authentication token is the first."""
    keys = (*_OLD_KEYS, *_NEW_KEYS) if kind is Kind.UPGRADED else _OLD_KEYS
    first, second = _two_codes()
    if kind is Kind.ONE_PIN:
        return (TokenPlan("TEST SITHS kort", first, keys),)
    return (
        TokenPlan("TEST SITHS kort (legitimering)", first, tuple(key for key in keys if key.role is _AUTH)),
        TokenPlan("TEST SITHS kort (underskrift)", second, tuple(key for key in keys if key.role is _SIGN)),
    )


def new_code() -> str:
    """Draw a code."""
    return "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))


def _two_codes() -> tuple[str, str]:
    """Two that differ, as the holder of a card is told to choose them."""
    first, second = new_code(), new_code()
    return (first, second) if first != second else _two_codes()
