"""The demo authority as a program: over HTTP, with OpenSSL's own clients, ended and started again."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sithsup.certificate import Certificate
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.ledger import Card, Ledger
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import HSA_ID_3, PERSON_ID_3, PROFILES, ROOT_1, ROOT_2, TYPE_1, file_name
from sithsup.demo.server import CMP_TYPE, LEDGER_FILE, LOG_FILE, READY_FILE, DemoServer
from tests.demo.conversation import AUTHENTICATION, NEW_PROFILES, NUMBER, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 30.0


def post(url: str, body: bytes, kind: str = CMP_TYPE) -> tuple[int, str, bytes]:
    """Post to the server; gives status, content type and body."""
    return ask("POST", url, body, {"Content-Type": kind})


def ask(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str, bytes]:
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)) as connection:
        connection.request(method, parts.path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read()


# ------------------------------------------------------------------------------------------ within a test


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


@pytest.fixture
def server(world: World) -> Iterator[DemoServer]:
    with DemoServer(0, world.authority, world.status, world.hierarchy) as server:
        yield server


def test_a_whole_conversation_over_http(world: World, server: DemoServer) -> None:
    """Order and confirmation go through the socket, byte for byte as in-process."""
    client = replace(world.enrol(), send=lambda der: post(f"{server.url}/.well-known/cmp", der)[2])
    order = client.order()
    assert client.confirm(order).body == "pkiconf"
    assert world.authority.answer(order.der) == order.answer.der
    assert world.states()[AUTHENTICATION] == "confirmed"


def test_the_address_can_name_the_profile(world: World, server: DemoServer) -> None:
    """RFC 9811, section 3.6; what the message itself says comes first."""
    client = world.enrol()
    named = replace(client, send=lambda der: post(f"{server.url}/.well-known/cmp/p/hsa-id-signature/cr", der)[2])
    assert Certificate.parse(named.order(None).issued).key_usage == {"non_repudiation"}
    assert "digital_signature" in Certificate.parse(named.order().issued).key_usage
    assert client.order(None).answer.failure == "badRequest"


def test_every_answer_has_its_content_type(world: World, server: DemoServer) -> None:
    """Messages, lists and certificates are told apart, also under the second address of old certificates."""
    name = file_name(TYPE_1)
    assert post(f"{server.url}/.well-known/cmp", b"junk")[:2] == (200, "application/pkixcmp")
    assert post(f"{server.url}/ocsp", b"junk", "application/ocsp-request")[:2] == (200, "application/ocsp-response")
    for way in ("", "/sjunet"):
        assert ask("GET", f"{server.url}{way}/crl/{name}.crl")[:2] == (200, "application/pkix-crl")
        found = ask("GET", f"{server.url}{way}/aia/{name}.cer")
        assert found == (200, "application/pkix-cert", world.hierarchy.authorities[TYPE_1].der)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/.well-known/cmp", {"Content-Type": "text/html"}, 415),
        ("POST", "/ocsp", {"Content-Type": "text/html"}, 415),
        ("POST", "/.well-known/est", {"Content-Type": CMP_TYPE}, 404),
        ("POST", "/.well-known/cmp", {"Content-Type": CMP_TYPE, "Content-Length": "-1"}, 411),
        ("POST", "/.well-known/cmp", {"Content-Type": CMP_TYPE, "Content-Length": "99999999"}, 413),
        ("GET", "/.well-known/cmp", {}, 404),
        ("GET", "/crl/nobody.crl", {}, 404),
        ("GET", "/aia/../testsithsocspv1.key", {}, 404),
        ("GET", "/aia/testsithsocspv1.key", {}, 404),
    ],
)
def test_wrong_requests_get_the_right_status(
    server: DemoServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """And no file but the authorities' certificates ever comes out."""
    assert ask(method, server.url + path, None, headers)[0] == status


def test_several_clients_at_once(world: World, server: DemoServer) -> None:
    """Orders that come at the same time are all answered, each with its own certificate."""
    client = replace(world.enrol(), send=lambda der: post(f"{server.url}/.well-known/cmp", der)[2])
    with ThreadPoolExecutor(4) as pool:
        orders = list(pool.map(client.order, NEW_PROFILES * 3))
        answers = list(pool.map(client.confirm, orders))
    assert len({order.issued for order in orders}) == 12
    assert {answer.failure for answer in answers} <= {None, "signerNotTrusted"}  # once the old one is revoked
    confirmed = [entry for entry in world.ledger.on_card(NUMBER) if entry.state == "confirmed"]
    assert sorted(entry.profile.name for entry in confirmed) == sorted(NEW_PROFILES)


# ---------------------------------------------------------------------------------- as a program of its own


class Program:
    """The server as its own process, on a folder with one ordinary old card with RSA keys."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.folder, self.work = folder / "authority", folder
        shutil.copytree(keys, self.folder)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        now = datetime.now(UTC)
        self.hierarchy = Hierarchy.make(self.folder, lambda: now, self.url)
        self._make_card(now)
        for name, entity in self.hierarchy.authorities.items():
            self.pem(name).write_bytes(entity.certificate.public_bytes(Encoding.PEM))
        self.process: subprocess.Popen[bytes] | None = None

    def _make_card(self, now: datetime) -> None:
        ledger, key = Ledger(self.folder / LEDGER_FILE), rsa.generate_private_key(65537, 2048)
        ledger.add_card(Card(NUMBER, PEOPLE[0], now + timedelta(days=600)))
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for name in ("old-authentication", "old-signature"):
            validity = (now - timedelta(days=400), now + timedelta(days=600))
            der = self.hierarchy.issue(PROFILES[name], public, PEOPLE[0], NUMBER, validity)
            ledger.add_certificate(der, name, NUMBER, validity[0])
            self.pem(name).write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        ledger.close()
        for name in ("old", "new"):
            key = key if name == "old" else rsa.generate_private_key(65537, 2048)
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self.work / f"{name}.key").write_bytes(pem)

    def pem(self, name: str) -> Path:
        return self.work / f"{file_name(name)}.pem"

    def start(self, *options: str) -> dict[str, Any]:
        command = (sys.executable, "-m", "sithsup.demo.server", str(self.folder), *options)
        self.process = subprocess.Popen(command)
        deadline, ready = time.monotonic() + PATIENCE, self.folder / READY_FILE
        while not ready.exists():
            assert self.process.poll() is None, (self.folder / LOG_FILE).read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return dict(json.loads(ready.read_text("ascii")))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def openssl(self, *words: str, succeeds: bool = True) -> str:
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, cwd=self.work, check=False)
        said = done.stdout + done.stderr
        assert (done.returncode == 0) is succeeds, said
        return said

    def order(self, profile: str, *options: str, signer: str = "old-authentication", succeeds: bool = True) -> str:
        """Order with OpenSSL's CMP client; what is issued lands in PROFILE.pem."""
        return self.openssl(
            *("cmp", "-cmd", "cr", "-server", self.url, "-path", f".well-known/cmp/p/{profile}"),
            *("-cert", str(self.pem(signer)), "-key", "old.key", "-newkey", "new.key", "-subject", "/CN=whoever"),
            *("-trusted", str(self.pem(ROOT_2)), "-certout", str(self.pem(profile)), "-no_proxy", "127.0.0.1"),
            *options,
            succeeds=succeeds,
        )

    def status(self, name: str, issuer: str, root: str = ROOT_2) -> str:
        said = self.openssl(
            *("ocsp", "-issuer", str(self.pem(issuer)), "-cert", str(self.pem(name))),
            *("-url", f"{self.url}/ocsp", "-CAfile", str(self.pem(root))),
        )
        assert "Response verify OK" in said
        assert "WARNING" not in said, said
        return said.split(".pem: ")[1].split()[0]

    def state(self, profile: str) -> list[str]:
        ledger = Ledger(self.folder / LEDGER_FILE)
        found = [str(entry.state) for entry in ledger.on_card(NUMBER) if entry.profile.name == profile]
        ledger.close()
        return found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the authorities' RSA keys once; each test gets its own certificates for them."""
    folder = tmp_path_factory.mktemp("keys")
    Hierarchy.make(folder, lambda: datetime.now(UTC), "http://127.0.0.1:9")
    for path in folder.iterdir():
        if path.suffix != ".key":
            path.unlink()
    return folder


@pytest.fixture
def program(tmp_path: Path, keys: Path) -> Iterator[Program]:
    program = Program(tmp_path, keys)
    yield program
    if program.process and program.process.poll() is None:
        program.process.kill()
        program.process.wait(PATIENCE)


@pytest.mark.needs("openssl")
def test_openssl_upgrades_a_card(program: Program) -> None:
    """A client that nobody here wrote orders and confirms all four; its verifiers believe certificate and status."""
    program.start()
    issuers = {AUTHENTICATION: HSA_ID_3, "personal-number-authentication": PERSON_ID_3}
    for name in NEW_PROFILES:
        said = program.order(name)
        assert "received PKICONF" in said
        assert program.state(name) == ["confirmed"]
    for name, issuer in issuers.items():
        assert program.status(name, issuer) == "good"
        program.openssl("verify", "-x509_strict", "-CAfile", str(program.pem(ROOT_2)),
                        "-untrusted", str(program.pem(issuer)), str(program.pem(name)))  # fmt: skip
    assert program.status("old-authentication", TYPE_1, ROOT_1) == "revoked"
    assert program.status(HSA_ID_3, ROOT_2) == "good"
    issued = x509.load_pem_x509_certificate(program.pem(AUTHENTICATION).read_bytes())
    new_key = load_pem_private_key((program.work / "new.key").read_bytes(), None)
    assert issued.public_key() == new_key.public_key()
    assert "signerNotTrusted" in program.order(AUTHENTICATION, succeeds=False)


@pytest.mark.needs("openssl")
def test_openssl_without_a_confirmation(program: Program) -> None:
    """A lost certConf leaves a certificate that is unknown first, and revoked and on the list after the wait."""
    program.start("--confirm-wait=2")
    program.order(AUTHENTICATION, "-disable_confirm")
    assert program.status(AUTHENTICATION, HSA_ID_3) == "unknown"
    time.sleep(2.1)
    assert program.status(AUTHENTICATION, HSA_ID_3) == "revoked"
    program.order(AUTHENTICATION)
    assert program.state(AUTHENTICATION) == ["revoked", "confirmed"]


@pytest.mark.needs("openssl")
def test_openssl_is_refused(program: Program) -> None:
    """A signature certificate may not sign messages, and OpenSSL reads why."""
    program.start()
    said = program.order(AUTHENTICATION, "-ignore_keyusage", signer="old-signature", succeeds=False)
    assert "signerNotTrusted" in said


@pytest.mark.needs("openssl")
def test_openssl_reads_the_lists(program: Program) -> None:
    """`openssl verify -crl_check` accepts a certificate with the list, and refuses it once it is on the list."""
    program.start()
    program.order(AUTHENTICATION)

    def fetch() -> None:
        status, _, crl = ask("GET", f"{program.url}/crl/{file_name(HSA_ID_3)}.crl")
        assert status == 200
        (program.work / "list.crl").write_bytes(crl)
        program.openssl("crl", "-inform", "DER", "-in", "list.crl", "-out", "list.pem",
                        "-CAfile", str(program.pem(HSA_ID_3)), "-verify")  # fmt: skip

    check = ("verify", "-crl_check", "-partial_chain", "-CRLfile", "list.pem", "-CAfile", str(program.pem(HSA_ID_3)))
    first = program.work / "first.pem"
    first.write_bytes(program.pem(AUTHENTICATION).read_bytes())
    fetch()
    program.openssl(*check, str(first))
    program.order(AUTHENTICATION)
    fetch()
    program.openssl(*check, str(program.pem(AUTHENTICATION)))
    assert "certificate revoked" in program.openssl(*check, str(first), succeeds=False)


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_server_goes_on_where_it_was(program: Program, number: signal.Signals) -> None:
    """Order, end, start, confirm: OpenSSL's messages from before get the stored answers after."""
    program.start()
    program.order(AUTHENTICATION, "-reqout", "cr.der,conf.der", "-rspout", "cp.der,pkiconf.der")
    program.end(number)
    (program.folder / READY_FILE).unlink(missing_ok=True)
    program.start()
    for question, answer in (("cr", "cp"), ("conf", "pkiconf")):
        sent, got = ((program.work / f"{name}.der").read_bytes() for name in (question, answer))
        assert post(f"{program.url}/.well-known/cmp", sent)[2] == got
    assert program.state(AUTHENTICATION) == ["confirmed"]


def test_the_program_says_when_it_is_ready_and_ends_when_it_is_told(program: Program) -> None:
    """server.json names pid, port and address while it serves, and only then; nothing else is left running."""
    ready = program.start()
    assert program.process is not None
    assert ready == {"pid": program.process.pid, "port": urlsplit(program.url).port, "url": program.url}
    assert ask("GET", f"{program.url}/aia/{file_name(ROOT_2)}.cer")[0] == 200
    assert program.end() == 0
    assert not (program.folder / READY_FILE).exists()
    assert "ended" in (program.folder / LOG_FILE).read_text("utf-8")
    with pytest.raises(ConnectionRefusedError):
        ask("GET", program.url)


def test_the_delay_is_for_messages_only(program: Program) -> None:
    """Every CMP message takes at least that long; the status service does not."""
    program.start("--delay=0.6")
    begun = time.monotonic()
    post(f"{program.url}/.well-known/cmp", b"junk")
    assert time.monotonic() - begun >= 0.6


def test_keys_belong_to_their_owner(program: Program) -> None:
    """No private key can be read by anybody else, nor the folder."""
    keys = list(program.folder.glob("*.key"))
    assert len(keys) == 9
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert stat.S_IMODE(program.folder.stat().st_mode) == 0o700
