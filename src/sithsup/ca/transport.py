"""The way to the authority: CMP over HTTP (RFC 9811), and plain fetching of statuses and revocation lists.

What a caller must know:

* Nothing that is fetched here is believed here: every answer is signed, and its reader checks that.
* A lost answer proves nothing. It is a `ConnectionError` or a `TimeoutError`, and `patiently` asks again with
  the same bytes (RFC 9811, section 3.3). Everything else that goes wrong is an `AuthorityError` at once.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import urlsplit

import httpx

from sithsup import logs
from sithsup.ca import tls
from sithsup.ca.line import Line
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityUnreachableError,
    PortalError,
    ProxyFailedError,
    ProxyRefusedError,
    ServerFailedError,
    ServerUntrustedError,
)
from sithsup.settings import DIRECT
from sithsup.texts import tr

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    Watch = Callable[[str, Mapping[str, Any]], None]
    """Learns of every step of a connection, by httpcore's names; what it raises ends the question."""

_log = logging.getLogger(__name__)

CMP = "application/pkixcmp"
CMP_TYPES = frozenset({CMP, "application/pkixcmp-poll"})
"""The second is from drafts of RFC 6712 and is to be read like the first (RFC 9811, section 4)."""
OCSP_REQUEST, OCSP_RESPONSE = "application/ocsp-request", "application/ocsp-response"

LARGEST_ANSWER = 1 << 20
LARGEST_LIST = 16 << 20
"""Bytes. A revocation list of half a million cards is longer than any message."""

RESENDS = 3
STATUS_SECONDS = 20.0
"""For an OCSP answer: it is small and ready-made, and several are asked for before a person sees anything."""
THIS_COMPUTER = ("127.0.0.1", "localhost", "[::1]")

IN_THE_WAY = frozenset({407, 511})
"""A proxy or a guest network that wants a log-in answers in the authority's place."""
PROXY_WANTS_MORE = "407"
"""How the words begin with which a proxy asks who is there (RFC 9110, section 15.5.8)."""


class Transport(Protocol):
    """A way to one authority. Safe to use from several threads: several orders are sent at once."""

    @property
    def address(self) -> str:
        """Where it leads, for people."""

    def exchange(self, body: bytes) -> bytes:
        """Send one PKIMessage and return the one that comes back (both DER)."""

    def fetch(self, address: str, question: bytes | None = None) -> bytes:
        """Get what lies at an address, or post it an OCSP request (RFC 6960, appendix A). Never from a cache."""


class HttpTransport:
    """The real one, on httpx. It follows no redirect, takes no endless answer, and gives up after `seconds`."""

    def __init__(
        self,
        url: str,
        anchors: tuple[bytes, ...] = (),
        *,
        proxy: str | None = None,
        seconds: float = 60,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        """Prepare; nothing is sent yet. `anchors` (DER) are trusted over https beside those of the system.

        `proxy` is the address of one that is used for everything, or `DIRECT`; None goes by the system.
        """
        self.address = url
        self._anchors = anchors
        self._proxy = proxy
        self._seconds = seconds
        self._largest = largest
        self._clients = ExitStack()

    @cached_property
    def _plain(self) -> httpx.Client:
        """For http alone, where trust anchors play no part: CMP protects itself (RFC 9810, section 5.1.3)."""
        return self._new_client(verify=False)

    @cached_property
    def _secure(self) -> httpx.Client:
        """For https. Reading the trust anchors takes longer than a whole message."""
        return self._new_client(verify=tls.client_context(self._anchors))

    def _client(self, url: str) -> httpx.Client:
        return self._plain if httpx.URL(url).scheme == "http" else self._secure

    def _new_client(self, *, verify: ssl.SSLContext | bool) -> httpx.Client:
        seconds = self._seconds
        client = httpx.Client(
            verify=verify,
            timeout=httpx.Timeout(seconds / 2, connect=min(10, seconds), pool=seconds),
            # one connection for each question, so that `_limited` knows which one to cut
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=0),
            headers={"Accept-Encoding": "identity", "Cache-Control": "no-cache"},
            trust_env=self._proxy is None,
            proxy=self._proxy if self._proxy != DIRECT else None,
            # the system's proxy is used, but never to reach this computer itself
            mounts={f"all://{host}": None for host in THIS_COMPUTER} if self._proxy is None else None,
        )
        return self._clients.enter_context(client)

    def prepare(self) -> None:
        """Load what the first message needs. Nothing is sent, and what fails here fails again when one is."""
        self._client(self.address)

    def __enter__(self) -> Self:
        """Lend the transport for the length of a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._clients.close()

    def exchange(self, body: bytes) -> bytes:
        """Post a PKIMessage. One that comes back is returned whatever the HTTP status (RFC 9811, section 3.1)."""
        response, content = self._ask("POST", self.address, body, {"Content-Type": CMP, "Accept": CMP})
        if not response.is_redirect and _media_type(response) in CMP_TYPES:
            return content
        raise _strange(self.address, response)

    def greet(self, seconds: float, watch: Watch | None = None) -> datetime | None:
        """See whether anybody answers at the address, whatever they say; their time (Date), which nobody has signed.

        Raises an `AuthorityError` that tells what is in the way.
        """

        def ask() -> bytes:
            response, _ = self._ask("HEAD", self.address, None, {}, seconds=seconds, watch=watch)
            if response.is_redirect or response.status_code in IN_THE_WAY:
                raise _strange(self.address, response)
            return str(response.headers.get("date", "")).encode()

        told = patiently(ask, self.address, time.sleep, lambda: 0.0, resends=0).decode()
        try:
            return parsedate_to_datetime(told).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return None

    def shown_chain(self, seconds: float) -> tuple[bytes, ...]:
        """The certificates that whoever answers over https shows (DER), believed or not. Nothing is said to them."""
        client = self._new_client(verify=tls.context_for_anybody())
        with suppress(httpx.HTTPError, TimeoutError), _limited(seconds, _stop_once_secure) as trace:
            try:
                client.head(self.address, extensions={"trace": trace})
            except _ShownError as shown:
                return shown.chain
        return ()

    def fetch(
        self,
        address: str,
        question: bytes | None = None,
        *,
        largest: int = LARGEST_LIST,
        seconds: float = math.inf,
        watch: Watch | None = None,
    ) -> bytes:
        """Get a revocation list or another file, or post an OCSP request; in at most so many seconds."""
        if question is None:
            response, content = self._ask("GET", address, None, {}, largest=largest, seconds=seconds, watch=watch)
        else:
            headers = {"Content-Type": OCSP_REQUEST, "Accept": OCSP_RESPONSE}
            most = min(seconds, STATUS_SECONDS)
            response, content = self._ask("POST", address, question, headers, seconds=most, watch=watch)
        if response.status_code == httpx.codes.OK and _media_type(response) != "text/html":
            return content
        raise _strange(address, response)

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        largest: int | None = None,
        seconds: float = math.inf,
        watch: Watch | None = None,
    ) -> tuple[httpx.Response, bytes]:
        """Ask, and have the log told of it."""
        began = time.monotonic()
        facts: dict[str, str | int] = {"sent_bytes": len(body or b"")}
        try:
            limited = _limited(min(seconds, self._seconds), watch)
            response, content = self._answer(method, url, body, headers, largest or self._largest, limited)
        except Exception as error:
            facts["failed"] = type(error).__name__
            raise
        else:
            facts |= {"status": response.status_code, "received_bytes": len(content)}
            return response, content
        finally:
            facts["ms"] = round((time.monotonic() - began) * 1000)
            logs.traffic(_log, method, address=_place(url), **facts)

    def _answer(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str],
        largest: int,
        limited: AbstractContextManager[Watch],
    ) -> tuple[httpx.Response, bytes]:
        try:
            client = self._client(url)
            with (
                limited as trace,
                client.stream(method, url, content=body, headers=headers, extensions={"trace": trace}) as response,
            ):
                return response, _bounded(response, largest)
        except httpx.TimeoutException as error:
            raise TimeoutError(f"{url}: {type(error).__name__}") from error
        except httpx.ProxyError as error:
            raise _proxy_error(url, str(error)) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            if found := tls.problem(error):
                raise ServerUntrustedError(str(error), address=url, problem=tr(found)) from error
            raise ConnectionError(f"{url}: {type(error).__name__} {error}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise AuthorityUnreachableError(f"{type(error).__name__} {error}", address=url) from error


def _place(url: str) -> str:
    """An address for the log: without what may be asked there, or be given to be let in."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "no address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def patiently(
    ask: Callable[[], bytes],
    address: str,
    sleep: Callable[[float], None],
    random: Callable[[], float],
    resends: int = RESENDS,
) -> bytes:
    """Ask, and after a lost answer ask the same again, so many times, waiting at most 1, 2, 4 s."""
    for attempt in range(resends + 1):
        try:
            return ask()
        except (ConnectionError, TimeoutError) as error:
            if attempt == resends:
                raise AuthorityUnreachableError(str(error), address=address) from error
            sleep(random() * 2**attempt)
    raise AssertionError  # pragma: no cover  the last attempt returns or raises


@contextmanager
def _limited(seconds: float, watch: Watch | None = None) -> Iterator[Watch]:
    """Give httpx a callback that learns of the connection, which is cut when the time is up.

    Its own time-outs hold for each piece: a peer that sends one byte now and then would never end.
    """
    line = Line()
    timer = threading.Timer(seconds, line.cut)
    timer.daemon = True
    timer.start()
    try:
        yield _both(line.trace, watch) if watch else line.trace
    except httpx.TransportError as error:
        if line.is_cut:
            raise TimeoutError(f"no whole answer in {seconds:g} seconds") from error
        raise
    finally:
        timer.cancel()
        line.close()


def _both(first: Watch, second: Watch) -> Watch:
    def watch(event: str, info: Mapping[str, Any]) -> None:
        first(event, info)
        second(event, info)

    return watch


class _ShownError(Exception):
    """No error but the end of a look: what was to be seen is seen."""

    def __init__(self, chain: tuple[bytes, ...]) -> None:
        super().__init__()
        self.chain = chain


def _stop_once_secure(event: str, info: Mapping[str, Any]) -> None:
    if event.endswith("start_tls.complete"):
        stream = info["return_value"]
        chain = tls.shown_chain(stream.get_extra_info("ssl_object"))
        stream.close()
        raise _ShownError(chain)


def _bounded(response: httpx.Response, largest: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > largest:
            raise AnswerUntrustedError(
                f"{response.url} sends more than {largest} bytes", check=tr("the answer is far too long")
            )
    return bytes(content)


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("content-type", "")).partition(";")[0].strip().lower()


def _strange(address: str, response: httpx.Response) -> Exception:
    """Tell what an answer that is not what was asked for means."""
    detail = f"{address} answered {response.status_code} {_media_type(response)!r}"
    if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
        return _proxy_error(address, f"{PROXY_WANTS_MORE} {detail}")
    if response.is_redirect or response.status_code == httpx.codes.NETWORK_AUTHENTICATION_REQUIRED:
        return PortalError(detail, address=address)
    if response.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
        return AuthorityBusyError(detail, retry_after=_retry_after(response))
    if response.is_success and _media_type(response) == "text/html":
        return PortalError(detail, address=address)  # a page for people, where no people were asked for
    if response.is_success:
        return AnswerUntrustedError(detail, check=tr("the answer is not of the kind that was asked for"))
    return ServerFailedError(detail, address=address, status=str(response.status_code))


def _proxy_error(address: str, detail: str) -> AuthorityUnreachableError:
    """Tell a proxy that wants to know who asks from one that does not lead there."""
    if detail.startswith(PROXY_WANTS_MORE):
        return ProxyRefusedError(detail, address=address)
    return ProxyFailedError(detail, address=address, status=detail.partition(" ")[0])


def _retry_after(response: httpx.Response) -> float | None:
    """Read either form (RFC 9110, section 10.2.3), in seconds; a date is measured by its sender's clock."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        there = parsedate_to_datetime(response.headers.get("date", ""))
        return max(0.0, (parsedate_to_datetime(value) - there).total_seconds())
    except (TypeError, ValueError):
        return None
