"""Which certificates belong on the card: one that does, and every way in which one may not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from sithsup.ca import path, trust
from sithsup.certificate import Certificate
from sithsup.model import KeyRole, SubjectKind
from tests.ca import pki

if TYPE_CHECKING:
    from sithsup.model import Target

H = pki.hierarchy()
KEY = pki.new_key()
TARGETS = [pki.target(role, kind) for role in KeyRole for kind in SubjectKind]
CHAIN = (H.hsa_issuer.der, H.number_issuer.der)


def judge(issued: bytes, target: Target | None = None, **options: Any) -> tuple[str, ...]:
    facts: dict[str, Any] = {
        "public_key": pki.spki(KEY),
        "target": target or pki.target(),
        "known": H.old,
        "chain": CHAIN,
        "anchors": H.anchors,
        "at": pki.NOW,
        **options,
    }
    return trust.mismatches(issued, **facts)


def issue(
    *extensions: pki.Extension, subject: x509.Name | None = None, issuer: pki.Keyed | None = None, **options: Any
) -> bytes:
    """A certificate for authentication that belongs on the card, except for what is given."""
    chosen = extensions or (pki.ROLE_USAGE[KeyRole.AUTHENTICATION], pki.card_number())
    options = {"key": KEY, "not_before": pki.NOW, **options}
    return pki.make(subject or pki.person_name(pki.HSA_ID), list(chosen), issuer or H.hsa_issuer, **options).der


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_was_ordered_belongs_on_the_card(target: Target) -> None:
    """Each of the four targets is accepted without a reason, root among the extra certificates or not."""
    issued = H.issue(target, KEY).der
    assert judge(issued, target) == ()
    assert judge(issued, target, chain=(*CHAIN, H.root.der)) == ()


def test_another_key_is_refused() -> None:
    """The public key must be the one on the card."""
    assert judge(H.issue(pki.target(), pki.new_key()).der) == (trust.OTHER_KEY,)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("issued", TARGETS, ids=lambda target: target.name)
def test_no_target_takes_the_place_of_another(target: Target, issued: Target) -> None:
    """A certificate fits exactly the target that it was made for: issuer, role and kind of number are the ordered."""
    reasons = set(judge(H.issue(issued, KEY).der, target))
    expected = {trust.OTHER_ISSUER, trust.OTHER_KIND} if issued.subject is not target.subject else set()
    assert reasons == (expected | {trust.OTHER_ROLE} if issued.role is not target.role else expected)


@pytest.mark.parametrize(
    ("role", "bits"),
    [
        (KeyRole.AUTHENTICATION, ("digital_signature", "content_commitment")),
        (KeyRole.AUTHENTICATION, ("key_agreement",)),
        (KeyRole.AUTHENTICATION, ("digital_signature", "crl_sign")),
        (KeyRole.SIGNATURE, ("content_commitment", "digital_signature")),
        (KeyRole.SIGNATURE, ("digital_signature",)),
        (KeyRole.SIGNATURE, ("content_commitment", "key_agreement")),
    ],
    ids=str,
)
def test_key_usage_is_that_of_the_role(role: KeyRole, bits: tuple[str, ...]) -> None:
    """Authentication never commits to content, and a signature key does nothing else."""
    issued = issue(pki.usage(*bits), pki.card_number())
    assert judge(issued, pki.target(role)) == (trust.OTHER_ROLE,)


def test_a_certificate_without_key_usage_is_refused() -> None:
    """No statement is no permission."""
    assert judge(issue(pki.card_number())) == (trust.OTHER_ROLE,)


def test_an_authoritys_certificate_is_refused() -> None:
    """Nobody's card becomes a certification authority."""
    issued = issue(*pki.authority_extensions(), pki.card_number(), issuer=H.root)
    assert {trust.FOR_AUTHORITY, trust.OTHER_ROLE} <= set(judge(issued))


CLIENT, SERVER, ANY, LOG_ON = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1", "2.5.29.37.0", "1.3.6.1.4.1.311.20.2.2"
OCSP, TIME, CMC_RA, CMC_ARCHIVE, CM_KGA = (f"1.3.6.1.5.5.7.3.{number}" for number in (9, 8, 28, 29, 32))


@pytest.mark.parametrize(
    ("role", "purposes", "reasons"),
    [
        (KeyRole.AUTHENTICATION, (CLIENT, LOG_ON), ()),
        (KeyRole.AUTHENTICATION, (ANY,), ()),
        (KeyRole.AUTHENTICATION, (CLIENT, SERVER), ()),
        (KeyRole.AUTHENTICATION, (SERVER,), (trust.NO_LOG_IN,)),
        (KeyRole.AUTHENTICATION, (LOG_ON,), (trust.NO_LOG_IN,)),
        (KeyRole.SIGNATURE, ("1.3.6.1.5.5.7.3.36",), ()),
        *[
            (role, (CLIENT, voice), (trust.FOR_SERVICE,))
            for role in KeyRole
            for voice in (OCSP, TIME, pki.CMC_CA, CMC_RA, CMC_ARCHIVE, CM_KGA)
        ],
    ],
    ids=str,
)
def test_a_purpose_that_is_named_is_that_of_the_role(
    role: KeyRole, purposes: tuple[str, ...], reasons: tuple[str, ...]
) -> None:
    """For authentication one may log in with it, and no person's key speaks for an authority."""
    issued = issue(pki.ROLE_USAGE[role], pki.card_number(), pki.purposes(*purposes))
    assert judge(issued, pki.target(role)) == reasons


# --------------------------------------------------------------------------------------------- continuity


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (pki.person_name("TSTNMT2321000156-0002"), trust.OTHER_HSA_ID),
        (pki.person_name(pki.HSA_ID, surname="Annanpåhittad"), trust.OTHER_NAME),
        (pki.person_name(pki.HSA_ID, given_name="Örjan"), trust.OTHER_NAME),
        (pki.name("Åsa Påhittad", surname="Påhittad", serial=pki.HSA_ID), trust.OTHER_NAME),
        (pki.name("TEST"), trust.OTHER_KIND),
    ],
)
def test_another_holder_is_refused(subject: x509.Name, reason: str) -> None:
    """The HSA-id and both names continue the old certificates'."""
    assert reason in judge(issue(subject=subject))


@pytest.mark.parametrize(
    ("given_name", "surname"), [("Åsa", "PÅHITTAD"), ("Åsa Maria", "Påhittad"), ("A\u030asa", "Påhittad")]
)
def test_the_same_holder_is_recognised(given_name: str, surname: str) -> None:
    """Case, the way that å is written, and further given names make nobody another person."""
    subject = pki.person_name(pki.HSA_ID, given_name=given_name, surname=surname)
    assert judge(issue(subject=subject)) == ()


def test_the_personal_number_must_be_one_that_the_card_carries() -> None:
    """Where another certificate on the card shows one, a different one is refused; where none does, it is new."""
    target = pki.target(kind=SubjectKind.PERSONAL_NUMBER)
    issued = H.issue(target, KEY).der
    same = pki.make(pki.person_name(pki.PERSONAL_NUMBER), [], H.old_root).parsed
    other = pki.make(pki.person_name("189001029819"), [], H.old_root).parsed
    assert judge(issued, target, known=(*H.old, other)) == (trust.OTHER_NUMBER,)
    assert judge(issued, target, known=(*H.old, other, same)) == ()
    assert judge(issued, target, known=H.old) == ()


@pytest.mark.parametrize("number", [None, "9752000000000000002"])
def test_the_card_number_must_be_the_cards(number: str | None) -> None:
    """Another card number is refused, and none at all where the card shows one."""
    more = () if number is None else (pki.card_number(number),)
    issued = issue(pki.ROLE_USAGE[KeyRole.AUTHENTICATION], *more)
    assert judge(issued) == (trust.OTHER_CARD,)


def test_an_unnamed_card_compares_nothing() -> None:
    """What the card could not show before is put to the holder, not refused."""
    bare = pki.make(pki.name("TEST"), [], H.old_root).parsed
    assert judge(issue(), known=(bare,)) == ()


def test_a_certificate_does_not_vouch_for_itself() -> None:
    """Lying on the card already makes it no older than it is."""
    issued = issue(subject=pki.person_name("TSTNMT2321000156-0002"))
    assert judge(issued, known=(*H.old, Certificate.parse(issued))) == (trust.OTHER_HSA_ID,)


def test_no_reason_tells_a_personal_number() -> None:
    """Reasons are fixed phrases: nothing of the certificate is in them."""
    target = pki.target(kind=SubjectKind.PERSONAL_NUMBER)
    other = pki.make(pki.person_name("189001029819"), [], H.old_root).parsed
    reasons = judge(issue(subject=pki.person_name(pki.PERSONAL_NUMBER)), target, known=(other,))
    assert reasons
    assert not any(char.isdigit() for reason in reasons for char in reason)


# --------------------------------------------------------------------------------------------- validity


@pytest.mark.parametrize(
    ("not_before", "not_after", "reason"),
    [
        (timedelta(days=2), timedelta(days=900), trust.NOT_YET),
        (timedelta(days=-9), timedelta(0), trust.EXPIRED),
        (timedelta(0), timedelta(days=4000), trust.TOO_LONG),
        (timedelta(0), timedelta(seconds=30), trust.TOO_SHORT),
        (timedelta(days=-900), timedelta(days=13), trust.TOO_SHORT),
    ],
    ids=["future", "past", "long", "seconds", "days"],
)
def test_validity_is_sane(not_before: timedelta, not_after: timedelta, reason: str) -> None:
    """Begun, not over, not for ever and not for days; by the authority's time."""
    issued = issue(not_before=pki.NOW + not_before, not_after=pki.NOW + not_after)
    assert judge(issued) == (reason,)


# ------------------------------------------------------------------------------------------------- path


def test_a_certificate_without_a_path_is_refused() -> None:
    """No chain, or another hierarchy's, is no path; an issuer of the right name alone is none either."""
    impostor = pki.make(pki.name(pki.HSA_ISSUER), pki.authority_extensions())
    assert judge(issue(), chain=()) == (path.NO_PATH,)
    assert judge(issue(), anchors=(H.old_root.der,)) == (path.NO_PATH,)
    assert judge(issue(issuer=impostor), chain=(*CHAIN, impostor.der)) == (path.NO_PATH,)


def under(*extensions: pki.Extension, **options: Any) -> tuple[bytes, tuple[bytes, ...]]:
    """A certificate by an issuer with these extensions, and the chain."""
    issuer = pki.make(pki.name(pki.HSA_ISSUER), list(extensions), H.root, **options)
    return issue(issuer=issuer), (issuer.der,)


UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00"), True)


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (under(*pki.authority_extensions(), not_after=pki.NOW - timedelta(days=1)), path.NOT_VALID_NOW),
        (under(*pki.authority_extensions(), not_before=pki.NOW + timedelta(days=1)), path.NOT_VALID_NOW),
        (under(pki.usage("key_cert_sign")), path.NOT_AN_AUTHORITY),
        (under((x509.BasicConstraints(ca=False, path_length=None), True)), path.NOT_AN_AUTHORITY),
        (
            under((x509.BasicConstraints(ca=True, path_length=None), True), pki.usage("digital_signature")),
            path.NOT_AN_AUTHORITY,
        ),
        (under(*pki.authority_extensions(), UNKNOWN), path.CRITICAL),
        (
            under(*pki.authority_extensions(), key=rsa.generate_private_key(65537, 1024)),  # noqa: S505  on purpose
            path.WEAK,
        ),
        (under(*pki.authority_extensions(), key=ec.generate_private_key(ec.SECP192R1())), path.WEAK),
    ],
    ids=["expired", "future", "no constraints", "no CA", "no key usage", "critical", "RSA-1024", "P-192"],
)
def test_an_unsound_issuer_is_named(chain: tuple[bytes, tuple[bytes, ...]], reason: str) -> None:
    """Each rule of RFC 5280 that an authority on the way breaks is a reason of its own."""
    issued, others = chain
    assert judge(issued, chain=others) == (reason,)


def test_a_sound_path_is_preferred() -> None:
    """An expired copy of an issuer's certificate does not spoil the path through the valid one."""
    expired = pki.make(
        pki.name(pki.HSA_ISSUER),
        pki.authority_extensions(),
        H.root,
        key=H.hsa_issuer.key,
        not_after=pki.NOW - timedelta(days=1),
    )
    assert judge(issue(), chain=(expired.der, H.hsa_issuer.der)) == ()


def test_an_expired_anchor_is_named() -> None:
    """Trust ends with the anchor's own validity; later certificates say why."""
    at = pki.NOW + 5 * pki.YEAR
    assert path.path_to_anchor(H.hsa_issuer.der, (), H.anchors, at).problems == (path.NOT_VALID_NOW,)
    for others in ((), (H.cmp_signer.der,)):  # the certificate itself is no issuer, though it lies among the others
        assert path.path_to_anchor(H.cmp_signer.der, others, H.anchors, at).problems == (path.NOT_VALID_NOW,)


def test_path_length_is_held() -> None:
    """An authority that may only issue to holders issues no authority."""
    between = pki.make(pki.name("TEST sub"), pki.authority_extensions(), H.hsa_issuer)
    leaf = pki.make(pki.name("TEST leaf"), [], between).der
    assert path.path_to_anchor(leaf, (between.der, *CHAIN), H.anchors, pki.NOW).problems == (path.PATH_TOO_LONG,)


def test_a_long_path_is_given_upwards() -> None:
    """The certificate first, the anchor last, whatever order the others come in."""
    one = pki.make(pki.name("TEST one"), pki.authority_extensions(), H.root)
    two = pki.make(pki.name("TEST two"), pki.authority_extensions(), one)
    leaf = pki.make(pki.name("TEST leaf"), [], two)
    found = path.path_to_anchor(leaf.der, (leaf.der, one.der, b"garbage", two.der), H.anchors, pki.NOW)
    assert found == path.Path((leaf.der, two.der, one.der, H.root.der), ())


def test_a_weak_key_is_refused() -> None:
    """Also when it is the holder's own."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  on purpose
    assert judge(issue(key=key), public_key=pki.spki(key)) == (path.WEAK,)


def test_a_weak_signature_on_the_certificate_is_refused() -> None:
    """SHA-1 has no place in the new chain: such a path never begins."""
    parsed = asn1.Certificate.load(issue())
    parsed["signature_algorithm"]["algorithm"] = "sha1_ecdsa"
    parsed["tbs_certificate"]["signature"]["algorithm"] = "sha1_ecdsa"
    tbs = parsed["tbs_certificate"].dump(force=True)
    key = H.hsa_issuer.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    parsed["signature_value"] = key.sign(tbs, ec.ECDSA(hashes.SHA1()))  # noqa: S303  on purpose
    assert set(judge(parsed.dump(force=True))) <= {path.WEAK, path.NO_PATH}
    assert judge(parsed.dump(force=True))


# ------------------------------------------------------------------------------------------ two readings


@pytest.mark.parametrize("value", ["03020088", "0303078800"], ids=["bits not cut", "octet too many"])
def test_an_improper_encoding_is_refused(value: str) -> None:
    """A rightly signed key usage that both libraries read alike, but that DER writes in another way."""
    usage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.15"), bytes.fromhex(value))
    assert judge(issue((usage, True), pki.card_number())) == (trust.NOT_DER,)


def test_two_readings_are_told() -> None:
    """When the libraries disagree about one certificate, that is a reason."""
    one, two = issue(), issue(subject=pki.person_name(pki.HSA_ID, given_name="Örjan"))
    parsed = Certificate.parse(one)
    assert list(trust._differences(parsed, x509.load_der_x509_certificate(one))) == []
    assert list(trust._differences(parsed, x509.load_der_x509_certificate(two))) == [trust.TWO_READINGS]
    for changed in (
        replace(parsed, key_usage=frozenset({"non_repudiation"})),
        replace(parsed, extended_key_usage=frozenset({"client_auth"})),
    ):
        assert list(trust._differences(changed, x509.load_der_x509_certificate(one))) == [trust.TWO_READINGS]


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"<html>", b"\x30\x80\x00\x00"], ids=repr)
def test_what_is_no_certificate_is_refused(der: bytes) -> None:
    """Garbage is a reason, never a crash."""
    assert judge(der) == (path.UNREADABLE,)


def test_an_extension_that_comes_twice_is_no_crash() -> None:
    """Neither on the certificate itself nor on one that comes along."""
    parsed = asn1.Certificate.load(issue())
    extensions = parsed["tbs_certificate"]["extensions"]
    extensions.append(extensions[0].copy())
    twice = parsed.dump(force=True)
    assert judge(twice)
    assert judge(issue(), chain=(twice, *CHAIN)) == ()


def test_a_tag_around_a_certificate_is_refused() -> None:
    """The [0] that a certificate travels in never reaches the card."""
    assert judge(asn1.Certificate.load(issue()).retag({"explicit": 0}).dump()) == (path.UNREADABLE,)


GOOD = issue()


@given(place=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
@settings(max_examples=300)
def test_no_changed_bit_is_accepted(place: int, bit: int) -> None:
    """Every bit of a certificate counts."""
    changed = bytearray(GOOD)
    changed[place] ^= 1 << bit
    assert judge(bytes(changed))


@given(start=st.integers(0, len(GOOD)), length=st.integers(0, 64), put=st.binary(max_size=64))
@settings(max_examples=300)
def test_no_changed_piece_is_accepted(start: int, length: int, put: bytes) -> None:
    """Nor is one that had a piece cut out, put in or replaced."""
    changed = GOOD[:start] + put + GOOD[start + length :]
    assert changed == GOOD or judge(changed)
