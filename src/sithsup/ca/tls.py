"""Whom to believe over https: the system's trust store, and the campaign's anchors beside it.

CMP protects itself (RFC 9810, section 5.1.3), so TLS keeps curious people out and no more. A server must have a
certificate for its own name, and speak TLS 1.2 at least; no setting makes less of it do.
"""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any

from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterable

OTHER_NAME = mark("the server's certificate is for another name")
EXPIRED = mark("the server's certificate has expired, or this computer's clock is wrong")
UNKNOWN = mark("the server is not vouched for by anybody whom this computer trusts")
OTHER_PROTOCOL = mark("the server speaks no version of TLS that is safe enough")

_BY_CODE = {62: OTHER_NAME, 64: OTHER_NAME, 9: EXPIRED, 10: EXPIRED}
"""OpenSSL's X509_V_ERR codes."""

_DER = 2
"""`_ssl.ENCODING_DER`."""
_IS_UNSAFE = re.compile("PROTOCOL|VERSION|CIPHER|FALLBACK|KEY_TOO_SMALL|INSUFFICIENT_SECURITY|HANDSHAKE_FAILURE|LEGACY")
"""In OpenSSL's names of what went wrong: the two found nothing that both hold safe. Whatever else goes wrong under way,
a damaged record for one, is an accident."""


def client_context(anchors: Iterable[bytes]) -> ssl.SSLContext:
    """Trust what the system trusts, and what leads to these anchors (DER)."""
    import truststore  # noqa: PLC0415  it takes longer than a message, and plain http needs none of it

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for anchor in anchors:
        context.load_verify_locations(cadata=anchor)
    return context


def context_for_anybody() -> ssl.SSLContext:
    """Let anybody show what they have. Only for a look: nothing may be said over such a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def shown_chain(secured: Any) -> tuple[bytes, ...]:
    """The certificates that the other side showed in the handshake, its own first (DER).

    Python before 3.13 has no public way to more than the first of them.
    """
    inner = getattr(secured, "_sslobj", secured)
    return tuple(certificate.public_bytes(_DER) for certificate in inner.get_unverified_chain() or ())


def problem(error: BaseException | None) -> str | None:
    """Find, among the causes of an error, what was wrong with TLS (a marked text); None when it was something else."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return _BY_CODE.get(error.verify_code, UNKNOWN)
        if isinstance(error, ssl.SSLError) and _IS_UNSAFE.search(str(getattr(error, "reason", ""))):
            return OTHER_PROTOCOL
        error = error.__cause__ or error.__context__
    return None
