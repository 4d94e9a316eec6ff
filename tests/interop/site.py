"""The demo authority over HTTP, and a folder in which Debian's `openssl` works as its client."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.demo.profiles import PROFILES
from sithsup.demo.server import DemoServer
from tests.demo.conversation import AUTHENTICATION, CARD_EXPIRES, NUMBER, OTHER_NUMBER, MovingClock, World

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.demo.shared_secret import SharedSecret

GENERATE = {
    "rsa-2048": ("RSA", "rsa_keygen_bits:2048"),
    "rsa-3072": ("RSA", "rsa_keygen_bits:3072"),
    "p-256": ("EC", "ec_paramgen_curve:P-256"),
    "p-384": ("EC", "ec_paramgen_curve:P-384"),
}
PROFILE_PATH = ".well-known/cmp/p/"


class RunningClock(MovingClock):
    """The real time, which a test can put forward: openssl looks at the real clock too."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class OpenSsl:
    """Runs openssl in a folder; what it makes lies there by name."""

    def __init__(self, work: Path, variables: dict[str, str] | None = None) -> None:
        work.mkdir(exist_ok=True)
        self.work, self._environment = work, {**os.environ, "no_proxy": "*", **(variables or {})}

    def run(self, *words: str, fails: bool = False) -> str:
        """Run it; what it said. It must succeed, or with `fails` must not."""
        done = subprocess.run(
            ["openssl", *words],
            capture_output=True,
            text=True,
            cwd=self.work,
            env=self._environment,
            check=False,
            timeout=60,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, said
        return said

    def key(self, name: str, algorithm: str = "p-256") -> bytes:
        """Make NAME.key; its public key as DER."""
        kind, option = GENERATE[algorithm]
        self.run("genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", f"{name}.key")
        self.run("pkey", "-in", f"{name}.key", "-pubout", "-outform", "DER", "-out", f"{name}.pub")
        return (self.work / f"{name}.pub").read_bytes()

    def write(self, name: str, der: bytes) -> None:
        """Put a certificate into NAME.pem."""
        (self.work / f"{name}.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))

    def read(self, name: str) -> x509.Certificate:
        """Read NAME.pem."""
        return x509.load_pem_x509_certificate((self.work / f"{name}.pem").read_bytes())


class Site:
    """A world of the demo at an address, with two cards; and an openssl that trusts its root."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder / "authority", now=datetime.now(UTC))
        self.world.clock = RunningClock()
        self.world.open()
        self.server = DemoServer(0, self.world.authority, self.world.status, self.world.hierarchy)
        self.openssl = OpenSsl(folder / "work")
        self.openssl.write("root", self.world.hierarchy.anchor)

    def __enter__(self) -> Self:
        """Serve for the length of a block."""
        self.server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.server.__exit__()

    def open(self, **knobs: Any) -> None:
        """Go on with an authority that behaves otherwise."""
        self.world.open(**knobs)
        self.server.authority, self.server.status = self.world.authority, self.world.status

    def later(self, **time: float) -> None:
        """Put the authority's clock forward."""
        assert isinstance(self.world.clock, RunningClock)
        self.world.clock.ahead += timedelta(**time)

    def holder(self, profile: str = "old-authentication", algorithm: str = "p-256") -> tuple[str, ...]:
        """Give the card a certificate with a key of openssl's; the options that sign with it."""
        world, now = self.world, datetime.now(UTC)
        validity = now - timedelta(days=900), now + CARD_EXPIRES
        holder, public_key = world.ledger.card(NUMBER).holder, self.openssl.key(profile, algorithm)
        der = world.hierarchy.issue(PROFILES[profile], public_key, holder, NUMBER, validity)
        world.ledger.add_certificate(der, profile, NUMBER, validity[0])
        self.openssl.write(profile, der)
        return signed_by(profile)

    def cmp(self, command: str, *options: str, profile: str = AUTHENTICATION, fails: bool = False) -> str:
        """Run `openssl cmp`; what it said."""
        address = ("-server", self.server.url, "-path", PROFILE_PATH + profile, "-recipient", "/CN=TEST")
        return self.openssl.run("cmp", "-cmd", command, *address, "-trusted", "root.pem", *options, fails=fails)

    def refusal(self, command: str, *options: str, profile: str = AUTHENTICATION) -> str:
        """Run `openssl cmp`, which must be refused; the failInfo that it read."""
        said = self.cmp(command, *options, profile=profile, fails=True)
        found = re.search(r"PKIFailureInfo: (\w+)", said)
        assert found, said
        return found[1]

    def states(self, card: str = NUMBER) -> list[tuple[str, str]]:
        """Every certificate of a card, in order: its profile and state."""
        return [(entry.profile.name, str(entry.state)) for entry in self.world.ledger.on_card(card)]

    def shared(self) -> tuple[SharedSecret, tuple[str, ...]]:
        """Share a secret for the second card; with the options that use it."""
        secret = self.world.share(OTHER_NUMBER).secret
        (self.openssl.work / "secret").write_bytes(secret.secret)
        return secret, ("-ref", secret.reference.decode(), "-secret", "file:secret")


def signed_by(name: str, key: str = "") -> tuple[str, ...]:
    """The options that sign with NAME.pem and NAME.key, or with another key."""
    return ("-cert", f"{name}.pem", "-key", f"{key or name}.key")


def new(name: str, key: str = "new") -> tuple[str, ...]:
    """The options that order NAME.pem for a key."""
    return ("-newkey", f"{key}.key", "-subject", "/CN=TEST whoever", "-certout", f"{name}.pem")
