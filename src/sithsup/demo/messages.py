"""CMP messages as an authority handles them: reading and verifying a request, composing a signed answer (RFC 9810).

A request is refused with one of the names of PKIFailureInfo (section 5.2.3) and a sentence for the log at the other
end. Only signatures protect here; a shared secret is refused like any other algorithm that is not known.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sithsup.demo.entity import Entity

NONCE_LENGTH = 16
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_VERSIONS = {2, 3}  # cmp2000 and cmp2021


class RefusedError(Exception):
    """The authority says no: `failure` is a name of PKIFailureInfo."""

    def __init__(self, failure: str, text: str) -> None:
        super().__init__(f"{failure}: {text}")
        self.failure = failure
        self.text = text


@dataclass(frozen=True, slots=True)
class Request:
    """A message that could be read. Nothing in it is true before `verify` has said so."""

    der: bytes
    message: Any

    @classmethod
    def read(cls, der: bytes) -> Request:
        """Take a message apart, all of it, so that nothing after this stumbles over its form."""
        try:
            message = cmp_asn1.PKIMessage.load(der, strict=True)
            message.native  # noqa: B018  reads what is otherwise read when it is asked for
        except Exception as error:  # asn1crypto raises many types on hostile input
            raise RefusedError("badDataFormat", f"not a PKIMessage: {error}") from error
        return cls(der, message)

    @property
    def header(self) -> Any:
        return self.message["header"]

    @property
    def body(self) -> str:
        """The name of the body's alternative, such as `cr`."""
        return str(self.message["body"].name)

    @property
    def content(self) -> Any:
        return self.message["body"].chosen

    @property
    def digest(self) -> str:
        """The name under which an answer to exactly these bytes is kept."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def transaction_id(self) -> bytes:
        return bytes(self.header["transactionID"].native or b"")

    @property
    def recipient_nonce(self) -> bytes:
        return bytes(self.header["recipNonce"].native or b"")

    def general_info(self, name: str) -> list[Any]:
        """Return every value of an infoType in the header."""
        return [each["infoValue"].native for each in self.header["generalInfo"] if each["infoType"].native == name]

    def verify(self) -> Certificate:
        """Check header and protection; returns the signer's certificate, about which nothing else is known yet."""
        header = self.header
        if header["pvno"].native not in _VERSIONS:
            raise RefusedError("unsupportedVersion", "only versions 2 and 3 are spoken here")
        if not self.transaction_id:
            raise RefusedError("badRequest", "the message has no transactionID")
        if len(header["senderNonce"].native or b"") < NONCE_LENGTH:
            raise RefusedError("badSenderNonce", f"the senderNonce has less than {NONCE_LENGTH} bytes")
        signer = self._signer()
        algorithm, signature = header["protectionAlg"], self.message["protection"].native
        verify_signature(
            signer.public_key, algorithm, signature, cmp_asn1.protected_part(self.message), "badMessageCheck"
        )
        return signer

    def _signer(self) -> Certificate:
        """The first of extraCerts, named as the sender (RFC 9483, section 3.3)."""
        if not self.message["protection"].native or not self.message["extraCerts"].native:
            raise RefusedError("badMessageCheck", "the message is not signed, or its signer's certificate is missing")
        first = self.message["extraCerts"][0]
        sender, claimed = self.header["sender"], self.header["senderKID"].native
        if sender.name != "directory_name" or sender.chosen.untag().dump() != first.subject.dump():
            raise RefusedError("badMessageCheck", "the sender is not the subject of the signer's certificate")
        if claimed and claimed != first.key_identifier:
            raise RefusedError("badMessageCheck", "the senderKID is not that of the signer's certificate")
        return Certificate.parse(first.dump())


def verify_signature(public_key: bytes, algorithm: Any, signature: bytes, message: bytes, failure: str) -> None:
    """Check a signature under a SubjectPublicKeyInfo; refuses with `failure` when it is wrong."""
    try:
        kind, chosen = algorithm.signature_algo, _HASHES[algorithm.hash_algo]
        key = load_der_public_key(public_key)
    except (ValueError, KeyError, AttributeError, UnsupportedAlgorithm) as error:
        raise RefusedError("badAlg", "the signature's algorithm is not accepted here") from error
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15":
            key.verify(signature, message, padding.PKCS1v15(), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(signature, message, ec.ECDSA(chosen))
        else:
            raise RefusedError("badAlg", "the signature's algorithm is not that of the key")
    except InvalidSignature as error:
        raise RefusedError(failure, "the signature is wrong") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished message, and its senderNonce, which the next request must show."""

    der: bytes
    nonce: bytes


def compose(
    request: Request | None,
    body: tuple[str, Any],
    signer: Entity,
    now: datetime,
    issuers: Iterable[bytes] = (),
    confirm_by: datetime | None = None,
) -> Answer:
    """Compose a signed answer; `request` is None when it could not be read.

    `issuers` are the certificates (DER) that the receiver needs besides the signer's.
    """
    nonce = secrets.token_bytes(NONCE_LENGTH)
    message = cmp_asn1.PKIMessage(
        {
            "header": _header(request, signer, nonce, now, confirm_by),
            "body": cmp_asn1.PKIBody(name=body[0], value=body[1]),
            "extraCerts": [x509.Certificate.load(der) for der in (signer.der, *issuers)],
        }
    )
    message["protection"] = signer.sign(cmp_asn1.protected_part(message))
    return Answer(message.dump(), nonce)


def _header(
    request: Request | None, signer: Entity, nonce: bytes, now: datetime, confirm_by: datetime | None
) -> dict[str, Any]:
    name = x509.Name.load(signer.certificate.subject.public_bytes())
    header: dict[str, Any] = {
        "pvno": 2,
        "sender": x509.GeneralName("directory_name", name),
        "recipient": x509.GeneralName("directory_name", x509.Name.build({})),
        "messageTime": now.replace(microsecond=0),
        "protectionAlg": {"algorithm": signer.algorithm},
        "senderKID": signer.key_identifier,
        "transactionID": secrets.token_bytes(NONCE_LENGTH),
        "senderNonce": nonce,
    }
    if request:
        header["pvno"] = max(2, min(3, request.header["pvno"].native))
        header["recipient"] = request.header["sender"]
        header["recipNonce"] = request.header["senderNonce"].native or b""
        header["transactionID"] = request.transaction_id or header["transactionID"]
    if confirm_by:
        wait = {"infoType": "confirmWaitTime", "infoValue": core.GeneralizedTime(confirm_by.replace(microsecond=0))}
        header["generalInfo"] = [wait]
    return header
