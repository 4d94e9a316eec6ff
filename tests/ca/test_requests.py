"""What is asked of an authority: every field that the lightweight profile asks for, and none that it forbids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import core, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_csr

from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage, is_der
from sithsup.ca.protection import reference
from sithsup.errors import AnswerUntrustedError, AuthorityBusyError, AuthorityRefusedError
from sithsup.model import Message, MessageKind, RequestBody, Waiting
from tests.ca import pki
from tests.ca.orders import KEY, TARGET, answered, certificate, compose, issue, prove, signer
from tests.ca.scripted import Script, authority, cp, error_body, granted, reply, status_info
from tests.support.orders import issued_by

OLD = pki.hierarchy().old_authentication.parsed


def ordering(body: RequestBody) -> Message:
    target = replace(TARGET, body=body)
    return authority(Script(issue)).compose_order(target, OLD, pki.spki(KEY), prove, signer())


def content(message: Message) -> Any:
    return PKIMessage.load(message.der, strict=True)["body"].chosen


def poll_rep(seconds: int) -> PKIBody:
    return PKIBody("pollRep", [{"certReqId": 0, "checkAfter": seconds}])


@pytest.mark.parametrize("body", RequestBody)
def test_every_order_is_der_and_asks_for_no_implicit_confirmation(body: RequestBody) -> None:
    """generalInfo names the profile and nothing else; the first message repeats no nonce."""
    der = ordering(body).der
    header = PKIMessage.load(der)["header"]
    assert is_der(der)
    assert [item["infoType"].native for item in header["generalInfo"]] == ["certProfile"]
    assert header["recipNonce"].native is None
    assert PKIMessage.load(der)["body"].name == body.value


@pytest.mark.parametrize("body", [RequestBody.IR, RequestBody.CR, RequestBody.KUR])
def test_one_certificate_is_asked_for_with_the_number_zero(body: RequestBody) -> None:
    """Subject and key in the template, the proof over the request itself."""
    (request,) = content(ordering(body))
    assert request["certReq"]["certReqId"].native == 0
    template = request["certReq"]["certTemplate"]
    assert template["subject"].chosen.untag().dump() == OLD.subject
    assert template["publicKey"].untag().dump() == pki.spki(KEY)
    proof = request["popo"].chosen
    assert proof["poposkInput"].native is None
    KEY.public_key().verify(proof["signature"].native, request["certReq"].dump(), ec.ECDSA(hashes.SHA256()))


def test_an_update_names_the_certificate_that_it_updates() -> None:
    """By issuer and serial number, in one control; no other body has any."""
    (control,) = content(ordering(RequestBody.KUR))[0]["certReq"]["controls"]
    assert control["type"].native == "oldCertID"
    assert (
        control["value"]["issuer"].chosen.dump()
        == x509.GeneralName("directory_name", x509.Name.load(OLD.issuer)).chosen.dump()
    )
    assert control["value"]["serialNumber"].native == OLD.serial_number
    for body in (RequestBody.IR, RequestBody.CR):
        assert content(ordering(body))[0]["certReq"]["controls"].native is None


def test_a_pkcs10_request_proves_itself() -> None:
    """Another library reads it, and its signature is right."""
    request = load_der_x509_csr(content(ordering(RequestBody.P10CR)).untag().dump())
    assert request.is_signature_valid
    assert request.subject.public_bytes() == OLD.subject


@pytest.mark.parametrize("number", [0, -1])
def test_a_confirmation_repeats_the_number_of_the_answer(number: int) -> None:
    """A PKCS#10 request has none: some authorities say 0, others -1."""
    body = cp(granted(certificate(), request_id=number))
    client = authority(Script(lambda request: issue(request, body=body)))
    order = ordering(RequestBody.P10CR)
    confirmation = client.compose_confirmation(order, issued_by(client, order), signer(), accept=True)
    assert content(confirmation)[0]["certReqId"].native == number


# -------------------------------------------------------------------------------------------------- polling


@pytest.mark.parametrize(
    ("body", "number"),
    [(cp({"certReqId": 0, "status": {"status": "waiting"}}), 0), (error_body(status="waiting"), -1)],
    ids=["cp", "error"],
)
def test_what_waits_is_polled_for(body: PKIBody, number: int) -> None:
    """A response by its number, a whole message by -1; the nonce is that of the answer before."""
    client = authority(Script(answered(body), answered(poll_rep(30)), issue))
    order = compose(client)
    waiting = client.order(order)
    assert isinstance(waiting, Waiting)
    assert waiting.check_after == 0
    poll = client.compose_poll(waiting.answer, signer())
    assert (poll.kind, poll.transaction) == (MessageKind.POLL, order.transaction)
    assert [each["certReqId"].native for each in content(poll)] == [number]
    header = PKIMessage.load(poll.der)["header"]
    assert header["recipNonce"].native == reference(waiting.answer.der).nonce
    later = client.order(poll)
    assert isinstance(later, Waiting)
    assert 30 <= later.check_after <= 33
    again = client.compose_poll(later.answer, signer())
    assert PKIMessage.load(again.der)["header"]["senderNonce"].native != header["senderNonce"].native
    assert issued_by(client, again).certificate == certificate()


def polls(*each: dict[str, Any]) -> PKIBody:
    return PKIBody("pollRep", list(each))


SOON = {"certReqId": 0, "checkAfter": 1}
NO_WAIT: dict[str, PKIBody] = {
    "nothing": polls(),
    "another request": polls({"certReqId": 12345, "checkAfter": 1}),
    "a whole message": polls({"certReqId": -1, "checkAfter": 1}),
    "two": polls(SOON, SOON),
    "a response without a number": cp({"certReqId": -1, "status": {"status": "waiting"}}),
    "a certificate without a number": cp(granted(certificate(), request_id=-1)),
}


@pytest.mark.parametrize("what", NO_WAIT)
def test_only_what_was_asked_for_is_waited_for(what: str) -> None:
    """One answer to the one request, by its number; at once and to a poll (RFC 9810, section 5.3.22)."""
    client = authority(Script(answered(NO_WAIT[what])))
    with pytest.raises(AnswerUntrustedError):
        client.order(compose(client))
    client = authority(Script(answered(polls(SOON)), answered(NO_WAIT[what])))
    waiting = client.order(compose(client))
    assert isinstance(waiting, Waiting)
    with pytest.raises(AnswerUntrustedError):
        client.order(client.compose_poll(waiting.answer, signer()))


@pytest.mark.parametrize("number", [0, -1])
def test_a_whole_message_that_waited_may_come_with_either_number(number: int) -> None:
    """Its poll names none."""
    ready = cp(granted(certificate(), request_id=number))
    client = authority(Script(answered(error_body(status="waiting")), lambda request: issue(request, body=ready)))
    waiting = client.order(compose(client))
    assert isinstance(waiting, Waiting)
    assert issued_by(client, client.compose_poll(waiting.answer, signer())).certificate == certificate()


@pytest.mark.parametrize("body", [polls(), polls({"certReqId": 12345, "checkAfter": 1}), polls(SOON, SOON)])
def test_a_journal_of_an_earlier_version_is_asked_about_as_a_whole(body: PKIBody) -> None:
    """It once took such answers for waiting: then everything that is not ready is asked for."""
    client = authority(Script(issue))
    order = compose(client)
    kept = Message(MessageKind.WAITING, order.transaction, reply(order.der, body))
    assert content(client.compose_poll(kept, signer()))[0]["certReqId"].native == -1


def test_a_time_in_the_past_is_now() -> None:
    """A negative checkAfter does not make the program wait backwards."""
    client = authority(Script(answered(poll_rep(-5))))
    waiting = client.order(compose(client))
    assert isinstance(waiting, Waiting)
    assert waiting.check_after == 0


def test_what_waits_is_no_certificate() -> None:
    """A journal that says so is not believed."""
    client = authority(Script(answered(poll_rep(1))))
    order = compose(client)
    waiting = client.order(order)
    assert isinstance(waiting, Waiting)
    with pytest.raises(AnswerUntrustedError):
        client.read_issued(order, waiting.answer)


# ------------------------------------------------------------------------------------------------- revoking


def rp(*statuses: dict[str, Any]) -> PKIBody:
    return PKIBody("rp", {"status": list(statuses)})


def test_a_revocation_names_one_certificate_and_one_reason() -> None:
    """Issuer, serial number, superseded."""
    message = authority(Script(issue)).compose_revocation(OLD, signer())
    (details,) = content(message)
    assert details["certDetails"]["serialNumber"].native == OLD.serial_number
    assert details["certDetails"]["issuer"].chosen.untag().dump() == OLD.issuer
    (reason,) = details["crlEntryDetails"]
    assert (reason["extn_id"].native, reason["extn_value"].parsed.native) == ("crl_reason", "superseded")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (rp(status_info("certRevoked")), AuthorityRefusedError),
        (rp({"status": "waiting"}), AuthorityBusyError),
        (rp(), AnswerUntrustedError),
        (rp({"status": "accepted"}, {"status": "accepted"}), AnswerUntrustedError),
        (PKIBody("pkiconf", core.Null()), AnswerUntrustedError),
    ],
    ids=["certRevoked", "waiting", "none", "two", "pkiconf"],
)
def test_an_answer_that_revokes_nothing(body: PKIBody, error: type[Exception]) -> None:
    """One status, granted; everything else is told."""
    client = authority(Script(answered(body)))
    with pytest.raises(error):
        client.revoke(client.compose_revocation(OLD, signer()))


def test_a_granted_revocation_is_acknowledged() -> None:
    """The signed answer is what the journal keeps."""
    client = authority(Script(lambda request: reply(request, rp({"status": "accepted"}))))
    message = client.compose_revocation(OLD, signer())
    answer = client.revoke(message)
    assert (answer.kind, answer.transaction) == (MessageKind.REVOKED, message.transaction)
