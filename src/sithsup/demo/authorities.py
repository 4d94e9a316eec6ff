"""Makes the demo's authorities and the certificates of its two services, each as a line of `PLANS` says."""

from __future__ import annotations

import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from sithsup.demo import profiles
from sithsup.demo.entity import Entity, Hash, PrivateKey, PublicKey, generate_key, sign_certificate
from sithsup.demo.profiles import Extension, addresses, authority_name, key_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sithsup.demo.scheme import Scheme

CMP_SIGNER = "TEST SITHS e-id CMP v1"
RESPONDER = "TEST SITHS OCSP v1"
CMC_CA = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27")
"""id-kp-cmcCA: this key speaks for the authority (RFC 9483, section 1.5). No key of a card has it."""

ANY_POLICY = "2.5.29.32.0"
YEAR = timedelta(days=365)


class Plan(NamedTuple):
    """One authority as it is to be made. The hash signs its certificate and those that it issues."""

    name: str
    issuer: str
    bits: int
    hash: Hash
    years_before: int
    years_after: int
    organization: str = "Inera AB"


_SHA_1, _SHA_256, _SHA_512 = hashes.SHA1(), hashes.SHA256(), hashes.SHA512()  # noqa: S303  as real old cards have it

PLANS = {
    plan.name: plan
    for plan in (
        Plan(profiles.ROOT_1, profiles.ROOT_1, 2048, _SHA_1, 12, 18),
        Plan(profiles.TYPE_1, profiles.ROOT_1, 2048, _SHA_1, 11, 14),
        Plan(profiles.TELIA, profiles.TELIA, 2048, _SHA_256, 11, 14, "TEST Telia"),
        Plan(profiles.ROOT_2, profiles.ROOT_2, 3072, _SHA_512, 3, 22),
        Plan(profiles.HSA_ID_3, profiles.ROOT_2, 3072, _SHA_512, 3, 17),
        Plan(profiles.PERSON_ID_3, profiles.ROOT_2, 3072, _SHA_512, 3, 17),
        Plan(profiles.HSA_ID_2, profiles.ROOT_2, 3072, _SHA_512, 3, 17),
    )
}
"""Every issuer stands before those whom it certifies."""

SERVICES = {CMP_SIGNER: 2048, RESPONDER: 2048}
"""The bits of the keys that are no authority's."""


def make_keys(sizes: Mapping[str, int], *, elliptic: bool) -> dict[str, PrivateKey]:
    """Generate keys of so many bits at the same time: `cryptography` lets go of the interpreter lock meanwhile."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = {name: pool.submit(generate_key, bits, elliptic=elliptic) for name, bits in sizes.items()}
        return {name: key.result() for name, key in waiting.items()}


class Maker:
    """Certifies a set of keys as the authorities and services that they are meant for."""

    def __init__(self, scheme: Scheme, url: str, now: datetime, keys: Mapping[str, PrivateKey]) -> None:
        self._scheme, self._url, self._now, self._keys = scheme, url, now, keys
        self.authorities: dict[str, Entity] = {}
        for plan in scheme.plans.values():
            self.authorities[plan.name] = self._authority(plan)

    def _authority(self, plan: Plan) -> Entity:
        is_root = plan.issuer == plan.name
        certifies = any(plan.name == other.issuer != other.name for other in self._scheme.plans.values())
        length = 1 if certifies else 0
        extensions: list[Extension] = [
            (x509.BasicConstraints(ca=True, path_length=length), True),
            (key_usage("key_cert_sign", "crl_sign"), True),
        ]
        if not is_root:
            where = addresses(self._url, plan.issuer)
            extensions += [(profiles.policies(ANY_POLICY, where), False), *profiles.pointers(where)]
        validity = self._now - plan.years_before * YEAR, self._now + plan.years_after * YEAR
        return self._certify(plan.name, plan.issuer, extensions, validity)

    def cmp_signer(self) -> Entity:
        """Make the certificate that signs the authority's messages."""
        extensions: list[Extension] = [
            (key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([CMC_CA]), False),
            *profiles.pointers(addresses(self._url, self._scheme.anchor)),
        ]
        return self._certify(CMP_SIGNER, self._scheme.anchor, extensions, self._service_validity)

    def responders(self) -> dict[str, Entity]:
        """Certify the key of the status service, once by each authority.

        Never with SHA-1: a program that refuses it in new certificates still wants to ask about old ones.
        """
        extensions: list[Extension] = [
            (key_usage("digital_signature"), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
        ]
        validity = self._service_validity
        return {name: self._certify(RESPONDER, name, extensions, validity, _SHA_256) for name in self._scheme.plans}

    @property
    def _service_validity(self) -> tuple[datetime, datetime]:
        return self._now - YEAR, self._now + 2 * YEAR

    def _certify(
        self,
        name: str,
        issuer: str,
        extensions: list[Extension],
        validity: tuple[datetime, datetime],
        algorithm: Hash | None = None,
    ) -> Entity:
        key, issuer_key, plans = self._keys[name], self._keys[issuer], self._scheme.plans
        by = plans[issuer]
        subject = authority_name(name, plans.get(name, by).organization)
        builder = new_builder(subject, authority_name(issuer, by.organization), key.public_key(), validity)
        identifiers = key_identifiers(key.public_key(), issuer_key.public_key())
        builder = extend(builder, [*extensions, *identifiers])
        return Entity(sign_certificate(builder, issuer_key, algorithm or by.hash), key)


def new_builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, validity: tuple[datetime, datetime], serial_bytes: int = 15
) -> x509.CertificateBuilder:
    """Begin a certificate with a random serial number of exactly so many bytes."""
    serial = int.from_bytes(bytes([secrets.randbelow(0x7F) + 1]) + secrets.token_bytes(serial_bytes - 1))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity[0].replace(microsecond=0))
        .not_valid_after(validity[1].replace(microsecond=0))
    )


def extend(builder: x509.CertificateBuilder, extensions: Iterable[Extension]) -> x509.CertificateBuilder:
    """Add extensions in this order."""
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder


def key_identifiers(key: PublicKey, issuer_key: PublicKey) -> list[Extension]:
    """Identify the subject's key and the issuer's (RFC 5280, sections 4.2.1.1 and 4.2.1.2)."""
    return [
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False),
    ]
