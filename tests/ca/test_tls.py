"""https as it is: whom to believe, what is wrong when nobody can be believed, and what stands in between."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
import traceback
from base64 import b64encode
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sithsup.ca import tls
from sithsup.ca.transport import HttpTransport
from sithsup.errors import (
    AuthorityUnreachableError,
    PortalError,
    ProxyFailedError,
    ProxyRefusedError,
    ServerUntrustedError,
)
from sithsup.settings import DIRECT
from tests.ca import pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW, DAY = datetime.now(UTC).replace(microsecond=0), timedelta(days=1)
ROOT = pki.make(pki.name("TEST Root"), pki.authority_extensions(), not_before=NOW - DAY, not_after=NOW + DAY)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\nContent-Length: 6\r\n\r\nanswer"


def server_certificate(address: str = "127.0.0.1", *, until: datetime = NOW + DAY) -> pki.Keyed:
    """A certificate for a server at this address, by the campaign's own root."""
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    return pki.make(pki.name("TEST server"), [(names, False)], ROOT, not_before=NOW - 2 * DAY, not_after=until)


def _question(connection: socket.socket, end: bytes = b"question") -> bytes:
    """Everything that is asked; what is left unread would cut the connection."""
    heard = b""
    while not heard.endswith(end) and (more := connection.recv(65536)):
        heard += more
    return heard


@contextmanager
def speaking(
    folder: Path,
    keyed: pki.Keyed,
    newest: ssl.TLSVersion | None = None,
    behave: Callable[[ssl.SSLSocket], None] = lambda secured: secured.sendall(ANSWER),
    above: tuple[pki.Keyed, ...] = (),
    question: bytes = b"question",
) -> Iterator[tuple[str, list[bytes]]]:
    """A server over TLS that answers one question after the other; gives its address and what it has heard.

    It shows the certificates `above` its own too. A `question` ends with these bytes.
    """
    pem = b"".join(shown.certificate.public_bytes(Encoding.PEM) for shown in (keyed, *above))
    pem += keyed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "pem").write_bytes(pem)
    context, heard = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), list[bytes]()
    context.load_cert_chain(folder / "pem")
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                heard.append(_question(secured, question))
                behave(secured)

        def listen() -> None:
            with suppress(OSError):
                while True:
                    answer(listener.accept()[0])

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/", heard
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_server_that_the_campaign_vouches_for_is_spoken_to(tmp_path: Path) -> None:
    """Its own root need not be in the system's trust store."""
    with speaking(tmp_path, server_certificate()) as (address, heard), HttpTransport(address, (ROOT.der,)) as transport:
        assert transport.exchange(b"question") == b"answer"
    assert heard[0].startswith(b"POST")


@pytest.mark.parametrize(
    ("keyed", "anchors", "problem"),
    [
        (server_certificate(), (), tls.UNKNOWN),
        (pki.make(pki.name("127.0.0.1"), [], not_before=NOW - DAY, not_after=NOW + DAY), (ROOT.der,), tls.UNKNOWN),
        (server_certificate("127.0.0.2"), (ROOT.der,), tls.OTHER_NAME),
        (server_certificate(until=NOW - DAY), (ROOT.der,), tls.EXPIRED),
    ],
    ids=["unknown root", "signs for itself", "another name", "expired"],
)
def test_a_server_that_nobody_vouches_for_is_not_spoken_to(
    keyed: pki.Keyed, anchors: tuple[bytes, ...], problem: str, tmp_path: Path
) -> None:
    """Nothing is sent, and what is wrong is said."""
    with (
        speaking(tmp_path, keyed) as (address, heard),
        HttpTransport(address, anchors) as transport,
        pytest.raises(ServerUntrustedError) as caught,
    ):
        transport.exchange(b"question")
    assert caught.value.values["problem"] == problem
    assert b"question" not in b"".join(heard)


@pytest.mark.parametrize("through", ["a tunnel", "nothing"])
def test_whoever_cannot_be_trusted_is_looked_at_and_told_nothing(through: str, tmp_path: Path) -> None:
    """The whole chain, through a proxy too."""
    keyed = server_certificate()
    with speaking(tmp_path, keyed, above=(ROOT,)) as (address, heard), tunnelling(_port(address)) as proxy:
        way = proxy if through == "a tunnel" else DIRECT
        with HttpTransport(address, proxy=way) as transport:
            assert transport.shown_chain(5) == (keyed.der, ROOT.der)
    assert heard == [b""]


def test_where_nobody_shows_anything_there_is_no_chain() -> None:
    """A port where nobody listens, and a server that does not speak TLS."""
    with HttpTransport("https://127.0.0.1:1/") as transport:
        assert transport.shown_chain(1) == ()
    with saying(ANSWER) as port, HttpTransport(f"https://127.0.0.1:{port}/") as transport:
        assert transport.shown_chain(1) == ()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(tmp_path: Path) -> None:
    """TLS 1.2 at least."""
    with (
        speaking(tmp_path, server_certificate(), ssl.TLSVersion.TLSv1_1) as (address, heard),
        HttpTransport(address, (ROOT.der,)) as transport,
        pytest.raises(ServerUntrustedError) as caught,
    ):
        transport.exchange(b"question")
    assert caught.value.values["problem"] == tls.OTHER_PROTOCOL
    assert b"question" not in b"".join(heard)


def test_what_is_not_about_tls_is_told_otherwise() -> None:
    """A connection that was cut is no reason to distrust."""
    assert tls.problem(ConnectionResetError()) is None
    assert tls.problem(ssl.SSLEOFError()) is None


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("UNSUPPORTED_PROTOCOL", tls.OTHER_PROTOCOL),
        ("TLSV1_ALERT_PROTOCOL_VERSION", tls.OTHER_PROTOCOL),
        ("WRONG_VERSION_NUMBER", tls.OTHER_PROTOCOL),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", tls.OTHER_PROTOCOL),
        ("NO_SHARED_CIPHER", tls.OTHER_PROTOCOL),
        ("DH_KEY_TOO_SMALL", tls.OTHER_PROTOCOL),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", None),
        ("TLSV1_ALERT_INTERNAL_ERROR", None),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", None),
        (None, None),
    ],
)
def test_only_what_is_about_versions_and_ciphers_is_called_unsafe(reason: str | None, problem: str | None) -> None:
    """By OpenSSL's own names; everything else is an accident, and may pass."""
    error = ssl.SSLError(1, "an error")
    error.reason = reason  # type: ignore[assignment]
    assert tls.problem(error) == problem


def test_a_record_that_was_damaged_is_a_lost_answer(tmp_path: Path) -> None:
    """It is asked for again, and nobody is called unsafe for it."""

    def damage(secured: ssl.SSLSocket) -> None:
        os.write(secured.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))  # as no key of this connection made it
        secured.recv(1)

    with (
        speaking(tmp_path, server_certificate(), behave=damage) as (address, _),
        HttpTransport(address, (ROOT.der,)) as transport,
        pytest.raises(ConnectionError),
    ):
        transport.exchange(b"question")


# ------------------------------------------------------------------------------------------------ in between


@contextmanager
def saying(page: bytes, heard: list[bytes] | None = None, host: str = "127.0.0.1") -> Iterator[int]:
    """A server, or a proxy, that says the same to everybody; what it is asked goes to `heard`."""
    with socket.create_server((host, 0)) as listener:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        question = connection.recv(65536)
                        if heard is not None:
                            heard.append(question)
                        connection.sendall(page)

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1]


PAGES = {
    "a page": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhej!",
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\nContent-Length: 0\r\n\r\n",
    "RFC 6585": b"HTTP/1.1 511 Log in\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("page", PAGES)
def test_a_guest_network_is_known_by_its_page(page: str) -> None:
    """For messages and for revocation lists alike."""
    with saying(PAGES[page]) as port, HttpTransport(f"http://127.0.0.1:{port}/") as transport:
        with pytest.raises(PortalError):
            transport.exchange(b"question")
        with pytest.raises(PortalError):
            transport.fetch(transport.address)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_named(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over http it answers in the server's place, over https it refuses the tunnel."""
    wants = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    with saying(wants) as port:
        monkeypatch.setenv(f"{scheme}_proxy", f"http://someone:secret@127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        with HttpTransport(f"{scheme}://authority.invalid/") as transport, pytest.raises(ProxyRefusedError) as caught:
            transport.exchange(b"question")
    assert "secret" not in f"{caught.value} {caught.value.next_step}"


def test_a_proxy_that_fails_is_another_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is told what it answers."""
    with saying(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n") as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with (
            HttpTransport("https://authority.invalid/") as transport,
            pytest.raises(ProxyFailedError) as told,
        ):
            transport.exchange(b"question")
    assert told.value.values["status"] == "502"


@pytest.mark.parametrize("address", ["http://authority.invalid/cmp", "http://127.0.0.1:1/cmp"])
def test_a_proxy_that_is_set_goes_over_the_system_s(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every address, with the log-in that stands in it."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "*")
    heard = list[bytes]()
    with saying(ANSWER, heard) as port, HttpTransport(address, proxy=f"http://me:p%40ss@127.0.0.1:{port}") as transport:
        assert transport.fetch(address) == b"answer"
    assert heard[0].startswith(f"GET {address} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + b64encode(b"me:p@ss") in heard[0]


def test_a_proxy_that_is_set_makes_a_tunnel() -> None:
    """The log-in goes to the proxy and not into what is told of it."""
    heard = list[bytes]()
    with saying(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", heard) as port:
        proxy = f"http://me:secret@127.0.0.1:{port}"
        with (
            HttpTransport("https://authority.invalid/", proxy=proxy) as transport,
            pytest.raises(AuthorityUnreachableError) as caught,
        ):
            transport.exchange(b"question")
    assert heard[0].startswith(b"CONNECT authority.invalid:443 ")
    assert b"Proxy-Authorization: Basic " + b64encode(b"me:secret") in heard[0]
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@contextmanager
def tunnelling(to: int) -> Iterator[str]:
    """A proxy that makes one tunnel, wherever it is asked to lead, to a server on this computer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def forward(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while piece := source.recv(65536):
                    target.sendall(piece)

        def listen() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed, and nobody came through
                return
            with connection, socket.create_connection(("127.0.0.1", to)) as server, suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=forward, args=(server, connection), daemon=True).start()
                forward(connection, server)

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


DRIPS = (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")


@pytest.mark.parametrize("through", ["a tunnel", "nothing"])
@pytest.mark.parametrize("start", DRIPS, ids=["in the head", "in the body"])
def test_a_secure_answer_that_drips_is_a_lost_one(start: bytes, through: str, tmp_path: Path) -> None:
    """The time for the whole of it is bounded, through a proxy too, where the connection is told of by other names."""

    def drip(secured: ssl.SSLSocket) -> None:
        secured.sendall(start)
        for _ in range(200):  # for ten seconds, far longer than the client waits
            secured.sendall(b"x")
            time.sleep(0.05)

    with speaking(tmp_path, server_certificate(), behave=drip) as (address, _), tunnelling(_port(address)) as proxy:
        way = proxy if through == "a tunnel" else DIRECT
        begun = time.monotonic()
        with (
            HttpTransport(address, (ROOT.der,), proxy=way, seconds=1) as transport,
            pytest.raises(TimeoutError),
        ):
            transport.exchange(b"question")
        assert time.monotonic() - begun < 4


def _port(address: str) -> int:
    return int(address.rstrip("/").rpartition(":")[2])


@pytest.mark.parametrize("through", ["a tunnel", "nothing"])
def test_a_handshake_that_drips_is_a_lost_answer(through: str) -> None:
    """While it is under way too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                connection.sendall(b"\x16\x03\x03\x40\x00")  # the head of one long record
                for _ in range(200):
                    connection.sendall(b"x")
                    time.sleep(0.05)

        threading.Thread(target=listen, daemon=True).start()
        port = listener.getsockname()[1]
        with tunnelling(port) as proxy:
            way = proxy if through == "a tunnel" else DIRECT
            begun = time.monotonic()
            with (
                HttpTransport(f"https://127.0.0.1:{port}/", (ROOT.der,), proxy=way, seconds=1) as transport,
                pytest.raises(TimeoutError),
            ):
                transport.exchange(b"question")
            assert time.monotonic() - begun < 4


def test_direct_is_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with saying(ANSWER, host="127.0.0.2") as port:
        address = f"http://127.0.0.2:{port}/"
        with HttpTransport(address, proxy=DIRECT) as transport:
            assert transport.fetch(address) == b"answer"
        with HttpTransport(address) as transport, pytest.raises(ConnectionError):
            transport.fetch(address)


def test_ipv6_is_spoken() -> None:
    """Where the authority has such an address."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:

        def listen() -> None:
            connection, _ = listener.accept()
            with connection:
                _question(connection)
                connection.sendall(ANSWER)

        threading.Thread(target=listen, daemon=True).start()
        with HttpTransport(f"http://[::1]:{listener.getsockname()[1]}/") as transport:
            assert transport.exchange(b"question") == b"answer"
