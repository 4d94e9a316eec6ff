"""A small hierarchy for tests, made with `cryptography` on P-256. Everybody in it is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from sithsup.certificate import CARD_NUMBER_OID, Certificate
from sithsup.model import KeyAlgorithm, KeyRole, Signer, SubjectKind, Target

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

NOW = datetime(2020, 6, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
CARD_NUMBER = "9752000000000000001"
HSA_ID = "TSTNMT2321000156-0001"
PERSONAL_NUMBER = "189001019802"
CMC_CA = "1.3.6.1.5.5.7.3.27"

HSA_ISSUER, NUMBER_ISSUER = "TEST Person HSA-id 3 CA", "TEST Person ID 3 CA"
OCSP_URL, CRL_URL = "http://status.invalid/ocsp", "http://status.invalid/list.crl"

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True)
class Keyed:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def parsed(self) -> Certificate:
        return Certificate.parse(self.der)

    def sign(self, message: bytes) -> bytes:
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))

    def signer(self, *chain: bytes) -> Signer:
        return Signer(self.der, chain, self.sign)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def name(common_name: str, **attributes: str) -> x509.Name:
    """C, O, CN and what else is given, in the order of a real certificate."""
    kinds = {"surname": NameOID.SURNAME, "given_name": NameOID.GIVEN_NAME, "serial": NameOID.SERIAL_NUMBER}
    more = [x509.NameAttribute(kinds[kind], value) for kind, value in attributes.items()]
    base = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST Påhittad"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name(base + more)


def person_name(serial: str, given_name: str = "Åsa", surname: str = "Påhittad") -> x509.Name:
    return name(f"{given_name} {surname}", surname=surname, given_name=given_name, serial=serial)


def usage(*names: str) -> Extension:
    """Critical key usage, by the names of `cryptography`."""
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{bit: bit in names for bit in bits}), True


def purposes(*oids: str) -> Extension:
    return x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in oids]), False


def card_number(value: str = CARD_NUMBER) -> Extension:
    encoded = core.PrintableString(value).dump()
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(CARD_NUMBER_OID), encoded), False


def authority_extensions(path_length: int | None = None) -> list[Extension]:
    return [(x509.BasicConstraints(ca=True, path_length=path_length), True), usage("key_cert_sign", "crl_sign")]


def status_addresses() -> list[Extension]:
    """Where to ask for a status: one OCSP responder, one revocation list."""
    responder = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(OCSP_URL))
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(CRL_URL)], None, None, None)
    return [(x509.AuthorityInformationAccess([responder]), False), (x509.CRLDistributionPoints([point]), False)]


def make(
    subject: x509.Name,
    extensions: list[Extension],
    issuer: Keyed | None = None,
    *,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    not_before: datetime = NOW - YEAR,
    not_after: datetime = NOW + 4 * YEAR,
) -> Keyed:
    """Issue a certificate; without an issuer it signs itself."""
    key = key or new_key()
    issuing = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Keyed(builder.sign(issuing, hashes.SHA256()), key)


def target(role: KeyRole = KeyRole.AUTHENTICATION, kind: SubjectKind = SubjectKind.HSA_ID) -> Target:
    issuer = HSA_ISSUER if kind is SubjectKind.HSA_ID else NUMBER_ISSUER
    return Target(f"{kind}-{role}", role, kind, issuer, f"profile-{kind}-{role}", KeyAlgorithm.P_256)


ROLE_USAGE = {
    KeyRole.AUTHENTICATION: usage("digital_signature", "key_agreement"),
    KeyRole.SIGNATURE: usage("content_commitment"),
}


class Hierarchy(NamedTuple):
    """A new root with its two issuers and its CMP signer, and an old root with the card that is to be upgraded."""

    root: Keyed
    hsa_issuer: Keyed
    number_issuer: Keyed
    cmp_signer: Keyed
    old_root: Keyed
    old_authentication: Keyed
    old_signature: Keyed

    @property
    def anchors(self) -> tuple[bytes, ...]:
        return (self.root.der,)

    @property
    def old(self) -> tuple[Certificate, ...]:
        return (self.old_authentication.parsed, self.old_signature.parsed)

    def issue(self, asked: Target, key: CertificateIssuerPrivateKeyTypes) -> Keyed:
        """Issue a certificate that belongs on the card."""
        is_hsa_id = asked.subject is SubjectKind.HSA_ID
        subject = person_name(HSA_ID if is_hsa_id else PERSONAL_NUMBER)
        issuer = self.hsa_issuer if is_hsa_id else self.number_issuer
        extensions = [ROLE_USAGE[asked.role], card_number(), *status_addresses()]
        return make(subject, extensions, issuer, key=key, not_before=NOW)


@cache
def hierarchy() -> Hierarchy:
    """The one that most tests share; nothing changes it."""
    root = make(name("TEST New Root"), authority_extensions())
    old_root = make(name("TEST Old CA"), authority_extensions())
    return Hierarchy(
        root=root,
        hsa_issuer=make(name(HSA_ISSUER), authority_extensions(0), root),
        number_issuer=make(name(NUMBER_ISSUER), authority_extensions(0), root),
        cmp_signer=make(name("TEST CMP"), [usage("digital_signature"), purposes(CMC_CA)], root),
        old_root=old_root,
        old_authentication=make(person_name(HSA_ID), [ROLE_USAGE[KeyRole.AUTHENTICATION], card_number()], old_root),
        old_signature=make(person_name(HSA_ID), [ROLE_USAGE[KeyRole.SIGNATURE], card_number()], old_root),
    )
