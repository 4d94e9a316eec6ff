"""The demo's cards seen through other people's programs: OpenSC's pkcs11-tool and openssl."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Listed(NamedTuple):
    """One object as pkcs11-tool lists it."""

    kind: str
    key_id: bytes
    label: str


class Pkcs11Tool:
    """Runs pkcs11-tool on one module and one configuration of SoftHSM2, or the variables that another module reads."""

    def __init__(self, module: Path | str, configuration: Path | str | dict[str, str]) -> None:
        variables = configuration if isinstance(configuration, dict) else {"SOFTHSM2_CONF": str(configuration)}
        self._module, self._environment = str(module), {**os.environ, **variables}

    def run(self, *arguments: str) -> str:
        """Run it; what it printed."""
        command = ["pkcs11-tool", "--module", self._module, *arguments]
        return subprocess.run(
            command, env=self._environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def tokens(self) -> list[str]:
        """Every token's label, sorted."""
        return sorted(re.findall(r"token label +: (.*)", self.run("--list-slots")))

    def serials(self) -> list[str]:
        """Every token's serial number."""
        return re.findall(r"serial num +: (\S+)", self.run("--list-slots"))

    def listing(self, token: str, code: str) -> str:
        """Everything on a token, as printed after a log-in; without a code, what shows without."""
        return self.run("--list-objects", "--token-label", token, *(("--login", "--pin", code) if code else ()))

    def objects(self, token: str, code: str) -> Counter[Listed]:
        """Everything on a token, counted."""
        found: Counter[Listed] = Counter()
        for block in re.split(r"\n(?=\S)", self.listing(token, code)):
            kind = re.match(r"(Certificate|Public Key|Private Key) Object", block)
            if kind:
                found[Listed(kind[1], bytes.fromhex(_field(block, "ID")), _field(block, "label"))] += 1
        return found

    def sign(self, token: str, code: str, key_id: bytes, message: Path, *, elliptic: bool = False) -> bytes:
        """Sign a file with SHA-256, and PKCS #1 v1.5 or ECDSA."""
        signature, given = message.with_suffix(".signature"), message
        mechanism = ["--mechanism", "SHA256-RSA-PKCS"]
        if elliptic:  # SoftHSM2 signs a hash that was made elsewhere
            given, mechanism = message.with_suffix(".hash"), ["--mechanism", "ECDSA", "--signature-format", "openssl"]
            given.write_bytes(hashlib.sha256(message.read_bytes()).digest())
        self.run(
            *("--sign", *mechanism, "--token-label", token, "--login", "--pin", code),
            *("--id", key_id.hex(), "--input-file", str(given), "--output-file", str(signature)),
        )
        return signature.read_bytes()


def _field(block: str, name: str) -> str:
    found = re.search(rf"^  {name}: +(.*)$", block, re.MULTILINE)
    return found[1].strip() if found else ""


def openssl(*arguments: str, stdin: bytes = b"") -> str:
    """Run openssl; what it printed."""
    ended = subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True, timeout=60)
    return ended.stdout.decode()


def certificate_text(der: bytes) -> str:
    """What `openssl x509 -text` says, with readable letters and names as RFC 2253 does not have them: in order."""
    return openssl(
        "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "sep_comma_plus_space,utf8,sname", stdin=der
    )


def verifies(der: bytes, message: Path, folder: Path) -> bool:
    """Whether the file's signature verifies under the certificate's key, by openssl."""
    (folder / "public.pem").write_text(openssl("x509", "-inform", "DER", "-noout", "-pubkey", stdin=der))
    signature = str(message.with_suffix(".signature"))
    answer = openssl("dgst", "-sha256", "-verify", str(folder / "public.pem"), "-signature", signature, str(message))
    return "Verified OK" in answer
