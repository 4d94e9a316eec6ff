"""A certificate with its private key, as a throw-away authority holds one: made, stored, and signing.

`cryptography` signs no certificate with SHA-1, yet real old cards carry such certificates: those are built with
SHA-256 and signed once more, the algorithm replaced (`_with_sha1`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import algos as asn1_algos
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

if TYPE_CHECKING:
    from pathlib import Path

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Hash = hashes.SHA1 | hashes.SHA256 | hashes.SHA512


@dataclass(frozen=True, slots=True)
class Entity:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_identifier(self) -> bytes:
        """The subject key identifier (RFC 5280, section 4.2.1.2)."""
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest

    @property
    def algorithm(self) -> str:
        """What `sign` does, by asn1crypto's name."""
        return _algorithm(self.key, hashes.SHA256())

    def sign(self, message: bytes) -> bytes:
        """Sign with SHA-256, as X.509 has it."""
        return _signature(self.key, message, hashes.SHA256())


def generate_key(bits: int, *, elliptic: bool) -> PrivateKey:
    """Make a private key: RSA of this size, or P-256."""
    if elliptic:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def store_key(path: Path, key: PrivateKey) -> None:
    """Write a key that only its owner may read."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)


def load_key(path: Path) -> PrivateKey:
    """Read a key that `store_key` wrote; checking a dozen RSA keys again would take two seconds."""
    key = load_pem_private_key(path.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, PrivateKey):
        message = f"{path} holds no RSA or EC key"
        raise TypeError(message)
    return key


def sign_certificate(builder: x509.CertificateBuilder, key: PrivateKey, algorithm: Hash) -> x509.Certificate:
    """Finish a certificate with the issuer's key."""
    if isinstance(algorithm, hashes.SHA1):
        return _with_sha1(builder.sign(key, hashes.SHA256()), key)
    return builder.sign(key, algorithm)


def _with_sha1(certificate: x509.Certificate, key: PrivateKey) -> x509.Certificate:
    sha1 = hashes.SHA1()  # noqa: S303  real old cards carry it
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    algorithm = asn1_algos.SignedDigestAlgorithm({"algorithm": _algorithm(key, sha1)})
    parsed["tbs_certificate"]["signature"] = algorithm
    parsed["signature_algorithm"] = algorithm
    parsed["signature_value"] = _signature(key, parsed["tbs_certificate"].dump(), sha1)
    return x509.load_der_x509_certificate(parsed.dump())


def _algorithm(key: PrivateKey, algorithm: Hash) -> str:
    return f"{algorithm.name}_{'rsa' if isinstance(key, rsa.RSAPrivateKey) else 'ecdsa'}"


def _signature(key: PrivateKey, message: bytes, algorithm: Hash) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), algorithm)
    return key.sign(message, ec.ECDSA(algorithm))
