"""The demo's status service: what OCSP and the revocation lists say of a certificate as it lives and dies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from sithsup.ca import status
from sithsup.certificate import Certificate
from sithsup.demo.authorities import PLANS
from sithsup.demo.profiles import HSA_ID_3, ROOT_2, TELIA, TYPE_1, file_name
from sithsup.errors import AuthorityUnreachableError
from sithsup.model import CertificateState
from tests.demo.conversation import NEW_PROFILES, START, Client, World

if TYPE_CHECKING:
    from pathlib import Path

NONCE = b"0123456789abcdef"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


@pytest.fixture
def client(world: World) -> Client:
    return world.enrol()


def ask(world: World, der: bytes, issuer: str, algorithm: hashes.HashAlgorithm | None = None) -> ocsp.OCSPResponse:
    """Ask by OCSP, with a nonce, and verify the answer: nonce, signature, and the responder's own certificate."""
    by = world.hierarchy.authorities[issuer].certificate
    subject = x509.load_der_x509_certificate(der)
    builder = ocsp.OCSPRequestBuilder().add_certificate(subject, by, algorithm or hashes.SHA256())
    question = builder.add_extension(x509.OCSPNonce(NONCE), critical=False).build()
    answer = ocsp.load_der_ocsp_response(world.status.ocsp(question.public_bytes(Encoding.DER)))
    if answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL:
        (responder,) = answer.certificates
        responder.verify_directly_issued_by(by)
        purposes = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        key, used = responder.public_key(), answer.signature_hash_algorithm
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert used is not None
        key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(used))
        assert x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING in purposes
        assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE
        assert answer.produced_at_utc == world.clock().replace(microsecond=0)
    return answer


def revoked(world: World, issuer: str) -> dict[int, x509.RevokedCertificate]:
    """Fetch the list of an issuer and verify it."""
    crl = x509.load_der_x509_crl(world.status.crl(file_name(issuer)))
    key = world.hierarchy.authorities[issuer].certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(key)
    assert crl.last_update_utc == world.clock()
    return {entry.serial_number: entry for entry in crl}


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()])  # noqa: S303  CertID only names the issuer
def test_a_new_certificate_is_good_only_when_it_is_confirmed(
    world: World, client: Client, algorithm: hashes.HashAlgorithm
) -> None:
    """Unknown before the confirmation, good after it, on no list."""
    order = client.order()
    assert ask(world, order.issued, HSA_ID_3, algorithm).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    client.confirm(order)
    assert ask(world, order.issued, HSA_ID_3, algorithm).certificate_status is ocsp.OCSPCertStatus.GOOD
    assert revoked(world, HSA_ID_3) == {}


def test_a_rejected_certificate_is_revoked_at_once(world: World, client: Client) -> None:
    """With the time and the reason, in OCSP and on the list."""
    order = client.order()
    world.clock.now += timedelta(seconds=5)
    client.confirm(order, accept=False)
    world.clock.now += timedelta(seconds=5)
    answer, serial = ask(world, order.issued, HSA_ID_3), Certificate.parse(order.issued).serial_number
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == START + timedelta(seconds=5)
    assert answer.revocation_reason is x509.ReasonFlags.cessation_of_operation
    listed = revoked(world, HSA_ID_3)[serial]
    assert listed.revocation_date_utc == START + timedelta(seconds=5)
    assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason is answer.revocation_reason


def test_the_deadline_is_kept_without_any_message(world: World, client: Client) -> None:
    """Asking for the status is enough: what nobody confirmed is revoked, as of the deadline."""
    order = client.order()
    world.clock.now += timedelta(minutes=11)
    answer = ask(world, order.issued, HSA_ID_3)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == START + timedelta(minutes=10)
    assert Certificate.parse(order.issued).serial_number in revoked(world, HSA_ID_3)


def test_the_list_keeps_the_deadline_too(world: World, client: Client) -> None:
    """A list is made after whatever is overdue has been revoked."""
    order = client.order()
    world.clock.now += timedelta(minutes=11)
    assert Certificate.parse(order.issued).serial_number in revoked(world, HSA_ID_3)


def test_old_certificates_are_good_until_the_card_is_upgraded(world: World, client: Client) -> None:
    """Superseded then; the e-legitimation beside them stays good."""
    telia = world.enrol("telia-authentication").certificate
    assert ask(world, client.certificate, TYPE_1).certificate_status is ocsp.OCSPCertStatus.GOOD
    for name in NEW_PROFILES:
        client.confirm(client.order(name))
    answer = ask(world, client.certificate, TYPE_1)
    assert answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_reason is x509.ReasonFlags.superseded
    assert Certificate.parse(client.certificate).serial_number in revoked(world, TYPE_1)
    assert ask(world, telia, TELIA).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_the_authorities_themselves_are_good(world: World) -> None:
    """Also the signer of the messages; a certificate that nobody issued is unknown."""
    for entity in (world.hierarchy.authorities[HSA_ID_3], world.hierarchy.cmp_signer):
        assert ask(world, entity.der, ROOT_2).certificate_status is ocsp.OCSPCertStatus.GOOD
    stranger = world.enrol("old-authentication", known=False).certificate
    assert ask(world, stranger, TYPE_1).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def product_asks(world: World, name: str, *, ways: tuple[str, ...]) -> CertificateState:
    """Ask as the product does, where the certificate of an authority itself points to; other ways are out of order."""
    issuer = world.hierarchy.authorities[PLANS[name].issuer].der

    def fetch(address: str, question: bytes | None) -> bytes:
        path = address.removeprefix(world.hierarchy.url)
        if path.split("/")[1] not in ways:
            raise AuthorityUnreachableError(address, address=address)
        return world.status.ocsp(question) if question else world.status.crl(path[len("/crl/") : -len(".crl")])

    return status.ask(world.hierarchy.authorities[name].der, issuer, fetch, world.clock()).state


@pytest.mark.parametrize("way", ["ocsp", "crl"])
@pytest.mark.parametrize("name", [name for name, plan in PLANS.items() if plan.issuer != name])
def test_every_authority_tells_where_its_status_is(world: World, name: str, way: str) -> None:
    """Each below a root points to both services; the product believes each of them alone, before and after the end."""
    assert product_asks(world, name, ways=(way,)) is CertificateState.GOOD
    world.ledger.revoke_authority(name, START)
    assert product_asks(world, name, ways=(way,)) is CertificateState.REVOKED
    others = {other for other, plan in PLANS.items() if other not in {name, plan.issuer}}
    assert {product_asks(world, other, ways=(way,)) for other in others} == {CertificateState.GOOD}


def test_foreign_issuers_and_garbage_are_refused(world: World, client: Client) -> None:
    """The responder says that it may not, or that it cannot read; several issuers at once are foreign too."""
    other = World(world.folder / "other")
    question = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(client.certificate),
        other.hierarchy.authorities[TYPE_1].certificate,
        hashes.SHA256(),
    )
    answer = world.status.ocsp(question.build().public_bytes(Encoding.DER))
    assert ocsp.load_der_ocsp_response(answer).response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    for junk in (b"", b"junk", b"\x30\x00"):
        answer = world.status.ocsp(junk)
        assert ocsp.load_der_ocsp_response(answer).response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_a_question_without_nonce_gets_an_answer_without(world: World, client: Client) -> None:
    """The nonce is copied, never invented."""
    certificate = x509.load_der_x509_certificate(client.certificate)
    issuer = world.hierarchy.authorities[TYPE_1].certificate
    question = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    answer = ocsp.load_der_ocsp_response(world.status.ocsp(question.public_bytes(Encoding.DER)))
    assert answer.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert len(answer.extensions) == 0


def test_there_is_no_list_of_strangers(world: World) -> None:
    """Only the demo's own authorities have lists."""
    with pytest.raises(KeyError):
        world.status.crl("sithstype1cav1")
