"""What happens on the way to an address, step by step, as the connection itself tells it.

A `Passage` watches one question of `ca.transport`: which name was looked up, whether a proxy was taken, how far the
connection came and how long each step took. From that and from the error that came of it `explained` tells *which*
step failed. A question that is still under way when nobody waits any longer is explained by the same steps.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from sithsup.ca import tls
from sithsup.errors import (
    AuthorityError,
    AuthorityUnreachableError,
    ConnectionRejectedError,
    ConnectionTimedOutError,
    NameServiceSilentError,
    NameUnknownError,
    NoNetworkError,
    PortalError,
    ProxyUnreachableError,
    ServerSilentError,
    SjunetOnlyError,
)
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SJUNET = ".sjunet.org"
"""The end of the names that only the closed network of Swedish health care knows."""
NAME_SECONDS = 3.0
"""How long the name service may take. Nobody can break off a question to it: it is left behind."""
PORTS = {"http": 80, "https": 443}
_NOBODY = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}
_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_OUTSIDE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documents (RFC 5737, RFC 3849): they belong to nobody."""


class Step(Enum):
    """How far a question came."""

    BEGUN = auto()
    NAMED = auto()
    CONNECTED = auto()
    SECURED = auto()
    ANSWERED = auto()


class Fault(Enum):
    """Why no connection came about."""

    NAME_UNKNOWN = mark("its name is not known")
    NAMES_SILENT = mark("the name service does not answer")
    REFUSED = mark("it refuses the connection")
    NO_WAY = mark("no way leads there")
    NO_ANSWER = mark("it does not answer")


class Peer(NamedTuple):
    """Whom a connection is made to."""

    host: str
    port: int


@dataclass
class Passage:
    """One question on its way. `watch` is given to the transport."""

    address: str
    begun: float = field(default_factory=time.monotonic)
    peer: Peer | None = None
    addresses: tuple[str, ...] = ()
    """What the name service gave."""
    took: dict[Step, float] = field(default_factory=dict)
    """Seconds from the beginning until each step was done."""
    fault: Fault | None = None
    chain: tuple[bytes, ...] = ()
    """The certificates that the server showed and that were believed, its own first (DER)."""
    tls_version: str = ""
    status: int | None = None
    """Of HTTP, as it was answered last."""
    media_type: str = ""

    @property
    def target(self) -> Peer:
        """Where the address leads."""
        parts = urlsplit(self.address)
        return Peer(parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))

    @property
    def is_secure(self) -> bool:
        """Whether it goes over https."""
        return self.address.startswith("https:")

    @property
    def proxy(self) -> Peer | None:
        """The proxy that was taken; None where none was, as far as is known."""
        return self.peer if self.peer and self.peer != self.target else None

    @property
    def is_page(self) -> bool:
        """Whether a page for people came back, where no people were asked for."""
        return self.status in range(200, 300) and self.media_type == "text/html"

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Note a step. The name is looked up here, because only here the time for that can be kept."""
        step = event.partition(".")[2]
        if step == "connect_tcp.started":
            self._find(Peer(info["host"], info["port"]))
        elif step == "connect_tcp.failed":
            self.fault = _fault(info["exception"])
        elif step == "connect_tcp.complete":
            self._reach(Step.CONNECTED)
        elif step == "start_tls.started":  # in a tunnel the proxy has answered, and the server has not
            self.status, self.media_type = None, ""
            self.took.pop(Step.ANSWERED, None)
        elif step == "start_tls.complete":
            self._secure(info["return_value"].get_extra_info("ssl_object"))
        elif step == "receive_response_headers.complete":
            self._hear(*info["return_value"][1:4:2])

    def _reach(self, step: Step) -> None:
        self.took[step] = time.monotonic() - self.begun

    def _find(self, peer: Peer) -> None:
        self.peer = peer
        try:
            self.addresses = look_up(peer)
        except OSError as error:  # TimeoutError is one
            self.fault = Fault.NAME_UNKNOWN if error.errno in _NOBODY else Fault.NAMES_SILENT
            raise ConnectionError(str(error)) from error
        self._reach(Step.NAMED)

    def _secure(self, secured: Any) -> None:
        self.chain, self.tls_version = tls.shown_chain(secured), secured.version() or ""
        self._reach(Step.SECURED)

    def _hear(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        kinds = (value.decode("latin-1") for name, value in headers if name.lower() == b"content-type")
        self.media_type = next(kinds, "").partition(";")[0].strip().lower()
        self._reach(Step.ANSWERED)


def look_up(peer: Peer) -> tuple[str, ...]:
    """The addresses of a name. Raises `OSError`; where the name service says nothing, `TimeoutError`."""
    future: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            future.set_result(socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM))
        except BaseException as error:  # noqa: BLE001  raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    return tuple(dict.fromkeys(str(found[4][0]) for found in future.result(NAME_SECONDS)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _fault(error: BaseException) -> Fault:
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return Fault.REFUSED
        if isinstance(cause, OSError) and cause.errno in _NO_WAY:
            return Fault.NO_WAY
    return Fault.NO_ANSWER


def has_route() -> bool:
    """Whether any way leads out of this computer. Nothing is sent: only the system's table of routes is asked."""
    for family, address in _OUTSIDE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            return True
    return False


def is_this_computer(host: str) -> bool:
    """Whether an address needs no network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


# ------------------------------------------------------------------------------------------- which step failed


def explained(passage: Passage, error: AuthorityError | None) -> AuthorityError | None:
    """What was in the way, as exactly as can be told; None where nothing was. `error` is what the question came to.

    Every error names the host alone: what else stands in an address is nobody's to read.
    """
    host, port = passage.target
    found = _no_connection(passage) or _no_answer(passage, error) or error
    if found is None and passage.is_page:
        found = PortalError(f"{passage.status} {passage.media_type}")
    if found is not None:
        found.values |= {"address": host, "host": host, "port": port}
    return found


def still_under_way(passage: Passage) -> AuthorityError:
    """The same, of a question that nobody waits for any longer."""
    late = AuthorityUnreachableError("still under way")
    late.__cause__ = TimeoutError()
    if Step.CONNECTED not in passage.took:
        passage.fault = passage.fault or (Fault.NO_ANSWER if Step.NAMED in passage.took else Fault.NAMES_SILENT)
    return explained(passage, late) or late


def _no_connection(passage: Passage) -> AuthorityError | None:
    fault, peer = passage.fault, passage.peer
    if fault is None or peer is None:
        return None
    if not is_this_computer(peer.host) and not has_route():
        return NoNetworkError(fault.name)
    if passage.proxy:
        return ProxyUnreachableError(fault.name, proxy=f"{peer.host}:{peer.port}", problem=tr(fault.value))
    if peer.host.endswith(SJUNET) and fault is not Fault.REFUSED:
        return SjunetOnlyError(fault.name)
    return _DIRECT[fault](fault.name)


_DIRECT: dict[Fault, type[AuthorityUnreachableError]] = {
    Fault.NAME_UNKNOWN: NameUnknownError,
    Fault.NAMES_SILENT: NameServiceSilentError,
    Fault.REFUSED: ConnectionRejectedError,
    Fault.NO_WAY: ConnectionTimedOutError,
    Fault.NO_ANSWER: ConnectionTimedOutError,
}


def _no_answer(passage: Passage, error: AuthorityError | None) -> AuthorityError | None:
    is_silent = Step.CONNECTED in passage.took and Step.ANSWERED not in passage.took
    return ServerSilentError(str(error)) if is_silent and is_late(error) else None


def is_late(error: BaseException | None) -> bool:
    """Whether time ran out."""
    return any(isinstance(cause, TimeoutError) for cause in _causes(error))
