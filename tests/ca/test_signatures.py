"""Signature algorithms: the ones that are accepted, and those that are not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from asn1crypto import algos, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sithsup.ca.signatures import algorithm_of, certificate_hash, is_signed
from tests.ca import pki

if TYPE_CHECKING:
    from collections.abc import Callable

RSA = rsa.generate_private_key(65537, 2048)
P_256, P_384, ED25519 = pki.new_key(), ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()
MESSAGE = b"message"
PSS = {
    "algorithm": "rsassa_pss",
    "parameters": {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    },
}


def spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def algorithm(name: str) -> algos.SignedDigestAlgorithm:
    return algos.SignedDigestAlgorithm(PSS if name == "rsassa_pss" else {"algorithm": name})


SIGNED = {
    "sha256_rsa": (spki(RSA), RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())),
    "sha512_rsa": (spki(RSA), RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512())),
    "rsassa_pss": (spki(RSA), RSA.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())),
    "sha256_ecdsa": (spki(P_256), P_256.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))),
    "sha384_ecdsa": (spki(P_384), P_384.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))),
    "ed25519": (spki(ED25519), ED25519.sign(MESSAGE)),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_right_signature_is_right(name: str) -> None:
    """Under its own key, algorithm and message, and under nothing else."""
    public_key, signature = SIGNED[name]
    assert is_signed(public_key, algorithm(name), signature, MESSAGE)
    assert not is_signed(public_key, algorithm(name), signature, b"other")
    assert not is_signed(public_key, algorithm(name), signature[:-1], MESSAGE)
    assert not is_signed(b"no key", algorithm(name), signature, MESSAGE)
    for other in SIGNED:
        if other != name:
            assert not is_signed(public_key, algorithm(other), signature, MESSAGE)


def test_weak_signatures_are_not_right() -> None:
    """SHA-1, and keys that are too short or of no kind that is known here."""
    sha1 = RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  on purpose
    assert not is_signed(spki(RSA), algorithm("sha1_rsa"), sha1, MESSAGE)
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  on purpose
    signature = short.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert not is_signed(spki(short), algorithm("sha256_rsa"), signature, MESSAGE)


@pytest.mark.parametrize(
    ("key", "name"),
    [(RSA, "sha256_rsa"), (P_256, "sha256_ecdsa"), (P_384, "sha384_ecdsa")],
    ids=["RSA", "P-256", "P-384"],
)
def test_a_cards_key_tells_its_algorithm(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str) -> None:
    """As `model.Signer` signs; RSA has NULL parameters (RFC 4055, section 5)."""
    found = algorithm_of(spki(key))
    assert found["algorithm"].native == name
    assert found["parameters"].dump() == (b"\x05\x00" if name == "sha256_rsa" else b"")


def test_no_card_signs_with_other_keys() -> None:
    """Ed25519 and DSA are refused before anything is composed."""
    other = dsa.generate_private_key(2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for public_key in (spki(ED25519), other):
        with pytest.raises(ValueError, match="cannot sign"):
            algorithm_of(public_key)


EXPECTED: dict[str, Callable[[bytes], bytes]] = {
    "sha1_rsa": lambda der: hashlib.sha1(der, usedforsecurity=False).digest(),
    "sha256_rsa": lambda der: hashlib.sha256(der).digest(),
    "sha512_ecdsa": lambda der: hashlib.sha512(der).digest(),
    "rsassa_pss": lambda der: hashlib.sha256(der).digest(),
    "ed25519": lambda der: hashlib.sha512(der).digest(),
    "ed448": lambda der: hashlib.shake_256(der).digest(64),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_certificate_is_hashed_as_it_was_signed(name: str) -> None:
    """RFC 9810, section 5.3.18 and RFC 9481, section 3.3."""
    parsed = x509.Certificate.load(pki.hierarchy().old_authentication.der)
    parsed["signature_algorithm"] = algorithm(name)
    der = parsed.dump(force=True)
    assert certificate_hash(der) == EXPECTED[name](der)
