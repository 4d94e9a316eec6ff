"""The CMP client believes nothing that it should not, and asks again for what was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, x509
from cryptography import x509 as pki_x509
from hypothesis import given, settings
from hypothesis import strategies as st

from sithsup.ca import path
from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.cmp_asn1 import PKIBody
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityUnreachableError,
)
from sithsup.model import Message, MessageKind
from tests.ca import pki
from tests.ca.orders import answered, compose, eligible, issue, ordered, signer
from tests.ca.scripted import QUERY_OID, Script, authority, error_body
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from collections.abc import Callable

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
    "no nonce of its own": {"senderNonce": None},
    "a nonce of one byte": {"senderNonce": b"x"},
    "a nonce too short by one byte": {"senderNonce": b"x" * 15},
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


def test_certificates_beside_an_answer_are_not_looked_at_without_end() -> None:
    """They are not protected: anybody may add so many that a computer is busy for a long while."""
    h = pki.hierarchy()
    decoys = [pki.make(h.cmp_signer.certificate.subject, []).der for _ in range(path.MOST_CERTIFICATES - 1)]
    asked = authority(Script(lambda request: eligible(request, extra=(*decoys, h.cmp_signer.der))))
    assert asked.query(pki.CARD_NUMBER, signer()).reason == "ELIGIBLE"
    asked = authority(Script(lambda request: eligible(request, extra=(*decoys, decoys[0], h.cmp_signer.der))))
    with pytest.raises(AnswerUntrustedError):
        asked.query(pki.CARD_NUMBER, signer())


def test_whoever_was_believed_before_is_found_behind_as_many_as_may_come() -> None:
    """What is known from an earlier answer comes first."""
    h = pki.hierarchy()
    between = pki.make(pki.name("TEST sub"), pki.authority_extensions(), h.root)
    voice = pki.make(pki.name("TEST CMP 2"), [pki.usage("digital_signature"), pki.purposes(pki.CMC_CA)], between)
    decoys = tuple(pki.make(pki.name("TEST"), []).der for _ in range(path.MOST_CERTIFICATES))
    first = answered(genp(), signer=voice, extra=(voice.der, between.der))
    client = authority(Script(first, answered(genp(), signer=voice, extra=decoys)))
    for _ in range(2):
        assert client.query(pki.CARD_NUMBER, signer()).reason == "ELIGIBLE"


def genp() -> PKIBody:
    return PKIBody("genp", [{"infoType": QUERY_OID, "infoValue": core.UTF8String("ELIGIBLE")}])


def test_an_unsigned_refusal_ends_nothing() -> None:
    """Anybody on the way could have written it: it is not the authority's refusal, and its words are not logged."""
    said = error_body("notAuthorized", text="Testa Kanariefågel")
    client = authority(Script(answered(said, protect=False)))
    with pytest.raises(AnswerUntrustedError) as caught:
        client.order(compose(client))
    assert not caught.value.final
    assert caught.value.detail == "unsigned error: rejection notAuthorized"


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
        issued = issued_by(authority(Script(lambda _: der)), ORDER)
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
