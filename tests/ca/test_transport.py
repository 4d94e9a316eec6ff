"""The way to the authority, against real sockets that behave well, badly, or not at all."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sithsup.ca.transport import HttpTransport, patiently
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityUnreachableError,
    PortalError,
    ProxyRefusedError,
    ServerFailedError,
)
from tests.support.kept import everything_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CMP = "application/pkixcmp"


class Server:
    """Gives each connection's whole request to a function, which answers on the socket as it likes."""

    def __init__(self, behave: Callable[[socket.socket], None]) -> None:
        self.requests: list[bytes] = []
        self._behave = behave
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/.well-known/cmp"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.requests.append(_read_request(connection))
                self._behave(connection)
            except OSError:
                return  # the client has gone, as some tests want it to

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def serving(behave: Callable[[socket.socket], None]) -> Iterator[Server]:
    server = Server(behave)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)


def answer(
    status: str = "200 OK", kind: str = CMP, body: bytes = b"answer", more: str = ""
) -> Callable[[socket.socket], None]:
    """The whole answer; the server closes the connection after it, and says so."""
    about = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    head = f"HTTP/1.1 {status}\r\n{about}{more}\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error", "503 Busy"])
@pytest.mark.parametrize("kind", [CMP, f"{CMP}; charset=x", "Application/PKIXCMP", "application/pkixcmp-poll"])
def test_a_message_is_returned_whatever_the_status(status: str, kind: str) -> None:
    """RFC 9811, section 3.1: a PKIMessage in a 2xx, 4xx or 5xx answer is the answer."""
    with serving(answer(status, kind)) as server, HttpTransport(server.address) as transport:
        assert transport.exchange(b"question") == b"answer"
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /.well-known/cmp HTTP/1.1\r\n")
    assert b"content-type: application/pkixcmp\r\n" in head.lower() + b"\r\n"
    assert body == b"question"


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        ("200 OK", "text/html; charset=utf-8", PortalError),
        ("200 OK", "application/octet-stream", AnswerUntrustedError),
        ("200 OK", "", AnswerUntrustedError),
        ("404 Not Found", "text/html", ServerFailedError),
        ("500 Internal Server Error", "text/plain", ServerFailedError),
        ("503 Service Unavailable", "text/html", AuthorityBusyError),
        ("429 Too Many Requests", "text/html", AuthorityBusyError),
    ],
)
def test_what_is_no_message_is_told_apart(status: str, kind: str, error: type[AuthorityError]) -> None:
    """A web page, an error and a busy server are different things; the detail says which it was."""
    with (
        serving(answer(status, kind)) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(AuthorityError) as caught,
    ):
        transport.exchange(b"question")
    assert type(caught.value) is error
    assert status.partition(" ")[0] in caught.value.detail
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ("Retry-After: 120\r\n", 120.0),
        (
            "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:29:30 GMT\r\n",
            90.0,
        ),
        ("Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:00:00 GMT\r\n", 0.0),
        ("Retry-After: Wed, 21 Oct 2015 07:29:30 GMT\r\n", None),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ],
)
def test_a_busy_server_says_when_to_come_back(more: str, seconds: float | None) -> None:
    """Both forms of Retry-After are read; a date is measured by the server's own clock."""
    with (
        serving(answer("503 Busy", "text/html", more=more)) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(AuthorityBusyError) as caught,
    ):
        transport.exchange(b"question")
    assert caught.value.retry_after == seconds


def test_no_redirect_is_followed() -> None:
    """Not even one that carries a message: the address is the campaign's to choose."""
    other = "Location: http://127.0.0.1:1/\r\n"
    for status in ("301 Moved", "307 Moved"):
        with (
            serving(answer(status, more=other)) as server,
            HttpTransport(server.address) as transport,
            pytest.raises(AuthorityUnreachableError),
        ):
            transport.exchange(b"question")
        assert len(server.requests) == 1


def test_a_far_too_long_answer_is_cut() -> None:
    """More than the largest answer is never collected."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: {CMP}\r\n\r\n".encode())
        for _ in range(100):
            connection.sendall(bytes(65536))

    with (
        serving(flood) as server,
        HttpTransport(server.address, largest=200_000) as transport,
        pytest.raises(AnswerUntrustedError),
    ):
        transport.exchange(b"question")


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_an_answer_that_drips_is_a_lost_one(start: bytes) -> None:
    """The whole exchange is bounded in time, not only each piece of it; in the headers and in the body."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        for _ in range(200):  # for ten seconds, far longer than the client waits
            connection.sendall(b"x")
            time.sleep(0.05)

    with serving(drip) as server, HttpTransport(server.address, seconds=0.5) as transport:
        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            transport.exchange(b"question")
        assert time.monotonic() - begun < 3


def test_silence_is_a_lost_answer() -> None:
    """A server that takes the question and never answers."""
    done = threading.Event()

    def keep_silent(_: socket.socket) -> None:
        done.wait(5)

    with serving(keep_silent) as server:
        with HttpTransport(server.address, seconds=0.4) as transport, pytest.raises(TimeoutError):
            transport.exchange(b"question")
        done.set()


@pytest.mark.parametrize("piece", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
def test_a_cut_connection_is_a_lost_answer(piece: bytes) -> None:
    """Closed before an answer, or in the middle of one."""
    with (
        serving(lambda connection: connection.sendall(piece)) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(ConnectionError),
    ):
        transport.exchange(b"question")


def test_nobody_there_is_a_lost_answer() -> None:
    """A closed port; `patiently` makes it out of reach after four tries."""
    with serving(answer()) as server:
        address = server.address
    with HttpTransport(address) as transport:
        with pytest.raises(ConnectionError):
            transport.exchange(b"question")
        with pytest.raises(AuthorityUnreachableError) as caught:
            patiently(lambda: transport.exchange(b"question"), address, lambda _: None, lambda: 0.0)
    assert caught.value.values == {"address": address}


@pytest.mark.parametrize("address", ["http://", "nonsense", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
def test_a_wrong_address_is_out_of_reach(address: str) -> None:
    """Never an exception of the library underneath."""
    with HttpTransport(address) as transport, pytest.raises((AuthorityUnreachableError, ConnectionError)):
        transport.exchange(b"question")


def test_this_computer_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is for the world outside."""
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(answer()) as server, HttpTransport(server.address) as transport:
        assert transport.exchange(b"question") == b"answer"
        with pytest.raises(ConnectionError):  # the proxy, where there is nobody
            transport.fetch("http://list.invalid/")


def test_several_questions_at_once() -> None:
    """One transport serves many threads; each question arrives once and is answered."""
    with serving(answer()) as server, HttpTransport(server.address) as transport, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: transport.exchange(b"%d" % n), range(24)))
    assert answers == [b"answer"] * 24
    assert sorted(r.rpartition(b"\r\n\r\n")[2] for r in server.requests) == sorted(b"%d" % n for n in range(24))


def test_lists_are_fetched_and_ocsp_is_posted() -> None:
    """GET without a question, POST of the right type with one; never out of a cache."""
    with serving(answer(kind="application/pkix-crl")) as server, HttpTransport(server.address) as transport:
        assert transport.fetch(server.address) == b"answer"
        assert transport.fetch(server.address, b"question") == b"answer"
    got, posted = (request.lower() for request in server.requests)
    assert got.startswith(b"get ")
    assert posted.startswith(b"post ")
    assert b"content-type: application/ocsp-request\r\n" in posted
    assert b"cache-control: no-cache" in got
    with (
        serving(answer(kind="text/html")) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(AuthorityUnreachableError),
    ):
        transport.fetch(server.address)


def test_patience_ends_with_an_answer() -> None:
    """No pause and no second question after an answer; pauses are random shares of 1, 2, 4 seconds."""
    outcomes: list[Exception | bytes] = [TimeoutError(), ConnectionError(), b"answer"]
    pauses: list[float] = []

    def ask() -> bytes:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    assert patiently(ask, "-", pauses.append, lambda: 0.25) == b"answer"
    assert pauses == [0.25, 0.5]


# ------------------------------------------------------------------------------------------------- a greeting


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "405 Method Not Allowed", "501 Not Implemented"])
def test_whoever_answers_a_greeting_is_there(status: str) -> None:
    """Whatever they make of HEAD: the time in their answer is told, and nothing of it is believed."""
    date = "Date: Tue, 01 Jan 2030 12:00:00 GMT\r\n"
    with serving(answer(status, body=b"", more=date)) as server, HttpTransport(server.address) as transport:
        assert transport.greet(5) == datetime(2030, 1, 1, 12, tzinfo=UTC)
    assert server.requests[0].startswith(b"HEAD /.well-known/cmp HTTP/1.1\r\n")


@pytest.mark.parametrize("date", ["", "Date: yesterday\r\n"])
def test_a_greeting_without_a_time_is_one_all_the_same(date: str) -> None:
    with serving(answer(body=b"", more=date)) as server, HttpTransport(server.address) as transport:
        assert transport.greet(5) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("302 Found", PortalError),
        ("511 Network Authentication Required", PortalError),
        ("407 Proxy Authentication Required", ProxyRefusedError),
    ],
)
def test_somebody_else_who_answers_a_greeting_is_in_the_way(status: str, error: type[AuthorityError]) -> None:
    with (
        serving(answer(status, body=b"")) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(error),
    ):
        transport.greet(5)


def test_nobody_answers_a_greeting() -> None:
    """Neither where nobody listens nor where nobody speaks; and nobody is waited for longer than was said."""
    with HttpTransport("http://127.0.0.1:1/cmp") as transport, pytest.raises(AuthorityUnreachableError):
        transport.greet(5)
    begun = time.monotonic()
    with (
        serving(lambda _: time.sleep(5)) as server,
        HttpTransport(server.address) as transport,
        pytest.raises(AuthorityUnreachableError),
    ):
        transport.greet(0.3)
    assert time.monotonic() - begun < 3


# ------------------------------------------------------------------------------------------- what the log has


def test_the_log_has_where_how_much_and_how_it_ended() -> None:
    """Of an address neither who asks there nor what; of question and answer the lengths."""
    with everything_kept() as kept, serving(answer("503 Busy", CMP)) as server:
        host = server.address.removeprefix("http://").partition("/")[0]
        with HttpTransport(f"http://testa:hemligt@{host}/cmp?name=Testa#x") as transport:
            transport.exchange(b"a question of Testa's")
    (told,) = kept.traffic
    assert 0 <= told.facts.pop("ms") < 10_000
    assert told == (
        "POST",
        {"address": f"http://{host}/cmp", "sent_bytes": 21, "status": 503, "received_bytes": len(b"answer")},
    )


@pytest.mark.parametrize(
    ("address", "place"), [("http://127.0.0.1:1/cmp", "http://127.0.0.1:1/cmp"), ("http://[::1", "no address")]
)
def test_the_log_has_a_question_that_nobody_answers(address: str, place: str) -> None:
    """With the kind of the error, which may be anything but the answer."""
    with everything_kept() as kept, pytest.raises((ConnectionError, AuthorityError)):
        HttpTransport(address).exchange(b"question")
    (told,) = kept.traffic
    assert (told.what, told.facts["address"]) == ("POST", place)
    assert told.facts["failed"] in {"ConnectionError", "AuthorityUnreachableError"}
    assert "status" not in told.facts
