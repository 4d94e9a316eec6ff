"""A running demo, the program as a person runs it (a process of its own), and a judge that is not the program.

`sithsup` is only ever started here, never imported for what it does: what is on the card is told by pkcs11-tool, by
openssl and by the bytes of SoftHSM2's own files; what the authority holds good stands in its ledger.

One demo of each kind is made per session; `Demos.fresh` puts card, ledger and folders back as they were on the first
day, which takes a hundredth of the time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from sithsup.demo import start as life
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.campaign import TERMS_VERSION
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.knobs import Knobs
from sithsup.demo.ledger import Ledger
from sithsup.demo.server import LEDGER_FILE, DemoServer
from sithsup.demo.start import Kind
from sithsup.demo.status import DemoStatus
from sithsup.model import KeyAlgorithm
from tests.demo.tools import Pkcs11Tool, openssl
from tests.support.schemas import LAST_OUTCOME, require_valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROGRAM = (sys.executable, "-m", "sithsup")
CONSENT = ("--accept-terms", TERMS_VERSION, "--mail-understood")
"""What a script must add for the demo's campaign and cards."""
TIME_OUT = 120
OLD, NEW = "old", "new"

OLD_ISSUER = "TEST SITHS Type 1 CA v1"
TELIA = "TEST Telia e-legitimation HW CA v1"
NEW_ISSUERS = {"TEST SITHS e-id Person HSA-id 3 CA v1", "TEST SITHS e-id Person ID 3 CA v1"}


class Ended(NamedTuple):
    """How a run of the program ended, and what it said."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        """What `--json` wrote."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def error_code(self) -> str | None:
        """SU-nnnn, None where there was no error."""
        return (self.result.get("error") or {}).get("code")


class Listed(NamedTuple):
    """One object as pkcs11-tool lists it; `serial` is that of a certificate."""

    token: str
    kind: str
    key_id: str
    label: str
    serial: int | None


class Seen(NamedTuple):
    """A card: every object as another program lists it, and every object file as SoftHSM2 keeps it."""

    objects: Counter[Listed]
    files: dict[str, bytes]


class Row(NamedTuple):
    """A certificate in the authority's ledger."""

    der: bytes
    issuer: str
    serial: int
    profile: str
    state: str


@dataclass
class Demo:
    """A demo that runs. `codes` are those of its card, `before` is the card of the first day."""

    folder: Path
    kind: Kind
    environment: dict[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.environment = life.environment(self.folder)
        self.codes = tuple((self.folder / "pins").read_text().split())
        self.module = self.environment["SITHSUP_MODULE"]
        self.data, self.logs = self.folder / "data", self.folder / "logs"
        self.tokens = self.folder / "card" / "tokens"
        self.tool = Pkcs11Tool(self.module, self.environment)
        self.keep_card()
        self.before = self.card()

    @classmethod
    def make(
        cls, folder: Path, kind: Kind, wishes: life.Wishes = life.USUAL, knobs: life.Knobs = life.ORDINARY
    ) -> Self:
        """Start a demo, with elliptic keys for its authorities: they are made in no time."""
        life.start(folder, kind, wishes=wishes, knobs=knobs, key_algorithm=KeyAlgorithm.P_256)
        return cls(folder, kind)

    def reset(self) -> None:
        """Put everything back as it was on the first day."""
        for folder in (self.data, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
        self.lay_card()
        with closing(self._ledger()) as ledger, ledger:
            ledger.execute("DELETE FROM exchange")
            ledger.execute("DELETE FROM waiting")
            ledger.execute("DELETE FROM revoked_authority")
            ledger.execute("DELETE FROM certificate WHERE confirm_by IS NOT NULL")
            ledger.execute("UPDATE certificate SET state = 'confirmed', revoked_at = NULL, reason = NULL")

    def keep_card(self) -> None:
        """Keep the card of the first day."""
        shutil.copytree(self.tokens, self.folder / "first-day")

    def lay_card(self) -> None:
        """Put the card of the first day in."""
        shutil.rmtree(self.tokens, ignore_errors=True)
        shutil.copytree(self.folder / "first-day", self.tokens)

    # ------------------------------------------------------------------------------------------ the program

    def variables(self, changes: Mapping[str, str | Path] | None = None) -> dict[str, str]:
        """The whole environment of the program: little of ours, everything of the demo's."""
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "TMPDIR") if name in os.environ}
        own = {"LANG": "C.UTF-8", "SITHSUP_LANGUAGE": "en", "XDG_CONFIG_HOME": str(self.folder / "config")}
        values = {**kept, **own, **self.environment, **(changes or {})}
        return {name: str(value) for name, value in values.items()}

    def start(
        self,
        *arguments: str,
        program: tuple[str, ...] = PROGRAM,
        environ: Mapping[str, str | Path] | None = None,
        stdin: IO[bytes] | int = subprocess.DEVNULL,
    ) -> subprocess.Popen[str]:
        """Start the program and come back at once."""
        return subprocess.Popen(
            [*program, *arguments],
            env=self.variables(environ),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(
        self,
        *arguments: str,
        program: tuple[str, ...] = PROGRAM,
        codes: str | None = None,
        environ: Mapping[str, str | Path] | None = None,
        before: Callable[[], None] | None = None,
    ) -> Ended:
        """Run the program to its end. `codes` is what lies on its standard input; None is nothing at all."""
        begun = time.monotonic()
        ended = subprocess.run(
            [*program, *arguments],
            env=self.variables(environ),
            input=codes or "",
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=TIME_OUT,
            preexec_fn=before,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - begun)

    def act(self, action: str, environ: Mapping[str, str | Path] | None = None, **options: Any) -> Ended:
        """Upgrade, resume or restore with the right codes on standard input."""
        consent = CONSENT if action == "upgrade" else ()
        return self.run(action, *consent, "--json", "--yes", "--pin-stdin", codes=self.pins, environ=environ, **options)

    @property
    def pins(self) -> str:
        """The codes as `--pin-stdin` reads them."""
        return "".join(f"{code}\n" for code in self.codes)

    def processes(self) -> list[Path]:
        """Every living process that the program is, or started: they all have the demo's data folder in common.

        Each is its folder under /proc. A zombie has no environment any more.
        """
        mark, found = f"SITHSUP_DATA={self.data}".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            if is_ours:
                found.append(process)
        return found

    def last_outcome(self) -> dict[str, Any]:
        """What the program has left for tools that look after many computers; it is of the published shape."""
        found: dict[str, Any] = json.loads((self.data / "last-outcome.json").read_bytes())
        require_valid(found, LAST_OUTCOME)
        return found

    # ------------------------------------------------------------------------------------------- the judge

    def card(self) -> Seen:
        """Look at the card, with its codes and without the program."""
        objects: Counter[Listed] = Counter()
        for token, code in self.opened():
            objects += _parsed(token, self.tool.listing(token, code))
        files = {
            str(path.relative_to(self.tokens)): path.read_bytes()
            for path in self.tokens.rglob("*.object")
            if path.name != "token.object"
        }
        return Seen(objects, files)

    def opened(self) -> list[tuple[str, str]]:
        """Every token's label with the code that opens it, if any does; authentication first."""
        return list(zip_longest(self.tool.tokens(), self.codes, fillvalue=""))

    def known(self) -> list[bytes]:
        """Every certificate, DER, that could be on the card: the ledger's and the authorities' own."""
        files = (self.folder / "authority").glob("*.cer")
        return [*(row.der for row in self.ledger()), *(path.read_bytes() for path in files)]

    def ledger(self) -> list[Row]:
        """Every certificate that the authority knows of."""
        with closing(self._ledger()) as ledger:
            rows = ledger.execute("SELECT der, issuer, serial, profile, state FROM certificate").fetchall()
        return [Row(der, issuer, int(serial, 16), profile, state) for der, issuer, serial, profile, state in rows]

    def upgraded(self) -> list[Row]:
        """The new certificates that the authority holds good: issued in an upgrade and confirmed."""
        return [row for row in self.ledger() if row.issuer in NEW_ISSUERS and row.state == "confirmed"]

    def identity(self) -> str:
        """`old` or `new` when that identity is whole and nothing else is there; otherwise what is wrong."""
        now = self.card()
        if now == self.before:
            return OLD if not (wrong := self._old_wrong(now)) else f"OLD BUT {wrong}"
        return NEW if not (wrong := self._new_wrong(now)) else f"TORN {wrong}"

    def signs(self, token: str, code: str, key_id: str, *ders: bytes) -> bool:
        """Whether pkcs11-tool can sign with a key, and openssl verifies that under every one of these certificates."""
        message = self.folder / "message"
        message.write_bytes(f"signed by {key_id} at {datetime.now(UTC)}".encode())
        key = x509.load_der_x509_certificate(ders[0]).public_key()
        elliptic = isinstance(key, ec.EllipticCurvePublicKey)
        self.tool.sign(token, code, bytes.fromhex(key_id), message, elliptic=elliptic)
        return all(_verifies(der, message) for der in ders)

    def _old_wrong(self, now: Seen) -> list[str]:
        rows = [row for row in self.ledger() if row.issuer in (OLD_ISSUER, TELIA)]
        wrong = [f"{row.profile} is {row.state}" for row in rows if row.state != "confirmed"]
        return wrong + self._unsigned(now, rows) + ["a new certificate is confirmed" for _ in self.upgraded()]

    def _new_wrong(self, now: Seen) -> list[str]:
        old = {row.serial for row in self.ledger() if row.issuer == OLD_ISSUER}
        new = self.upgraded()
        expected = Counter({each: n for each, n in self.before.objects.items() if each.serial not in old})
        added = now.objects - expected
        wrong = [f"{each} is missing" for each in expected - now.objects]
        wrong += [f"{name} is not confirmed" for name in self._profiles() - {row.profile for row in new}]
        serials = Counter(each.serial for each in added.elements() if each.kind == "Certificate")
        if serials != Counter(row.serial for row in new):
            wrong.append(f"the new certificates on the card are {serials}")
        kinds = Counter(each.kind for each in added.elements())
        if kinds != {"Certificate": len(self._profiles()), "Public Key": 2, "Private Key": 2}:
            wrong.append(f"new objects: {dict(kinds)}")
        gone = [der for name, der in self.before.files.items() if now.files.get(name) != der]
        if len(gone) != len(old) or not all(_is_in_one(row.der, gone) for row in self.ledger() if row.serial in old):
            wrong.append(f"{len(gone)} files of the card have changed")
        wrong += [f"{row.profile} has other bytes" for row in new if not _is_in_one(row.der, now.files.values())]
        kept = [row for row in self.ledger() if row.issuer == TELIA]
        return wrong or self._unsigned(now, [*new, *kept])

    def _profiles(self) -> set[str]:
        """What the campaign orders."""
        campaign = json.loads((self.folder / "campaign.json").read_bytes())
        return {target["profile"] for target in campaign["targets"]}

    def _unsigned(self, now: Seen, rows: list[Row]) -> list[str]:
        """Sign with the key of each of these certificates; tell those under which that does not verify."""
        codes, by_serial = dict(self.opened()), {row.serial: row for row in rows}
        keys: dict[tuple[str, str], list[Row]] = {}
        for each in now.objects:
            if each.serial in by_serial:
                keys.setdefault((each.token, each.key_id), []).append(by_serial[each.serial])
        return [
            f"{[row.profile for row in found]} do not sign"
            for (token, key_id), found in keys.items()
            if not self.signs(token, codes[token], key_id, *(row.der for row in found))
        ]

    def _ledger(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "authority" / LEDGER_FILE, timeout=20)


class Demos:
    """One demo of each kind, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[Kind, Demo] = {}

    def fresh(self, kind: Kind = Kind.ORDINARY) -> Demo:
        """A demo as on its first day."""
        if kind not in self._made:
            self._made[kind] = Demo.make(self._folder / kind, kind)
        else:
            self._made[kind].reset()
        return self._made[kind]

    def stop(self) -> None:
        """End them all."""
        for demo in self._made.values():
            life.stop(demo.folder)


@contextmanager
def authority_beside(
    demo: Demo,
    *,
    delay: float = 0,
    change: Callable[[Hierarchy], Hierarchy] = lambda same: same,
    later: timedelta = timedelta(),
    port: int = 0,
) -> Iterator[dict[str, str]]:
    """Run a second authority on the demo's ledger: a slow one, one of a later day, or of a changed hierarchy.

    Gives the variable that leads to it.
    """
    folder = demo.folder / "authority"
    ledger, hierarchy = Ledger(folder / LEDGER_FILE), change(Hierarchy.load(folder))
    authority = DemoAuthority(hierarchy, ledger, lambda: _now() + later, Knobs(delay=delay))
    status = DemoStatus(hierarchy, ledger, lambda: _now() + later)
    with closing(ledger), DemoServer(port, authority, status, hierarchy) as server:
        yield {"SITHSUP_AUTHORITY": f"{server.url}/.well-known/cmp"}


def _now() -> datetime:
    return datetime.now(UTC)


def _parsed(token: str, listing: str) -> Counter[Listed]:
    found: Counter[Listed] = Counter()
    for block in re.split(r"\n(?=\S)", listing):
        if kind := re.match(r"(Certificate|Public Key|Private Key|Data) (?:Object|object)", block, re.IGNORECASE):
            serial = _attribute(block, "serial")
            number = int(serial, 16) if serial else None
            found[Listed(token, kind[1], _attribute(block, "ID"), _attribute(block, "label"), number)] += 1
    return found


def _attribute(block: str, name: str) -> str:
    found = re.search(rf"^  {name}: +(.*)$", block, re.MULTILINE)
    return found[1].strip() if found else ""


def _is_in_one(der: bytes, files: Any) -> bool:
    return sum(der in content for content in files) == 1


def _verifies(der: bytes, message: Path) -> bool:
    public = message.with_name("public.pem")
    public.write_text(openssl("x509", "-inform", "DER", "-noout", "-pubkey", stdin=der))
    signature = str(message.with_suffix(".signature"))
    ended = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", str(public), "-signature", signature, str(message)],
        check=False,
        capture_output=True,
        timeout=60,
    )
    return ended.returncode == 0
