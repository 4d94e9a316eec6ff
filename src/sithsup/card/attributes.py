"""What an object on a token shows of itself (PKCS#11, section 4), and what that is to the rest of the program. Pure.

Numbers are the standard's. Nothing here raises: what is missing or makes no sense becomes empty.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import TYPE_CHECKING

from sithsup.card import mechanisms
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.model import CardObject, CodeState, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sithsup.model import TokenId


class Attribute(IntEnum):
    """CKA_*: the attributes that are read."""

    CLASS = 0x000
    LABEL = 0x003
    VALUE = 0x011
    KEY_TYPE = 0x100
    ID = 0x102
    MODULUS = 0x120
    PUBLIC_EXPONENT = 0x122
    MODIFIABLE = 0x170
    DESTROYABLE = 0x172
    EC_PARAMS = 0x180
    EC_POINT = 0x181
    ALWAYS_AUTHENTICATE = 0x202


Attributes = dict[Attribute, bytes]

CLASSES = {ObjectKind.CERTIFICATE: 1, ObjectKind.PUBLIC_KEY: 2, ObjectKind.PRIVATE_KEY: 3}
"""CKO_*: the classes that matter here."""

OF_THE_MODULE = frozenset({5, 7, 9})
"""CKO_HW_FEATURE, CKO_MECHANISM, CKO_PROFILE."""

RSA = 0  # CKK_RSA

CODE_INITIALIZED = 0x8  # CKF_USER_PIN_INITIALIZED
CODE_FLAGS = ((0x40000, CodeState.LOCKED), (0x20000, CodeState.FINAL_TRY), (0x10000, CodeState.COUNT_LOW))
"""CKF_USER_PIN_*, the worst first."""
PUK_SHIFT = 4
"""Bits from CKF_USER_PIN_* to CKF_SO_PIN_*."""


def number(shown: Attributes, attribute: Attribute) -> int | None:
    """A CK_ULONG, in the byte order of this machine; None where it is not shown."""
    return int.from_bytes(shown[attribute], sys.byteorder) if attribute in shown else None


def is_certificate(shown: Attributes) -> bool:
    """Whether the object is a certificate."""
    return number(shown, Attribute.CLASS) == CLASSES[ObjectKind.CERTIFICATE]


def is_stored(shown: Attributes) -> bool:
    """Whether the object lies on the card. Modules list things about themselves too, such as profiles."""
    return number(shown, Attribute.CLASS) not in OF_THE_MODULE


def is_rsa(shown: Attributes) -> bool:
    """Whether the object is an RSA key."""
    return number(shown, Attribute.KEY_TYPE) == RSA


def exponents(objects: Iterable[Attributes]) -> Mapping[bytes, bytes]:
    """The public exponent of every RSA modulus that these objects tell of.

    A private key object need not show its own, and real old cards have other exponents than 65537: the public key
    object and the certificate of the same modulus are asked too.
    """
    told: dict[bytes, bytes] = {}
    for shown in objects:
        if Attribute.VALUE in shown:
            told.update(certified_exponent(shown[Attribute.VALUE]))
        elif Attribute.MODULUS in shown and Attribute.PUBLIC_EXPONENT in shown:
            told[shown[Attribute.MODULUS].lstrip(b"\0")] = shown[Attribute.PUBLIC_EXPONENT]
    return told


def certified_exponent(certificate: bytes) -> dict[bytes, bytes]:
    """Modulus and exponent of a certificate's RSA key, empty where there is none."""
    try:
        numbers = mechanisms.rsa_numbers(Certificate.parse(certificate).public_key)
    except UnreadableCertificateError:
        return {}
    return dict([numbers]) if numbers else {}


def card_object(token: TokenId, shown: Attributes, known_exponents: Mapping[bytes, bytes]) -> CardObject:
    """The object as the program knows it."""
    native = number(shown, Attribute.CLASS)
    kind = next((kind for kind, known in CLASSES.items() if known == native), ObjectKind.OTHER)
    is_key = kind in (ObjectKind.PUBLIC_KEY, ObjectKind.PRIVATE_KEY)
    return CardObject(
        token=token,
        kind=kind,
        key_id=shown.get(Attribute.ID, b""),
        label=shown.get(Attribute.LABEL, b"").decode("utf-8", "replace").rstrip("\0"),
        value=_public_key(shown, known_exponents) if is_key else shown.get(Attribute.VALUE, b""),
        always_authenticate=_flag(shown, Attribute.ALWAYS_AUTHENTICATE, default=False),
        modifiable=_flag(shown, Attribute.MODIFIABLE, default=True),
        destroyable=_flag(shown, Attribute.DESTROYABLE, default=True),
    )


def _public_key(shown: Attributes, known_exponents: Mapping[bytes, bytes]) -> bytes:
    if Attribute.MODULUS in shown:
        modulus = shown[Attribute.MODULUS].lstrip(b"\0")
        exponent = shown.get(Attribute.PUBLIC_EXPONENT) or known_exponents.get(modulus, b"")
        return mechanisms.rsa_public_key(modulus, exponent)
    return mechanisms.ec_public_key(shown.get(Attribute.EC_PARAMS, b""), shown.get(Attribute.EC_POINT, b""))


def _flag(shown: Attributes, attribute: Attribute, *, default: bool) -> bool:
    return any(shown[attribute]) if attribute in shown else default


def free_id(key_id: bytes, taken: set[bytes]) -> bytes:
    """Another id of the same length (some cards have a fixed one) that is not taken."""
    size = max(len(key_id), 1)
    free = int.from_bytes(key_id) + 1
    while (found := (free % (1 << 8 * size)).to_bytes(size)) in taken:
        free += 1
    return found


def is_taken(token: TokenId, certificate: bytes, key_id: bytes, stored: Iterable[CardObject]) -> bool:
    """Whether another certificate has this id, and this one is not on the token in spite of an error."""
    certificates = [o for o in stored if o.token == token and o.kind is ObjectKind.CERTIFICATE]
    is_there = any(o.value == certificate for o in certificates)
    return not is_there and any(o.key_id == key_id for o in certificates)


def code_state(flags: int) -> CodeState:
    """Tell the state of a code by its token's flags."""
    if not flags & CODE_INITIALIZED:
        return CodeState.UNSET
    return next((state for flag, state in CODE_FLAGS if flags & flag), CodeState.OK)


def puk_state(flags: int) -> CodeState:
    """Tell the state of the PUK code by its token's flags; many modules never show a wrong try."""
    return next((state for flag, state in CODE_FLAGS if flags & flag << PUK_SHIFT), CodeState.OK)


def text(native: str) -> str:
    """A padded field of 32 or 64 bytes, perhaps cut in the middle of a Swedish letter."""
    return str(native).encode("utf-8", "surrogateescape").decode("utf-8", "replace").rstrip(" \0")
