"""The simulated public-key infrastructure: who issues what. Real names, with "SIM " before them.

Everything is a function of one moment: the same moment gives the same certificates byte for byte, so that a
process that loads a saved state finds the authorities that issued it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import core
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sithsup.certificate import CARD_NUMBER_OID
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind
from sithsup.sim.keys import PublicKey, derived_key, load_private, load_public
from sithsup.sim.state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD_ROOT, OLD_PERSONS = "SIM SITHS Root CA v1", "SIM SITHS Type 1 CA v1"
NEW_ROOT = "SIM SITHS e-id Root CA v2"
NEW_HSA_ID, NEW_PERSON_ID = "SIM SITHS e-id Person HSA-id 3 CA v1", "SIM SITHS e-id Person ID 3 CA v1"
SPARE = "SIM SITHS e-id Person HSA-id 2 CA v1"
TELIA = "SIM Telia e-legitimation HW CA v1"
RESPONDER = "SIM SITHS e-id authority"
"""Who signs the authority's messages."""

PARENTS = {
    OLD_ROOT: OLD_ROOT,
    OLD_PERSONS: OLD_ROOT,
    NEW_ROOT: NEW_ROOT,
    NEW_HSA_ID: NEW_ROOT,
    NEW_PERSON_ID: NEW_ROOT,
    SPARE: NEW_ROOT,
    TELIA: TELIA,
    RESPONDER: NEW_ROOT,
}
"""Every authority and its issuer, issuers first."""

AGE = timedelta(days=3 * 365)
"""How old the old certificates are, and how long the new ones last."""


class Profile(NamedTuple):
    """What a new certificate is for and who issues it."""

    role: KeyRole
    subject: SubjectKind
    issuer: str


PROFILES: Mapping[str, Profile] = {
    "hsa-id-authentication": Profile(KeyRole.AUTHENTICATION, SubjectKind.HSA_ID, NEW_HSA_ID),
    "hsa-id-signature": Profile(KeyRole.SIGNATURE, SubjectKind.HSA_ID, NEW_HSA_ID),
    "personal-number-authentication": Profile(KeyRole.AUTHENTICATION, SubjectKind.PERSONAL_NUMBER, NEW_PERSON_ID),
    "personal-number-signature": Profile(KeyRole.SIGNATURE, SubjectKind.PERSONAL_NUMBER, NEW_PERSON_ID),
}


class Person(State):
    """An invented holder. Nobody has such a name, and no day of birth is the 32nd of a 13th month."""

    given_name: str
    surname: str
    organization: str
    hsa_id: str
    personal_number: str
    card_number: str

    @classmethod
    def invent(cls, number: int = 1) -> Person:
        """Invent the person of this number, from 1."""
        return cls(
            given_name="Låtsa",
            surname=f"Simulant-Övning {number}",
            organization="SIM Påhittade regionen",
            hsa_id=f"SIMSE0000000000-{number:04d}",
            personal_number=f"19991332{number:04d}",
            card_number=f"9752000{number:012d}",
        )

    def identity(self, kind: SubjectKind) -> str:
        """Tell the number by which this kind of certificate names them."""
        return self.hsa_id if kind is SubjectKind.HSA_ID else self.personal_number


@dataclass(frozen=True, slots=True)
class Issuer:
    """An authority: its certificate, its key, and the DER of its path up to the root."""

    certificate: x509.Certificate
    key: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Every authority, as founded at one moment."""

    at: datetime
    issuers: Mapping[str, Issuer]

    @classmethod
    def found(cls, at: datetime) -> Hierarchy:
        """Found all authorities; quick the second time."""
        return _found(at.replace(microsecond=0))

    def issue(self, issuer: str, body: Body, public_key: bytes) -> bytes:
        """Issue a certificate to a person, DER."""
        authority = self.issuers[issuer]
        builder = _body(body, load_public(public_key)).issuer_name(authority.certificate.subject)
        return _signed(_with_key_ids(builder, load_public(public_key), authority), authority.key)


@dataclass(frozen=True, slots=True)
class Body:
    """What a person's certificate says, besides its issuer and its key."""

    person: Person
    role: KeyRole
    subject: SubjectKind
    serial: int
    not_before: datetime
    not_after: datetime
    policy: str = ""
    """Under which it is issued, dotted; none if empty."""


@lru_cache(maxsize=64)
def _found(at: datetime) -> Hierarchy:
    issuers: dict[str, Issuer] = {}
    for name, parent in PARENTS.items():
        issuers[name] = _authority(name, issuers.get(parent), at)
    return Hierarchy(at, issuers)


def _authority(name: str, parent: Issuer | None, at: datetime) -> Issuer:
    """Make one authority; a root, which has no parent, signs itself."""
    key = derived_key(KeyAlgorithm.P_256, name)
    public = load_private(key).public_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "SIM Telia" if name == TELIA else "SIM Inera AB"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    is_ca = name != RESPONDER
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(parent.certificate.subject if parent else subject)
        .public_key(public)
        .serial_number(1 + list(PARENTS).index(name))
        .not_valid_before(at - 2 * AGE)
        .not_valid_after(at + 4 * AGE)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            _key_usage("key_cert_sign", "crl_sign") if is_ca else _key_usage("digital_signature"),
            critical=True,
        )
    )
    der = _signed(_with_key_ids(builder, public, parent), parent.key if parent else key)
    return Issuer(x509.load_der_x509_certificate(der), key, (der, *(parent.path if parent else ())))


def _body(body: Body, public: PublicKey) -> x509.CertificateBuilder:
    """Shape a person's certificate as the old and the new real ones are: card number, key usage, no SAN."""
    signs = body.role is KeyRole.SIGNATURE
    usage = _key_usage("content_commitment") if signs else _key_usage("digital_signature", "key_encipherment")
    number = core.PrintableString(body.person.card_number).dump()
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(body))
        .public_key(public)
        .serial_number(body.serial)
        .not_valid_before(body.not_before)
        .not_valid_after(body.not_after)
        .add_extension(usage, critical=True)
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(CARD_NUMBER_OID), number), critical=False)
    )
    if body.policy:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(body.policy), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    if signs:
        return builder
    purposes = (
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SMARTCARD_LOGON,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
    )
    return builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)


def _subject(body: Body) -> x509.Name:
    person = body.person
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "SIM Låtsas län"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, person.organization),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{person.given_name} {person.surname}"),
            x509.NameAttribute(NameOID.SURNAME, person.surname),
            x509.NameAttribute(NameOID.GIVEN_NAME, person.given_name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, person.identity(body.subject)),
        ]
    )


def _key_usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})


def _with_key_ids(
    builder: x509.CertificateBuilder, public: PublicKey, parent: Issuer | None
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    if parent is None:
        return builder
    ids = parent.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ids), critical=False)


def _signed(builder: x509.CertificateBuilder, key: bytes) -> bytes:
    private = load_private(key)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        message = "simulated authorities have elliptic keys"
        raise TypeError(message)
    return builder.sign(private, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)
