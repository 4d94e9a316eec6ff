"""An authority that means harm: the demo's own, and in front of it somebody who changes what it says."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from sithsup.ca.cmp_asn1 import PKIMessage, certificate_der
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.ledger import Ledger
from sithsup.demo.server import LEDGER_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.demo.entity import Entity
    from tests.support.demo import Demo

CMP = "application/pkixcmp"


class Page(NamedTuple):
    """What goes out over HTTP."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", CMP),)
    cut: bool = False
    """Whether the connection ends in the middle."""


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


@dataclass
class Hostile:
    """What was heard, in order: bodies, and a rejection as `reject`."""

    heard: list[str] = field(default_factory=list)

    def note(self, asked: PKIMessage) -> None:
        body = asked["body"]
        refused = body.name == "certConf" and any(s["statusInfo"].native for s in body.chosen)
        self.heard.append("reject" if refused or (body.name == "certConf" and not len(body.chosen)) else body.name)


@contextmanager
def hostile_authority(demo: Demo, tamper: Callable[[Turn], bytes | Page]) -> Iterator[tuple[str, Hostile]]:
    """Run it; gives its address and what it has heard."""
    folder = demo.folder / "authority"
    hierarchy, ledger = Hierarchy.load(folder), Ledger(folder / LEDGER_FILE)
    honest, seen, memory, lock = (
        DemoAuthority(hierarchy, ledger, lambda: datetime.now(UTC)),
        Hostile(),
        [],
        threading.Lock(),
    )

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                asked = PKIMessage.load(body)
                seen.note(asked)
                answer = honest.answer(body)
                memory.append(answer)
                made = tamper(Turn(asked, answer, hierarchy, ledger, memory))
            self._send(made if isinstance(made, Page) else Page(made))

        def _send(self, page: Page) -> None:
            self.send_response(page.status)
            for header, value in page.headers:
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(page.body) + (1000 if page.cut else 0)))
            self.end_headers()
            try:
                self.wfile.write(page.body)
            except OSError:
                self.close_connection = True  # the client has had enough
            if page.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
            pass

    with closing(ledger), ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/.well-known/cmp", seen
        finally:
            server.shutdown()
