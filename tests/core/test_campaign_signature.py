"""The signature of a campaign: what is accepted, and everything else that is refused, each with its own words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.ca.path import CRITICAL as CRITICAL_PART
from sithsup.ca.path import NO_PATH
from sithsup.campaign import complaints
from sithsup.campaign import signature as s
from sithsup.campaign.der import require_der
from sithsup.campaign.signature import SignatureRefusedError, read_anchors, sign, verify
from tests.ca import pki
from tests.support.cms import DAY, NOW, attributes, forge, signer, signers, valid

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = b'{"format": 1}'
MADE = signers()
ANCHORS = (MADE.anchor.der,)


def refused(document: bytes, anchors: tuple[bytes, ...] = ANCHORS) -> str:
    """Why a document is refused."""
    with pytest.raises(SignatureRefusedError) as caught:
        verify(document, anchors)
    return str(caught.value)


# -------------------------------------------------------------------------------------------------- accepted


def test_who_has_signed_and_when_is_told() -> None:
    """The very bytes come out, with signer, anchor and signing-time."""
    content, (who, anchor, at) = verify(forge(TEXT), ANCHORS)
    assert content == TEXT
    assert (who.common_name, anchor.common_name, at) == ("TEST signer", "TEST campaign root", NOW)


def test_the_anchor_may_be_the_signer_itself() -> None:
    """A small issuer pins the one certificate that signs; nobody else's counts then, though the same CA issued it."""
    own = (MADE.signer.der,)
    assert verify(forge(TEXT), own).signature.anchor.der == MADE.signer.der
    assert refused(forge(TEXT, signer(MADE.between)), own) == NO_PATH


@pytest.mark.parametrize("key", ["p-256", "p-384", "rsa-2048"])
def test_what_we_sign_we_accept(key: str) -> None:
    """RSA and both curves; certificates between the signer's and the anchor come along."""
    made: Any = pki.new_key()
    if key == "rsa-2048":
        made = rsa.generate_private_key(65537, 2048)
    elif key == "p-384":
        made = ec.generate_private_key(ec.SECP384R1())
    now = datetime.now(UTC).replace(microsecond=0)
    root = valid("TEST", pki.authority_extensions(), now=now)
    between = valid("TEST between", pki.authority_extensions(0), root, now=now)
    who = valid("TEST who", [pki.usage("digital_signature")], between, made, now=now)
    document = sign(TEXT, made, who.certificate, (between.certificate,))
    content, (_, anchor, at) = verify(document, (root.der,))
    assert (content, anchor.der) == (TEXT, root.der)
    assert abs(at - now) < timedelta(minutes=1)


def test_a_key_that_is_not_the_certificate_s_signs_nothing() -> None:
    with pytest.raises(ValueError, match="not that of the certificate"):
        sign(TEXT, pki.new_key(), MADE.signer.certificate)


def test_the_signer_may_be_named_by_its_key() -> None:
    """RFC 5652, section 5.3: by subject key identifier."""

    def by_key(data: Any) -> None:
        identifier = MADE.signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        data["signer_infos"][0]["sid"] = cms.SignerIdentifier("subject_key_identifier", identifier)

    assert verify(forge(TEXT, change=by_key), ANCHORS).content == TEXT


def test_pss_is_accepted() -> None:
    """RSASSA-PSS with the hash of the digest."""
    key = rsa.generate_private_key(65537, 2048)
    who = valid("TEST PSS", [pki.usage("digital_signature")], MADE.between, key)
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    }

    def with_pss(data: Any) -> None:
        signed = cms.CMSAttributes(attributes(TEXT)).dump()
        info = data["signer_infos"][0]
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        info["signature"] = key.sign(signed, scheme, hashes.SHA256())
        info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})
        info["sid"] = cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": who_parsed.issuer, "serial_number": who_parsed.serial_number},
        )
        data["certificates"] = cms.CertificateSet([who_parsed, between_parsed])

    who_parsed, between_parsed = (asn1_x509.Certificate.load(each.der) for each in (who, MADE.between))
    assert verify(forge(TEXT, change=with_pss), ANCHORS).content == TEXT


# --------------------------------------------------------------------------------------------------- refused


def _by_nobody(data: Any) -> None:
    data["signer_infos"] = []


def _of_version_5(data: Any) -> None:
    data["version"] = "v5"


def _announced(data: Any) -> None:
    data["digest_algorithms"] = [{"algorithm": "sha1"}]


def _twice(data: Any) -> None:
    data["signer_infos"].append(data["signer_infos"][0])


def _detached(data: Any) -> None:
    del data["encap_content_info"]["content"]


def _put(field: str, value: object) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        data["signer_infos"][0][field] = value

    return change


def _without(kind: str) -> list[dict[str, Any]]:
    return [each for each in attributes(TEXT) if each["type"] != kind]


def _with(kind: str, values: list[Any]) -> list[dict[str, Any]]:
    return [each if each["type"] != kind else {"type": kind, "values": values} for each in attributes(TEXT)]


EXPIRED = signer(MADE.between, until=NOW - timedelta(hours=1))
STRANGER = valid("TEST stranger", [pki.usage("digital_signature")])
FOR_TLS = signer(MADE.between, pki.usage("digital_signature"), pki.purposes("1.3.6.1.5.5.7.3.1"))
FOR_SIGNATURES = signer(MADE.between, pki.usage("content_commitment"))
CRITICAL = signer(
    MADE.between, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\5\0"), True)
)
RIGHT = forge(TEXT)
WRONG: dict[str, tuple[bytes, str]] = {
    "empty": (b"", complaints.EMPTY),
    "the text alone": (TEXT, s.NOT_SIGNED),
    "the text with a mark before it": (b"\xef\xbb\xbf\n" + TEXT, s.NOT_SIGNED),
    "a web page": (b"<!doctype html>", s.NOT_CMS),
    "all bytes": (bytes(range(256)), s.NOT_CMS),
    "PEM": (b"-----BEGIN CMS-----", complaints.PEM),
    "a certificate": (MADE.signer.der, s.NOT_CMS),
    "plain data": (cms.ContentInfo({"content_type": "data", "content": core.OctetString(TEXT)}).dump(), s.NOT_CMS),
    "cut": (RIGHT[:-1], s.NOT_CMS),
    "something behind it": (RIGHT + b"\0", s.NOT_CMS),
    "two documents": (RIGHT + RIGHT, s.NOT_CMS),
    "a length that ends nowhere": (b"\x30\x80" + RIGHT[4:] + b"\0\0", s.NOT_CMS),
    "a padded length": (b"\x30\x84\0\0" + RIGHT[2:], s.NOT_CMS),
    "another content type": (forge(TEXT, content_type="1.2.840.113549.1.9.16.1.4"), s.OTHER_CONTENT),
    "a receipt": (forge(TEXT, content_type="1.2.840.113549.1.9.16.1.1"), s.OTHER_CONTENT),
    "a signature beside the text": (forge(TEXT, change=_detached), s.OTHER_CONTENT),
    "nobody has signed": (forge(TEXT, change=_by_nobody), s.OTHER_SIGNERS),
    "two have signed": (forge(TEXT, change=_twice), s.OTHER_SIGNERS),
    "another version": (forge(TEXT, change=_of_version_5), s.NOT_CMS),
    "a version that the signer has not": (forge(TEXT, change=_put("version", "v5")), s.NOT_CMS),
    "another hash announced": (forge(TEXT, change=_announced), s.ALGORITHM),
    "no attributes": (forge(TEXT, signed=[]), s.ATTRIBUTES),
    "no content-type": (forge(TEXT, signed=_without("content_type")), s.ATTRIBUTES),
    "no message-digest": (forge(TEXT, signed=_without("message_digest")), s.ATTRIBUTES),
    "no signing-time": (forge(TEXT, signed=_without("signing_time")), s.ATTRIBUTES),
    "two signing-times": (
        forge(TEXT, signed=[*attributes(TEXT), *attributes(TEXT, at=NOW - DAY)[1:2]]),
        s.ATTRIBUTES,
    ),
    "two digests in one": (forge(TEXT, signed=_with("message_digest", [b"a", b"b"])), s.ATTRIBUTES),
    "content-type of something else": (forge(TEXT, signed=_with("content_type", ["signed_data"])), s.OTHER_CONTENT),
    "another digest": (forge(TEXT, signed=attributes(b"another text")), s.OTHER_DIGEST),
    "another text": (RIGHT.replace(TEXT, b'{"format": 2}'), s.OTHER_DIGEST),
    "a weak hash": (forge(TEXT, digest="sha1", algorithm="sha1_ecdsa"), s.ALGORITHM),
    "two hashes": (forge(TEXT, change=_put("signature_algorithm", {"algorithm": "sha384_ecdsa"})), s.ALGORITHM),
    "another kind of key": (
        forge(TEXT, change=_put("signature_algorithm", {"algorithm": "sha256_rsa"})),
        s.WRONG_SIGNATURE,
    ),
    "no kind of signature": (forge(TEXT, change=_put("signature_algorithm", {"algorithm": "ed25519"})), s.ALGORITHM),
    "a wrong signature": (forge(TEXT, change=_put("signature", b"\x30\6\2\1\1\2\1\1")), s.WRONG_SIGNATURE),
    "an empty signature": (forge(TEXT, change=_put("signature", b"")), s.WRONG_SIGNATURE),
    "no certificate": (forge(TEXT, certificates=()), s.NO_CERTIFICATE),
    "the certificate of another": (forge(TEXT, certificates=(MADE.between,)), s.NO_CERTIFICATE),
    "the certificate twice": (forge(TEXT, certificates=(MADE.signer, MADE.signer, MADE.between)), s.NO_CERTIFICATE),
    "far too many certificates": (forge(TEXT, certificates=(MADE.signer, *[MADE.between] * 40)), s.NOT_CMS),
    "no way to the anchor": (forge(TEXT, certificates=(MADE.signer,)), NO_PATH),
    "a stranger": (forge(TEXT, STRANGER), NO_PATH),
    "a certificate that was over": (forge(TEXT, EXPIRED), s.NOT_VALID_THEN),
    "a certificate not yet valid": (forge(TEXT, signed=attributes(TEXT, at=NOW - 5 * DAY)), s.NOT_VALID_THEN),
    "a server's certificate": (forge(TEXT, FOR_TLS), s.NOT_FOR_DOCUMENTS),
    "a certificate for other signatures": (forge(TEXT, FOR_SIGNATURES), s.NOT_FOR_DOCUMENTS),
    "a certificate nobody understands": (forge(TEXT, CRITICAL), CRITICAL_PART),
}


@pytest.mark.parametrize("case", WRONG)
def test_everything_else_is_refused_by_its_own_name(case: str) -> None:
    """Nothing but a refusal, with the reason."""
    document, reason = WRONG[case]
    assert refused(document) == reason


def test_without_an_anchor_nobody_is_believed() -> None:
    assert refused(RIGHT, ()) == s.NO_ANCHOR


def test_another_anchor_is_not_enough() -> None:
    """Of the same name, with another key."""
    other = valid("TEST campaign root", pki.authority_extensions())
    assert refused(RIGHT, (other.der,)) == NO_PATH


def test_this_computer_s_clock_has_no_say() -> None:
    """The certificates of the test were valid for two days, long before or after any clock that runs it by chance."""
    assert abs(datetime.now(UTC) - NOW) > DAY
    assert verify(RIGHT, ANCHORS).signature.at == NOW


@pytest.mark.parametrize("number", range(0, len(RIGHT), 7))
def test_one_byte_that_was_changed(number: int) -> None:
    """Wherever it is: refused, or the very same text by the very same key (where nothing reads the byte)."""
    changed = bytearray(RIGHT)
    changed[number] ^= 1
    with suppress(SignatureRefusedError):
        content, made = verify(bytes(changed), ANCHORS)
        assert (content, made.signer.public_key, made.at) == (TEXT, MADE.signer.parsed.public_key, NOW)


# ------------------------------------------------------------------------------------------------ DER, PEM


@pytest.mark.parametrize(
    "data",
    [
        b"\x30",
        b"\x30\x80\0\0",
        b"\x30\x81",
        b"\x30\x81\x05" + b"\5\0" * 2,
        b"\x30\x82\0\x80" + b"\0" * 128,
        b"\x30\xff" + b"\xff" * 127,
        b"\x30\x03\x02\x02\0",
        b"\x1f\x81\x01\0",
        b"\x30\x82\x00",
        b"\x30\x02" * 40,
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    """Indefinite, padded, cut and wrong lengths, long tags."""
    with pytest.raises(ValueError, match=r"\w"):
        require_der(data)


def test_what_is_nested_too_deeply_is_refused() -> None:
    """Without running out of stack, however deep."""
    data = b""
    for _ in range(40):
        data = b"\x30" + (bytes([len(data)]) if len(data) < 128 else b"\x81" + bytes([len(data)])) + data
    with pytest.raises(ValueError, match="levels"):
        require_der(data)


def test_anchors_are_read_from_pem() -> None:
    """One or several; a file without any is an error."""
    pem = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (MADE.anchor, MADE.between))
    assert read_anchors(pem) == (MADE.anchor.der, MADE.between.der)
    for wrong in (b"", b"nothing", pem[:100]):
        with pytest.raises(ValueError, match=r"\w"):
            read_anchors(wrong)
