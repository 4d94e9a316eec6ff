"""The demo's public-key infrastructure: stored and read again, and certificates shaped like real ones."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sithsup.certificate import Certificate
from sithsup.demo.authorities import PLANS
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import (
    HSA_ID_2,
    HSA_ID_3,
    PERSON_ID_3,
    PROFILES,
    ROOT_1,
    ROOT_2,
    TELIA,
    TYPE_1,
    Style,
    file_name,
)
from sithsup.model import KeyAlgorithm, KeyRole, SubjectKind
from tests.demo.conversation import CARD_EXPIRES, NUMBER, START

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://127.0.0.1:8829"
VALIDITY = (START - timedelta(days=900), START + CARD_EXPIRES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hierarchy")


@pytest.fixture(scope="module")
def hierarchy(folder: Path) -> Hierarchy:
    """One with RSA keys, as the real ones have."""
    return Hierarchy.make(folder, lambda: START, URL)


@pytest.fixture(scope="module")
def card_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def issued(hierarchy: Hierarchy, card_key: bytes) -> dict[str, bytes]:
    """One certificate of every profile."""
    return {name: hierarchy.issue(profile, card_key, PEOPLE[0], NUMBER, VALIDITY) for name, profile in PROFILES.items()}


def text_of(der: bytes) -> str:
    """What OpenSSL reads in a certificate."""
    command = ["openssl", "x509", "-inform", "DER", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space"]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode()


def test_names_and_algorithms_are_the_real_ones_with_a_prefix(hierarchy: Hierarchy) -> None:
    """C, O, CN in this order; SHA-1 and 2048 bits once, SHA-512 and 3072 bits now."""
    names = [name.removeprefix("TEST ") for name in hierarchy.authorities]
    assert names == [
        "SITHS Root CA v1",
        "SITHS Type 1 CA v1",
        "Telia e-legitimation HW CA v1",
        "SITHS e-id Root CA v2",
        "SITHS e-id Person HSA-id 3 CA v1",
        "SITHS e-id Person ID 3 CA v1",
        "SITHS e-id Person HSA-id 2 CA v1",
    ]
    old, new = hierarchy.authorities[TYPE_1].certificate, hierarchy.authorities[HSA_ID_3].certificate
    assert old.subject.rfc4514_string({}) == f"CN={TYPE_1},O=Inera AB,C=SE"
    assert old.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA1
    assert new.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA512
    sizes = {name: entity.key.key_size for name, entity in hierarchy.authorities.items()}
    assert set(sizes.values()) == {2048, 3072}
    assert {name for name, size in sizes.items() if size == 3072} == {ROOT_2, HSA_ID_3, PERSON_ID_3, HSA_ID_2}


def test_what_was_made_can_be_loaded(hierarchy: Hierarchy, folder: Path) -> None:
    """Certificates, keys and address come back the same."""
    loaded = Hierarchy.load(folder)
    assert loaded.url == URL
    assert {n: e.der for n, e in loaded.authorities.items()} == {n: e.der for n, e in hierarchy.authorities.items()}
    assert {n: e.der for n, e in loaded.responders.items()} == {n: e.der for n, e in hierarchy.responders.items()}
    for entity in (*loaded.authorities.values(), *loaded.responders.values(), loaded.cmp_signer):
        assert entity.key.public_key() == entity.certificate.public_key()


def test_keys_that_are_there_are_used_again(hierarchy: Hierarchy, folder: Path, tmp_path: Path) -> None:
    """A folder with keys alone gets new certificates for just these keys."""
    for key in folder.glob("*.key"):
        (tmp_path / key.name).write_bytes(key.read_bytes())
    again = Hierarchy.make(tmp_path, lambda: START, "http://127.0.0.1:1")
    for name, entity in again.authorities.items():
        assert entity.key.public_key() == hierarchy.authorities[name].key.public_key()
        assert entity.der != hierarchy.authorities[name].der


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("name", sorted(PROFILES))
def test_openssl_verifies_every_path(hierarchy: Hierarchy, issued: dict[str, bytes], tmp_path: Path, name: str) -> None:
    """Each certificate leads to its root, the old ones through SHA-1."""
    issuer = PROFILES[name].issuer
    root = PLANS[issuer].issuer
    files = {
        "person": issued[name],
        "issuer": hierarchy.authorities[issuer].der,
        "root": hierarchy.authorities[root].der,
    }
    for file, der in files.items():
        (tmp_path / file).write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    command = ["openssl", "verify", "-attime", str(int(START.timestamp())), "-CAfile", "root", "-untrusted", "issuer"]
    done = subprocess.run([*command, "person"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("openssl")
def test_an_old_certificate_has_the_shape_of_a_real_one(issued: dict[str, bytes]) -> None:
    """The subject's order and letters, the extensions and the size of the decoded example."""
    text, der = text_of(issued["old-signature"]), issued["old-signature"]
    holder = PEOPLE[0]
    assert (
        f"Subject: C=SE, L={holder.locality}, O={holder.organization}, CN={holder.common_name}, "
        f"SN={holder.surname}, GN={holder.given_name}, serialNumber={holder.hsa_id}"
    ) in text
    assert f"Issuer: C=SE, O=Inera AB, CN={TYPE_1}" in text
    assert "sha1WithRSAEncryption" in text
    assert "Public-Key: (2048 bit)" in text
    assert text.split("Key Usage: critical")[1].split("\n")[1].strip() == "Non Repudiation"
    assert "Extended Key Usage" not in text
    assert "Subject Directory Attributes" in text
    assert "Policy: 1.2.752.35.99.2.3" in text
    assert b"\x13\x13" + NUMBER.encode() in der
    assert "Läkare".encode() in der
    for address in ("/ocsp", "/aia/testsithstype1cav1.cer", "/crl/testsithstype1cav1.crl"):
        assert f"URI:{URL}{address}\n" in text
        assert f"URI:{URL}/sjunet{address}\n" in text
    assert 1400 < len(der) < 1750
    assert 1400 < len(issued["old-authentication"]) < 1750
    assert len(f"{Certificate.parse(der).serial_number:032x}") == 32


@pytest.mark.needs("openssl")
def test_an_authentication_certificate_can_log_in(issued: dict[str, bytes]) -> None:
    """Key encipherment and the three purposes, and a principal name for Windows."""
    for name in ("old-authentication", "hsa-id-authentication"):
        text = text_of(issued[name])
        assert "Digital Signature, Key Encipherment" in text
        assert "TLS Web Client Authentication, Microsoft Smartcard Login, E-mail Protection" in text
        assert f"UPN::{PEOPLE[0].mail}" in text


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_the_program_reads_every_profile_as_it_is_meant(issued: dict[str, bytes], name: str) -> None:
    """Role, identity and issuer; SITHS names on everything but the e-legitimation."""
    profile, read = PROFILES[name], Certificate.parse(issued[name])
    assert read.role is profile.role
    assert read.identity is not None
    assert read.identity.kind is profile.subject
    assert read.issuer_common_name == profile.issuer
    assert ("SITHS" in read.issuer_common_name) is (profile.style is not Style.TELIA)
    assert (profile.subject is SubjectKind.HSA_ID) is bool(read.organization)
    assert read.card_number == NUMBER
    assert read.given_name == "Testa"
    assert read.surname == "Åkesson-Öberg"
    assert (read.not_before, read.not_after) == VALIDITY


def test_a_telia_certificate_tells_nothing_of_siths(issued: dict[str, bytes]) -> None:
    """Its issuer's organisation is the one by which it is told apart."""
    read = Certificate.parse(issued["telia-signature"])
    assert "Telia" in read.issuer_organization
    assert read.subject_serial == PEOPLE[0].personal_number
    assert PEOPLE[0].hsa_id.encode() not in read.der


def test_a_certificate_without_card_number_can_be_made(hierarchy: Hierarchy, card_key: bytes) -> None:
    """Cards exist whose other identity does not carry it."""
    der = hierarchy.issue(PROFILES["telia-signature"], card_key, PEOPLE[0], None, VALIDITY)
    assert Certificate.parse(der).card_number is None


def test_elliptic_keys_do_not_encipher(hierarchy: Hierarchy) -> None:
    """RFC 5480, section 3."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    der = hierarchy.issue(PROFILES["hsa-id-authentication"], public, PEOPLE[0], NUMBER, VALIDITY)
    assert Certificate.parse(der).key_usage == {"digital_signature"}
    assert Certificate.parse(der).role is KeyRole.AUTHENTICATION


def test_only_keys_that_sign_are_certified(hierarchy: Hierarchy) -> None:
    """An Ed25519 key is refused as a programming error: the authority looks at keys before."""
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(TypeError):
        hierarchy.issue(PROFILES["hsa-id-signature"], public, PEOPLE[0], NUMBER, VALIDITY)


def test_the_services_are_certified_for_their_work(hierarchy: Hierarchy) -> None:
    """The signer of messages may speak for an authority, each responder is its own authority's; neither is one."""
    signer = Certificate.parse(hierarchy.cmp_signer.der)
    assert "cmc_ca" in signer.extended_key_usage
    assert signer.key_usage == {"digital_signature"}
    assert not signer.is_ca
    for name, responder in hierarchy.responders.items():
        issuer = hierarchy.authorities[name].certificate
        responder.certificate.verify_directly_issued_by(issuer)
        assert not Certificate.parse(responder.der).is_ca


def test_the_path_ends_below_the_root(hierarchy: Hierarchy) -> None:
    """What is sent beside a certificate; a root has nothing above it."""
    assert hierarchy.path(HSA_ID_3) == (hierarchy.authorities[HSA_ID_3].der,)
    assert hierarchy.path(TELIA) == ()
    assert hierarchy.path(ROOT_1) == ()


def test_file_names_follow_the_real_rule() -> None:
    """Small letters without spaces and hyphens."""
    assert file_name(HSA_ID_3) == "testsithseidpersonhsaid3cav1"


def test_the_elliptic_hierarchy_is_for_speed(tmp_path: Path) -> None:
    """All of it is elliptic, the old part is SHA-1 all the same."""
    made = Hierarchy.make(tmp_path, lambda: START, URL, KeyAlgorithm.P_256)
    assert all(isinstance(entity.key, ec.EllipticCurvePrivateKey) for entity in made.authorities.values())
    old = made.authorities[TYPE_1].certificate
    assert old.signature_algorithm_oid == x509.SignatureAlgorithmOID.ECDSA_WITH_SHA1
