"""The CMP client: what it says, and what it understands."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from asn1crypto import core, x509
from cryptography import x509 as pki_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sithsup.ca import trust
from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage, protected_part
from sithsup.ca.refusals import WORDS
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityRefusedError,
    TransactionUnknownError,
)
from sithsup.model import Issued, Message, MessageKind
from tests.ca import pki
from tests.ca.orders import (
    CONFIRM_BY,
    ISSUED,
    KEY,
    TARGET,
    answered,
    certificate,
    compose,
    eligible,
    issue,
    ordered,
    signer,
)
from tests.ca.scripted import QUERY_OID, Script, authority, cp, error_body, granted, status_info
from tests.support.kept import everything_kept

# ------------------------------------------------------------------------------------------ what is said


def test_every_message_is_signed_by_the_old_key_and_names_its_signer() -> None:
    """Header and body are protected; sender, senderKID and extraCerts[0] are the signer's, its chain follows."""
    h, message = pki.hierarchy(), PKIMessage.load(compose(authority(Script(issue))).der, strict=True)
    header = message["header"]
    public_key = h.old_authentication.key.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(message["protection"].native, protected_part(message), ec.ECDSA(hashes.SHA256()))
    assert header["pvno"].native == 2
    assert (
        header["sender"].chosen.dump()
        == x509.GeneralName("directory_name", x509.Name.load(h.old_authentication.parsed.subject)).chosen.dump()
    )
    identifier = h.old_authentication.certificate.extensions.get_extension_for_oid(
        pki_x509.SubjectKeyIdentifier.oid
    ).value
    assert isinstance(identifier, pki_x509.SubjectKeyIdentifier)
    assert header["senderKID"].native == identifier.digest
    assert [c.dump() for c in message["extraCerts"]] == [h.old_authentication.der, h.old_root.der]


def test_an_order_asks_for_the_profile_and_proves_possession() -> None:
    """A cr with the old subject, the new key, the profile's name, and a signature by the new key over certReq."""
    message = PKIMessage.load(compose(authority(Script(issue))).der, strict=True)
    (asked,) = message["body"].chosen
    info = [(i["infoType"].native, i["infoValue"].native) for i in message["header"]["generalInfo"]]
    template, proof = asked["certReq"]["certTemplate"], asked["popo"].chosen
    key = load_der_public_key(pki.spki(KEY))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(proof["signature"].native, asked["certReq"].dump(), ec.ECDSA(hashes.SHA256()))
    assert message["body"].name == "cr"
    assert info == [("certProfile", [TARGET.profile])]
    assert template["subject"].untag().dump() == pki.hierarchy().old_authentication.parsed.subject
    assert template["publicKey"].untag().dump() == pki.spki(KEY)
    assert proof["poposkInput"].native is None
    assert asked["certReq"]["certReqId"].native == 0


def test_transactions_and_nonces_are_fresh() -> None:
    """Two orders share neither transactionID nor senderNonce; each has 16 bytes."""
    client = authority(Script(issue))
    headers = [PKIMessage.load(compose(client).der)["header"] for _ in range(2)]
    values = {h[field].native for h in headers for field in ("transactionID", "senderNonce")}
    assert [len(value) for value in values] == [16] * 4


def test_a_confirmation_follows_the_answer() -> None:
    """certConf repeats the transaction and the answer's nonce, and hashes the certificate itself."""
    script = Script(issue)
    client = authority(script)
    order, issued = ordered(client)
    confirmation = client.compose_confirmation(order, issued, signer(), accept=True)
    given_header = PKIMessage.load(issued.answer.der)["header"]
    message = PKIMessage.load(confirmation.der, strict=True)
    (status,) = message["body"].chosen
    assert confirmation.kind is MessageKind.CONFIRM
    assert message["header"]["transactionID"].native == order.transaction
    assert message["header"]["recipNonce"].native == given_header["senderNonce"].native
    assert message["header"]["recipient"].chosen.native == given_header["sender"].chosen.native
    assert status["certHash"].native == hashlib.sha256(certificate()).digest()
    assert status["statusInfo"].native is None


def test_a_rejection_says_so() -> None:
    """certConf with status rejection."""
    client = authority(Script(issue))
    order, issued = ordered(client)
    rejection = client.compose_confirmation(order, issued, signer(), accept=False)
    (status,) = PKIMessage.load(rejection.der, strict=True)["body"].chosen
    assert rejection.kind is MessageKind.REJECT
    assert status["statusInfo"]["status"].native == "rejection"


def test_what_cannot_be_hashed_is_rejected_by_an_empty_confirmation() -> None:
    """A certificate of garbage can be refused all the same (RFC 9810, section 5.3.18)."""
    client = authority(Script(issue))
    order, issued = ordered(client)
    garbage = Issued(issued.answer, b"\x30\x03\x02\x01\x00", (), None, pki.NOW)
    rejection = client.compose_confirmation(order, garbage, signer(), accept=False)
    assert len(PKIMessage.load(rejection.der, strict=True)["body"].chosen) == 0
    with pytest.raises(ValueError, match=r"."):
        client.compose_confirmation(order, garbage, signer(), accept=True)


# ------------------------------------------------------------------------------------- what is understood


def test_a_query_is_answered_with_a_reason() -> None:
    """The genp's reason and the authority's own time come back."""
    at = datetime(2019, 1, 1, tzinfo=UTC)
    script = Script(lambda request: eligible(request, messageTime=at))
    permission = authority(script).query(pki.CARD_NUMBER, signer())
    (asked,) = PKIMessage.load(script.sent[0], strict=True)["body"].chosen
    assert (permission.reason, permission.at) == ("ELIGIBLE", at)
    assert asked.native == {"infoType": QUERY_OID, "infoValue": pki.CARD_NUMBER}


def test_an_issued_certificate_comes_whole() -> None:
    """The bytes are the certificate's own, without the tag they travelled in, with all that came along."""
    h = pki.hierarchy()
    _, issued = ordered(authority(Script(issue)))
    assert issued.certificate == certificate()
    assert issued.extra_certificates == (h.cmp_signer.der, h.hsa_issuer.der)
    assert (issued.confirm_by, issued.at) == (CONFIRM_BY, pki.NOW)


@pytest.mark.parametrize("version", [2, 3])
def test_both_versions_are_read(version: int) -> None:
    """cmp2000 and cmp2021; no other (RFC 9810, section 7)."""
    client = authority(Script(lambda request: eligible(request, pvno=version)))
    assert client.query(pki.CARD_NUMBER, signer()).reason == "ELIGIBLE"
    for other in (1, 4):
        client = authority(Script(lambda request, other=other: eligible(request, pvno=other)))  # type: ignore[misc]
        with pytest.raises(AnswerUntrustedError):
            client.query(pki.CARD_NUMBER, signer())


OTHERS = pki.hierarchy().issue(TARGET, pki.new_key())


@pytest.mark.parametrize(("made", "reasons"), [(ISSUED, ()), (OTHERS, (trust.OTHER_KEY,))], ids=["right", "other key"])
def test_granted_with_modifications_is_a_success(made: pki.Keyed, reasons: tuple[str, ...]) -> None:
    """The authority fills in what the card cannot show; and what it granted is looked at like any other."""
    body = cp(granted(made.der, "grantedWithMods"))
    _, issued = ordered(authority(Script(lambda request: issue(request, body=body))))
    assert issued.certificate == made.der
    h = pki.hierarchy()
    found = trust.mismatches(
        issued.certificate,
        public_key=pki.spki(KEY),
        target=TARGET,
        known=h.old,
        chain=issued.extra_certificates,
        anchors=h.anchors,
        at=issued.at,
    )
    assert found == reasons


def test_a_journalled_answer_is_verified_again() -> None:
    """read_issued gives what order gave, sends nothing, and refuses what was changed or belongs to another order."""
    script = Script(issue)
    client = authority(script)
    order, issued = ordered(client)
    sent = len(script.sent)
    fresh = authority(script)
    assert fresh.read_issued(order, issued.answer) == issued
    with pytest.raises(AnswerUntrustedError):
        fresh.read_issued(compose(client), issued.answer)
    changed = bytearray(issued.answer.der)
    changed[len(changed) // 4] ^= 1
    with pytest.raises(AnswerUntrustedError):
        fresh.read_issued(order, Message(MessageKind.ISSUED, order.transaction, bytes(changed)))
    assert len(script.sent) == sent


def test_a_journalled_answer_outlives_its_signer() -> None:
    """Recovery is never refused because the signer's certificate has expired since."""
    client = authority(Script(issue))
    order, issued = ordered(client)
    script = Script(issue)
    later = CmpAuthority(script, pki.hierarchy().anchors, None, lambda: pki.NOW + 50 * pki.YEAR)
    assert later.read_issued(order, issued.answer) == issued


@pytest.mark.parametrize(("accept", "kind"), [(True, MessageKind.CONFIRMED), (False, MessageKind.REJECTED)])
def test_a_confirmation_is_acknowledged(accept: bool, kind: MessageKind) -> None:
    """pkiConf is the acknowledgement of both."""
    client = authority(Script(issue, answered(PKIBody("pkiconf", core.Null()))))
    order, issued = ordered(client)
    message = client.compose_confirmation(order, issued, signer(), accept=accept)
    answer = client.confirm(message)
    assert (answer.kind, answer.transaction) == (kind, order.transaction)
    assert PKIMessage.load(answer.der)["body"].name == "pkiconf"


@pytest.mark.parametrize(
    ("accept", "failure", "outcome"),
    [
        (True, "certConfirmed", MessageKind.CONFIRMED),
        (False, "certRevoked", MessageKind.REJECTED),
        (True, "certRevoked", TransactionUnknownError),
        (True, "badRequest", TransactionUnknownError),
        (True, "badCertId", TransactionUnknownError),
        (False, "badRequest", TransactionUnknownError),
        (False, "certConfirmed", AuthorityRefusedError),
        (True, "badMessageCheck", AuthorityRefusedError),
        (True, "systemUnavail", AuthorityBusyError),
    ],
)
def test_errors_to_a_confirmation(accept: bool, failure: str, outcome: MessageKind | type[AuthorityError]) -> None:
    """Done already is done; a transaction that is gone must be ordered again; the rest is a refusal or a pause."""
    client = authority(Script(issue, answered(error_body(failure))))
    order, issued = ordered(client)
    message = client.compose_confirmation(order, issued, signer(), accept=accept)
    if isinstance(outcome, MessageKind):
        assert client.confirm(message).kind is outcome
        return
    with pytest.raises(outcome) as caught:
        client.confirm(message)
    assert type(caught.value) is outcome


REFUSALS: dict[str, tuple[PKIBody, type[AuthorityError]]] = {
    "not authorized": (error_body("notAuthorized"), AuthorityRefusedError),
    "wrong time": (error_body("badTime"), AuthorityRefusedError),
    "unavailable": (error_body("systemUnavail"), AuthorityBusyError),
    "failure": (error_body("systemFailure"), AuthorityBusyError),
    "duplicate": (error_body("duplicateCertReq"), AuthorityBusyError),
    "in use": (error_body("transactionIdInUse"), TransactionUnknownError),
    "rejection": (cp({"certReqId": 0, "status": status_info("badPOP")}), AuthorityRefusedError),
    "no certificate": (cp({"certReqId": 0, "status": {"status": "accepted"}}), AnswerUntrustedError),
    "no response": (cp(), AnswerUntrustedError),
    "two responses": (cp(granted(ISSUED.der), granted(ISSUED.der)), AnswerUntrustedError),
    "other request": (cp(granted(ISSUED.der, request_id=1)), AnswerUntrustedError),
    "ip": (PKIBody("ip", {"response": [granted(ISSUED.der)]}), AnswerUntrustedError),
    "pkiconf": (PKIBody("pkiconf", core.Null()), AnswerUntrustedError),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_of_an_order(what: str) -> None:
    """Each answer that is no single certificate becomes its own kind of error."""
    body, error = REFUSALS[what]
    client = authority(Script(answered(body)))
    with pytest.raises(AuthorityError) as caught:
        client.order(compose(client))
    assert type(caught.value) is error


def test_a_refusal_carries_the_reasons_and_harmless_words() -> None:
    """failInfo names and the authority's words arrive; what could trouble a terminal does not."""
    client = authority(Script(answered(error_body("notAuthorized", "badTime", text="Nej\x1b[2J\r\n tack" + "x" * 999))))
    with pytest.raises(AuthorityRefusedError) as caught:
        client.order(compose(client))
    assert caught.value.fail_info == {"notAuthorized", "badTime"}
    reason = str(caught.value.values["reason"])
    assert reason.startswith(f"{WORDS['badTime']}; {WORDS['notAuthorized']} (“Nej[2J tackxxx")
    assert reason.count("x") < 300


def test_the_authoritys_words_are_for_the_person_and_not_for_the_log() -> None:
    """They may name the holder."""
    said = error_body("notAuthorized", text="Testa Kanariefågel")
    client = authority(Script(answered(said)))
    with pytest.raises(AuthorityRefusedError) as caught:
        client.order(compose(client))
    assert "Kanariefågel" in caught.value.why
    assert str(caught.value) == "SU-2003 AuthorityRefusedError: notAuthorized"


FAILURES: dict[str, type[AuthorityError]] = {
    # PKIFailureInfo (RFC 9810, section 5.2.3), in its order
    "badAlg": AuthorityRefusedError,
    "badMessageCheck": AuthorityRefusedError,
    "badRequest": AuthorityRefusedError,
    "badTime": AuthorityRefusedError,
    "badCertId": AuthorityRefusedError,
    "badDataFormat": AuthorityRefusedError,
    "wrongAuthority": AuthorityRefusedError,
    "incorrectData": AuthorityRefusedError,
    "missingTimeStamp": AuthorityRefusedError,
    "badPOP": AuthorityRefusedError,
    "certRevoked": AuthorityRefusedError,
    "certConfirmed": AuthorityRefusedError,
    "wrongIntegrity": AuthorityRefusedError,
    "badRecipientNonce": AuthorityRefusedError,
    "timeNotAvailable": AuthorityRefusedError,
    "unacceptedPolicy": AuthorityRefusedError,
    "unacceptedExtension": AuthorityRefusedError,
    "addInfoNotAvailable": AuthorityRefusedError,
    "badSenderNonce": AuthorityRefusedError,
    "badCertTemplate": AuthorityRefusedError,
    "signerNotTrusted": AuthorityRefusedError,
    "transactionIdInUse": TransactionUnknownError,
    "unsupportedVersion": AuthorityRefusedError,
    "notAuthorized": AuthorityRefusedError,
    "systemUnavail": AuthorityBusyError,
    "systemFailure": AuthorityBusyError,
    "duplicateCertReq": AuthorityBusyError,
}


@pytest.mark.parametrize("name", FAILURES)
def test_every_failure_is_told_in_words(name: str) -> None:
    """A person reads a sentence of its own for each refusal, and never the name; the log gets the name always."""
    bit = list(FAILURES).index(name)
    info = PKIBody(
        "error", {"pKIStatusInfo": {"status": "rejection", "failInfo": tuple(int(n == bit) for n in range(27))}}
    )
    client = authority(Script(answered(info)))
    with pytest.raises(FAILURES[name]) as caught:
        client.order(compose(client))
    assert type(caught.value) is FAILURES[name]
    assert caught.value.detail == name
    assert name not in caught.value.why
    if isinstance(caught.value, AuthorityRefusedError):
        assert caught.value.why == f"Its reason: {WORDS[name]}"
        assert caught.value.fail_info == {name}


def test_no_two_failures_have_the_same_words() -> None:
    """None of the names is left to the person to understand, and none is mistaken for another."""
    assert len({WORDS[name] for name in FAILURES}) == len(FAILURES) == 27


# ------------------------------------------------------------------------------------------- what the log has


def test_the_log_has_each_message_by_its_kind() -> None:
    """With the transaction and the length, nothing else; what is no message is called so, and refused as ever."""
    script = Script(answered(cp(granted(ISSUED.der))), lambda _: b"\x30\x03Testa")
    client = authority(script)
    message = compose(client)
    with everything_kept() as kept:
        client.order(message)
        with pytest.raises(AnswerUntrustedError):
            client.order(message)
    transaction = message.transaction.hex()
    assert [told.what for told in kept.traffic] == [
        "sends cr",
        "receives cp",
        "sends cr",
        "receives what is no message",
    ]
    assert {told.facts["transaction"] for told in kept.traffic} == {transaction}
    assert kept.traffic[0].facts == {"transaction": transaction, "bytes": len(script.sent[0])}
