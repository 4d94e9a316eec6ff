"""The demo signs its own campaign, as an issuer does, under an anchor that the demo's environment pins.

signing/anchor.pem           what a computer pins: the authority of those who may sign campaigns
signing/certificate.pem, key.pem    one of them; `sithsup campaign sign` signs with them anew what somebody has changed
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from sithsup.campaign.signature import sign
from sithsup.demo.authorities import extend, key_identifiers, new_builder
from sithsup.demo.entity import generate_key, load_key, sign_certificate, store_key
from sithsup.demo.profiles import authority_name, key_usage

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sithsup.demo.entity import PrivateKey
    from sithsup.demo.profiles import Extension

FOLDER = "signing"
READABLE, SIGNED = "campaign.json", "campaign.p7m"
_BEFORE, _AFTER = timedelta(days=30), timedelta(days=3650)
_AUTHORITY, _SIGNER, _ORGANIZATION = "TEST campaign CA v1", "TEST campaign signer v1", "TEST"


def anchor_file(folder: Path) -> Path:
    """The anchor of the demo in a folder."""
    return folder / FOLDER / "anchor.pem"


def make_signer(folder: Path, now: datetime) -> None:
    """Make the anchor and the signer's key and certificate."""
    place = folder / FOLDER
    place.mkdir(mode=0o700, exist_ok=True)
    ca, signer = generate_key(0, elliptic=True), generate_key(0, elliptic=True)
    for_ca: list[Extension] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (key_usage("key_cert_sign", "crl_sign"), True),
    ]
    for_signer: list[Extension] = [
        (key_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
    ]
    store_key(place / "key.pem", signer)
    anchor_file(folder).write_bytes(_certificate(_AUTHORITY, ca, ca, for_ca, now))
    (place / "certificate.pem").write_bytes(_certificate(_SIGNER, signer, ca, for_signer, now))


def _certificate(
    name: str, key: PrivateKey, issuer_key: PrivateKey, extensions: list[Extension], now: datetime
) -> bytes:
    validity = now - _BEFORE, now + _AFTER
    builder = new_builder(
        authority_name(name, _ORGANIZATION), authority_name(_AUTHORITY, _ORGANIZATION), key.public_key(), validity
    )
    builder = extend(builder, [*extensions, *key_identifiers(key.public_key(), issuer_key.public_key())])
    return sign_certificate(builder, issuer_key, hashes.SHA256()).public_bytes(Encoding.PEM)


def sign_campaign(folder: Path, content: bytes) -> None:
    """Write a campaign, to be read and signed."""
    place = folder / FOLDER
    certificate = x509.load_pem_x509_certificate((place / "certificate.pem").read_bytes())
    (folder / READABLE).write_bytes(content)
    (folder / SIGNED).write_bytes(sign(content, load_key(place / "key.pem"), certificate))
