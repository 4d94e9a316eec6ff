"""An authority that means harm: the demo's own, and in front of it somebody who changes what it says.

The same server is a proxy too, in the way of every question for a status.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from sithsup.ca.cmp_asn1 import PKIMessage, certificate_der
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.ledger import Ledger
from sithsup.demo.server import LEDGER_FILE
from sithsup.demo.status import DemoStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.demo.entity import Entity
    from tests.support.demo import Demo

CMP = "application/pkixcmp"
OCSP, LISTS, LIST = "/ocsp", "/crl/", ".crl"
"""In addresses: the end of the responder's, and what lists lie below and end with."""


class Page(NamedTuple):
    """What goes out over HTTP."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", CMP),)
    cut: bool = False
    """Whether the connection ends in the middle."""
    pause: float = 0
    """Seconds between two bytes."""
    silence: float = 0
    """Seconds before the first."""


@dataclass
class Turn:
    """One request and the honest answer to it."""

    asked: PKIMessage
    honest: bytes
    hierarchy: Hierarchy
    ledger: Ledger
    memory: list[bytes]
    """Every honest answer so far."""

    @property
    def body(self) -> str:
        return str(self.asked["body"].name)

    @property
    def certificate(self) -> x509.Certificate:
        """What was issued."""
        response = PKIMessage.load(self.honest)["body"].chosen["response"][0]
        return x509.load_der_x509_certificate(certificate_der(response["certifiedKeyPair"]))

    @property
    def issuer(self) -> Entity:
        """Whoever issued it, with the key."""
        return next(
            entity
            for entity in self.hierarchy.authorities.values()
            if entity.certificate.subject == self.certificate.issuer
        )


class StatusTurn(NamedTuple):
    """One question for a status, and the honest answer to it."""

    path: str
    asked: bytes
    honest: bytes
    hierarchy: Hierarchy

    @property
    def is_list(self) -> bool:
        return LISTS in self.path

    @property
    def name(self) -> str:
        """Whose list it is, as its file is called."""
        return self.path.rpartition("/")[2].removesuffix(LIST)


@dataclass
class Hostile:
    """What was heard, in order: bodies, and a rejection as `reject`."""

    heard: list[str] = field(default_factory=list)

    def note(self, asked: PKIMessage) -> None:
        body = asked["body"]
        refused = body.name == "certConf" and any(s["statusInfo"].native for s in body.chosen)
        self.heard.append("reject" if refused or (body.name == "certConf" and not len(body.chosen)) else body.name)


class Server(ThreadingHTTPServer):
    """The demo's authority and status service, in the hands of a row of the table."""

    def __init__(self, folder: Any, ledger: Ledger, tamper: Any, tamper_status: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hierarchy, self.ledger = Hierarchy.load(folder), ledger
        self.authority = DemoAuthority(self.hierarchy, ledger, lambda: datetime.now(UTC))
        self.status = DemoStatus(self.hierarchy, ledger, lambda: datetime.now(UTC))
        self.tamper, self.tamper_status = tamper, tamper_status
        self.seen, self.memory, self.lock = Hostile(), list[bytes](), threading.Lock()

    def answer(self, body: bytes) -> bytes | Page:
        """Answer a message."""
        with self.lock:
            asked = PKIMessage.load(body)
            self.seen.note(asked)
            honest = self.authority.answer(body)
            self.memory.append(honest)
            made: bytes | Page = self.tamper(Turn(asked, honest, self.hierarchy, self.ledger, self.memory))
            return made

    def tell_status(self, path: str, body: bytes) -> bytes | Page:
        """Answer an OCSP request, or hand out a list."""
        with self.lock:
            turn = StatusTurn(path, body, b"", self.hierarchy)
            honest = self.status.crl(turn.name) if turn.is_list else self.status.ocsp(body)
            made: bytes | Page = self.tamper_status(turn._replace(honest=honest)) if self.tamper_status else honest
            return made


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the server, and what comes of it to the client."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path).path  # a proxy is asked with the whole address
        self._send(self.server.tell_status(path, body) if path.endswith(OCSP) else self.server.answer(body))

    def do_GET(self) -> None:
        self._send(self.server.tell_status(urlsplit(self.path).path, b""))

    def _send(self, made: bytes | Page) -> None:
        page = made if isinstance(made, Page) else Page(made)
        time.sleep(page.silence)
        self.send_response(page.status)
        for header, value in page.headers:
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(page.body) + (1000 if page.cut else 0)))
        self.end_headers()
        pieces = [bytes([byte]) for byte in page.body] if page.pause else [page.body]
        try:
            for piece in pieces:
                self.wfile.write(piece)
                time.sleep(page.pause)
        except OSError:
            self.close_connection = True  # the client has had enough
        if page.cut:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        pass


@contextmanager
def hostile_authority(
    demo: Demo,
    tamper: Callable[[Turn], bytes | Page],
    tamper_status: Callable[[StatusTurn], bytes | Page] | None = None,
) -> Iterator[tuple[str, Hostile]]:
    """Run it; gives its address (without a path it is the proxy's) and what it has heard."""
    folder = demo.folder / "authority"
    with closing(Ledger(folder / LEDGER_FILE)) as ledger, Server(folder, ledger, tamper, tamper_status) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.seen
        finally:
            server.shutdown()
