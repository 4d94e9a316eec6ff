"""A campaign over https, from a server of its own: what comes, and everything that may come instead."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sithsup.ca import tls
from sithsup.campaign import LARGEST, Finder, Origin, source
from sithsup.demo import signing
from sithsup.errors import CampaignUnreachableError, SithsupError
from sithsup.settings import DIRECT, Settings
from sithsup.texts import resources
from tests.ca.test_tls import ROOT, server_certificate
from tests.support import campaigns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHIPPED = (resources() / "campaigns" / "siths-2020.json").read_bytes()
NEVER = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """Answers every GET in one way."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    headers_more: ClassVar[dict[str, str]] = {}
    hangs: ClassVar[bool] = False

    def do_GET(self) -> None:
        if self.hangs:
            NEVER.wait(2)
        self.send_response(self.status)
        for name, value in {"Content-Length": str(len(self.body)), **self.headers_more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def published(folder: Path, handler: type[Handler]) -> Iterator[str]:
    """A server; its address."""
    keyed = server_certificate()
    pem = keyed.certificate.public_bytes(Encoding.PEM)
    pem += keyed.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up is meant to."""

    server = Quiet(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/campaign.p7m"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def issuer(tmp_path: Path) -> Path:
    signing.make_signer(tmp_path, datetime.now(UTC))
    return tmp_path


def finder(issuer: Path, address: str) -> Finder:
    anchor = signing.anchor_file(issuer)
    found = Finder(Settings(data=issuer / "data", campaign_url=address, campaign_anchor=anchor, proxy=DIRECT))
    found.start()
    return found


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system vouches for the server."""
    context = tls.client_context
    monkeypatch.setattr(tls, "client_context", lambda _anchors: context([ROOT.der]))


@pytest.mark.usefixtures("_trusted")
def test_a_campaign_is_fetched_and_kept_as_it_was_signed(issuer: Path) -> None:
    """The next time, out of reach, it is there."""
    document = campaigns.signed(issuer, SHIPPED, issuer / "campaign.p7m").read_bytes()

    class Right(Handler):
        body = document

    with published(issuer, Right) as address:
        found = finder(issuer, address).document()
    assert (found.campaign.id, found.origin, found.place) == ("siths-2020", Origin.ADDRESS, address)
    again = finder(issuer, address).document()
    assert (again.campaign, again.origin) == (found.campaign, Origin.CACHE)
    (cached,) = (issuer / "data" / "campaigns").glob("*.p7m")
    assert cached.read_bytes() == document


class Missing(Handler):
    status = 404


class Elsewhere(Handler):
    status = 302
    headers_more: ClassVar[dict[str, str]] = {"Location": "/other"}


class Page(Handler):
    headers_more: ClassVar[dict[str, str]] = {"Content-Type": "text/html"}
    body = b"<html>log in</html>"


class TooLong(Handler):
    body = b"\x30" * (LARGEST + 1)


class Slow(Handler):
    hangs = True


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize("handler", [Missing, Elsewhere, Page, TooLong, Slow])
def test_whatever_else_comes_is_out_of_reach(
    handler: type[Handler], issuer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8, with the address; no redirect is followed, nothing long is read, nobody waits for ever."""
    monkeypatch.setattr(source, "FETCH_SECONDS", 0.5)
    with published(issuer, handler) as address, pytest.raises(CampaignUnreachableError) as caught:
        finder(issuer, address).document()
    assert caught.value.values["address"] == address
    assert not list((issuer / "data" / "campaigns").glob("*.p7m"))


def test_a_server_that_nobody_vouches_for_is_not_believed(issuer: Path) -> None:
    """The system's trust store decides, not the campaign's own anchors."""
    with published(issuer, Handler) as address, pytest.raises(SithsupError) as caught:
        finder(issuer, address).document()
    assert isinstance(caught.value, CampaignUnreachableError)
