"""`openssl cmp` with its keys on a demo's SoftHSM2 card, through OpenSSL's pkcs11 engine: only the peer is ours."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from sithsup.demo import start as life
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.ledger import Entry, Ledger
from sithsup.model import KeyAlgorithm
from tests.demo.conversation import AUTHENTICATION
from tests.demo.tools import Pkcs11Tool
from tests.interop.site import PROFILE_PATH, OpenSsl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("openssl", "softhsm2-util", "pkcs11-tool")

TOKEN = "TEST SITHS kort (legitimering)"
OLD_KEY, NEW_KEY = b"IdentificationC", b"NEW"
KINDS = {"rsa-2048": "rsa:2048", "rsa-3072": "rsa:3072", "p-256": "EC:secp256r1", "p-384": "EC:secp384r1"}

CONFIGURATION = """
openssl_conf = start
[start]
engines = engines
[engines]
pkcs11 = card
[card]
engine_id = pkcs11
MODULE_PATH = {module}
PIN = {code}
init = 0
"""


class CardSite:
    """A running demo, and an openssl that reaches the first token of its card."""

    def __init__(self, folder: Path) -> None:
        life.start(folder, key_algorithm=KeyAlgorithm.P_256)
        variables = life.environment(folder)
        self._ledger = folder / "authority" / "ledger.sqlite3"
        self._code = (folder / "pins").read_text().split()[0]
        module, self._tool = (
            variables["SITHSUP_MODULE"],
            Pkcs11Tool(variables["SITHSUP_MODULE"], variables["SOFTHSM2_CONF"]),
        )
        configuration = folder / "openssl.cnf"
        configuration.write_text(CONFIGURATION.format(module=module, code=self._code))
        self.openssl = OpenSsl(folder / "work", {**variables, "OPENSSL_CONF": str(configuration)})
        hierarchy = Hierarchy.load(folder / "authority")
        self._url = hierarchy.url
        self.openssl.write("root", hierarchy.anchor)
        for entry in self.entries():
            self.openssl.write(entry.profile.name, entry.der)

    def entries(self) -> list[Entry]:
        """Every certificate of the card."""
        with closing(Ledger(self._ledger)) as ledger:
            ((number,),) = ledger._rows("SELECT DISTINCT card FROM certificate")
            return list(ledger.on_card(number))

    def states(self) -> dict[str, str]:
        return {entry.profile.name: str(entry.state) for entry in self.entries()}

    def make_key(self, algorithm: str) -> None:
        """Make a key on the card by another program than ours."""
        kind = ("--key-type", KINDS[algorithm], "--id", NEW_KEY.hex(), "--label", "new")
        self._tool.run("--keypairgen", "--token-label", TOKEN, "--login", "--pin", self._code, *kind)

    def is_for_new_key(self, certificate: str) -> bool:
        """Whether the new key of the card signs what NAME.pem verifies."""
        (self.openssl.work / "message").write_bytes(b"signed by the card")
        signing = ("-engine", "pkcs11", "-keyform", "engine", "-sign", on_card(NEW_KEY))
        self.openssl.run("dgst", "-sha256", *signing, "-out", "signature", "message")
        self.openssl.run("x509", "-in", f"{certificate}.pem", "-noout", "-pubkey", "-out", "public.pem")
        verified = self.openssl.run("dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "message")
        return "Verified OK" in verified

    def cmp(self, command: str, certificate: str, key: bytes, *options: str) -> str:
        """Run `openssl cmp`, signing with a key of the card."""
        address = ("-server", self._url, "-path", PROFILE_PATH + AUTHENTICATION, "-recipient", "/CN=TEST")
        signer = ("-engine", "pkcs11", "-keyform", "engine", "-cert", f"{certificate}.pem", "-key", on_card(key))
        return self.openssl.run("cmp", "-cmd", command, *address, "-trusted", "root.pem", *signer, *options)


def on_card(key: bytes) -> str:
    """A key by its name in RFC 7512; the code stands in the configuration."""
    return f"pkcs11:token={quote(TOKEN)};id={quote(key)};type=private"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[CardSite]:
    folder = tmp_path / "demo"
    try:
        yield CardSite(folder)
    finally:
        life.stop(folder)


@pytest.mark.parametrize("algorithm", KINDS)
def test_the_old_key_of_the_card_orders_for_a_new_one(site: CardSite, algorithm: str) -> None:
    """Both keys are on the card and neither leaves it: the old signs the message, the new its proof of possession."""
    site.make_key(algorithm)
    ordered = ("-newkey", on_card(NEW_KEY), "-subject", "/CN=TEST", "-certout", "got.pem")
    assert "received PKICONF" in site.cmp("cr", "old-authentication", OLD_KEY, *ordered)
    assert site.is_for_new_key("got")
    assert (site.states()["old-authentication"], site.states()[AUTHENTICATION]) == ("confirmed", "confirmed")


def test_the_card_updates_its_certificate_and_revokes_the_rest(site: CardSite) -> None:
    """kur by the old key; then the new key has the old signature certificate revoked."""
    site.make_key("p-256")
    updated = ("-newkey", on_card(NEW_KEY), "-certout", "got.pem")
    assert "received PKICONF" in site.cmp("kur", "old-authentication", OLD_KEY, *updated)
    assert site.is_for_new_key("got")
    assert site.states()["old-authentication"] == "revoked"
    revoked = ("-oldcert", "old-signature.pem", "-revreason", "4")
    assert "revocation accepted" in site.cmp("rr", "got", NEW_KEY, *revoked)
    assert site.states() == {
        "old-authentication": "revoked",
        "old-signature": "revoked",
        "telia-authentication": "confirmed",
        "telia-signature": "confirmed",
        AUTHENTICATION: "confirmed",
    }
