"""Signatures: which algorithm goes with a key, whether one is right, what a certificate is hashed with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
"""What new signatures are accepted with, by asn1crypto's names."""

SMALLEST_RSA, SMALLEST_EC = 2048, 256


def algorithm_of(public_key: bytes) -> Any:
    """Tell the algorithm with which `model.Signer` signs, from the SubjectPublicKeyInfo (DER) of its key.

    Raises ValueError for a key that no card makes.
    """
    key = load_der_public_key(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        return algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = "sha384_ecdsa" if isinstance(key.curve, ec.SECP384R1) else "sha256_ecdsa"
        return algos.SignedDigestAlgorithm({"algorithm": name})
    raise ValueError(f"cannot sign with a key of type {type(key).__name__}")


def is_strong(key: PublicKeyTypes) -> bool:
    """Whether a key of the new chain is long enough."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= SMALLEST_RSA
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.key_size >= SMALLEST_EC
    return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def is_signed(public_key: bytes, algorithm: Any, signature: bytes, message: bytes) -> bool:
    """Whether a signature is right, made by a key and an algorithm that are strong enough."""
    try:
        key = load_der_public_key(public_key)
        if not is_strong(key):
            return False
        _verify(key, algorithm, signature, message)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return False
    return True


def _verify(key: PublicKeyTypes, algorithm: Any, signature: bytes, message: bytes) -> None:
    name = algorithm["algorithm"].native
    if isinstance(key, rsa.RSAPublicKey):
        scheme, digest = _rsa_scheme(algorithm)
        key.verify(signature, message, scheme, digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and name.endswith("_ecdsa"):
        key.verify(signature, message, ec.ECDSA(HASHES[name.removesuffix("_ecdsa")]))
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and name in {"ed25519", "ed448"}:
        key.verify(signature, message)
    else:
        raise TypeError(f"{name} does not go with the key")


def _rsa_scheme(algorithm: Any) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    name = algorithm["algorithm"].native
    if name != "rsassa_pss":
        return padding.PKCS1v15(), HASHES[name.removesuffix("_rsa")]
    parameters = algorithm["parameters"]
    digest = HASHES[parameters["hash_algorithm"]["algorithm"].native]
    mask = HASHES[parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native]
    return padding.PSS(padding.MGF1(mask), int(parameters["salt_length"].native)), digest


def certificate_hash(certificate: bytes) -> bytes:
    """Hash a certificate (DER) with the hash of its own signature, for a certConf (RFC 9810, section 5.3.18).

    What signs without a separate hash uses that of RFC 9481, section 3.3. Raises ValueError where there is none.
    """
    algorithm = x509.Certificate.load(certificate)["signature_algorithm"]
    name = algorithm.hash_algo
    if name == "shake256":
        return hashlib.shake_256(certificate).digest(64)
    return hashlib.new(name, certificate).digest()
