"""The CMP client: what it says, and that it believes nothing that it should not."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, x509
from cryptography import x509 as pki_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage, protected_part
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    TransactionUnknownError,
)
from sithsup.model import Issued, Message, MessageKind
from tests.ca import pki
from tests.ca.scripted import QUERY_OID, Script, authority, cp, error_body, granted, reply, status_info

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = pki.new_key()
TARGET = pki.target()
CONFIRM_BY = pki.NOW + timedelta(minutes=10)


ISSUED = pki.hierarchy().issue(TARGET, KEY)


def certificate() -> bytes:
    return ISSUED.der


def signer() -> Any:
    h = pki.hierarchy()
    return h.old_authentication.signer(h.old_root.der)


def prove(data: bytes) -> bytes:
    return KEY.sign(data, ec.ECDSA(hashes.SHA256()))


def compose(client: CmpAuthority) -> Message:
    old = pki.hierarchy().old_authentication.parsed
    return client.compose_order(TARGET, old, pki.spki(KEY), prove, signer())


def issue(request: bytes, **options: Any) -> bytes:
    info = [{"infoType": "confirmWaitTime", "infoValue": core.GeneralizedTime(CONFIRM_BY)}]
    h = pki.hierarchy()
    extra = (h.cmp_signer.der, h.hsa_issuer.der)
    options = {"extra": extra, "generalInfo": info, "body": cp(granted(certificate())), **options}
    return reply(request, **options)


def ordered(client: CmpAuthority) -> tuple[Message, Issued]:
    order = compose(client)
    return order, client.order(order)


def answered(body: PKIBody, **options: Any) -> Callable[[bytes], bytes]:
    return lambda request: reply(request, body, **options)


def eligible(request: bytes, **options: Any) -> bytes:
    value = {"infoType": QUERY_OID, "infoValue": core.UTF8String("ELIGIBLE")}
    return reply(request, PKIBody("genp", [value]), **options)


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


def test_granted_with_modifications_is_a_success() -> None:
    """The authority fills in what the card cannot show."""
    body = cp(granted(certificate(), "grantedWithMods"))
    _, issued = ordered(authority(Script(lambda request: issue(request, body=body))))
    assert issued.certificate == certificate()


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
    "error waiting": (error_body(status="waiting"), AuthorityBusyError),
    "rejection": (cp({"certReqId": 0, "status": status_info("badPOP")}), AuthorityRefusedError),
    "waiting": (cp({"certReqId": 0, "status": {"status": "waiting"}}), AuthorityBusyError),
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
    assert caught.value.values["reason"].startswith("Nej[2J tack")  # type: ignore[attr-defined]
    assert len(str(caught.value.values["reason"])) == 300


# ------------------------------------------------------------------------------------- what is not believed


def stranger() -> pki.Keyed:
    return pki.make(pki.name("TEST CMP"), [pki.usage("digital_signature"), pki.purposes(pki.CMC_CA)])


def from_root(*extensions: pki.Extension, **options: Any) -> pki.Keyed:
    return pki.make(pki.name("TEST other CMP"), list(extensions), pki.hierarchy().root, **options)


SIGNERS: dict[str, Callable[[], pki.Keyed]] = {
    "self-signed stranger": stranger,
    "holder of a new card": lambda: pki.hierarchy().issue(pki.target(), pki.new_key()),
    "server with a purpose of its own": lambda: from_root(
        pki.usage("digital_signature"), pki.purposes("1.3.6.1.5.5.7.3.1")
    ),
    "key usage without signing": lambda: from_root(pki.usage("key_agreement"), pki.purposes(pki.CMC_CA)),
    "unknown critical extension": lambda: from_root(
        (x509_unknown(), True), pki.usage("digital_signature"), pki.purposes(pki.CMC_CA)
    ),
    "expired": lambda: from_root(
        pki.usage("digital_signature"), pki.purposes(pki.CMC_CA), not_after=pki.NOW - timedelta(days=1)
    ),
    "old authority": lambda: pki.hierarchy().old_root,
}


def x509_unknown() -> pki_x509.UnrecognizedExtension:
    return pki_x509.UnrecognizedExtension(pki_x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00")


@pytest.mark.parametrize("who", SIGNERS)
def test_only_an_authority_speaks_for_the_authority(who: str) -> None:
    """Whatever the anchors do not lead to, or that is not marked as an authority's voice, is not believed."""
    someone = SIGNERS[who]()
    extra = (someone.der, pki.hierarchy().hsa_issuer.der)
    client = authority(Script(lambda request: eligible(request, signer=someone, extra=extra)))
    with pytest.raises(AnswerUntrustedError):
        client.query(pki.CARD_NUMBER, signer())


BELIEVED: dict[str, Callable[[], pki.Keyed]] = {
    "marked for it": lambda: pki.hierarchy().cmp_signer,
    "an issuing authority": lambda: pki.hierarchy().hsa_issuer,
    "the anchor": lambda: pki.hierarchy().root,
    "marked for nothing": lambda: from_root(pki.usage("digital_signature")),
    "without any restriction": from_root,
}


@pytest.mark.parametrize("who", BELIEVED)
def test_authorities_are_believed(who: str) -> None:
    """An authority's own key, one that is marked as its voice, and one that is not marked at all."""
    client = authority(Script(lambda request: eligible(request, signer=BELIEVED[who]())))
    assert client.query(pki.CARD_NUMBER, signer()).reason == "ELIGIBLE"


HEADERS: dict[str, dict[str, Any]] = {
    "other transaction": {"transactionID": b"x" * 16},
    "no transaction": {"transactionID": None},
    "other nonce": {"recipNonce": b"x" * 16},
    "no nonce": {"recipNonce": None},
    "other sender": {"sender": x509.GeneralName("directory_name", x509.Name.build({"common_name": "TEST X"}))},
    "sender of another kind": {"sender": x509.GeneralName("dns_name", "ca.invalid")},
    "other key identifier": {"senderKID": b"x" * 20},
    "version 1": {"pvno": 1},
    "not protected": {"protect": False},
    "weak algorithm": {"protectionAlg": {"algorithm": "sha1_ecdsa"}},
    "algorithm of another key": {"protectionAlg": {"algorithm": "sha256_rsa"}},
    "signer left out": {"extra": ()},
}


@pytest.mark.parametrize("what", HEADERS)
def test_an_answer_that_does_not_belong_to_the_question_is_refused(what: str) -> None:
    """Each header field that ties an answer to its question and its signer is checked."""
    client = authority(Script(lambda request: eligible(request, **HEADERS[what])))
    with pytest.raises(AnswerUntrustedError):
        client.query(pki.CARD_NUMBER, signer())


def test_an_unsigned_refusal_ends_nothing() -> None:
    """Anybody on the way could have written it: it is not the authority's refusal."""
    client = authority(Script(answered(error_body("notAuthorized"), protect=False)))
    with pytest.raises(AnswerUntrustedError) as caught:
        client.order(compose(client))
    assert not caught.value.final
    assert "notAuthorized" in caught.value.detail


def test_an_old_answer_is_not_believed_again() -> None:
    """A signed answer to an earlier question does not answer a new one."""
    first = Script(eligible)
    authority(first).query(pki.CARD_NUMBER, signer())
    recorded = eligible(first.sent[0])
    with pytest.raises(AnswerUntrustedError):
        authority(Script(lambda _: recorded)).query(pki.CARD_NUMBER, signer())


def test_a_wrong_local_clock_within_the_signers_life_is_no_reason_to_refuse() -> None:
    """messageTime is reported, not judged."""
    at = pki.NOW + timedelta(days=300)
    permission = authority(Script(lambda request: eligible(request, messageTime=at))).query("1", signer())
    assert permission.at == at


def test_a_clock_outside_the_signers_life_is_named() -> None:
    """The error asks about the clock rather than about the authority."""
    young = pki.make(pki.name("TEST New Root"), pki.authority_extensions(), not_after=pki.NOW + 90 * pki.YEAR)
    voice = pki.make(pki.name("TEST CMP"), [pki.usage("digital_signature"), pki.purposes(pki.CMC_CA)], young)
    script = Script(lambda request: eligible(request, signer=voice))
    client = CmpAuthority(script, (young.der,), QUERY_OID, lambda: pki.NOW + 5 * pki.YEAR)
    with pytest.raises(AnswerUntrustedError) as caught:
        client.query("1", signer())
    assert "clock" in str(caught.value.values["check"])


def test_later_answers_may_leave_out_the_signer() -> None:
    """RFC 9483, section 3.3: who was believed once in this run is known."""
    client = authority(Script(issue, answered(PKIBody("pkiconf", core.Null()), extra=())))
    order, issued = ordered(client)
    message = client.compose_confirmation(order, issued, signer(), accept=True)
    assert client.confirm(message).kind is MessageKind.CONFIRMED


def test_a_campaign_without_a_question_asks_none() -> None:
    """Nothing is sent where the campaign names no infoType."""
    script = Script(eligible)
    with pytest.raises(ValueError, match="no message to ask with"):
        CmpAuthority(script, pki.hierarchy().anchors, None, lambda: pki.NOW).query("1", signer())
    assert script.sent == []


@pytest.mark.parametrize("values", [[], ["ELIGIBLE", "ELIGIBLE"], ["nonsense \x00"], [""]], ids=repr)
def test_a_strange_reason_is_not_passed_on(values: list[str]) -> None:
    """Exactly one reason, of the shape of a name."""
    body = PKIBody("genp", [{"infoType": QUERY_OID, "infoValue": core.UTF8String(value)} for value in values])
    with pytest.raises(AnswerUntrustedError):
        authority(Script(answered(body))).query("1", signer())


# ---------------------------------------------------------------------------------------------- lost answers


def test_a_lost_answer_is_fetched_with_the_same_bytes() -> None:
    """After three losses the fourth sending of identical bytes succeeds, with growing pauses in between."""
    pauses: list[float] = []
    script = Script(ConnectionResetError(), TimeoutError(), ConnectionRefusedError(), issue)
    client = authority(script, sleep=pauses.append)
    order, _ = ordered(client)
    assert script.sent == [order.der] * 4
    assert pauses == [0.5, 1.0, 2.0]


def test_after_four_losses_the_authority_is_out_of_reach() -> None:
    """The error names the address; no fifth message leaves."""
    script = Script(TimeoutError("no answer"))
    client = authority(script)
    with pytest.raises(AuthorityUnreachableError) as caught:
        client.order(compose(client))
    assert len(script.sent) == 4
    assert caught.value.values == {"address": Script.address}


def test_a_busy_authority_is_not_asked_again_at_once() -> None:
    """Retry-After is for the caller to honour."""
    script = Script(AuthorityBusyError(retry_after=60))
    client = authority(script)
    with pytest.raises(AuthorityBusyError):
        client.order(compose(client))
    assert len(script.sent) == 1


# ------------------------------------------------------------------------------------------- hostile answers

CLIENT = authority(Script(issue))
ORDER = compose(CLIENT)
GOOD = issue(ORDER.der)
EXPECTED = CLIENT.read_issued(ORDER, Message(MessageKind.ISSUED, ORDER.transaction, GOOD))


def _holds(der: bytes) -> None:
    """An answer is refused, or it says exactly what the good one says: certificates beside it are not protected."""
    try:
        issued = authority(Script(lambda _: der)).order(ORDER)
    except AuthorityError:
        return
    assert (issued.certificate, issued.confirm_by, issued.at) == (
        EXPECTED.certificate,
        EXPECTED.confirm_by,
        EXPECTED.at,
    )


@given(place=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
@settings(max_examples=300)
def test_a_changed_bit_is_never_accepted(place: int, bit: int) -> None:
    """Whatever bit of an answer is turned, the result is an AuthorityError or the very same meaning."""
    changed = bytearray(GOOD)
    changed[place] ^= 1 << bit
    _holds(bytes(changed))


@given(start=st.integers(0, len(GOOD)), length=st.integers(0, 64), put=st.binary(max_size=64))
@settings(max_examples=300)
def test_a_changed_piece_is_never_accepted(start: int, length: int, put: bytes) -> None:
    """The same for pieces that are cut out, put in, or replaced."""
    _holds(GOOD[:start] + put + GOOD[start + length :])


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_garbage_is_never_accepted(garbage: bytes) -> None:
    """Bytes from anywhere are an AnswerUntrustedError and nothing else."""
    with pytest.raises(AnswerUntrustedError):
        authority(Script(lambda _: garbage)).order(ORDER)
