"""The demo authority over HTTP on this computer only: `python -m sithsup.demo.server FOLDER`.

    POST /.well-known/cmp[/p/PROFILE]   CMP (RFC 9811)          GET /crl/NAME.crl   revocation lists
    POST /ocsp                          OCSP (RFC 6960)         GET /aia/NAME.cer   the authorities' certificates

FOLDER holds what `Hierarchy.make` stored, the ledger, and the log. When the server is ready it writes server.json
(its pid, port and address) there, and takes it away at its end, which a SIGTERM brings about.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import sys
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from sithsup.demo.authority import DemoAuthority
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.knobs import Knobs
from sithsup.demo.ledger import Ledger
from sithsup.demo.profiles import file_name
from sithsup.demo.status import DemoStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

LOG = logging.getLogger(__name__)

LEDGER_FILE = "ledger.sqlite3"
READY_FILE = "server.json"
LOG_FILE = "authority.log"
LARGEST_REQUEST = 1 << 20
HOST = "127.0.0.1"

CMP_TYPE = "application/pkixcmp"
OCSP_TYPE, OCSP_ANSWER_TYPE = "application/ocsp-request", "application/ocsp-response"
CRL_TYPE, CERTIFICATE_TYPE = "application/pkix-crl", "application/pkix-cert"

CMP_PATH = re.compile(r"/\.well-known/cmp(?:/p/(?P<label>[^/]+))?(?:/[^/]+)?/?")
FILE_PATH = re.compile(r"/(?P<kind>crl|aia)/(?P<name>[a-z0-9]+)\.(?:crl|cer)")
STATUS_PATH = "/ocsp"
SECOND_WAY = "/sjunet"
"""Old certificates name a second address for everything; it leads to the same place."""


class Found(NamedTuple):
    """What a request gets."""

    content_type: str
    body: bytes


class DemoServer(ThreadingHTTPServer):
    """Listens on the loopback interface; port 0 lets the system choose.

    As a proxy it answers in everybody's place; OCSP at these paths, by whichever server's name it is asked.
    """

    daemon_threads = True

    def __init__(
        self,
        port: int,
        authority: DemoAuthority,
        status: DemoStatus,
        hierarchy: Hierarchy,
        status_paths: Collection[str] = (STATUS_PATH,),
    ) -> None:
        self.authority, self.status, self.status_paths = authority, status, status_paths
        self.certificates: Mapping[str, bytes] = {
            file_name(name): entity.der for name, entity in hierarchy.authorities.items()
        }
        super().__init__((HOST, port), _Handler)

    def __enter__(self) -> Self:
        """Serve in a thread for the length of a block."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the names are the library's
        """Note that a client went away in the middle; the library would print it."""
        LOG.info("a connection broke: %r", sys.exc_info()[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: DemoServer

    def do_POST(self) -> None:
        path, length = self._path, self._length()
        if length is None:
            return None
        sent = self.headers.get_content_type()
        body = self.rfile.read(length)
        if cmp := CMP_PATH.fullmatch(path):
            if sent != CMP_TYPE:
                return self._fail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            return self._send(Found(CMP_TYPE, self.server.authority.answer(body, cmp["label"])))
        if path not in self.server.status_paths:
            return self._fail(HTTPStatus.NOT_FOUND)
        if sent != OCSP_TYPE:
            return self._fail(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        return self._send(Found(OCSP_ANSWER_TYPE, self.server.status.ocsp(body)))

    def do_GET(self) -> None:
        asked = FILE_PATH.fullmatch(self._path)
        if not asked or asked["name"] not in self.server.certificates:
            self._fail(HTTPStatus.NOT_FOUND)
        elif asked["kind"] == "crl":
            self._send(Found(CRL_TYPE, self.server.status.crl(asked["name"])))
        else:
            self._send(Found(CERTIFICATE_TYPE, self.server.certificates[asked["name"]]))

    def do_HEAD(self) -> None:
        """Whoever wants to know whether anybody is here knows it now, and the time."""
        self._fail(HTTPStatus.METHOD_NOT_ALLOWED)

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path.removeprefix(SECOND_WAY)

    def _length(self) -> int | None:
        """Read how long the body is; answers at once where it is not to be read."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._fail(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > LARGEST_REQUEST:
            self._fail(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            return int(length)
        return None

    def _send(self, found: Found) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(found.body)

    def _fail(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self.send_error(status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        LOG.info(format, *args)


def open_server(folder: Path, port: int | None, knobs: Knobs) -> DemoServer:
    """Open the hierarchy and the ledger of a folder and bind a port, without serving yet.

    The port is the one that the certificates name, unless another is given.
    """
    hierarchy, ledger = Hierarchy.load(folder), Ledger(folder / LEDGER_FILE)

    def clock() -> datetime:
        return datetime.now(UTC)

    authority = DemoAuthority(hierarchy, ledger, clock, knobs)
    chosen = port if port is not None else urlsplit(hierarchy.url).port or 0
    return DemoServer(chosen, authority, DemoStatus(hierarchy, ledger, clock), hierarchy)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a SIGTERM or SIGINT comes."""
    options = _parser().parse_args(arguments)
    folder: Path = options.folder
    (folder / READY_FILE).unlink(missing_ok=True)  # of one that was killed
    logging.basicConfig(
        filename=folder / LOG_FILE, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    with open_server(folder, options.port, Knobs.from_arguments(options)) as server:
        _announce(folder, server)
        LOG.info("ready on %s", server.url)
        ended.wait()
    (folder / READY_FILE).unlink(missing_ok=True)
    LOG.info("ended")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sithsup.demo.server", description="The demo authority.")
    parser.add_argument("folder", type=Path, help="where its keys, ledger and log are")
    parser.add_argument("--port", type=int, help="instead of the one that its certificates name")
    Knobs.add_arguments(parser)
    return parser


def _announce(folder: Path, server: DemoServer) -> None:
    """Write the file in one go, so that whoever waits for it never reads half of it."""
    ready = {"pid": os.getpid(), "port": server.server_port, "url": server.url}
    draft = folder / f"{READY_FILE}.new"
    draft.write_text(json.dumps(ready), encoding="ascii")
    draft.replace(folder / READY_FILE)


if __name__ == "__main__":
    main()
