"""Campaigns as the demo has them, changed and signed anew with the demo's own signer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509

from sithsup.campaign.signature import sign
from sithsup.demo import signing
from sithsup.demo.entity import load_key

if TYPE_CHECKING:
    from pathlib import Path


def content(demo: Path) -> dict[str, Any]:
    """What the campaign of the demo in a folder says."""
    found: dict[str, Any] = json.loads((demo / signing.READABLE).read_bytes())
    return found


def signed(demo: Path, text: bytes | dict[str, Any], path: Path) -> Path:
    """Sign a text as the campaign of a demo is signed; where it lies then."""
    place = demo / signing.FOLDER
    certificate = x509.load_pem_x509_certificate((place / "certificate.pem").read_bytes())
    plain = text if isinstance(text, bytes) else json.dumps(text).encode()
    path.write_bytes(sign(plain, load_key(place / "key.pem"), certificate))
    return path
