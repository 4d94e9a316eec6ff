"""The demo authority's desk for what becomes of an issued certificate: certConf, and the error of a client that stops.

* A certConf accepts or refuses the very certificate; the same goes for one whose confirmation was not needed.
* What a confirmed certificate takes the place of is retired: its elder of the same profile, what it updates (kur),
  and, once a card has everything new, everything old; in a hurry (`Knobs.revoke_early`) at the first confirmation.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509

from sithsup.demo.ledger import Reason, State
from sithsup.demo.messages import RefusedError, Reply
from sithsup.demo.orders import WHOLE, request_id
from sithsup.demo.profiles import Style

if TYPE_CHECKING:
    from sithsup.demo.ledger import Entry
    from sithsup.demo.office import Office, Turn

_DONE = ("pkiconf", core.Null())
_ENDINGS = {"certConf", "error"}


def conclude(office: Office, turn: Turn) -> Reply:
    """Hear whether the holder has taken the certificate (RFC 9810, section 5.3.18)."""
    entry = _pending(office, turn)
    turn.require_nonce(turn.said[-1].nonce)
    if _accepts(turn.request.content, entry.der, _request_ids(turn)):
        _confirm(office, entry)
    else:
        office.ledger.revoke(entry, office.clock(), Reason.CESSATION)
    return Reply(_DONE, entry.fingerprint)


def give_up(office: Office, turn: Turn) -> Reply:
    """Let a client go that cannot go on: revoke what it got, forget what it waits for."""
    if office.ledger.waiting(*turn.transaction):
        turn.require_nonce(*(each.nonce for each in turn.said))
        office.ledger.end_waiting(*turn.transaction)
        return Reply(_DONE)
    entry = _pending(office, turn)
    turn.require_nonce(turn.said[-1].nonce)
    office.ledger.revoke(entry, office.clock(), Reason.CESSATION)
    return Reply(_DONE, entry.fingerprint)


def _pending(office: Office, turn: Turn) -> Entry:
    """Find the certificate that this transaction is about and of which nothing was heard yet."""
    issued = next((each.issued for each in turn.said if each.issued), None)
    entry = office.ledger.certificate(issued) if issued else None
    if entry is None:
        raise RefusedError("badRequest", "no such transaction is known")
    if entry.state is State.CONFIRMED:
        raise RefusedError("certConfirmed", "the certificate was confirmed before")
    if entry.state is State.REVOKED and any(each.body in _ENDINGS for each in turn.said):
        raise RefusedError("certRevoked", "the certificate was rejected before")
    if entry.state is State.REVOKED:
        raise RefusedError("badRequest", "no such transaction is known any more: nobody confirmed it in time")
    return entry


def _request_ids(turn: Turn) -> set[int]:
    """By which certReqId the certificate may be confirmed: that of p10cr is -1, which many clients take for 0."""
    return {0, WHOLE} if turn.said[0].body == "p10cr" else {request_id(turn.said[0].body)}


def _accepts(content: Any, der: bytes, request_ids: set[int]) -> bool:
    """Read a certConf: an empty one rejects everything; what is accepted must be the very certificate."""
    if len(content) == 0:
        return False
    status = content[0]
    if len(content) != 1 or status["certReqId"].native not in request_ids:
        raise RefusedError("badRequest", "one certificate is confirmed at a time, with the certReqId of its order")
    name = status["hashAlg"]["algorithm"].native if status["hashAlg"].native else x509.Certificate.load(der).hash_algo
    if status["certHash"].native != hashlib.new(name, der).digest():
        raise RefusedError("badCertId", "the certHash is not that of the issued certificate")
    return status["statusInfo"].native is None or status["statusInfo"]["status"].native in {
        "accepted",
        "grantedWithMods",
    }


def _confirm(office: Office, entry: Entry) -> None:
    """Note the confirmation and retire what the certificate takes the place of."""
    ledger, now = office.ledger, office.clock()
    ledger.confirm(entry)
    others = [each for each in ledger.on_card(entry.card) if each.is_good]
    present = {each.profile.name for each in others if each.state is State.CONFIRMED and each.profile.upgrades}
    complete = present == office.hierarchy.scheme.new_profiles
    over = office.knobs.revoke_old and (complete or office.knobs.revoke_early)
    for other in others:
        replaced = other.profile == entry.profile and other.fingerprint != entry.fingerprint
        updated = other.fingerprint == entry.updates
        if replaced or updated or (over and other.profile.style is Style.OLD):
            ledger.revoke(other, now, Reason.SUPERSEDED)
