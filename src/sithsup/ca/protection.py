"""Sealing our messages, and opening the authority's: nothing of an answer is read before all of this holds.

* It is protected by a signature (RFC 9810, section 5.1.3.3), right under a certificate that a trust anchor leads to.
* That certificate may speak for an authority (`_may_speak`), and its subject is the sender.
* It belongs to our question: same transactionID, and recipNonce is our senderNonce.

messageTime is passed on and not judged: this computer's clock may be wrong, and the nonce shows that an answer is
fresh.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asn1crypto import core, x509

from sithsup.ca.cmp_asn1 import PKIBody, PKIMessage, is_der, protected_part
from sithsup.ca.path import MOST_CERTIFICATES, NOT_VALID_NOW, path_to_anchor
from sithsup.ca.signatures import algorithm_of, is_signed
from sithsup.certificate import Certificate
from sithsup.errors import AnswerUntrustedError, SithsupError
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sithsup.model import Signer

CMP_2000, CMP_2021 = 2, 3
"""pvno: the version that we speak, and the newer one in which an answer may come (RFC 9810, section 7)."""

NONCE = 16
"""Bytes of a transactionID and of a nonce (RFC 9810, section 5.1.1); an answer with a shorter one is refused (RFC 9483,
section 3.5), because ours would repeat it to show that it follows."""

VOICES = frozenset({"cmc_ca", "cmc_ra"})
"""id-kp-cmcCA and id-kp-cmcRA, as asn1crypto calls them: the key speaks for an authority (RFC 9810, section 4.5)."""

UNREADABLE = mark("it is not a message that the program can read")
UNPROTECTED = mark("it is not signed")
NOT_OURS = mark("it does not belong to the question")
NO_NONCE = mark("it lacks the number by which the next message is told to follow it")
BAD_SIGNATURE = mark("its signature is wrong or its signer is not trusted")
OTHER_CLOCK = mark("its signer is not trusted at this time; is the computer's clock right?")


@dataclass(frozen=True, slots=True)
class Reference:
    """By what the two sides know each other's messages: the header fields that an answer repeats."""

    transaction: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that passed every check."""

    body: Any
    """The PKIBody: its `name`, its `chosen`."""
    sender: Any
    """The GeneralName of the sender."""
    nonce: bytes
    at: datetime | None
    """messageTime."""
    info: tuple[tuple[str, Any], ...]
    """generalInfo: names (or dotted numbers) and native values."""
    extra_certificates: tuple[bytes, ...]
    signer_path: tuple[bytes, ...]


def refuse(check: str, detail: str = "") -> AnswerUntrustedError:
    """Make the error for an answer that failed a check (a text that was marked)."""
    return AnswerUntrustedError(detail, check=tr(check))


@contextmanager
def reading() -> Iterator[None]:
    """Turn whatever asn1crypto raises on hostile bytes into `AnswerUntrustedError`; it raises many kinds, and late."""
    try:
        yield
    except SithsupError:
        raise
    except Exception as error:
        raise refuse(UNREADABLE, f"{type(error).__name__}: {error}") from error


# ------------------------------------------------------------------------------------------------- sealing


def directory_name(name: bytes | None) -> Any:
    """Make a GeneralName of a Name (DER); the NULL-DN where there is none."""
    value = x509.Name.build({}) if name is None else x509.Name.load(name)
    return x509.GeneralName("directory_name", value)


def key_identifier(certificate: bytes) -> bytes | None:
    """Read the subject key identifier of a certificate (DER)."""
    value = x509.Certificate.load(certificate).key_identifier_value
    return None if value is None else bytes(value.native)


def seal(header: dict[str, Any], body: PKIBody, signer: Signer) -> bytes:
    """Complete a header, sign header and body, add the signer's certificate and its chain; gives DER."""
    certificate = Certificate.parse(signer.certificate)
    identifier = key_identifier(signer.certificate)
    full = {
        "pvno": CMP_2000,
        "sender": directory_name(certificate.subject),
        "protectionAlg": algorithm_of(certificate.public_key),
        **({} if identifier is None else {"senderKID": identifier}),
        **header,
    }
    message = PKIMessage({"header": full, "body": body})
    message["protection"] = core.OctetBitString(signer.sign(protected_part(message)))
    message["extraCerts"] = [x509.Certificate.load(der) for der in (signer.certificate, *signer.chain)]
    return bytes(message.dump())


def reference(der: bytes) -> Reference:
    """Read what an answer to one of our own messages (DER) will repeat; also what ours repeats of an answer's."""
    header = PKIMessage.load(der, strict=True)["header"]
    return Reference(bytes(header["transactionID"].native), bytes(header["senderNonce"].native or b""))


# ------------------------------------------------------------------------------------------------- opening


class Opener:
    """Knows whom to believe, and remembers the certificates of those whom it believed.

    RFC 9483, section 3.3 lets later messages of a transaction come without them.
    """

    def __init__(self, anchors: tuple[bytes, ...]) -> None:
        """Begin with the trust anchors (DER) alone."""
        self._anchors = anchors
        self._known: tuple[bytes, ...] = ()  # replaced, never changed: several threads read it

    @property
    def known(self) -> tuple[bytes, ...]:
        """The anchors and every certificate that a believed message was signed through."""
        return (*self._anchors, *self._known)

    def open(self, der: bytes, question: Reference, now: datetime, *, journalled: bool = False) -> Answer:
        """Check an answer (DER) and read its envelope; a journalled one is judged at the time that it was made.

        Raises `AnswerUntrustedError`.
        """
        with reading():
            message = PKIMessage.load(der, strict=True)
            if not is_der(der):
                raise refuse(UNREADABLE, "not DER")
            header = message["header"]
            if header["pvno"].native not in (CMP_2000, CMP_2021):
                raise refuse(UNREADABLE, f"pvno {header['pvno'].native}")
            if message["protection"].native is None or header["protectionAlg"].native is None:
                raise refuse(UNPROTECTED, _unsigned_detail(message))
            _require_ours(header, question)
            if len(header["senderNonce"].native or b"") < NONCE:
                raise refuse(NO_NONCE, "no senderNonce of 128 bits")
            if len(message["extraCerts"]) > MOST_CERTIFICATES:
                raise refuse(UNREADABLE, f"{len(message['extraCerts'])} extraCerts")
            time = aware(header["messageTime"].native)
            extra = tuple(bytes(certificate.dump()) for certificate in message["extraCerts"] or ())
            path = self._signer_path(message, extra, (journalled and time) or now)
            answer = _answer(message, time, extra, path)
        self._remember(path)
        return answer

    def _signer_path(self, message: PKIMessage, extra: tuple[bytes, ...], at: datetime) -> tuple[bytes, ...]:
        """Find who signed: the certificate (DER) first, its anchor last."""
        header, others = message["header"], (*self._known, *extra)
        signed, signature = protected_part(message), bytes(message["protection"].native)
        problems: list[str] = []
        for candidate in dict.fromkeys((*extra, *others, *self._anchors)):
            if not _may_be_sender(candidate, header):
                continue
            certificate = Certificate.parse(candidate)
            if not is_signed(certificate.public_key, header["protectionAlg"], signature, signed):
                continue
            path = path_to_anchor(candidate, others, self._anchors, at)
            if not _may_speak(certificate):
                problems.append("it may not speak for an authority")
            elif path.problems in ((), (NOT_VALID_NOW,)):
                if path.problems or not certificate.not_before <= at <= certificate.not_after:
                    raise refuse(OTHER_CLOCK, "the signer or its issuer is not valid")
                return path.certificates
            problems += path.problems
        raise refuse(BAD_SIGNATURE, "; ".join(problems) or "no certificate fits the signature")

    def _remember(self, path: Iterable[bytes]) -> None:
        new = tuple(der for der in path if der not in self.known)
        if new:
            self._known = (*self._known, *new)


def aware(value: Any) -> datetime | None:
    """Pass on a time that has a zone; None stays None. Raises ValueError for any other."""
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise ValueError("a time without a zone")


def _require_ours(header: Any, question: Reference) -> None:
    if header["transactionID"].native != question.transaction:
        raise refuse(NOT_OURS, "another transactionID")
    if header["recipNonce"].native != question.nonce:
        raise refuse(NOT_OURS, "another recipNonce")


def _may_be_sender(certificate: bytes, header: Any) -> bool:
    sender, identifier = header["sender"], header["senderKID"].native
    is_named = sender.name == "directory_name" and sender.chosen == x509.Certificate.load(certificate).subject
    return is_named and (identifier is None or key_identifier(certificate) in (None, identifier))


def _may_speak(certificate: Certificate) -> bool:
    """Whether its key may sign for an authority.

    The anchors also lead to every card and every server of the hierarchy, and their keys sign too. So it must be an
    authority itself, or be marked as speaking for one, or be marked as nothing at all: neither with a purpose nor
    with a holder.
    """
    if certificate.is_ca:
        return True
    if certificate.key_usage and "digital_signature" not in certificate.key_usage:
        return False
    if certificate.extended_key_usage:
        return bool(certificate.extended_key_usage & VOICES)
    return certificate.identity is None and certificate.card_number is None


def _answer(message: PKIMessage, time: datetime | None, extra: tuple[bytes, ...], path: tuple[bytes, ...]) -> Answer:
    header = message["header"]
    return Answer(
        body=message["body"],
        sender=header["sender"],
        nonce=bytes(header["senderNonce"].native or b""),
        at=time,
        info=tuple((item["infoType"].native, item["infoValue"].native) for item in header["generalInfo"] or ()),
        extra_certificates=extra,
        signer_path=path,
    )


def _unsigned_detail(message: PKIMessage) -> str:
    """For the log alone, and without the words: anybody on the way could have written them."""
    body = message["body"]
    if body.name != "error":
        return f"unsigned {body.name}"
    info = body.chosen["pKIStatusInfo"]
    return f"unsigned error: {info['status'].native} {', '.join(sorted(info['failInfo'].native or ()))}"
