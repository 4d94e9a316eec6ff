"""What a demo card carries: kinds of cards, and for each its tokens, keys and certificates. Nothing is made here.

Ids are text and shared by everything that belongs to one key: so it is on the cards that are known.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from sithsup.demo import profiles
from sithsup.demo.people import CARD_NUMBER_PREFIX, SPARE_NUMBER_PREFIX, TELIA_NUMBER_PREFIX
from sithsup.demo.profiles import PROFILES, Profile, Style
from sithsup.model import KeyRole

CODE_LENGTH = 6
PUK_LENGTH = 8
YEAR = timedelta(days=365)
BETWEEN_RENEWALS = 2 * YEAR
_AUTH, _SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE


class Kind(StrEnum):
    """Which card it is."""

    ORDINARY = "ordinary"
    ORDINARY_WITH_TELIA = "ordinary-with-telia"  # the e-legitimation has keys of its own
    ONE_PIN = "one-pin"  # one token and one code for both keys
    UPGRADED = "upgraded"  # the four new certificates on two new keys; the old keys were left
    FACTORY_NEW = "factory-new"  # ordered with the new certificates: it never had others
    SPARE = "spare"  # reservkort: level 2, nothing else on it
    FOREIGN = "foreign"  # an e-legitimation alone
    FOREIGN_WITH_SITHS = "foreign-with-siths"  # the same card, with SITHS certificates added
    EXPIRED = "expired"
    NO_SIGN_CODE = "no-sign-code"  # nobody has chosen the code for signatures; on a virtual card it is locked
    PROTECTED = "protected"  # of somebody whose identity is protected: only the authority knows
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
    number_prefix: str = CARD_NUMBER_PREFIX
    maker: str = "TEST"
    """What a virtual card calls its maker; SoftHSM2 always names itself."""
    name: str = "TEST SITHS kort"
    """What its tokens are called, before the parenthesis."""


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

_ORDINARY = Filling((*_OLD, *_TELIA), (profiles.TYPE_1,))
_YOUNG = timedelta(days=60)
_SPARE_LIFE = timedelta(days=180)
TELIA_MAKER = "TEST Telia"
_FOREIGN = Filling(
    _TELIA, (profiles.TELIA,), number_prefix=TELIA_NUMBER_PREFIX, maker=TELIA_MAKER, name=f"{TELIA_MAKER} e-leg"
)

FILLINGS = {
    Kind.ORDINARY: _ORDINARY,
    Kind.ORDINARY_WITH_TELIA: Filling((*_OLD, *_TELIA), (profiles.TYPE_1, profiles.TELIA)),
    Kind.ONE_PIN: _ORDINARY,
    Kind.UPGRADED: Filling((*_NEW, *_TELIA), (profiles.TYPE_1,)),
    Kind.FACTORY_NEW: Filling(_NEW, (profiles.ROOT_2,), age=_YOUNG),
    Kind.SPARE: Filling(
        _SPARE, (profiles.HSA_ID_2,), age=_YOUNG, lifetime=_SPARE_LIFE, number_prefix=SPARE_NUMBER_PREFIX
    ),
    Kind.FOREIGN: _FOREIGN,
    Kind.FOREIGN_WITH_SITHS: replace(_FOREIGN, profiles=(*_TELIA, *_OLD)),
    Kind.EXPIRED: Filling((*_OLD, *_TELIA), (profiles.TYPE_1,), age=4 * YEAR),
    Kind.NO_SIGN_CODE: _ORDINARY,
    Kind.PROTECTED: _ORDINARY,
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


_TELIA_KEYS = (
    KeyPlan(_AUTH, b"IdentificationT", "Legitimering Telia"),
    KeyPlan(_SIGN, b"SignatureT", "Underskrift Telia"),
)
_KEYS = {
    Kind.UPGRADED: (*_OLD_KEYS, *_NEW_KEYS),
    Kind.FACTORY_NEW: _NEW_KEYS,
    Kind.ORDINARY_WITH_TELIA: (*_OLD_KEYS, *_TELIA_KEYS),
}
"""The keys of cards that have others than the two old ones."""


def key_for(profile: Profile, kind: Kind) -> KeyPlan:
    """Which key a certificate of this profile belongs to: old and foreign ones mostly share theirs."""
    has_own = kind is Kind.ORDINARY_WITH_TELIA and profile.style is Style.TELIA
    keys = _TELIA_KEYS if has_own else _NEW_KEYS if profile.upgrades else _OLD_KEYS
    return next(key for key in keys if key.role is profile.role)


def age_of(profile: Profile, kind: Kind, filling: Filling) -> timedelta:
    """How old a certificate is: what an upgrade made is younger than the card."""
    return _YOUNG if kind is Kind.UPGRADED and profile.upgrades else filling.age


def new_puk() -> str:
    """Draw a PUK code."""
    return "".join(secrets.choice("0123456789") for _ in range(PUK_LENGTH))


@dataclass(frozen=True, slots=True)
class TokenPlan:
    """A token to be made, the code that opens it, its keys, and the PUK code that gives it another code."""

    label: str
    code: str
    keys: tuple[KeyPlan, ...]
    has_code: bool = True
    """Whether it can be opened now: the code may never have been chosen, or be locked."""
    puk: str = field(default_factory=new_puk)


def plan_tokens(kind: Kind) -> tuple[TokenPlan, ...]:
    """Name the tokens of a card and draw their codes; the authentication token is the first."""
    keys, name = _KEYS.get(kind, _OLD_KEYS), FILLINGS[kind].name
    first, second = _two_codes()
    if kind is Kind.ONE_PIN:
        return (TokenPlan(name, first, keys),)
    has_code = kind is not Kind.NO_SIGN_CODE
    return (
        TokenPlan(f"{name} (legitimering)", first, tuple(key for key in keys if key.role is _AUTH)),
        TokenPlan(f"{name} (underskrift)", second, tuple(key for key in keys if key.role is _SIGN), has_code=has_code),
    )


def new_code() -> str:
    """Draw a code."""
    return "".join(secrets.choice("0123456789") for _ in range(CODE_LENGTH))


def _two_codes() -> tuple[str, str]:
    """Two that differ, as the holder of a card is told to choose them."""
    first, second = new_code(), new_code()
    return (first, second) if first != second else _two_codes()
