"""Does this certificate belong on this card? Pure: bytes and facts in, reasons out (design section 6).

* A reason is a short English phrase marked for translation; it never holds a name or a number of a person.
* What the card could not show before (no certificate on it has a card number, a personal identity number, a name)
  cannot be compared: it is put to the holder on the screen.
* Two libraries must read the same bytes to the same thing, and the bytes must be what DER makes of it.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sithsup.ca.path import UNREADABLE, path_to_anchor
from sithsup.certificate import Certificate
from sithsup.model import KeyRole
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sithsup.model import Target

LONGEST_LIFE = timedelta(days=10 * 366)
"""A card lives five years; a certificate for much longer is a mistake."""
SHORTEST_LIFE = timedelta(days=14)
"""What must be left of it. A card that is let go of its old identity for less than it takes to be given another card is
worse off than before; and whoever was interrupted must have the time to come back."""
LARGEST = 8192
"""Bytes. A card has room for tens of kilobytes in all; an honest certificate takes two."""
CLOCK_SKEW = timedelta(days=1)
"""How far in the future a certificate may begin, by the authority's own time."""

FORBIDDEN_FOR_AUTHENTICATION = frozenset({"non_repudiation", "key_cert_sign", "crl_sign"})

LOG_IN = frozenset({"client_auth", "any_extended_key_usage"})
"""Purposes by which one may log in with a key; a certificate that names none at all restricts nothing."""
VOICES = frozenset({"cmc_ca", "cmc_ra", "cmc_archive", "1.3.6.1.5.5.7.3.32", "ocsp_signing", "time_stamping"})
"""Purposes by which a key speaks for an authority (RFC 9810, section 4.5; the dotted one is id-kp-cmKGA). Whoever holds
such a card could sign the authority's messages and the status of everybody's certificates."""

TWO_READINGS = mark("the certificate can be read in two ways")
NOT_DER = mark("the certificate is not encoded as it must be")
OTHER_KEY = mark("the certificate is for another key")
OTHER_ISSUER = mark("the certificate is from another issuer than was ordered")
FOR_AUTHORITY = mark("the certificate is one for an issuer, not for a person")
OTHER_ROLE = mark("the certificate is for another use than was ordered")
NO_LOG_IN = mark("the certificate is not one to log in with")
FOR_SERVICE = mark("the certificate may speak for an issuer, which no person's may")
OTHER_KIND = mark("the certificate names its holder by another kind of number than was ordered")
OTHER_HSA_ID = mark("the certificate has another HSA-id than the card")
OTHER_NUMBER = mark("the certificate has another personal identity number than the card")
OTHER_NAME = mark("the certificate has another name than the card")
OTHER_CARD = mark("the certificate has another card number than the card")
NOT_YET = mark("the certificate is not valid yet")
EXPIRED = mark("the certificate has expired")
TOO_BIG = mark("the certificate is too big for a card")
TOO_LONG = mark("the certificate is valid for too long")
TOO_SHORT = mark("the certificate expires too soon")


def mismatches(
    issued: bytes,
    *,
    public_key: bytes,
    target: Target,
    known: tuple[Certificate, ...],
    chain: tuple[bytes, ...],
    anchors: tuple[bytes, ...],
    at: datetime,
) -> tuple[str, ...]:
    """Every reason why an issued certificate (DER) does not belong on the card; none means that it does.

    `known` are all certificates that were seen on the card, `chain` those that came with the answer, `at` is the
    authority's time.
    """
    try:
        certificate = Certificate.parse(issued)
        other = x509.load_der_x509_certificate(issued)
        differences = tuple(_differences(certificate, other))
    except Exception:  # noqa: BLE001  two parsers raise many kinds on hostile bytes, and all of them mean this
        return (UNREADABLE,)
    holders = tuple(c for c in known if c.der != issued)
    return (
        *([TOO_BIG] if len(issued) > LARGEST else []),
        *differences,
        *path_to_anchor(issued, chain, anchors, at).problems,
        *([] if certificate.public_key == public_key else [OTHER_KEY]),
        *_profile(certificate, target),
        *_continuity(certificate, holders),
        *_validity(certificate, at),
    )


def _differences(certificate: Certificate, other: x509.Certificate) -> Iterator[str]:
    """Compare what `cryptography` reads with what asn1crypto read, and the bytes with their DER."""
    pairs = (
        (other.serial_number, certificate.serial_number),
        (other.subject.public_bytes(), certificate.subject),
        (other.issuer.public_bytes(), certificate.issuer),
        (_public_key(other), certificate.public_key),
        (other.not_valid_before_utc, certificate.not_before),
        (other.not_valid_after_utc, certificate.not_after),
        (_key_usage(other), certificate.key_usage),
        (_is_ca(other), certificate.is_ca),
        (_named_purposes(other), {asn1.KeyPurposeId(name).dotted for name in certificate.extended_key_usage}),
    )
    if any(one != two for one, two in pairs):
        yield TWO_READINGS
    parsed = asn1.Certificate.load(certificate.der, strict=True)
    if parsed.dump(force=True) != certificate.der:
        yield NOT_DER


def _public_key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_usage(certificate: x509.Certificate) -> frozenset[str]:
    """The key usage in asn1crypto's names."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    bits = {
        "digital_signature": usage.digital_signature,
        "non_repudiation": usage.content_commitment,
        "key_encipherment": usage.key_encipherment,
        "data_encipherment": usage.data_encipherment,
        "key_agreement": usage.key_agreement,
        "key_cert_sign": usage.key_cert_sign,
        "crl_sign": usage.crl_sign,
        "encipher_only": usage.key_agreement and usage.encipher_only,
        "decipher_only": usage.key_agreement and usage.decipher_only,
    }
    return frozenset(name for name, is_set in bits.items() if is_set)


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _named_purposes(certificate: x509.Certificate) -> set[str]:
    """The extended key usage in dotted numbers."""
    try:
        return {
            oid.dotted_string for oid in certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        }
    except x509.ExtensionNotFound:
        return set()


def _profile(certificate: Certificate, target: Target) -> Iterator[str]:
    """Issuer, kind of holder and use of the key, as they were ordered."""
    if certificate.issuer_common_name != target.issuer:
        yield OTHER_ISSUER
    if certificate.is_ca or "key_cert_sign" in certificate.key_usage:
        yield FOR_AUTHORITY
    if target.role is KeyRole.SIGNATURE:
        is_right = certificate.key_usage == {"non_repudiation"}
    else:
        is_right = "digital_signature" in certificate.key_usage
        is_right &= not certificate.key_usage & FORBIDDEN_FOR_AUTHENTICATION
    if not is_right:
        yield OTHER_ROLE
    yield from _purposes(certificate, target.role)
    if certificate.identity is None or certificate.identity.kind is not target.subject:
        yield OTHER_KIND


def _purposes(certificate: Certificate, role: KeyRole) -> Iterator[str]:
    named = certificate.extended_key_usage
    if role is KeyRole.AUTHENTICATION and named and not named & LOG_IN:
        yield NO_LOG_IN
    if named & VOICES:
        yield FOR_SERVICE


def _continuity(certificate: Certificate, known: tuple[Certificate, ...]) -> Iterator[str]:
    """The same holder and the same card as before, wherever both sides show it."""
    identities = {c.identity for c in known if c.identity}
    mine = certificate.identity
    of_my_kind = {identity for identity in identities if mine and identity.kind is mine.kind}
    if mine and of_my_kind and mine not in of_my_kind:
        yield OTHER_HSA_ID if mine.kind.value == "hsa-id" else OTHER_NUMBER
    named = [c for c in known if c.surname or c.given_name]
    if named and not any(_has_name_of(certificate, c) for c in named):
        yield OTHER_NAME
    numbers = {c.card_number for c in known if c.card_number}
    if numbers and certificate.card_number not in numbers:
        yield OTHER_CARD


def _has_name_of(certificate: Certificate, old: Certificate) -> bool:
    """The same surname, and given names of which one side may show only some (HSA knows one, the state them all)."""
    new_names, old_names = _words(certificate.given_name), _words(old.given_name)
    is_part = bool(new_names) and (new_names <= old_names or old_names <= new_names)
    has_surname = not old.surname or _words(certificate.surname) == _words(old.surname)
    return has_surname and (is_part or not old_names)


def _words(name: str) -> frozenset[str]:
    return frozenset(unicodedata.normalize("NFC", name).casefold().split())


def _validity(certificate: Certificate, at: datetime) -> Iterator[str]:
    if certificate.not_before > at + CLOCK_SKEW:
        yield NOT_YET
    if certificate.not_after <= at:
        yield EXPIRED
    elif certificate.not_after - at < SHORTEST_LIFE:
        yield TOO_SHORT
    if certificate.not_after - certificate.not_before > LONGEST_LIFE:
        yield TOO_LONG
