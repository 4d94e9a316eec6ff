"""A demo's card and authority on which both ways to upgrade are run, and the judge of where they ended."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.demo import profiles
from sithsup.demo import start as life
from sithsup.demo.authorities import CMP_SIGNER
from sithsup.demo.campaign import Wishes
from sithsup.demo.knobs import Knobs
from sithsup.demo.profiles import PROFILES, file_name
from sithsup.model import KeyAlgorithm
from tests.demo.tools import openssl
from tests.support.demo import CONSENT, OLD_ISSUER, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.demo import Listed, Row, Seen

TYPED = Path(__file__).with_name("typed.sh")
AS_INSTALLED = Path(__file__).with_name("as_installed")
SITHSUP = Path(sys.executable).with_name("sithsup")
PROFILES_WANTED = {profile.name for profile in PROFILES.values() if profile.upgrades}
KEY_TYPES = {KeyAlgorithm.P_256: "EC:prime256v1", KeyAlgorithm.RSA_2048: "rsa:2048"}
"""As pkcs11-tool names them."""
_FILES = {
    "root.pem": profiles.ROOT_2,
    "hsa-id.pem": profiles.HSA_ID_3,
    "personal-number.pem": profiles.PERSON_ID_3,
    "cmp.pem": CMP_SIGNER,
}


class Command(NamedTuple):
    """A way to upgrade the card: what is typed, its whole environment, and the codes for its standard input."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    codes: bytes


class Stage:
    """One demo whose campaign asks for keys of one algorithm; `reset` brings back its first day."""

    def __init__(self, demo: Demo, algorithm: KeyAlgorithm) -> None:
        """Take a demo that was started."""
        self.demo = demo
        self._algorithm = algorithm
        self._typed = demo.folder / "typed"

    def reset(self) -> None:
        """Put card, ledger and folders back as they were."""
        self.demo.reset()
        shutil.rmtree(self._typed, ignore_errors=True)
        self._typed.mkdir()
        for name, authority in _FILES.items():
            der = (self.demo.folder / "authority" / file_name(authority)).with_suffix(".cer").read_bytes()
            (self._typed / name).write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))

    @property
    def sithsup(self) -> Command:
        """The program, as a script would run it, without the packages that only a developer has."""
        arguments = (str(SITHSUP), "upgrade", *CONSENT, "--yes", "--pin-stdin", "--json")
        environment = self.demo.variables({"PYTHONPATH": AS_INSTALLED})
        return Command("sithsup", arguments, environment, self.demo.pins.encode())

    @property
    def typed(self) -> Command:
        """The same by hand."""
        return self._by_hand("typed")

    @property
    def checked(self) -> Command:
        """By hand too, with the checks that the program makes."""
        return self._by_hand("checked", "checked")

    def _by_hand(self, name: str, *more: str) -> Command:
        url = (self.demo.folder / "authority" / "url").read_text("ascii")
        arguments = (str(TYPED), str(self._typed), KEY_TYPES[self._algorithm], *more)
        return Command(name, arguments, {**self.demo.variables(), "AUTHORITY": url}, self.demo.pins.encode())

    def wrong(self) -> list[str]:
        """What an upgraded card should be and this one is not; nothing when all is well."""
        card, ledger = self.demo.card(), self.demo.ledger()
        old = [row for row in ledger if row.issuer == OLD_ISSUER]
        new = self.demo.upgraded()
        wrong = [f"{name} is not confirmed" for name in PROFILES_WANTED - {row.profile for row in new}]
        wrong += [f"{row.profile} is {row.state}, not revoked" for row in old if row.state != "revoked"]
        gone = {row.serial for row in old}
        wrong += [f"{each.label} is still there" for each in card.objects if each.serial in gone]
        return wrong + self._missing(card, gone) or self._unpaired(card, new)

    def _missing(self, card: Seen, gone: set[int]) -> list[str]:
        """What should have been left on the card as it was; `gone` are the serial numbers of what should not."""
        kept = {each for each in self.demo.before.objects if each.serial not in gone}
        return [f"{each} is gone" for each in kept - set(card.objects)]

    def _unpaired(self, card: Seen, new: list[Row]) -> list[str]:
        """The new certificates whose new key is not on the card, or does not sign for them."""
        added = card.objects - self.demo.before.objects
        keys, halves = (
            {(each.token, each.key_id) for each in added if each.kind == kind} for kind in ("Private Key", "Public Key")
        )
        found = {each.serial: each for each in added if each.kind == "Certificate"}
        wrong = [] if len(keys & halves) == len(self.demo.codes) else [f"{len(keys & halves)} whole new keys"]
        wrong += [f"{row.profile} is not on the card" for row in new if row.serial not in found]
        pairs = [(row, found[row.serial]) for row in new if row.serial in found]
        return wrong + [
            f"{row.profile} has no key that signs"
            for row, each in pairs
            if (each.token, each.key_id) not in keys or not self._signs(each, row.der)
        ]

    def _signs(self, listed: Listed, der: bytes) -> bool:
        """Whether pkcs11-tool signs with the key of a certificate so that openssl verifies it."""
        mechanism = "ECDSA" if self._algorithm is KeyAlgorithm.P_256 else "RSA-PKCS"
        digest, signature, public = (self.demo.folder / name for name in ("digest", "signature", "public.pem"))
        digest.write_bytes(hashlib.sha256(os.urandom(32)).digest())
        public.write_text(openssl("x509", "-inform", "DER", "-noout", "-pubkey", stdin=der))
        self.demo.tool.run(
            *("--sign", "--mechanism", mechanism, "--signature-format", "openssl", "--token-label", listed.token),
            *("--login", "--pin", dict(self.demo.opened())[listed.token], "--id", listed.key_id),
            *("--input-file", str(digest), "--output-file", str(signature)),
        )
        verify = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-sigfile", signature, "-in", digest)
        return subprocess.run(("openssl", *verify), check=False, capture_output=True, timeout=60).returncode == 0


@contextmanager
def staged(folder: Path, algorithm: KeyAlgorithm, *, ca_delay: float = 0.0) -> Iterator[Stage]:
    """Start a demo for the length of a block. Its authorities have elliptic keys, which are made in no time."""
    knobs, wishes = Knobs(delay=ca_delay), Wishes(key=algorithm)
    life.start(folder, knobs=knobs, wishes=wishes, key_algorithm=KeyAlgorithm.P_256)
    try:
        yield Stage(Demo(folder, life.Kind.ORDINARY), algorithm)
    finally:
        life.stop(folder)
