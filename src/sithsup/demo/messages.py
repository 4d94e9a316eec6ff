"""CMP messages as an authority handles them: reading and verifying a request, composing an answer (RFC 9810).

A request is refused with one of the names of PKIFailureInfo (section 5.2.3) and a sentence for the log at the other
end. An answer is protected as its question was (RFC 9483, section 3.2), by a signature or by a shared secret; but an
error is always signed (RFC 9810, section 5.3.21).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.demo import pbm_asn1

if TYPE_CHECKING:
    from datetime import datetime

    from sithsup.demo.entity import Entity
    from sithsup.demo.shared_secret import SharedSecret

NONCE_LENGTH = 16
LONGEST_AGE = timedelta(days=1)
"""How far messageTime may be from the authority's: a client may have a wrong clock, or send again what it kept."""
UNKNOWN = "no secret is known by this reference, or the message is not protected by it"
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

    @property
    def pbm(self) -> pbm_asn1.PBMParameter | None:
        """The parameters of the password-based MAC that protects the message; None where it is something else."""
        try:
            parameter = pbm_asn1.pbm_parameter(self.header["protectionAlg"])
            if parameter:
                parameter.native  # noqa: B018  as in `read`
            return parameter
        except Exception as error:
            raise RefusedError("badDataFormat", f"no parameters of a password-based MAC: {error}") from error

    def check_header(self) -> None:
        """Check what the header of every message must hold (RFC 9483, section 3.5)."""
        header = self.header
        if header["pvno"].native not in _VERSIONS:
            raise RefusedError("unsupportedVersion", "only versions 2 and 3 are spoken here")
        if not self.transaction_id:
            raise RefusedError("badRequest", "the message has no transactionID")
        if len(header["senderNonce"].native or b"") < NONCE_LENGTH:
            raise RefusedError("badSenderNonce", f"the senderNonce has less than {NONCE_LENGTH} bytes")

    def check_time(self, now: datetime) -> None:
        """Check messageTime, where it is there: a message that begins a transaction is not an old one."""
        at = self.header["messageTime"].native
        if at is not None and (at.tzinfo is None or abs(at - now) > LONGEST_AGE):
            raise RefusedError("badTime", f"the message was made at {at}, and here it is {now}")

    def verify_mac(self, secret: SharedSecret) -> None:
        """Check that the message is protected by this secret, and named as its reference."""
        parameter, found = self.pbm, self.message["protection"].native
        if parameter is None or not found:
            raise RefusedError("badMessageCheck", "the message is not protected by a secret")
        if not hmac.compare_digest(secret.mac(parameter, cmp_asn1.protected_part(self.message)), found):
            raise RefusedError("badMessageCheck", UNKNOWN)

    def verify_signature(self) -> Certificate:
        """Check the signature; returns the signer's certificate, about which nothing else is known yet."""
        signer, header = self._signer(), self.header
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
        try:
            return Certificate.parse(first.dump())
        except UnreadableCertificateError as error:
            raise RefusedError("badMessageCheck", f"the signer's certificate cannot be read: {error}") from error


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
class Reply:
    """What an answer says, before it is addressed and protected."""

    body: tuple[str, Any]
    issued: str | None = None
    """The fingerprint of the certificate that the transaction is about."""
    issuers: tuple[bytes, ...] = ()
    """Certificates (DER) that the receiver needs besides the signer's."""
    confirm_by: datetime | None = None
    implicit: bool = False
    """Whether implicit confirmation is granted."""

    @property
    def general_info(self) -> list[dict[str, Any]]:
        """What goes into the header."""
        found: list[dict[str, Any]] = []
        if self.confirm_by:
            wait = core.GeneralizedTime(self.confirm_by.replace(microsecond=0))
            found.append({"infoType": "confirmWaitTime", "infoValue": wait})
        if self.implicit:
            found.append({"infoType": "implicitConfirm", "infoValue": core.Null()})
        return found


def refusal(refused: RefusedError) -> dict[str, Any]:
    """Say no, as a PKIStatusInfo."""
    return {"status": "rejection", "statusString": [refused.text], "failInfo": {refused.failure}}


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished message, and its senderNonce, which the next request must show."""

    der: bytes
    nonce: bytes


def compose(
    request: Request | None, reply: Reply, signer: Entity, now: datetime, secret: SharedSecret | None = None
) -> Answer:
    """Compose a protected answer; `request` is None when it could not be read."""
    nonce = secrets.token_bytes(NONCE_LENGTH)
    header = _header(request, signer, nonce, now)
    if info := reply.general_info:
        header["generalInfo"] = info
    if request and secret:
        header["protectionAlg"] = request.header["protectionAlg"].copy().untag()
        header["senderKID"] = secret.reference
    message = cmp_asn1.PKIMessage({"header": header, "body": cmp_asn1.PKIBody(name=reply.body[0], value=reply.body[1])})
    signed = cmp_asn1.protected_part(message)
    parameter = request.pbm if request and secret else None
    message["protection"] = secret.mac(parameter, signed) if secret and parameter else signer.sign(signed)
    certificates = reply.issuers if secret else (signer.der, *reply.issuers)
    if certificates:
        message["extraCerts"] = [x509.Certificate.load(der) for der in certificates]
    return Answer(message.dump(), nonce)


def _header(request: Request | None, signer: Entity, nonce: bytes, now: datetime) -> dict[str, Any]:
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
    return header
