"""The status of a certificate: OCSP first, the list else, and nothing that is not signed for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from sithsup.ca.cmp import STATUS_RESENDS
from sithsup.ca.path import MOST_CERTIFICATES
from sithsup.errors import (
    AnswerOfAnotherTimeError,
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityError,
    AuthorityUnreachableError,
)
from sithsup.model import CertificateState, CertificateStatus
from tests.ca import pki
from tests.ca.scripted import Script, authority

if TYPE_CHECKING:
    from collections.abc import Callable

H = pki.hierarchy()
ISSUED = H.issue(pki.target(), pki.new_key())
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
REVOKED_AT = pki.NOW - timedelta(hours=1)
GOOD, REVOKED, UNKNOWN = (ocsp.OCSPCertStatus[name] for name in ("GOOD", "REVOKED", "UNKNOWN"))


def delegated(*extensions: pki.Extension, issuer: pki.Keyed = H.hsa_issuer, **options: Any) -> pki.Keyed:
    return pki.make(pki.name("TEST OCSP"), list(extensions or [pki.purposes(OCSP_SIGNING)]), issuer, **options)


def respond(
    state: ocsp.OCSPCertStatus = GOOD,
    *,
    about: pki.Keyed = ISSUED,
    signer: pki.Keyed = H.hsa_issuer,
    at: datetime = pki.NOW,
    until: datetime | None = pki.NOW + timedelta(hours=1),
    nonce: Callable[[bytes], bytes | None] = lambda nonce: nonce,
    beside: tuple[pki.Keyed, ...] = (),
) -> Callable[[bytes | None], bytes]:
    """Answer as a responder does, except for what the test names."""

    def answer(question: bytes | None) -> bytes:
        assert question is not None
        request = ocsp.load_der_ocsp_request(question)
        asked = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        builder = ocsp.OCSPResponseBuilder().add_response(
            about.certificate,
            H.hsa_issuer.certificate,
            hashes.SHA1(),  # noqa: S303  certID
            state,
            at,
            until,
            REVOKED_AT if state is REVOKED else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        if beside or signer is not H.hsa_issuer:
            builder = builder.certificates([each.certificate for each in (*beside, signer)])
        repeated = nonce(asked)
        if repeated is not None:
            builder = builder.add_extension(x509.OCSPNonce(repeated), critical=False)
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    return answer


def crl(
    *revoked: int,
    signer: pki.Keyed = H.hsa_issuer,
    name: x509.Name = H.hsa_issuer.certificate.subject,
    at: datetime = pki.NOW,
    partial: bool = False,
) -> Callable[[bytes | None], bytes]:
    builder = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(at)
    builder = builder.next_update(at + timedelta(days=1))
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(REVOKED_AT).build()
        builder = builder.add_revoked_certificate(entry)
    if partial:
        point = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
        builder = builder.add_extension(point, critical=True)
    der = builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
    return lambda _: der


def ask(
    responder: Callable[[bytes | None], bytes] | Exception,
    revocations: Callable[[bytes | None], bytes] | Exception | None = None,
    certificate: pki.Keyed = ISSUED,
    now: datetime = pki.NOW,
) -> CertificateStatus:
    script = Script()
    script.pages = {pki.OCSP_URL: responder, pki.CRL_URL: revocations or TimeoutError()}
    return authority(script, clock=lambda: now).status(certificate.der, H.hsa_issuer.der)


@pytest.mark.parametrize(
    ("state", "expected", "revoked_at"),
    [
        (GOOD, CertificateState.GOOD, None),
        (REVOKED, CertificateState.REVOKED, REVOKED_AT),
        (UNKNOWN, CertificateState.UNKNOWN, None),
    ],
    ids=str,
)
def test_a_responder_tells_the_state(
    state: ocsp.OCSPCertStatus, expected: CertificateState, revoked_at: datetime | None
) -> None:
    """The three states come back, with the time of the revocation; `at` is the responder's time."""
    status = ask(respond(state))
    assert (status.state, status.revoked_at) == (expected, revoked_at)
    assert abs(status.at - datetime.now(status.at.tzinfo)) < timedelta(minutes=1)  # producedAt is its clock


def test_a_certified_responder_is_believed() -> None:
    """A responder that the issuer itself certified for OCSP."""
    later = datetime.now(UTC) + timedelta(days=1)
    responder = delegated(not_after=later)
    assert ask(respond(signer=responder)).state is CertificateState.GOOD
    assert ask(respond(signer=responder, beside=DECOYS[1:])).state is CertificateState.GOOD


LATER = datetime.now(UTC) + timedelta(days=1)
DECOYS = tuple(pki.make(pki.name("TEST"), []) for _ in range(MOST_CERTIFICATES))
LAST_WEEK = pki.NOW - timedelta(days=7)
UNTRUSTED: dict[str, dict[str, Any]] = {
    "stranger": {"signer": pki.make(pki.name("TEST"), [pki.purposes(OCSP_SIGNING)], not_after=LATER)},
    "certified by another": {"signer": delegated(issuer=H.number_issuer, not_after=LATER)},
    "certified for something else": {"signer": delegated(pki.purposes(pki.CMC_CA), not_after=LATER)},
    "certified for nothing": {"signer": delegated(pki.usage("digital_signature"), not_after=LATER)},
    "expired": {"signer": delegated(not_after=pki.NOW)},
    "the certificate itself": {"signer": ISSUED},
    "beside too many others": {"beside": DECOYS},
    "about another": {"about": H.issue(pki.target(), pki.new_key())},
    "another nonce": {"nonce": lambda _: b"x" * 16},
    "old, without nonce": {"nonce": lambda _: None, "at": LAST_WEEK, "until": LAST_WEEK + timedelta(days=1)},
    "old and undated": {"nonce": lambda _: None, "at": LAST_WEEK, "until": None},
    "of tomorrow, without nonce": {"nonce": lambda _: None, "at": pki.NOW + timedelta(days=1), "until": None},
}


@pytest.mark.parametrize("what", UNTRUSTED)
def test_an_answer_that_is_not_for_this_is_refused(what: str) -> None:
    """Signer, certificate, nonce and time are checked; then the list is tried, and its failure told last."""
    with pytest.raises(AnswerUntrustedError):
        ask(respond(**UNTRUSTED[what]), lambda _: b"no list")


@pytest.mark.parametrize(
    "after_it", [TimeoutError(), AuthorityUnreachableError(address="-"), AuthorityBusyError()], ids=repr
)
def test_an_answer_of_another_time_is_told_whoever_is_away_after_it(after_it: Exception) -> None:
    """It is what leads a person to the computer's clock; a list that comes and is not believed is told instead."""
    old = respond(**UNTRUSTED["old, without nonce"])
    with pytest.raises(AnswerOfAnotherTimeError):
        ask(old, after_it)
    with pytest.raises(AnswerUntrustedError) as caught:
        ask(old, lambda _: b"no list")
    assert type(caught.value) is AnswerUntrustedError


def test_a_fresh_answer_without_a_nonce_is_believed() -> None:
    """Many responders answer from a store: then the times decide."""
    assert ask(respond(nonce=lambda _: None)).state is CertificateState.GOOD


def test_only_an_answer_that_repeats_the_nonce_tells_the_time_of_now() -> None:
    """One without may have been made before it was asked for."""
    assert ask(respond()).is_fresh
    assert not ask(respond(nonce=lambda _: None)).is_fresh
    assert not ask(TimeoutError(), crl()).is_fresh
    assert ask(respond(nonce=lambda _: None, until=None)).state is CertificateState.GOOD


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (ocsp.OCSPResponseStatus.TRY_LATER, AuthorityBusyError),
        (ocsp.OCSPResponseStatus.INTERNAL_ERROR, AuthorityBusyError),
        (ocsp.OCSPResponseStatus.UNAUTHORIZED, AuthorityUnreachableError),
    ],
    ids=str,
)
def test_a_responder_that_does_not_answer(status: ocsp.OCSPResponseStatus, error: type[AuthorityError]) -> None:
    """Unsigned by nature: it tells nothing of the certificate, only that the responder is of no use now."""
    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    only_ocsp = pki.make(pki.name("TEST"), [pki.status_addresses()[0]], H.hsa_issuer)
    with pytest.raises(AuthorityError) as caught:
        ask(lambda _: refusal, certificate=only_ocsp)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "failure", [TimeoutError(), AuthorityUnreachableError(address="-")], ids=["silent", "out of reach"]
)
def test_the_list_is_read_when_the_responder_is_away(failure: Exception) -> None:
    """Good when it is not on the list, revoked when it is; `at` is when the list was made."""
    serial = ISSUED.certificate.serial_number
    assert ask(failure, crl(serial + 1)) == CertificateStatus(CertificateState.GOOD, pki.NOW)
    assert ask(failure, crl(serial)) == CertificateStatus(CertificateState.REVOKED, pki.NOW, REVOKED_AT)


def test_a_status_service_that_is_silent_is_waited_for_once() -> None:
    """Several certificates are asked about before a person sees anything; what fails at once is asked again."""
    script = Script()
    script.pages = {pki.OCSP_URL: TimeoutError(), pki.CRL_URL: ConnectionError()}
    client = authority(script)
    for _ in range(4):
        with pytest.raises(AuthorityUnreachableError):
            client.status(ISSUED.der, H.hsa_issuer.der)
    assert [address for address, _ in script.fetched] == [pki.OCSP_URL] * (1 + STATUS_RESENDS) + [pki.CRL_URL]
    script.pages = dict.fromkeys(script.pages, AuthorityUnreachableError(address="-"))
    before, client = len(script.fetched), authority(script)
    for _ in range(2):
        with pytest.raises(AuthorityUnreachableError):
            client.status(ISSUED.der, H.hsa_issuer.der)
    assert len(script.fetched) == before + 4


YOUNG = pki.make(pki.name("TEST"), pki.status_addresses(), H.hsa_issuer, not_before=pki.NOW + timedelta(seconds=1))


def test_a_list_that_is_older_than_the_certificate_says_nothing_good_of_it() -> None:
    """It could not have known it; who is on it is revoked all the same."""
    serial = YOUNG.certificate.serial_number
    unknown = CertificateStatus(CertificateState.UNKNOWN, pki.NOW)
    assert ask(TimeoutError(), crl(serial + 1), YOUNG) == unknown
    assert ask(TimeoutError(), crl(serial), YOUNG).state is CertificateState.REVOKED
    at = pki.NOW + timedelta(seconds=1)
    assert ask(TimeoutError(), crl(serial + 1, at=at), YOUNG) == CertificateStatus(CertificateState.GOOD, at)


def test_a_responder_that_speaks_from_before_the_certificate_says_nothing_good_of_it() -> None:
    """Many are fed from lists, and call good whatever is on none."""
    assert ask(respond(about=YOUNG), certificate=YOUNG).state is CertificateState.UNKNOWN
    assert ask(respond(REVOKED, about=YOUNG), certificate=YOUNG).state is CertificateState.REVOKED


def test_an_expired_responder_is_not_believed_whatever_time_it_writes() -> None:
    """Its key outlives it; a repeated nonce shows that it answers now, and now it may not."""
    retired, year = delegated(not_after=LATER), timedelta(days=365)
    only_ocsp = pki.make(pki.name("TEST"), [pki.status_addresses()[0]], H.hsa_issuer)
    answer = respond(about=only_ocsp, signer=retired)
    assert ask(answer, certificate=only_ocsp).state is CertificateState.GOOD
    for now in (LATER + year, pki.NOW - 2 * year):  # it has expired; or so it seems, because the clock is wrong
        with pytest.raises(AnswerUntrustedError) as caught:
            ask(answer, certificate=only_ocsp, now=now)
        assert "clock" in str(caught.value.values["check"])


def test_no_responder_answered_before_the_certificate_was_issued() -> None:
    """Whatever its own time is, and whatever this computer's: an old key is not used to speak of new certificates."""
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    until = tomorrow + timedelta(days=1)
    young = pki.make(pki.name("TEST"), pki.status_addresses(), H.hsa_issuer, not_before=tomorrow, not_after=until)
    with pytest.raises(AnswerUntrustedError):
        ask(respond(about=young, at=tomorrow, until=None), lambda _: b"no list", young)


@pytest.mark.parametrize(
    "revocations",
    [
        crl(signer=H.number_issuer),
        crl(signer=H.number_issuer, name=H.number_issuer.certificate.subject),
        crl(name=H.number_issuer.certificate.subject),
        crl(at=pki.NOW - timedelta(days=2)),
        crl(at=pki.NOW + timedelta(days=2)),
        crl(partial=True),
        lambda _: b"<html>",
    ],
    ids=["other key", "other issuer", "other name", "old", "of the future", "partial", "page"],
)
def test_a_list_that_is_not_for_this_is_refused(revocations: Callable[[bytes | None], bytes]) -> None:
    """Issuer, signature, time and completeness are checked."""
    with pytest.raises(AnswerUntrustedError):
        ask(TimeoutError(), revocations)


def test_a_certificate_without_addresses_has_no_status() -> None:
    """Unknown is not claimed: nobody was asked."""
    bare = pki.make(pki.name("TEST"), [], H.hsa_issuer)
    with pytest.raises(AuthorityUnreachableError):
        ask(respond(), certificate=bare)


def test_garbage_for_a_certificate_is_told() -> None:
    """Never an exception of the library underneath."""
    with pytest.raises(AnswerUntrustedError):
        authority(Script()).status(b"garbage", H.hsa_issuer.der)


@given(place=st.integers(0, 2000), bit=st.integers(0, 7), state=st.sampled_from([GOOD, REVOKED]))
@settings(max_examples=200)
def test_no_changed_answer_changes_the_state(place: int, bit: int, state: ocsp.OCSPCertStatus) -> None:
    """A turned bit is an AuthorityError, or did not matter."""

    def changed(question: bytes | None) -> bytes:
        der = bytearray(respond(state)(question))
        der[place % len(der)] ^= 1 << bit
        return bytes(der)

    try:
        status = ask(changed, lambda _: b"no list")
    except AuthorityError:
        return
    assert status.state.name == state.name


def test_the_key_of_the_issuer_is_not_enough_without_its_name() -> None:
    """A responder's certificate that carries the issuer's name but another key does not pass."""
    assert isinstance(H.hsa_issuer.key, ec.EllipticCurvePrivateKey)
    impostor = pki.make(pki.name(pki.HSA_ISSUER), [pki.purposes(OCSP_SIGNING)], not_after=LATER)
    with pytest.raises(AnswerUntrustedError):
        ask(respond(signer=impostor), lambda _: b"no list")


def test_a_list_whose_issuer_cannot_be_read_is_not_believed() -> None:
    """A bit string where a name has text is found out late, and by another exception."""
    name = H.hsa_issuer.certificate.subject.public_bytes()
    strange = crl()(None).replace(name, name.replace(b"\x13", b"\x03").replace(b"\x0c", b"\x03"))
    assert strange != crl()(None)
    with pytest.raises(AnswerUntrustedError):
        ask(TimeoutError(), lambda _: strange)
