"""The demo authority's desk for orders: ir, cr, kur and p10cr, at once or by polling (RFC 9810, section 5.3).

* An order is checked whole before anything is issued or promised, and again when its certificate is fetched.
* The subject is what the ledger says of the holder, not what the request asks for (grantedWithMods).
* A kur names the certificate that it updates, which has the same role and names its holder the same way; so one
  certificate becomes one. It is retired when the new one is confirmed (RFC 9483, section 4.1.3).
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from asn1crypto import x509

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate
from sithsup.demo.ledger import State, Waiting
from sithsup.demo.messages import RefusedError, Reply, Request, verify_signature

if TYPE_CHECKING:
    from sithsup.demo.ledger import Entry
    from sithsup.demo.office import Office, Turn
    from sithsup.demo.profiles import Profile

SMALLEST_RSA = 2048
CURVES = {"secp256r1", "secp384r1"}
ANSWERS = {"ir": "ip", "cr": "cp", "kur": "kup", "p10cr": "cp"}
WHOLE = -1
"""The certReqId of what has none, or of all there is (RFC 9810, sections 5.3.4 and 5.3.22)."""


class _Asked(NamedTuple):
    """What is to be certified, and whether the request says what it may."""

    public_key: bytes
    subject: Any


class _Order(NamedTuple):
    """An order that was found good."""

    profile: Profile
    asked: _Asked
    updates: Entry | None


def order(office: Office, turn: Turn) -> Reply:
    """Certify a key for the sender's card, or promise to."""
    found = _check(office, turn)
    if not office.knobs.poll:
        return _issue(office, turn, found)
    ready_at = office.clock() + timedelta(seconds=office.knobs.poll)
    office.ledger.add_waiting(*turn.transaction, Waiting(turn.request.der, turn.label, ready_at))
    return _response(turn.request.body, {"status": {"status": "waiting"}})


def poll(office: Office, turn: Turn) -> Reply:
    """Hand out what was promised, or say when to ask again (RFC 9810, section 5.3.22; RFC 9483, section 4.4).

    The nonce of an earlier answer is good too: a client that was interrupted may have lost the last one.
    """
    waiting = office.ledger.waiting(*turn.transaction)
    if waiting is None:
        raise RefusedError("badRequest", "nothing is waited for in such a transaction")
    turn.require_nonce(*(each.nonce for each in turn.said))
    ordered, ids = Request.read(waiting.question), [each["certReqId"].native for each in turn.request.content]
    if ids not in ([request_id(ordered.body)], [WHOLE]):
        raise RefusedError("badRequest", "one certificate is polled for at a time, by the certReqId of its order")
    left = (waiting.ready_at - office.clock()).total_seconds()
    if left > 0:
        seconds = min(math.ceil(left), office.knobs.check_after)
        later = {"certReqId": ids[0], "checkAfter": seconds, "reason": ["the certificate is not ready yet"]}
        return Reply(("pollRep", cmp_asn1.PollRepContent([later])))
    office.ledger.end_waiting(*turn.transaction)
    again = turn._replace(request=ordered, label=waiting.label)
    return _issue(office, again, _check(office, again))


def request_id(body: str) -> int:
    """Tell the certReqId of the only request that a message of this kind may hold."""
    return WHOLE if body == "p10cr" else 0


# ------------------------------------------------------------------------------------------------ checking


def _check(office: Office, turn: Turn) -> _Order:
    profile = _profile(office, turn)
    updates = _updated(office, turn, profile) if turn.request.body == "kur" else None
    asked = _from_pkcs10(turn.request.content) if turn.request.body == "p10cr" else _from_crmf(turn.request.content)
    reason = office.reason(turn.sender.card)
    if reason != "ELIGIBLE":
        raise RefusedError("notAuthorized", f"this card is not upgraded: {reason}")
    return _Order(profile, asked, updates)


def _profile(office: Office, turn: Turn) -> Profile:
    """Find the profile that the order names (id-it-certProfile, RFC 9810, section 5.1.1.4), else the address."""
    names = [name for value in turn.request.general_info("certProfile") for name in value] or [turn.label]
    scheme = office.hierarchy.scheme
    profile = scheme.profiles.get(names[0] or "") if len(names) == 1 else None
    if profile is None or not profile.upgrades:
        known = ", ".join(name for name in scheme.profiles if name in scheme.new_profiles)
        how = "name it by certProfile in the message's generalInfo, or by the address /.well-known/cmp/p/NAME"
        raise RefusedError("badRequest", f"{names} names no profile that is issued here, which are {known}: {how}")
    return profile


def _from_crmf(content: Any) -> _Asked:
    """Read the one CertReqMsg, and check its proof of possession: over the DER of certReq (section 5.2.8.2)."""
    if len(content) != 1 or content[0]["certReq"]["certReqId"].native != 0:
        raise RefusedError("badRequest", "one certificate is ordered at a time, with certReqId 0")
    request, proof = content[0]["certReq"], content[0]["popo"]
    template = request["certTemplate"]
    public_key = _public_key(template["publicKey"])
    if proof.native is None or proof.name != "signature" or proof.chosen["poposkInput"].native is not None:
        raise RefusedError("badPOP", "the order has no proof of possession, or not one over certReq")
    algorithm, signature = proof.chosen["algorithmIdentifier"], proof.chosen["signature"].native
    verify_signature(public_key, algorithm, signature, request.dump(), "badPOP")
    return _Asked(public_key, template["subject"])


def _from_pkcs10(content: Any) -> _Asked:
    """Read a PKCS #10 request, whose own signature proves the possession (RFC 9483, section 4.1.4)."""
    info = content["certification_request_info"]
    public_key = _public_key(info["subject_pk_info"])
    verify_signature(public_key, content["signature_algorithm"], content["signature"].native, info.dump(), "badPOP")
    return _Asked(public_key, info["subject"])


def _public_key(key: Any) -> bytes:
    """Take the key to be certified, if it is one that is certified here."""
    if key.native is None:
        raise RefusedError("badCertTemplate", "the template has no public key")
    strong = key.algorithm == "rsa" and key.bit_size >= SMALLEST_RSA
    if not strong and not (key.algorithm == "ec" and key.curve[1] in CURVES):
        raise RefusedError("badCertTemplate", "keys of this kind are not certified here")
    return bytes(key.untag().dump())


def _updated(office: Office, turn: Turn, profile: Profile) -> Entry:
    """Find the certificate that a kur updates (oldCertID, RFC 4211, section 6.5), if it may be updated to this."""
    controls = [each for message in turn.request.content for each in message["certReq"]["controls"]]
    named = [each["value"] for each in controls if each["type"].native == "oldCertID"]
    if len(named) != 1 or named[0]["issuer"].name != "directory_name":
        raise RefusedError("badRequest", "a kur names one certificate that it updates, in the control oldCertID")
    old = office.certificate_named(named[0]["issuer"].chosen, named[0]["serialNumber"].native)
    if old is None or Certificate.parse(old.der).not_after < office.clock():
        raise RefusedError("badCertId", "no certificate that is still valid has that name")
    if old.card != turn.sender.card:
        raise RefusedError("notAuthorized", "that certificate is another card's")
    if old.state is State.REVOKED:
        raise RefusedError("certRevoked", "that certificate was revoked, or updated already")
    if (old.profile.role, old.profile.subject) != (profile.role, profile.subject) or old.state is State.ISSUED:
        raise RefusedError("badRequest", "that certificate cannot be updated to one of this profile")
    return old


# ------------------------------------------------------------------------------------------------- issuing


def _issue(office: Office, turn: Turn, found: _Order) -> Reply:
    ledger, knobs, now = office.ledger, office.knobs, office.clock()
    card, confirm_by = ledger.card(turn.sender.card), now + knobs.confirm_wait
    validity = now, card.expires
    der = office.hierarchy.issue(found.profile, found.asked.public_key, card.holder, card.number, validity)
    updates = found.updates.fingerprint if found.updates else None
    entry = ledger.add_certificate(der, found.profile.name, card.number, now, confirm_by, updates)
    if knobs.implicit_confirm:
        ledger.grant(entry)
    certificate = x509.Certificate.load(der)
    asked = found.asked.subject
    same = asked.native is None or asked.copy().untag().dump() == certificate.subject.dump()
    granted = {
        "status": {"status": "accepted" if same else "grantedWithMods"},
        "certifiedKeyPair": {"certOrEncCert": cmp_asn1.CertOrEncCert("certificate", certificate)},
    }
    return replace(
        _response(turn.request.body, granted),
        issued=entry.fingerprint,
        issuers=office.hierarchy.path(found.profile.issuer),
        confirm_by=None if knobs.implicit_confirm else confirm_by,
        implicit=knobs.implicit_confirm,
    )


def _response(body: str, response: dict[str, Any]) -> Reply:
    content = cmp_asn1.CertRepMessage({"response": [{"certReqId": request_id(body), **response}]})
    return Reply((ANSWERS[body], content))
