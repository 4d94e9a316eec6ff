"""Real keys for simulators, at once: elliptic ones are derived from a name, RSA ones are made once and kept.

None of these keys protects anything: whoever reads this file can derive them.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from sithsup.model import KeyAlgorithm
from sithsup.sim.state import replace_file

if TYPE_CHECKING:
    from pathlib import Path

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

CURVES: dict[KeyAlgorithm, ec.EllipticCurve] = {
    KeyAlgorithm.P_256: ec.SECP256R1(),
    KeyAlgorithm.P_384: ec.SECP384R1(),
}
RSA_BITS = {KeyAlgorithm.RSA_2048: 2048, KeyAlgorithm.RSA_3072: 3072}


class KeyPool:
    """Keys by algorithm and name: the same name gives the same key.

    RSA cannot be derived quickly, so such a key is generated when it is first asked for and kept in `folder`
    (for ever) or, without a folder, for as long as the pool lives.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Take RSA keys from this folder, and leave new ones there."""
        self._folder = folder
        self._rsa: dict[tuple[KeyAlgorithm, str], bytes] = {}

    def key(self, algorithm: KeyAlgorithm, name: str) -> bytes:
        """Tell a private key, as PKCS#8."""
        if algorithm in CURVES:
            return derived_key(algorithm, name)
        if (algorithm, name) not in self._rsa:
            self._rsa[algorithm, name] = self._rsa_key(algorithm, name)
        return self._rsa[algorithm, name]

    def _rsa_key(self, algorithm: KeyAlgorithm, name: str) -> bytes:
        if self._folder is None:
            return _generate(algorithm)
        path = self._folder / f"{algorithm}-{hashlib.sha256(name.encode()).hexdigest()[:24]}.der"
        if not path.exists():
            replace_file(path, _generate(algorithm))
        return path.read_bytes()


@lru_cache(maxsize=4096)
def derived_key(algorithm: KeyAlgorithm, name: str) -> bytes:
    """Derive an elliptic key from its name, as PKCS#8."""
    curve = CURVES[algorithm]
    # One byte less than the curve's size is always below its order.
    scalar = hashlib.shake_256(f"{algorithm}/{name}".encode()).digest(curve.key_size // 8 - 1)
    return _pkcs8(ec.derive_private_key(int.from_bytes(scalar), curve))


def _generate(algorithm: KeyAlgorithm) -> bytes:
    return _pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[algorithm]))


def _pkcs8(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=4096)
def load_private(pkcs8: bytes) -> PrivateKey:
    """Read a private key of the pool."""
    key = load_der_private_key(pkcs8, None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        message = "neither RSA nor EC"
        raise TypeError(message)
    return key


@lru_cache(maxsize=4096)
def load_public(spki: bytes) -> PublicKey:
    """Read a SubjectPublicKeyInfo; raises ValueError for what is none, or of another kind."""
    key = load_der_public_key(spki)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        message = "neither RSA nor EC"
        raise ValueError(message)  # noqa: TRY004  hostile bytes are a wrong value, whatever they decode to
    return key


@lru_cache(maxsize=4096)
def public_half(pkcs8: bytes) -> bytes:
    """Tell the SubjectPublicKeyInfo (DER) of a private key."""
    return load_private(pkcs8).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(pkcs8: bytes, data: bytes) -> bytes:
    """Sign as X.509 has it (see `model.Signer`)."""
    key = load_private(pkcs8)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    return key.sign(data, _ecdsa(key.key_size))


def verifies(spki: bytes, signature: bytes, data: bytes) -> bool:
    """Whether a signature was made by the private half of this public key; whatever is broken was not."""
    try:
        key = load_public(spki)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, data, _ecdsa(key.key_size))
    except (InvalidSignature, ValueError):
        return False
    return True


def _ecdsa(key_size: int) -> ec.ECDSA:
    return ec.ECDSA(hashes.SHA384() if key_size == CURVES[KeyAlgorithm.P_384].key_size else hashes.SHA256())
