"""The signature of a campaign: CMS SignedData (RFC 5652) around the very bytes of the JSON text.

One form is accepted and no other, so that two readers cannot see two things:

* DER and nothing behind it: no indefinite or padded length anywhere.
* SignedData over id-data that is there (attached), by one signer whose certificate is there.
* Signed attributes: content-type, message-digest and signing-time, each once; SHA-256, SHA-384 or SHA-512.
* RSA of 2048 bits or more (PKCS #1 v1.5, or PSS), or ECDSA from P-256 on, with the hash of the message digest.
* A path to an anchor that the settings pin. The anchor may be the signer's own certificate.
* Key usage digitalSignature, where the certificate has any; of extended key usages one that is meant for documents.

**Time.** Whether certificates are valid is judged at the signing-time, never by this computer's clock, which may be
wrong: the same bytes are accepted today and in ten years. So whoever steals the key of a certificate that is over can
date a campaign back; against that helps another anchor. Whether the signer is revoked is not asked.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.ca.path import HOSTILE, MOST_CERTIFICATES, path_to_anchor
from sithsup.ca.signatures import HASHES, is_signed
from sithsup.campaign.complaints import other_form
from sithsup.campaign.der import require_der
from sithsup.certificate import Certificate
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

FOR_DOCUMENTS = frozenset({"any_extended_key_usage", "email_protection", "code_signing", "1.3.6.1.5.5.7.3.36"})
"""Extended key usages (RFC 5280, section 4.2.1.12; the last is id-kp-documentSigning, RFC 9336)."""

VERSIONS = frozenset({"v1", "v3"})
"""RFC 5652, sections 5.1 and 5.3, of data that is signed by somebody with a plain certificate."""

NOT_SIGNED = mark("it is not signed")
NOT_CMS = mark("it is not a signed campaign (CMS SignedData in DER)")
OTHER_CONTENT = mark("what is signed is not data that lies in the file itself")
OTHER_SIGNERS = mark("it must have exactly one signature")
ATTRIBUTES = mark("the signature does not cover content-type, message-digest and signing-time, each once")
ALGORITHM = mark("the signature is made with an algorithm that is not accepted")
OTHER_DIGEST = mark("the text was changed after it was signed")
NO_CERTIFICATE = mark("the certificate of whoever signed it is not in the file")
WRONG_SIGNATURE = mark("the signature is wrong")
NOT_VALID_THEN = mark("the signer's certificate was not valid when it was signed")
NOT_FOR_DOCUMENTS = mark("the signer's certificate is not for signing documents")
NO_ANCHOR = mark("no setting says whose signature counts (campaign_anchor)")

T = TypeVar("T")
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SignatureRefusedError(ValueError):
    """A signature that does not count; the message, in the person's language, says why."""


class Signature(NamedTuple):
    """Who has signed, when, and under which anchor."""

    signer: Certificate
    anchor: Certificate
    at: datetime


class Signed(NamedTuple):
    """What was signed, and the signature that was found right."""

    content: bytes
    signature: Signature


def verify(document: bytes, anchors: tuple[bytes, ...]) -> Signed:
    """Verify a signed campaign under anchors (DER); raises `SignatureRefusedError`."""
    return _read(document, lambda parsed: _verified(parsed, anchors))


def unverified(document: bytes) -> bytes:
    """What is signed, whoever has signed it: to be looked at, never to be used. Raises `SignatureRefusedError`."""
    return _read(document, lambda parsed: _content(_signed_data(parsed)["encap_content_info"]))


def _read(document: bytes, reader: Callable[[Any], T]) -> T:
    if document.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        _refuse(NOT_SIGNED)
    if problem := other_form(document):
        raise SignatureRefusedError(problem)
    try:
        require_der(document)
        return reader(cms.ContentInfo.load(document, strict=True))
    except SignatureRefusedError:
        raise
    except Exception as error:  # asn1crypto raises many types on hostile input
        raise SignatureRefusedError(tr(NOT_CMS)) from error


def _signed_data(parsed: Any) -> Any:
    if parsed["content_type"].native != "signed_data":
        _refuse(NOT_CMS)
    return parsed["content"]


def _verified(parsed: Any, anchors: tuple[bytes, ...]) -> Signed:
    signed = _signed_data(parsed)
    content = _content(signed["encap_content_info"])
    if len(signed["signer_infos"]) != 1:
        _refuse(OTHER_SIGNERS)
    signer = signed["signer_infos"][0]
    if not {signed["version"].native, signer["version"].native} <= VERSIONS:
        _refuse(NOT_CMS)
    if [each["algorithm"].native for each in signed["digest_algorithms"]] != [_digest(signer)]:
        _refuse(ALGORITHM)
    certificates = _certificates(signed["certificates"])
    certificate = _signer_certificate(signer["sid"], certificates)
    at = _signing_time(signer, content)
    if not is_signed(certificate.public_key, _algorithm(signer), signer["signature"].native, _signed_bytes(signer)):
        _refuse(WRONG_SIGNATURE)
    return Signed(content, Signature(certificate, _anchor(certificate, certificates, anchors, at), at))


def _content(encapsulated: Any) -> bytes:
    """RFC 5652, section 5.2: id-data, attached."""
    if encapsulated["content_type"].native != "data" or encapsulated["content"].native is None:
        _refuse(OTHER_CONTENT)
    return bytes(encapsulated["content"].native)


def _certificates(found: Any) -> tuple[Certificate, ...]:
    ders = [choice.chosen.dump() for choice in found or () if choice.name == "certificate"]
    if len(ders) > MOST_CERTIFICATES:
        _refuse(NOT_CMS)
    return tuple(map(Certificate.parse, ders))


def _signer_certificate(identifier: Any, certificates: Iterable[Certificate]) -> Certificate:
    """RFC 5652, section 5.3: by issuer and serial number, or by subject key identifier."""
    if identifier.name == "issuer_and_serial_number":
        wanted = identifier.chosen["issuer"].dump(), identifier.chosen["serial_number"].native
        matching = [c for c in certificates if (c.issuer, c.serial_number) == wanted]
    else:
        wanted = identifier.chosen.native
        matching = [c for c in certificates if asn1_x509.Certificate.load(c.der).key_identifier == wanted]
    if len(matching) != 1:
        _refuse(NO_CERTIFICATE)
    return matching[0]


def _signing_time(signer: Any, content: bytes) -> datetime:
    """RFC 5652, section 11: see that what is signed is this content, and tell when it was signed."""
    attributes = [(each["type"].native, each["values"]) for each in signer["signed_attrs"] or ()]
    found = {name: values[0].native for name, values in attributes if len(values) == 1}
    if len(found) != len(attributes) or not {"content_type", "message_digest", "signing_time"} <= found.keys():
        _refuse(ATTRIBUTES)
    if found["content_type"] != "data":
        _refuse(OTHER_CONTENT)
    digest = _digest(signer)
    if digest not in HASHES:
        _refuse(ALGORITHM)
    if not hmac.compare_digest(hashlib.new(digest, content).digest(), found["message_digest"]):
        _refuse(OTHER_DIGEST)
    at: datetime = found["signing_time"]
    return at


def _algorithm(signer: Any) -> Any:
    """The algorithm of the signature, with its hash: that of the message digest."""
    algorithm, digest = signer["signature_algorithm"], _digest(signer)
    if algorithm["algorithm"].native == "rsassa_pkcs1v15":  # RFC 3370, section 3.2: rsaEncryption, and no hash
        return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_rsa"})
    if algorithm["algorithm"].native.startswith("ed") or algorithm.hash_algo != digest:
        _refuse(ALGORITHM)
    return algorithm


def _digest(signer: Any) -> str:
    return str(signer["digest_algorithm"]["algorithm"].native)


def _signed_bytes(signer: Any) -> bytes:
    """RFC 5652, section 5.4: the attributes as a SET OF, not under the tag that they have in the message."""
    set_of = 0x31
    return bytes([set_of]) + bytes(signer["signed_attrs"].dump()[1:])


def _anchor(
    signer: Certificate, others: Iterable[Certificate], anchors: tuple[bytes, ...], at: datetime
) -> Certificate:
    if not signer.not_before <= at <= signer.not_after:
        _refuse(NOT_VALID_THEN)
    extended = signer.extended_key_usage
    if (signer.key_usage and "digital_signature" not in signer.key_usage) or (
        extended and not extended & FOR_DOCUMENTS
    ):
        _refuse(NOT_FOR_DOCUMENTS)
    if not anchors:
        _refuse(NO_ANCHOR)
    if signer.der in anchors:
        return signer
    path = path_to_anchor(signer.der, (other.der for other in others), anchors, at)
    if path.problems:
        _refuse(path.problems[0])
    return Certificate.parse(path.certificates[-1])


def _refuse(problem: str) -> NoReturn:
    raise SignatureRefusedError(tr(problem))


# --------------------------------------------------------------------------------------------------- signing


def sign(
    content: bytes, key: PrivateKey, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...] = ()
) -> bytes:
    """Sign a text as `verify` accepts it. Raises ValueError where the key is not the certificate's."""
    from cryptography.hazmat.primitives.serialization import pkcs7  # noqa: PLC0415  it loads what makes e-mail

    if key.public_key() != certificate.public_key():
        raise ValueError(tr("the key is not that of the certificate"))
    is_long = isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size > 256  # noqa: PLR2004  P-384 and up
    builder = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(certificate, key, hashes.SHA384() if is_long else hashes.SHA256())
    )
    for between in chain:
        builder = builder.add_certificate(between)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities])


def read_anchors(pem: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file, DER. Raises ValueError where there are none, or one cannot be read."""
    try:
        found = tuple(each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(pem))
    except HOSTILE as error:
        raise ValueError(str(error)) from error
    for der in found:
        Certificate.parse(der)
    return found
