"""What the simulated authority and its clients say to each other: small signed JSON messages of our own.

They carry what CMP carries where it matters: a transaction, a nonce that the answer must repeat, a signature
over the whole, a proof of possession, failure names as RFC 9810 has them.
"""

from __future__ import annotations

import hashlib
from datetime import datetime  # noqa: TC003  pydantic reads annotations at run time
from enum import StrEnum

from sithsup.sim.state import State


class Ask(StrEnum):
    """What a client says."""

    QUERY = "genm"
    ORDER = "cr"
    CONFIRM = "certConf"
    REJECT = "certConf-reject"
    POLL = "pollReq"
    REVOKE = "rr"
    STATUS = "status"


class Say(StrEnum):
    """What the authority says."""

    PERMISSION = "genp"
    ISSUED = "cp"
    CONFIRMED = "pkiConf"
    WAITING = "waiting"
    REVOKED = "rp"
    STATUS = "status"
    REFUSED = "refused"
    BUSY = "busy"
    UNKNOWN = "unknown"


class Protected(State):
    """A body, its signature, and the certificate whose key made it; both empty where nobody signs."""

    body: bytes
    signature: bytes = b""
    certificate: bytes = b""


class Question(State):
    """A client's message. Which fields matter depends on `ask`."""

    ask: Ask
    transaction: bytes
    nonce: bytes
    card_number: str = ""
    profile: str = ""
    issuer: str = ""
    public_key: bytes = b""
    proof: bytes = b""
    certificate_hash: bytes = b""


class Answer(State):
    """The authority's message. Which fields matter depends on `say`."""

    say: Say
    transaction: bytes
    nonce: bytes
    at: datetime
    reason: str = ""
    fail_info: frozenset[str] = frozenset()
    retry_after: float | None = None
    certificate: bytes = b""
    extra_certificates: tuple[bytes, ...] = ()
    confirm_by: datetime | None = None
    state: str = ""
    revoked_at: datetime | None = None


def possession(transaction: bytes, profile: str, public_key: bytes) -> bytes:
    """Compose what the new key signs to prove that its private half is there."""
    return b"proof of possession " + transaction + profile.encode() + public_key


def certificate_hash(certificate: bytes) -> bytes:
    """Name a certificate as confirmations do."""
    return hashlib.sha256(certificate).digest()
