"""Debian's `openssl cmp`, a client that nobody here wrote, enrols, updates, polls, is refused and revokes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.demo.conversation import AUTHENTICATION, OTHER_NUMBER
from tests.interop.site import GENERATE, Site, new, signed_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("openssl")

OLD = ("old-authentication", "confirmed")
CONFIRMED = (AUTHENTICATION, "confirmed")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as site:
        site.openssl.key("new")
        yield site


def is_for_key(site: Site, certificate: str, key: str = "new") -> bool:
    private = load_pem_private_key((site.openssl.work / f"{key}.key").read_bytes(), None)
    return site.openssl.read(certificate).public_key() == private.public_key()


# ------------------------------------------------------------------------------------------- enrolling


@pytest.mark.parametrize("mac", ["hmac-sha1", "hmacWithSHA256", "hmacWithSHA512"])
def test_a_secret_enrols_and_its_certificate_signs_from_then_on(site: Site, mac: str) -> None:
    """A whole life: ir with a secret, a signed cr for another key, a kur of it, and its end by rr."""
    _, secret = site.shared()
    said = site.cmp("ir", *secret, "-mac", mac, *new("first"))
    assert "received PKICONF" in said
    assert is_for_key(site, "first")
    for name in ("second", "third"):
        site.openssl.key(name)
    site.cmp("cr", *signed_by("first", "new"), *new("signing", "second"), profile="hsa-id-signature")
    site.cmp("kur", *signed_by("first", "new"), "-newkey", "third.key", "-certout", "third.pem")
    site.cmp("rr", *signed_by("third"), "-oldcert", "third.pem", "-revreason", "5")
    assert site.states(OTHER_NUMBER) == [
        (AUTHENTICATION, "revoked"),
        ("hsa-id-signature", "confirmed"),
        (AUTHENTICATION, "revoked"),
    ]


@pytest.mark.parametrize("command", ["ir", "cr", "kur"])
@pytest.mark.parametrize("algorithm", GENERATE)
def test_every_algorithm_signs_orders_and_is_certified(site: Site, command: str, algorithm: str) -> None:
    """The old key signs the message, the new one its proof of possession, both of one kind."""
    signer = site.holder(algorithm=algorithm)
    site.openssl.key("new", algorithm)
    assert "received PKICONF" in site.cmp(command, *signer, *new("got"))
    assert is_for_key(site, "got")
    assert site.states() == [(OLD[0], "revoked" if command == "kur" else "confirmed"), CONFIRMED]


@pytest.mark.parametrize("algorithm", GENERATE)
def test_a_pkcs10_request_is_certified(site: Site, algorithm: str) -> None:
    """p10cr, which OpenSSL numbers otherwise than RFC 9483, is confirmed too."""
    signer = site.holder()
    site.openssl.key("new", algorithm)
    site.openssl.run("req", "-new", "-key", "new.key", "-subj", "/CN=TEST", "-out", "new.csr")
    said = site.cmp("p10cr", *signer, "-csr", "new.csr", "-certout", "got.pem")
    assert "received PKICONF" in said
    assert is_for_key(site, "got")
    assert site.states() == [OLD, CONFIRMED]


@pytest.mark.parametrize("command", ["ir", "cr", "kur", "p10cr"])
def test_it_polls(site: Site, command: str) -> None:
    """waiting, pollRep with checkAfter and reason, then the certificate."""
    site.open(poll=1.2, check_after=1)
    signer = site.holder()
    site.openssl.run("req", "-new", "-key", "new.key", "-subj", "/CN=TEST", "-out", "new.csr")
    ordered = ("-csr", "new.csr", "-certout", "got.pem") if command == "p10cr" else new("got")
    said = site.cmp(command, *signer, *ordered)
    assert "received 'waiting' PKIStatus" in said
    assert "reason = 'the certificate is not ready yet'; checkAfter = 1 seconds" in said
    assert "received PKICONF" in said
    assert is_for_key(site, "got")


def test_it_gives_up_polling_and_nothing_is_issued(site: Site) -> None:
    """Its own time limit is shorter than the authority's."""
    site.open(poll=1000)
    said = site.cmp("cr", *site.holder(), *new("got"), "-total_timeout", "1", fails=True)
    assert "polling failed" in said
    assert site.states() == [OLD]


# ------------------------------------------------------------------------------------------ confirming


def test_without_a_confirmation_the_certificate_dies(site: Site) -> None:
    """`-disable_confirm` is a lost certConf: unknown first, revoked when the wait is over."""
    site.cmp("cr", *site.holder(), *new("got"), "-disable_confirm")
    assert site.states() == [OLD, (AUTHENTICATION, "issued")]
    site.later(minutes=9)
    assert status(site) == "unknown"
    site.later(minutes=1)
    assert status(site) == "revoked"
    assert site.states() == [OLD, (AUTHENTICATION, "revoked")]


def status(site: Site) -> str:
    """What `openssl ocsp` reads about got.pem."""
    issuer = site.world.hierarchy.authorities["TEST SITHS e-id Person HSA-id 3 CA v1"]
    site.openssl.write("issuer", issuer.der)
    address = ("-url", f"{site.server.url}/ocsp", "-CAfile", "root.pem", "-validity_period", "1200")
    said = site.openssl.run("ocsp", "-issuer", "issuer.pem", "-cert", "got.pem", *address)
    assert "Response verify OK" in said
    return said.split("got.pem: ")[1].split()[0]


def test_a_certificate_that_it_cannot_believe_is_rejected_and_revoked(site: Site) -> None:
    """With a stranger's root as `-out_trusted`, openssl sends a certConf that rejects."""
    strange = site.world.hierarchy.authorities["TEST SITHS Root CA v1"]
    site.openssl.write("stranger", strange.der)
    said = site.cmp("cr", *site.holder(), *new("got"), "-out_trusted", "stranger.pem", fails=True)
    assert "sending CERTCONF" in said
    assert "received PKICONF" in said
    assert site.states() == [OLD, (AUTHENTICATION, "revoked")]


def test_implicit_confirmation_is_granted_only_where_it_is_meant(site: Site) -> None:
    """Asked for it is not granted; where it is granted unasked, OpenSSL says nothing more and the certificate stays."""
    assert "received PKICONF" in site.cmp("cr", *site.holder(), *new("got"), "-implicit_confirm")
    site.open(implicit_confirm=True)
    assert "CERTCONF" not in site.cmp("cr", *signed_by("old-authentication"), *new("got"))
    site.later(minutes=11)
    assert status(site) == "good"


def test_the_same_bytes_get_the_same_answers(site: Site) -> None:
    """`-reqin` sends what `-reqout` kept, to an authority that was started anew: nothing is issued twice.

    OpenSSL signs the second message anew, which with RSA gives the same bytes.
    """
    signer = site.holder(algorithm="rsa-2048")
    site.cmp("cr", *signer, *new("got"), "-reqout", "cr.der,conf.der", "-rspout", "cp.der,done.der")
    site.open()
    site.cmp("cr", *signer, *new("again"), "-reqin", "cr.der,conf.der", "-rspout", "cp2.der,done2.der")
    work = site.openssl.work
    assert (work / "cp.der").read_bytes() == (work / "cp2.der").read_bytes()
    assert (work / "done.der").read_bytes() == (work / "done2.der").read_bytes()
    assert site.openssl.read("got") == site.openssl.read("again")
    assert site.states() == [OLD, CONFIRMED]


# ------------------------------------------------------------------------------------------- refusals


def test_a_secret_that_is_wrong_or_used_wrongly_is_refused(site: Site) -> None:
    """Each with its failInfo in a signed error, and nothing is issued."""
    shared, secret = site.shared()
    wrong = ("-ref", shared.reference.decode(), "-secret", "pass:wrong")
    unknown = ("-ref", "nobody", "-secret", "file:secret")
    assert site.refusal("ir", *wrong, *new("got")) == "badMessageCheck"
    assert site.refusal("ir", *unknown, *new("got")) == "badMessageCheck"
    assert site.refusal("cr", *secret, *new("got")) == "wrongIntegrity"
    assert site.refusal("ir", *secret, "-digest", "sha1", *new("got")) == "badAlg"
    assert site.states(OTHER_NUMBER) == []


def test_wrong_orders_are_refused(site: Site) -> None:
    """An unknown profile, no proof of possession, one that nobody gave, a curve of others, no protection at all."""
    signer = site.holder()
    assert site.refusal("cr", *signer, *new("got"), profile="no-such") == "badRequest"
    said = site.cmp("cr", *signer, *new("got"), profile="no-such", fails=True)
    assert "hsa-id-authentication, hsa-id-signature, personal-number-authentication" in said
    assert "/.well-known/cmp/p/NAME" in said
    assert site.refusal("cr", *signer, *new("got"), "-popo", "-1") == "badPOP"
    assert site.refusal("cr", *signer, *new("got"), "-popo", "0") == "badPOP"
    assert site.refusal("cr", *signer, *new("got"), "-unprotected_requests") == "badMessageCheck"
    assert site.refusal("cr", *signer, *new("got"), "-digest", "sha1") == "badAlg"
    site.openssl.run("ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", "new.key")
    assert site.refusal("cr", *signer, *new("got")) == "badCertTemplate"
    assert site.refusal("genm", *signer) == "badRequest"
    assert site.states() == [OLD]


def test_a_signature_certificate_may_not_order(site: Site) -> None:
    """Even when OpenSSL is told to sign with it."""
    signer = site.holder("old-signature")
    assert site.refusal("cr", *signer, *new("got"), "-ignore_keyusage") == "signerNotTrusted"


def test_an_updated_certificate_is_over(site: Site) -> None:
    """After the kur it signs nothing, and cannot be updated again; one of another kind is not updated to this one."""
    signer = site.holder()
    site.holder("old-signature")
    assert site.refusal("kur", *signer, *new("got"), "-oldcert", "old-signature.pem") == "badRequest"
    site.cmp("kur", *signer, *new("got"))
    assert site.refusal("kur", *signer, *new("more")) == "signerNotTrusted"
    updated = ("-oldcert", "old-authentication.pem")
    assert site.refusal("kur", *signed_by("got", "new"), *new("more"), *updated) == "certRevoked"


# ------------------------------------------------------------------------------------------- revoking


def test_it_revokes_the_old_certificates(site: Site) -> None:
    """That for signatures by that for authentication, then that by itself; and hears when it was done before."""
    signer = site.holder()
    site.holder("old-signature")
    for name in ("old-signature", "old-authentication"):
        revocation = (*signer, "-oldcert", f"{name}.pem", "-revreason", "4")
        assert "revocation accepted" in site.cmp("rr", *revocation)
        assert site.refusal("rr", *revocation) == "certRevoked"
    assert site.states() == [("old-authentication", "revoked"), ("old-signature", "revoked")]


def test_wrong_revocations_are_refused(site: Site) -> None:
    """No reason given, and a certificate of another card."""
    signer, (_, secret) = site.holder(), site.shared()
    site.cmp("ir", *secret, *new("other"))
    assert site.refusal("rr", *signer, "-oldcert", "old-authentication.pem") == "badRequest"
    assert site.refusal("rr", *signer, "-oldcert", "other.pem", "-revreason", "4") == "notAuthorized"
    assert [*site.states(), *site.states(OTHER_NUMBER)] == [OLD, CONFIRMED]
