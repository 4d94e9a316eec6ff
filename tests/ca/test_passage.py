"""The way to an address, step by step, against real sockets: which step fails is told, and no more than the host."""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sithsup.ca import passage as way
from sithsup.ca.passage import Fault, Passage, Step, explained, has_route, is_this_computer, still_under_way
from sithsup.ca.transport import HttpTransport
from sithsup.errors import (
    AuthorityError,
    ConnectionRejectedError,
    ConnectionTimedOutError,
    NameServiceSilentError,
    NameUnknownError,
    NoNetworkError,
    PortalError,
    ProxyFailedError,
    ProxyRefusedError,
    ProxyUnreachableError,
    ServerSilentError,
    SjunetOnlyError,
)
from tests.ca.test_tls import ANSWER, PAGES, ROOT, saying, server_certificate, speaking, tunnelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "/738291?who=kanarie"
WANTS = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
FORBIDS = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def tried(
    address: str, *, proxy: str | None = None, seconds: float = 1, anchors: tuple[bytes, ...] = ()
) -> tuple[Passage, AuthorityError | None]:
    """Greet an address; the passage, and what is made of it."""
    passage, failure = Passage(address), None
    with HttpTransport(address, anchors, proxy=proxy, seconds=seconds) as transport:
        try:
            transport.greet(seconds, passage.watch)
        except AuthorityError as error:
            failure = error
    return passage, explained(passage, failure)


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests are run where there is no network too."""
    monkeypatch.setattr(way, "has_route", lambda: True)
    for variable in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)


def looked_up(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], list[object]]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer())


def unknown(code: int) -> Callable[[], list[object]]:
    def answer() -> list[object]:
        raise socket.gaierror(code, "as the name service has it")

    return answer


@contextmanager
def swallowing() -> Iterator[int]:
    """A port whose queue is full: the system lets whoever comes now knock for ever."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(8)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for each in waiting:
                each.close()


@contextmanager
def silent() -> Iterator[int]:
    """A server that takes every connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# ---------------------------------------------------------------------------------------------- what is in the way


def test_a_way_without_hindrance_is_told_step_by_step() -> None:
    with saying(ANSWER) as port:
        passage, error = tried(f"http://127.0.0.1:{port}/cmp")
    assert error is None
    assert list(passage.took) == [Step.NAMED, Step.CONNECTED, Step.ANSWERED]
    assert list(passage.took.values()) == sorted(passage.took.values())
    assert (passage.addresses, passage.proxy, passage.status) == (("127.0.0.1",), None, 200)


def test_over_https_the_chain_is_told(tmp_path: Path) -> None:
    """As far as the server came: this one waits for a question that has a body."""
    keyed = server_certificate()
    with speaking(tmp_path, keyed) as (address, _):
        passage, _ = tried(address, anchors=(ROOT.der,))
    assert passage.chain == (keyed.der,)
    assert passage.tls_version in {"TLSv1.2", "TLSv1.3"}
    assert list(passage.took) == [Step.NAMED, Step.CONNECTED, Step.SECURED]


def test_nobody_listens() -> None:
    port = closed_port()
    _, error = tried(f"http://127.0.0.1:{port}{SECRET}")
    assert type(error) is ConnectionRejectedError
    assert (error.values["host"], error.values["port"]) == ("127.0.0.1", port)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(socket.EAI_NONAME, NameUnknownError), (socket.EAI_AGAIN, NameServiceSilentError)],
)
def test_a_name_that_leads_nowhere(code: int, kind: type[AuthorityError], monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, unknown(code))
    _, error = tried("http://authority.example/cmp")
    assert type(error) is kind
    assert "authority.example" in error.what + error.why


def test_a_name_service_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(way, "NAME_SECONDS", 0.3)
    looked_up(monkeypatch, lambda: [released.wait(60)])
    begun = time.monotonic()
    _, error = tried("http://authority.example/cmp", seconds=5)
    released.set()
    assert type(error) is NameServiceSilentError
    assert time.monotonic() - begun < 3


def test_a_port_that_swallows_everything() -> None:
    with swallowing() as port:
        _, error = tried(f"http://127.0.0.1:{port}/cmp", seconds=0.5)
    assert type(error) is ConnectionTimedOutError


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_says_nothing(scheme: str) -> None:
    """Neither after the question nor in the handshake."""
    with silent() as port:
        passage, error = tried(f"{scheme}://127.0.0.1:{port}/cmp", seconds=0.5)
    assert type(error) is ServerSilentError
    assert Step.CONNECTED in passage.took


def test_in_a_tunnel_the_proxy_s_answer_is_not_the_server_s() -> None:
    with silent() as port, tunnelling(port) as proxy:
        passage, error = tried("https://authority.example/cmp", proxy=proxy, seconds=0.5)
    assert type(error) is ServerSilentError
    assert passage.status is None


@pytest.mark.parametrize("page", PAGES)
def test_a_guest_network(page: str) -> None:
    """A page that comes where nobody asked for one is one too."""
    with saying(PAGES[page]) as port:
        _, error = tried(f"http://127.0.0.1:{port}/cmp")
    assert type(error) is PortalError


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_log_in(scheme: str) -> None:
    with saying(WANTS) as port:
        passage, error = tried(f"{scheme}://authority.example{SECRET}", proxy=f"http://me:secret@127.0.0.1:{port}")
    assert type(error) is ProxyRefusedError
    assert passage.proxy == ("127.0.0.1", port)
    told = f"{error.what} {error.why} {error.next_step}"
    assert "authority.example" in told
    assert not any(secret in told for secret in ("738291", "secret", "kanarie"))


def test_a_proxy_that_does_not_lead_there() -> None:
    with saying(FORBIDS) as port:
        _, error = tried("https://authority.example/cmp", proxy=f"http://127.0.0.1:{port}")
    assert type(error) is ProxyFailedError
    assert "403" in error.why


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its port and by its name; the server's own name is not looked up."""
    _, error = tried("http://authority.example/cmp", proxy=f"http://127.0.0.1:{closed_port()}")
    assert type(error) is ProxyUnreachableError
    assert "refuses" in error.why
    looked_up(monkeypatch, unknown(socket.EAI_NONAME))
    _, error = tried("http://authority.example/cmp", proxy="http://proxy.example:8080")
    assert type(error) is ProxyUnreachableError
    assert error.why == "proxy.example:8080: its name is not known"


def test_where_no_way_leads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that is there, and has no way to that address."""

    def no_way(*_: object, **__: object) -> socket.socket:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket, "create_connection", no_way)
    passage, error = tried("http://192.0.2.1/cmp", proxy="http://192.0.2.2:8080")
    assert (passage.fault, type(error)) == (Fault.NO_WAY, ProxyUnreachableError)
    passage, error = tried("http://192.0.2.1/cmp")
    assert (passage.fault, type(error)) == (Fault.NO_WAY, ConnectionTimedOutError)


def test_without_a_network_nothing_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """But of this computer itself: it needs none."""
    monkeypatch.setattr(way, "has_route", lambda: False)
    looked_up(monkeypatch, unknown(socket.EAI_AGAIN))
    _, error = tried("http://authority.example/cmp")
    assert type(error) is NoNetworkError
    monkeypatch.undo()
    monkeypatch.setattr(way, "has_route", lambda: False)
    _, error = tried(f"http://127.0.0.1:{closed_port()}/cmp")
    assert type(error) is ConnectionRejectedError


@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_AGAIN])
def test_a_name_in_sjunet_is_told_apart(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, unknown(code))
    _, error = tried("http://status.example.sjunet.org/ocsp")
    assert type(error) is SjunetOnlyError
    _, error = tried("http://sjunet.org.example/ocsp")
    assert type(error) is not SjunetOnlyError


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([], NameServiceSilentError),
        ([Step.NAMED], ConnectionTimedOutError),
        ([Step.NAMED, Step.CONNECTED], ServerSilentError),
    ],
)
def test_what_nobody_waits_for_any_longer_is_told_by_its_last_step(
    steps: list[Step], kind: type[AuthorityError]
) -> None:
    passage = Passage("http://authority.example/cmp", peer=way.Peer("authority.example", 80))
    for step in steps:
        passage.took[step] = 0.1
    assert type(still_under_way(passage)) is kind


def test_no_error_tells_more_than_the_host() -> None:
    """A path may be a secret."""
    for error in (PortalError(address=f"https://host.example{SECRET}"), ProxyRefusedError()):
        found = explained(Passage(f"https://host.example{SECRET}"), error)
        assert found is error
        assert found.values["address"] == "host.example"


def test_what_needs_no_network() -> None:
    assert all(map(is_this_computer, ("127.0.0.1", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_this_computer, ("192.0.2.1", "localhost.example", "proxy.example")))


@pytest.mark.parametrize("route", [True, False])
def test_whether_any_way_leads_out(route: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the system's own answer to a connection that sends nothing."""
    asked: list[tuple[str, int]] = []

    class Probe(socket.socket):
        def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            asked.append(address)
            if not route:
                raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Probe)
    assert has_route() is route
    assert asked[0] == ("192.0.2.1", 9)


def test_every_fault_has_its_error() -> None:
    assert set(way._DIRECT) == set(Fault)
