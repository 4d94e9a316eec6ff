"""Keys, digests and signatures between the shapes of PKCS#11 and those of X.509. Pure.

PKCS#11 gives an RSA key as two numbers and an EC key as parameters and a point; we want a SubjectPublicKeyInfo
(RFC 5280, section 4.1.2.7). It gives an ECDSA signature as r and s side by side; X.509 wants an ECDSA-Sig-Value
(RFC 3279, section 2.2.3). What cannot be understood becomes empty bytes: a card must be listed whatever is on it.
"""

from __future__ import annotations

import hashlib

from asn1crypto import algos, core, keys

from sithsup.model import KeyAlgorithm

RSA_BITS = {KeyAlgorithm.RSA_2048: 2048, KeyAlgorithm.RSA_3072: 3072}
CURVES = {KeyAlgorithm.P_256: "secp256r1", KeyAlgorithm.P_384: "secp384r1"}
CURVE_BITS = {KeyAlgorithm.P_256: 256, KeyAlgorithm.P_384: 384}

UNCOMPRESSED = 4  # the first byte of an uncompressed point (SEC 1, section 2.3.3)


def ec_parameters(algorithm: KeyAlgorithm) -> bytes:
    """CKA_EC_PARAMS of a curve: the DER of its object identifier."""
    return _der(keys.ECDomainParameters("named", CURVES[algorithm]))


def rsa_public_key(modulus: bytes, exponent: bytes) -> bytes:
    """SubjectPublicKeyInfo of CKA_MODULUS and CKA_PUBLIC_EXPONENT; empty when they are not a key."""
    numbers = {"modulus": int.from_bytes(modulus), "public_exponent": int.from_bytes(exponent)}
    if not all(numbers.values()):
        return b""
    algorithm = {"algorithm": "rsa", "parameters": core.Null()}
    return _der(keys.PublicKeyInfo({"algorithm": algorithm, "public_key": keys.RSAPublicKey(numbers)}))


def rsa_numbers(public_key: bytes) -> tuple[bytes, bytes] | None:
    """Modulus and exponent of a SubjectPublicKeyInfo as PKCS#11 has them, None where it is not an RSA key."""
    try:
        parsed = keys.PublicKeyInfo.load(public_key, strict=True)
        if parsed.algorithm != "rsa":
            return None
        key = parsed["public_key"].parsed
        return _unsigned(int(key["modulus"].native)), _unsigned(int(key["public_exponent"].native))
    except Exception:  # noqa: BLE001  asn1crypto raises many types on hostile input, and a card must be listed
        return None


def ec_public_key(parameters: bytes, point: bytes) -> bytes:
    """SubjectPublicKeyInfo of CKA_EC_PARAMS and CKA_EC_POINT; empty when they are not a key on a curve we know.

    The point is a DER OCTET STRING by the standard; some modules give it bare.
    """
    algorithm = next((known for known in CURVES if ec_parameters(known) == parameters), None)
    if algorithm is None:
        return b""
    size = 1 + 2 * (CURVE_BITS[algorithm] // 8)
    bare = point[-size:]
    wrapped = _der(core.OctetString(bare))
    if len(bare) != size or bare[0] != UNCOMPRESSED or point not in (bare, wrapped):
        return b""
    named = {"algorithm": "ec", "parameters": keys.ECDomainParameters("named", CURVES[algorithm])}
    return _der(keys.PublicKeyInfo({"algorithm": named, "public_key": keys.ECPointBitString(bare)}))


def digest_info(data: bytes) -> bytes:
    """The DigestInfo with SHA-256 that PKCS#1 v1.5 pads (RFC 8017, section 9.2)."""
    digest = hashlib.sha256(data).digest()
    algorithm = {"algorithm": "sha256", "parameters": core.Null()}
    return _der(algos.DigestInfo({"digest_algorithm": algorithm, "digest": digest}))


def ecdsa_digest(parameters: bytes, data: bytes) -> bytes:
    """The digest that goes with a curve: SHA-384 for P-384, SHA-256 for all others."""
    is_p384 = parameters == ec_parameters(KeyAlgorithm.P_384)
    return (hashlib.sha384 if is_p384 else hashlib.sha256)(data).digest()


def ecdsa_signature(raw: bytes) -> bytes:
    """ECDSA-Sig-Value of r and s side by side."""
    half = len(raw) // 2
    return _der(algos.DSASignature({"r": int.from_bytes(raw[:half]), "s": int.from_bytes(raw[half:])}))


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


def _der(value: core.Asn1Value) -> bytes:
    return bytes(value.dump())
