"""What the certificates of the demo's authorities look like: who issues them, to whom, and for what.

The old ones have the shape of real old SITHS certificates (subject C, L, O, CN, SN, GN, serialNumber; two addresses
for everything; a card number; perhaps a title), the new ones that of the SITHS e-id hierarchy. Policies of the new
ones stand under the arc for examples (RFC 5612).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from sithsup.certificate import CARD_NUMBER_OID
from sithsup.model import KeyRole, SubjectKind

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

ROOT_1 = "TEST SITHS Root CA v1"
TYPE_1 = "TEST SITHS Type 1 CA v1"
TELIA = "TEST Telia e-legitimation HW CA v1"
ROOT_2 = "TEST SITHS e-id Root CA v2"
HSA_ID_3 = "TEST SITHS e-id Person HSA-id 3 CA v1"
PERSON_ID_3 = "TEST SITHS e-id Person ID 3 CA v1"
HSA_ID_2 = "TEST SITHS e-id Person HSA-id 2 CA v1"

UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
SUBJECT_DIRECTORY_ATTRIBUTES = x509.ObjectIdentifier("2.5.29.9")
OLD_POLICY = "1.2.752.35.99.2.3"
EXAMPLE_ARC = "1.3.6.1.4.1.32473"

Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""


class Style(StrEnum):
    """The three families of certificates on a card."""

    OLD = "old"
    TELIA = "telia"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate. `name` is what an order calls it (id-it-certProfile, RFC 9483, section 4)."""

    name: str
    issuer: str
    role: KeyRole
    subject: SubjectKind
    style: Style
    policy: str
    upgrades: bool = False
    """Whether an upgraded card carries it, so that it can be ordered."""


_AUTH, _SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE
_HSA_ID, _NUMBER = SubjectKind.HSA_ID, SubjectKind.PERSONAL_NUMBER
_NEW_POLICY = f"{EXAMPLE_ARC}.2.3"

PROFILES = {
    profile.name: profile
    for profile in (
        Profile("old-authentication", TYPE_1, _AUTH, _HSA_ID, Style.OLD, OLD_POLICY),
        Profile("old-signature", TYPE_1, _SIGN, _HSA_ID, Style.OLD, OLD_POLICY),
        Profile("telia-authentication", TELIA, _AUTH, _NUMBER, Style.TELIA, f"{EXAMPLE_ARC}.1.1"),
        Profile("telia-signature", TELIA, _SIGN, _NUMBER, Style.TELIA, f"{EXAMPLE_ARC}.1.1"),
        Profile("spare-authentication", HSA_ID_2, _AUTH, _HSA_ID, Style.NEW, f"{EXAMPLE_ARC}.2.2"),
        Profile("spare-signature", HSA_ID_2, _SIGN, _HSA_ID, Style.NEW, f"{EXAMPLE_ARC}.2.2"),
        Profile("hsa-id-authentication", HSA_ID_3, _AUTH, _HSA_ID, Style.NEW, _NEW_POLICY, upgrades=True),
        Profile("hsa-id-signature", HSA_ID_3, _SIGN, _HSA_ID, Style.NEW, _NEW_POLICY, upgrades=True),
        Profile(
            "personal-number-authentication",
            PERSON_ID_3,
            _AUTH,
            _NUMBER,
            Style.NEW,
            f"{EXAMPLE_ARC}.2.3",
            upgrades=True,
        ),
        Profile("personal-number-signature", PERSON_ID_3, _SIGN, _NUMBER, Style.NEW, _NEW_POLICY, upgrades=True),
    )
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A person as the authority knows them. All persons of the demo are invented."""

    given_name: str
    surname: str
    hsa_id: str
    personal_number: str = field(repr=False)
    organization: str
    locality: str
    title: str = ""

    @property
    def common_name(self) -> str:
        """Both names, as a certificate shows them."""
        return f"{self.given_name} {self.surname}"

    @property
    def mail(self) -> str:
        """An address that nobody has."""
        return f"{self.hsa_id.lower()}@example.org"


class Addresses(NamedTuple):
    """Where everything about one authority is fetched; old certificates name a second way to each."""

    status: tuple[str, ...]
    certificate: tuple[str, ...]
    revoked: tuple[str, ...]
    statement: str


def file_name(common_name: str) -> str:
    """What an authority's files are called: its name in small letters without spaces and hyphens."""
    return "".join(char for char in common_name.lower() if char.isalnum())


def addresses(url: str, issuer: str, style: Style = Style.NEW) -> Addresses:
    """The addresses that a certificate by this issuer carries."""
    name, ways = file_name(issuer), ("", "/sjunet") if style is Style.OLD else ("",)
    return Addresses(
        status=tuple(f"{url}{way}/ocsp" for way in ways),
        certificate=tuple(f"{url}{way}/aia/{name}.cer" for way in ways),
        revoked=tuple(f"{url}{way}/crl/{name}.crl" for way in ways),
        statement=f"{url}/statement.html",
    )


def authority_name(common_name: str, organization: str) -> x509.Name:
    """The name of an authority: C, O, CN."""
    return _name(
        (NameOID.COUNTRY_NAME, "SE"), (NameOID.ORGANIZATION_NAME, organization), (NameOID.COMMON_NAME, common_name)
    )


def subject_name(profile: Profile, holder: Holder) -> x509.Name:
    """The holder's name as this kind of certificate has it. Only what HSA knows names an employer."""
    employer = profile.subject is SubjectKind.HSA_ID
    serial = holder.hsa_id if employer else holder.personal_number
    return _name(
        (NameOID.COUNTRY_NAME, "SE"),
        (NameOID.LOCALITY_NAME, holder.locality if profile.style is Style.OLD else ""),
        (NameOID.ORGANIZATION_NAME, holder.organization if employer else ""),
        (NameOID.COMMON_NAME, holder.common_name),
        (NameOID.SURNAME, holder.surname),
        (NameOID.GIVEN_NAME, holder.given_name),
        (NameOID.SERIAL_NUMBER, serial),
    )


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in attributes if value])


def person_extensions(
    profile: Profile, holder: Holder, card_number: str | None, public_key: CertificatePublicKeyTypes, url: str
) -> list[Extension]:
    """Everything but the key identifiers, which the issuer adds."""
    where = addresses(url, profile.issuer, profile.style)
    return [
        (_person_key_usage(profile.role, public_key), True),
        *_purposes(profile, holder),
        *_card_number(card_number),
        *_title(profile, holder),
        (policies(profile.policy, where), False),
        *pointers(where),
    ]


def policies(oid: str, where: Addresses) -> x509.CertificatePolicies:
    """Certificate policies with the address of the statement (CPS)."""
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), [where.statement])])


def pointers(where: Addresses) -> list[Extension]:
    """Where to ask whether the certificate is revoked, and where its issuer's certificate is."""
    status = [(AuthorityInformationAccessOID.OCSP, address) for address in where.status]
    issuers = [(AuthorityInformationAccessOID.CA_ISSUERS, address) for address in where.certificate]
    access = [x509.AccessDescription(kind, x509.UniformResourceIdentifier(url)) for kind, url in status + issuers]
    points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in where.revoked]
    return [(x509.AuthorityInformationAccess(access), False), (x509.CRLDistributionPoints(points), False)]


def key_usage(*names: str) -> x509.KeyUsage:
    """The key usage with just these bits, by the names of `cryptography`."""
    bits = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
            "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{bit: bit in names for bit in bits})


def _person_key_usage(role: KeyRole, public_key: CertificatePublicKeyTypes) -> x509.KeyUsage:
    if role is KeyRole.SIGNATURE:
        return key_usage("content_commitment")
    if isinstance(public_key, rsa.RSAPublicKey):
        return key_usage("digital_signature", "key_encipherment")
    return key_usage("digital_signature")  # RFC 5480, section 3: an EC key does not encipher keys


def _purposes(profile: Profile, holder: Holder) -> list[Extension]:
    """Log-in, smart card log-in and e-mail for authentication; nothing for a signature."""
    if profile.role is KeyRole.SIGNATURE:
        return []
    purposes = x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON, ExtendedKeyUsageOID.EMAIL_PROTECTION]
    )
    if profile.subject is SubjectKind.PERSONAL_NUMBER:
        return [(purposes, False)]
    principal = x509.OtherName(UPN, core.UTF8String(holder.mail).dump())
    return [(purposes, False), (x509.SubjectAlternativeName([principal, x509.RFC822Name(holder.mail)]), False)]


def _card_number(number: str | None) -> list[Extension]:
    if number is None:
        return []
    value = core.PrintableString(number).dump()
    return [(x509.UnrecognizedExtension(x509.ObjectIdentifier(CARD_NUMBER_OID), value), False)]


def _title(profile: Profile, holder: Holder) -> list[Extension]:
    """The holder's title, in subjectDirectoryAttributes as old certificates have it."""
    if profile.style is not Style.OLD or not holder.title:
        return []
    title = {"type": NameOID.TITLE.dotted_string, "values": [core.UTF8String(holder.title)]}
    value = asn1_x509.Attributes([title]).dump()
    return [(x509.UnrecognizedExtension(SUBJECT_DIRECTORY_ATTRIBUTES, value), False)]
