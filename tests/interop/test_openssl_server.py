"""Our client against a server that nobody here wrote: OpenSSL's mock (`openssl cmp -port`).

It answers every order with one fixed certificate, forgets the transaction when the connection closes, speaks HTTP/1.0,
and (in 3.0) compares what is updated or revoked with that same certificate. So each test makes the certificate for the
key that it has just made, with the issuer and the serial number of the old one, and keeps its connection.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sithsup.ca.cmp import CmpAuthority
from sithsup.errors import AnswerUntrustedError, AuthorityBusyError, AuthorityRefusedError, TransactionUnknownError
from sithsup.model import Issued, MessageKind, RequestBody, Waiting
from tests.ca import pki
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.model import Message

PATIENCE = 10
NOW = datetime.now(UTC).replace(microsecond=0)


class Kept:
    """A `Transport` that keeps its connection, as the mock needs; a status is asked of nobody here."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/"
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def exchange(self, body: bytes) -> bytes:
        headers = {"Content-Type": "application/pkixcmp", "Connection": "keep-alive"}
        self._line.request("POST", "/", body, headers)
        return self._line.getresponse().read()

    def fetch(self, address: str, question: bytes | None = None) -> bytes:
        raise NotImplementedError

    def close(self) -> None:
        self._line.close()


@dataclass
class Party:
    """One hierarchy whose certificates are valid now, an old certificate, and a new key."""

    folder: Path
    root: pki.Keyed
    server: pki.Keyed
    old: pki.Keyed
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, folder: Path) -> Party:
        make = partial(pki.make, not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(days=30))
        root = make(pki.name("TEST Root"), pki.authority_extensions())
        server = make(pki.name("TEST CMP"), [pki.usage("digital_signature"), pki.purposes(pki.CMC_CA)], root)
        old = make(pki.person_name(pki.HSA_ID), [pki.usage("digital_signature"), pki.card_number()], root)
        return cls(folder, root, server, old, pki.new_key())

    @cached_property
    def successor(self) -> x509.Certificate:
        """What the mock hands out: a certificate for the new key by the old name."""
        old = self.old.certificate
        builder = x509.CertificateBuilder(old.issuer, old.subject, self.key.public_key(), old.serial_number)
        builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
        return builder.sign(self.root.key, hashes.SHA256())

    def write(self) -> list[str]:
        """Give the mock its files; the options that name them."""
        key = self.server.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        pems = {"srv_cert": self.server.certificate, "srv_trusted": self.root.certificate, "rsp_cert": self.successor}
        for name, certificate in pems.items():
            (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (self.folder / "srv_key.pem").write_bytes(key)
        return [part for name in (*pems, "srv_key") for part in (f"-{name}", str(self.folder / f"{name}.pem"))]

    def prove(self, data: bytes) -> bytes:
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def order(self, client: CmpAuthority, body: RequestBody = RequestBody.KUR) -> Message:
        """Compose an order for the new key."""
        target = replace(pki.target(), body=body)
        return client.compose_order(target, self.old.parsed, pki.spki(self.key), self.prove, self.old.signer())


@pytest.fixture
def party(tmp_path: Path) -> Party:
    return Party.make(tmp_path)


@contextmanager
def mock(party: Party, *options: str) -> Iterator[CmpAuthority]:
    """Run the mock for one connection; a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["openssl", "cmp", "-port", str(port), *party.write(), *options]
    with (party.folder / "server.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        transport = Kept(port)
        try:
            _wait_for(party.folder / "server.log", server)
            yield CmpAuthority(transport, (party.root.der,), None, lambda: NOW, sleep=lambda _: None)
        finally:
            transport.close()
            server.kill()


def _wait_for(log: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until the mock listens; a connection made to find out would be the one that it serves."""
    end = time.monotonic() + PATIENCE
    while b"ACCEPT" not in log.read_bytes():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.02)


def test_an_update_is_issued_confirmed_and_the_old_certificate_revoked(party: Party) -> None:
    """kur, certConf and rr, each answered as the standard says."""
    with mock(party) as client:
        order = party.order(client)
        issued = issued_by(client, order)
        assert issued.certificate == party.successor.public_bytes(Encoding.DER)
        accepted = client.compose_confirmation(order, issued, party.old.signer(), accept=True)
        assert client.confirm(accepted).kind is MessageKind.CONFIRMED
    with mock(party) as client:
        message = client.compose_revocation(party.old.parsed, party.old.signer())
        assert client.revoke(message).kind is MessageKind.REVOKED


@pytest.mark.parametrize("body", [RequestBody.IR, RequestBody.CR, RequestBody.P10CR])
def test_every_other_kind_of_order_is_issued_and_confirmed(body: RequestBody, party: Party) -> None:
    """The certReqId of the answer is repeated, whatever it is."""
    with mock(party) as client:
        order = party.order(client, body)
        issued = issued_by(client, order)
        accepted = client.compose_confirmation(order, issued, party.old.signer(), accept=True)
        assert client.confirm(accepted).kind is MessageKind.CONFIRMED


def test_a_rejection_is_acknowledged(party: Party) -> None:
    """What does not belong on the card is said not to be wanted."""
    with mock(party) as client:
        order = party.order(client)
        issued = issued_by(client, order)
        rejection = client.compose_confirmation(order, issued, party.old.signer(), accept=False)
        assert client.confirm(rejection).kind is MessageKind.REJECTED


def test_it_is_polled_until_it_is_ready(party: Party) -> None:
    """Waiting, then pollRep with its checkAfter, then the certificate."""
    with mock(party, "-poll_count", "3", "-check_after", "7") as client:
        order = party.order(client)
        answer, waits = client.order(order), []
        while isinstance(answer, Waiting):
            waits.append(answer.check_after)
            answer = client.order(client.compose_poll(answer.answer, party.old.signer()))
        assert isinstance(answer, Issued)
        assert waits[0] == 0
        assert [7 <= wait < 8 for wait in waits[1:]] == [True, True]
        accepted = client.compose_confirmation(order, answer, party.old.signer(), accept=True)
        assert client.confirm(accepted).kind is MessageKind.CONFIRMED


REFUSALS: dict[str, tuple[int, type[Exception]]] = {
    "badRequest": (2, AuthorityRefusedError),
    "signerNotTrusted": (20, AuthorityRefusedError),
    "transactionIdInUse": (21, TransactionUnknownError),
    "notAuthorized": (23, AuthorityRefusedError),
    "systemUnavail": (24, AuthorityBusyError),
    "duplicateCertReq": (26, AuthorityBusyError),
}


@pytest.mark.parametrize("failure", REFUSALS)
def test_a_refusal_is_understood(failure: str, party: Party) -> None:
    """In the status of the answer."""
    bit, error = REFUSALS[failure]
    with mock(party, "-pkistatus", "2", "-failure", str(bit)) as client, pytest.raises(error):
        client.order(party.order(client))


def test_an_error_message_is_understood(party: Party) -> None:
    """This server gives one reason for all of its errors."""
    with mock(party, "-send_error") as client, pytest.raises(AuthorityRefusedError) as caught:
        client.order(party.order(client))
    assert caught.value.fail_info == {"badRequest"}


def test_an_unprotected_answer_is_not_believed(party: Party) -> None:
    """Whatever it says."""
    with mock(party, "-send_unprotected") as client, pytest.raises(AnswerUntrustedError):
        client.order(party.order(client))


def test_implicit_confirmation_is_granted_to_nobody_who_did_not_ask(party: Party) -> None:
    """We never ask, so it waits for the confirmation even when it would not need one."""
    with mock(party, "-grant_implicitconf") as client:
        order = party.order(client)
        accepted = client.compose_confirmation(order, issued_by(client, order), party.old.signer(), accept=True)
        assert client.confirm(accepted).kind is MessageKind.CONFIRMED
