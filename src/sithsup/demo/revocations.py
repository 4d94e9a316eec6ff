"""The demo authority's desk for revocations: rr (RFC 9810, section 5.3.9; RFC 9483, section 4.2).

* A certificate is revoked by itself, or by an authentication certificate of the same card: a key that signs in the
  holder's name cannot always sign a message.
* What is revoked already is said to be so, even to a signer who was revoked since. The client may have missed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sithsup.ca import cmp_asn1
from sithsup.demo.ledger import Reason, State
from sithsup.demo.messages import RefusedError, Reply, refusal
from sithsup.demo.profiles import Style
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.demo.ledger import Entry
    from sithsup.demo.office import Office, Turn

ACCEPTED = {"status": "accepted"}


def revoke(office: Office, turn: Turn) -> Reply:
    """Revoke one certificate; a refusal of what is asked for comes in the rp."""
    issuer, serial, reason = _read(turn.request.content)
    try:
        entry = _allowed(turn, office.certificate_named(issuer, serial))
    except RefusedError as refused:
        return _response(refusal(refused))
    office.ledger.revoke(entry, office.clock(), reason)
    return _response(ACCEPTED)


def _read(content: Any) -> tuple[Any, int, Reason]:
    """Read the one RevDetails: issuer, serial number, and the reason that a list will give."""
    details = content[0] if len(content) == 1 else None
    if details is None:
        raise RefusedError("badRequest", "one certificate is revoked at a time")
    issuer, serial = details["certDetails"]["issuer"], details["certDetails"]["serialNumber"]
    if issuer.native is None or serial.native is None:
        raise RefusedError("badCertTemplate", "a certificate is named by its issuer and serial number")
    entries = list(details["crlEntryDetails"])
    if len(entries) != 1 or entries[0]["extn_id"].native != "crl_reason":
        raise RefusedError("badRequest", "one reason is to be given (CRLReason), and nothing else")
    try:
        return issuer, serial.native, Reason(entries[0]["extn_value"].parsed.native)
    except ValueError as error:
        raise RefusedError("badRequest", "that reason is not a holder's to give") from error


def _allowed(turn: Turn, entry: Entry | None) -> Entry:
    signer = turn.sender.certificate
    if entry is None:
        raise RefusedError("badCertId", "no certificate has that name")
    if signer is None or entry.card != signer.card:
        raise RefusedError("notAuthorized", "that certificate is another card's")
    if entry.profile.style is Style.TELIA:
        raise RefusedError("wrongAuthority", "that certificate is another authority's")
    if signer.fingerprint != entry.fingerprint and signer.profile.role is not KeyRole.AUTHENTICATION:
        raise RefusedError("notAuthorized", "a signature certificate revokes itself alone")
    if entry.state is State.REVOKED:
        raise RefusedError("certRevoked", "that certificate was revoked before")
    if not signer.is_good:
        raise RefusedError("signerNotTrusted", f"the signer's certificate is {signer.state}")
    return entry


def _response(status: dict[str, Any]) -> Reply:
    return Reply(("rp", cmp_asn1.RevRepContent({"status": [status]})))
