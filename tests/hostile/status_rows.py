"""The table, third part: somebody in the way of the status service, whose answers only their signers protect."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from asn1crypto import core, ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sithsup.ca import status
from sithsup.demo.entity import Entity
from sithsup.demo.profiles import file_name
from tests.hostile import forging as f
from tests.hostile.row import BUSY, DAY, NOW, UNREACHABLE, UNTRUSTED, YEARS, Row, honest, orders
from tests.hostile.server import Page, StatusTurn, Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

LONG_AGO = NOW - 300 * DAY
NOBODY = Page(b"<html>Oops</html>", 500, (("Content-Type", "text/html"),))


def _issuer(turn: StatusTurn) -> Entity:
    """Whose certificates are asked about."""
    every = turn.hierarchy.authorities
    if turn.is_list:
        return every[next(name for name in every if file_name(name) == turn.name)]
    asked = ocsp.OCSPRequest.load(turn.asked)["tbs_request"]["request_list"][0]["req_cert"]["issuer_key_hash"].native
    return next(each for each in every.values() if asn1_x509.Certificate.load(each.der).public_key.sha1 == asked)


def answered(turn: StatusTurn, signer: Entity, at: datetime = NOW) -> bytes:
    """The same answer, good whatever it was, made at another time and by another; the nonce is repeated."""
    parsed = ocsp.OCSPResponse.load(turn.honest)["response_bytes"]["response"].parsed["tbs_response_data"]
    data = {
        "responder_id": ocsp.ResponderID("by_key", asn1_x509.Certificate.load(signer.der).public_key.sha1),
        "produced_at": at,
        "responses": [_good(each, at) for each in parsed["responses"]],
        "response_extensions": parsed["response_extensions"].copy().untag(),
    }
    signed = ocsp.ResponseData(data)
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": signed,
            "signature_algorithm": {"algorithm": signer.algorithm},
            "signature": signer.sign(signed.dump()),
            "certs": [asn1_x509.Certificate.load(signer.der)],
        }
    )
    body = {"response_type": "basic_ocsp_response", "response": core.ParsableOctetString(basic.dump())}
    return bytes(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())


def _good(single: Any, at: datetime) -> dict[str, Any]:
    good = ocsp.CertStatus("good", ocsp.StatusGood())
    return {"cert_id": single["cert_id"].copy(), "cert_status": good, "this_update": at, "next_update": at + DAY}


def empty_list(signer: Entity, at: datetime, until: datetime = NOW + DAY) -> bytes:
    """A list on which nobody stands."""
    builder = x509.CertificateRevocationListBuilder(signer.certificate.subject, at, until)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(f.DER)


@cache
def impostor(issuer: x509.Certificate) -> Entity:
    """Somebody who made a certificate with the issuer's name."""
    key = f.new_key()
    made = f.again(issuer, Entity(issuer, key), issuer=issuer.subject, public_key=key.public_key())
    return f.with_identifier(Entity(made.certificate, key), Entity(issuer, key), key)


def _with_impostor(turn: Turn) -> bytes:
    """The certificate of the impostor beside the right ones, before the issuer's own."""
    forged = impostor(turn.issuer.certificate).der
    return f.message_again(
        turn.honest, turn.hierarchy.cmp_signer, certificates=lambda found: [found[0], forged, *found[1:]]
    )


def _by_impostor(turn: StatusTurn) -> bytes:
    signer = impostor(_issuer(turn).certificate)
    return empty_list(signer, NOW) if turn.is_list else answered(turn, signer)


def _by_retired(turn: StatusTurn) -> bytes:
    """A responder that the issuer did certify, years ago; the list is of that time too."""
    issuer = _issuer(turn)
    if turn.is_list:
        return empty_list(issuer, LONG_AGO, LONG_AGO + DAY)
    name = next(name for name, each in turn.hierarchy.authorities.items() if each is issuer)
    responder = turn.hierarchy.responders[name]
    retired = f.again(responder.certificate, issuer, validity=(NOW - 2 * YEARS, NOW - DAY))
    return answered(turn, Entity(retired.certificate, responder.key), LONG_AGO)


def _silent(_: StatusTurn) -> Page:
    return NOBODY._replace(silence=3)


def of_lists(change: Callable[[StatusTurn], bytes]) -> Callable[[StatusTurn], bytes | Page]:
    """No responder, and a list."""
    return lambda turn: change(turn) if turn.is_list else NOBODY


STATUS_ROWS = (
    Row("a status by somebody with the issuer's name", orders(_with_impostor), UNTRUSTED, status.NOT_VERIFIED,
        is_late=True, tamper_status=_by_impostor),
    Row("a status by a responder that has expired", honest, UNTRUSTED, status.NOT_OF_THIS_TIME, is_late=True,
        tamper_status=_by_retired),
    Row("a status by a responder that is silent", honest, UNREACHABLE, is_late=True, tamper_status=_silent,
        settings={"SITHSUP_ANSWER_TIMEOUT": "0.5"}),
    Row("a list from before the certificates", honest, BUSY, is_past=True,
        tamper_status=of_lists(lambda turn: empty_list(_issuer(turn), LONG_AGO))),
)  # fmt: skip
