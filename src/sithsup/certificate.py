"""What the program reads off an X.509 certificate (RFC 5280), parsed once into a frozen value.

Reading is tolerant and judging is not done here: a real old card carries SHA-1 signatures and RSA exponents of 3, and
both must be readable. Whether a *new* certificate may go on the card is for `ca.trust`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509

from sithsup.model import Identity, KeyRole, SubjectKind

if TYPE_CHECKING:
    from datetime import datetime

CARD_NUMBER_OID = "1.2.752.34.2.1"
"""The card number extension (id-seis-pe-cn, SS 614331): a PrintableString, as printed on the card."""

PERSONAL_NUMBER = re.compile(r"\d{12}")
HSA_ID = re.compile(r"[A-Z]{2}[A-Z0-9]*\d{10}-[A-Z0-9]+")


class UnreadableCertificateError(ValueError):
    """The bytes are not a certificate that can be understood; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A parsed certificate. Two are equal when their bytes are."""

    der: bytes = field(repr=False)
    subject: bytes = field(repr=False, compare=False)
    """The subject's Name, DER."""
    issuer: bytes = field(repr=False, compare=False)
    """The issuer's Name, DER."""
    issuer_common_name: str = field(compare=False)
    issuer_organization: str = field(compare=False)
    common_name: str = field(compare=False)
    given_name: str = field(compare=False)
    surname: str = field(compare=False)
    organization: str = field(compare=False)
    subject_serial: str = field(compare=False, repr=False)
    """The serialNumber attribute of the subject: an HSA-id, a personal identity number, or something else."""
    identity: Identity | None = field(compare=False, repr=False)
    """By which of the two it names its holder, where that can be told."""
    serial_number: int = field(compare=False)
    public_key: bytes = field(repr=False, compare=False)
    """SubjectPublicKeyInfo, DER."""
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    card_number: str | None = field(compare=False)
    key_usage: frozenset[str] = field(compare=False)
    """asn1crypto's names: `digital_signature`, `non_repudiation`, `key_encipherment` ..."""
    extended_key_usage: frozenset[str] = field(compare=False)
    is_ca: bool = field(compare=False)
    policies: frozenset[str] = field(compare=False)
    """The certificate policies that it was issued under (RFC 5280, section 4.2.1.4), dotted."""
    mail_address: str = field(default="", compare=False, repr=False)
    """Where e-mail for its holder goes (subjectAltName, else the subject); empty where it does not say."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the whole certificate, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def role(self) -> KeyRole | None:
        """What its key is for, read off the key usage; None for an authority's own certificate."""
        if self.is_ca:
            return None
        if "digital_signature" in self.key_usage:
            return KeyRole.AUTHENTICATION
        return KeyRole.SIGNATURE if "non_repudiation" in self.key_usage else None

    @property
    def opens_mail(self) -> bool:
        """Whether e-mail that was encrypted for its holder may need its key (RFC 5280, 4.2.1.3 and 4.2.1.12)."""
        is_for_mail = "key_encipherment" in self.key_usage or "email_protection" in self.extended_key_usage
        return self.role is not None and is_for_mail

    @staticmethod
    def parse(der: bytes) -> Certificate:
        """Read a certificate; raises `UnreadableCertificateError` for whatever is not one."""
        try:
            return _read(der)
        except UnreadableCertificateError:
            raise
        except Exception as error:  # asn1crypto raises many types on hostile input, and a card must still be listed
            raise UnreadableCertificateError(f"{type(error).__name__}: {error}") from error


@lru_cache(maxsize=512)
def _read(der: bytes) -> Certificate:
    """Parse; remembered, because a card is read over and over again."""
    parsed = x509.Certificate.load(der, strict=True)
    tbs = parsed["tbs_certificate"]
    subject, issuer = _attributes(tbs["subject"]), _attributes(tbs["issuer"])
    usage, extended = parsed.key_usage_value, parsed.extended_key_usage_value
    constraints = parsed.basic_constraints_value
    return Certificate(
        der=der,
        subject=tbs["subject"].dump(),
        issuer=tbs["issuer"].dump(),
        issuer_common_name=issuer.get("common_name", ""),
        issuer_organization=issuer.get("organization_name", ""),
        common_name=subject.get("common_name", ""),
        given_name=subject.get("given_name", ""),
        surname=subject.get("surname", ""),
        organization=subject.get("organization_name", ""),
        subject_serial=subject.get("serial_number", ""),
        identity=_identity(subject.get("serial_number", "")),
        serial_number=int(tbs["serial_number"].native),
        public_key=tbs["subject_public_key_info"].dump(),
        not_before=tbs["validity"]["not_before"].native,
        not_after=tbs["validity"]["not_after"].native,
        card_number=_card_number(tbs["extensions"]),
        key_usage=frozenset(usage.native) if usage else frozenset(),
        extended_key_usage=frozenset(extended.native) if extended else frozenset(),
        is_ca=bool(constraints and constraints["ca"].native),
        policies=frozenset(each["policy_identifier"].dotted for each in parsed.certificate_policies_value or ()),
        mail_address=_mail_address(parsed) or subject.get("email_address", ""),
    )


def verify(certificate: bytes, data: bytes, signature: bytes) -> bool:
    """Whether a signature as `model.Signer` makes them verifies under a certificate (DER).

    Done by `cryptography`, which parses the bytes by itself: a second pair of eyes on what asn1crypto read. It is
    loaded here because the card process reads certificates too, but never verifies.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415

    try:
        key = load_der_x509_certificate(certificate).public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            digest = hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _identity(number: str) -> Identity | None:
    if PERSONAL_NUMBER.fullmatch(number):
        return Identity(SubjectKind.PERSONAL_NUMBER, number)
    return Identity(SubjectKind.HSA_ID, number) if HSA_ID.fullmatch(number) else None


def _attributes(name: Any) -> dict[str, str]:
    """The attributes of a Name by asn1crypto's names; the first of each kind."""
    found: dict[str, str] = {}
    for relative in name.chosen:
        for pair in relative:
            found.setdefault(pair["type"].native, str(pair["value"].native))
    return found


def _mail_address(parsed: Any) -> str:
    """The first rfc822Name; empty where there is none, or none that can be read: a card must still be listed."""
    try:
        names = parsed.subject_alt_name_value or ()
        return next((str(name.native) for name in names if name.name == "rfc822_name"), "")
    except (ValueError, TypeError):
        return ""


def _card_number(extensions: Any) -> str | None:
    for extension in extensions:
        if extension["extn_id"].dotted == CARD_NUMBER_OID:
            return str(core.PrintableString.load(extension["extn_value"].contents, strict=True).native)
    return None
