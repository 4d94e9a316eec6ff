"""What a new object shall be like: templates as PKCS#11 has them (section 4). Pure; numbers are the standard's."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import core

from sithsup.card import mechanisms
from sithsup.card.attributes import CLASSES, RSA, Attribute
from sithsup.certificate import Certificate
from sithsup.model import ObjectKind

if TYPE_CHECKING:
    from sithsup.model import KeyAlgorithm

Template = list[tuple[int, object]]


class Wanted(IntEnum):
    """CKA_*: the attributes that are written and never read."""

    TOKEN = 0x001
    PRIVATE = 0x002
    CERTIFICATE_TYPE = 0x080
    ISSUER = 0x081
    SERIAL_NUMBER = 0x082
    SUBJECT = 0x101
    SENSITIVE = 0x103
    SIGN = 0x108
    VERIFY = 0x10A
    MODULUS_BITS = 0x121
    EXTRACTABLE = 0x162


X_509 = 0  # CKC_X_509
EC = 3  # CKK_EC
EXPONENT = b"\x01\x00\x01"
GENERATE_RSA, GENERATE_EC = 0x0000, 0x1040  # CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_EC_KEY_PAIR_GEN


class KeyPair(NamedTuple):
    """The templates of both halves, and the mechanism that makes them."""

    public: Template
    private: Template
    mechanism: int


def key_pair(algorithm: KeyAlgorithm, key_id: bytes, label: str) -> KeyPair:
    """Sensitive and not extractable, for signatures."""
    is_rsa = algorithm in mechanisms.RSA_BITS
    named: Template = [
        (Wanted.TOKEN, True),
        (Attribute.ID, key_id),
        (Attribute.LABEL, label),
        (Attribute.KEY_TYPE, RSA if is_rsa else EC),
    ]
    public: Template = [
        (Attribute.CLASS, CLASSES[ObjectKind.PUBLIC_KEY]),
        *named,
        (Wanted.PRIVATE, False),
        (Wanted.VERIFY, True),
    ]
    private: Template = [
        (Attribute.CLASS, CLASSES[ObjectKind.PRIVATE_KEY]),
        *named,
        (Wanted.PRIVATE, True),
        (Wanted.SENSITIVE, True),
        (Wanted.EXTRACTABLE, False),
        (Wanted.SIGN, True),
    ]
    if is_rsa:
        size: Template = [
            (Wanted.MODULUS_BITS, mechanisms.RSA_BITS[algorithm]),
            (Attribute.PUBLIC_EXPONENT, EXPONENT),
        ]
        return KeyPair(public + size, private, GENERATE_RSA)
    curve: Template = [(Attribute.EC_PARAMS, mechanisms.ec_parameters(algorithm))]
    return KeyPair(public + curve, private, GENERATE_EC)


def certificate(der: bytes, key_id: bytes, label: str) -> Template:
    """Subject, issuer and serial number are what other programs search for."""
    parsed = Certificate.parse(der)
    return [
        (Attribute.CLASS, CLASSES[ObjectKind.CERTIFICATE]),
        (Wanted.CERTIFICATE_TYPE, X_509),
        (Wanted.TOKEN, True),
        (Wanted.PRIVATE, False),
        (Attribute.ID, key_id),
        (Attribute.LABEL, label),
        (Attribute.VALUE, der),
        (Wanted.SUBJECT, parsed.subject),
        (Wanted.ISSUER, parsed.issuer),
        (Wanted.SERIAL_NUMBER, bytes(core.Integer(parsed.serial_number).dump())),
    ]
