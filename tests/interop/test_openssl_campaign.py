"""Debian's `openssl cms` signs what the program accepts, and verifies what the program signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sithsup.campaign import read_file, read_signed
from sithsup.campaign.signature import PrivateKey, SignatureRefusedError, read_anchors, sign, verify
from sithsup.texts import resources
from tests.demo.tools import openssl

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("openssl")
SHIPPED = resources() / "campaigns" / "siths-2020.json"
KEYS = {
    "RSA": ("rsa:2048",),
    "P-256": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "P-384": ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
}


@pytest.fixture(params=KEYS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An authority, and a signer whom it has certified, all by openssl."""
    kind, ca, who = KEYS[request.param], tmp_path / "ca", tmp_path / "who"
    new = ("req", "-newkey", *kind, "-nodes", "-days", "9")
    openssl(*new, "-x509", "-subj", "/CN=TEST CA", "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
    openssl(*new, "-subj", "/CN=TEST who", "-keyout", f"{who}.key", "-out", f"{who}.csr")
    (tmp_path / "extensions").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n")
    openssl(
        *("x509", "-req", "-in", f"{who}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial"),
        *("-days", "5", "-extfile", str(tmp_path / "extensions"), "-out", f"{who}.pem"),
    )
    return tmp_path


def by_openssl(folder: Path, *options: str) -> bytes:
    out = folder / "campaign.p7m"
    openssl(
        *("cms", "-sign", "-nodetach", "-binary", "-in", str(SHIPPED), "-signer", str(folder / "who.pem")),
        *("-inkey", str(folder / "who.key"), "-outform", "DER", "-out", str(out), *options),
    )
    return out.read_bytes()


@pytest.mark.parametrize("options", [(), ("-md", "sha384"), ("-keyid",), ("-certfile", "ca.pem")], ids=str)
def test_what_openssl_signs_is_accepted(options: tuple[str, ...], folder: Path) -> None:
    """By the command that docs/campaign.md gives, and with what people add to it."""
    more = [str(folder / option) if option.endswith(".pem") else option for option in options]
    anchors = read_anchors((folder / "ca.pem").read_bytes())
    campaign, signature = read_signed(by_openssl(folder, *more), anchors, "x")
    assert campaign.id == "siths-2020"
    assert (signature.signer.common_name, signature.anchor.common_name) == ("TEST who", "TEST CA")


@pytest.mark.parametrize("folder", ["RSA"], indirect=True)
def test_pss_by_openssl_is_accepted(folder: Path) -> None:
    """RSASSA-PSS."""
    document = by_openssl(folder, "-keyopt", "rsa_padding_mode:pss")
    assert verify(document, read_anchors((folder / "ca.pem").read_bytes())).content == SHIPPED.read_bytes()


@pytest.mark.parametrize("options", [("-noattr",), ("-md", "sha1"), ("-stream",), ("-nocerts",)], ids=str)
def test_what_openssl_can_do_and_nobody_should_is_refused(options: tuple[str, ...], folder: Path) -> None:
    """Without attributes, with a weak hash, in pieces (indefinite lengths), without the certificate."""
    document, anchors = by_openssl(folder, *options), read_anchors((folder / "ca.pem").read_bytes())
    with pytest.raises(SignatureRefusedError):
        verify(document, anchors)


def test_openssl_verifies_what_we_sign(folder: Path) -> None:
    """And takes the very bytes out of it."""
    certificate = x509.load_pem_x509_certificate((folder / "who.pem").read_bytes())
    (folder / "ours.p7m").write_bytes(sign(read_file(SHIPPED), load_key(folder), certificate))
    openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "ours.p7m")),
        *("-CAfile", str(folder / "ca.pem"), "-out", str(folder / "out.json")),
    )
    assert (folder / "out.json").read_bytes() == SHIPPED.read_bytes()


def load_key(folder: Path) -> PrivateKey:
    key = load_pem_private_key((folder / "who.key").read_bytes(), None)
    assert isinstance(key, PrivateKey)
    return key
