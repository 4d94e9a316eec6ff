"""The authority over CMP: RFC 9810 as RFC 9483 profiles it, over any `ca.transport.Transport`.

* Every message is protected by whom the caller says: the old authentication key, as long as it is accepted. The key
  to be certified signs only its own proof of possession.
* Composing signs and sends nothing. Sending sends given bytes, and the same bytes again when an answer is lost.
* Implicit confirmation is neither asked for nor believed in: without a certConf an upgrade is not confirmed.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from asn1crypto import core

from sithsup import logs
from sithsup.ca import requests, status
from sithsup.ca.cmp_asn1 import InfoTypeAndValue, PKIBody, PKIMessage, certificate_der
from sithsup.ca.protection import NONCE, Opener, aware, directory_name, reading, reference, refuse, seal
from sithsup.ca.refusals import forgotten, refusal
from sithsup.ca.signatures import certificate_hash
from sithsup.ca.transport import patiently
from sithsup.certificate import Certificate
from sithsup.errors import AnswerUntrustedError, AuthorityRefusedError, AuthorityUnreachableError
from sithsup.model import Issued, Message, MessageKind, Permission, Waiting
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ca.protection import Answer
    from sithsup.ca.transport import Transport
    from sithsup.model import CertificateStatus, Clock, Signer, Target

_log = logging.getLogger(__name__)
_random = secrets.SystemRandom().random

REASON = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

GRANTED = frozenset({"accepted", "grantedWithMods"})
WAITING = "waiting"
EITHER = (requests.ONE, requests.UNNUMBERED)
ANSWERS = {
    "ir": ("ip", "pollRep"),
    "cr": ("cp", "pollRep"),
    "kur": ("kup", "pollRep"),
    "p10cr": ("cp", "pollRep"),
    "pollReq": ("ip", "cp", "kup", "pollRep"),
}
"""Which bodies may answer an order or a poll."""

STATUS_RESENDS = 1
"""Of a question about a status; a list is what is tried next, once."""
SPREAD = 0.1
"""A wait is made longer by up to this share, so that many clients do not come back at one moment."""

OTHER_BODY = mark("it answers another question")
NOT_ONE = mark("it does not hold exactly the one certificate that was ordered")


class CmpAuthority:
    """An `Authority`. Safe to use from several threads."""

    def __init__(
        self,
        transport: Transport,
        anchors: tuple[bytes, ...],
        query_oid: str | None,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = _random,
    ) -> None:
        """Speak over `transport`, believe whom `anchors` (DER) lead to; `sleep` and `random` space out resending."""
        self._transport = transport
        self._opener = Opener(anchors)
        self._query_oid = query_oid
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self._silent: set[tuple[str, bool]] = set()
        """Hosts of status services from which no answer came: no OCSP answer, or (True) no list."""

    # ------------------------------------------------------------------------------------------------ asking

    def query(self, card_number: str, signer: Signer) -> Permission:
        """Ask with a general message (genm) whose infoType is the campaign's own."""
        if self._query_oid is None:
            raise ValueError("the campaign names no message to ask with")
        asked = InfoTypeAndValue({"infoType": self._query_oid, "infoValue": core.PrintableString(card_number)})
        der = seal(self._header(secrets.token_bytes(NONCE)), PKIBody("genm", [asked]), signer)
        answer = self._open(self._exchange(der), der, "genp")
        with reading():
            found = [i["infoValue"].native for i in answer.body.chosen if i["infoType"].native == self._query_oid]
            if len(found) != 1 or not isinstance(found[0], str) or not REASON.fullmatch(found[0]):
                raise refuse(OTHER_BODY, f"genp with {len(found)} values")
        return Permission(found[0], answer.at or self._clock())

    # ----------------------------------------------------------------------------------------------- ordering

    def compose_order(
        self, target: Target, old: Certificate, public_key: bytes, prove: Callable[[bytes], bytes], signer: Signer
    ) -> Message:
        """Compose the target's kind of request for its profile, suggesting the old subject."""
        transaction = secrets.token_bytes(NONCE)
        header = self._header(transaction, self._issuer_name(target.issuer))
        header["generalInfo"] = [{"infoType": "certProfile", "infoValue": [target.profile]}]
        body = requests.order(target, old, public_key, prove)
        return Message(MessageKind.ORDER, transaction, seal(header, body, signer))

    def compose_poll(self, waiting: Message, signer: Signer) -> Message:
        """Compose a pollReq for what the last answer said is not ready (RFC 9483, section 4.4)."""
        header = self._reply_header(waiting, waiting)
        body = PKIBody("pollReq", [{"certReqId": _waiting_id(PKIMessage.load(waiting.der)["body"])}])
        return Message(MessageKind.POLL, waiting.transaction, seal(header, body, signer))

    def order(self, message: Message) -> Issued | Waiting:
        """Send a request or a poll; the answer is one certificate, or that it is not ready."""
        return self._read(message, self._exchange(message.der))

    def read_issued(self, asked: Message, answer: Message) -> Issued:
        """Read a journalled answer; its signer is judged at the time that it was made."""
        issued = self._read(asked, answer.der, journalled=True)
        if isinstance(issued, Waiting):
            raise refuse(NOT_ONE, "not ready")
        return issued

    def _read(self, asked: Message, der: bytes, *, journalled: bool = False) -> Issued | Waiting:
        with reading():
            question = PKIMessage.load(asked.der)["body"]
            numbers = _numbers(question)
        answer = self._open(der, asked.der, *ANSWERS[question.name], journalled=journalled)
        with reading():
            check_after = _check_after(answer.body, numbers)
            if check_after is not None:
                spread = check_after * (1 + SPREAD * self._random())
                return Waiting(Message(MessageKind.WAITING, asked.transaction, der), spread)
            certificate = _certificate(answer, numbers)
            confirm_by = aware(dict(answer.info).get("confirmWaitTime"))
        return Issued(
            answer=Message(MessageKind.ISSUED, asked.transaction, der),
            certificate=certificate,
            extra_certificates=answer.extra_certificates,
            confirm_by=confirm_by,
            at=answer.at or self._clock(),
        )

    # --------------------------------------------------------------------------------------------- confirming

    def compose_confirmation(self, order: Message, issued: Issued, signer: Signer, *, accept: bool) -> Message:
        """Compose a certConf; without statusInfo it accepts (RFC 9810, section 5.3.18)."""
        request_id = _only(PKIMessage.load(issued.answer.der)["body"].chosen["response"], EITHER)["certReqId"].native
        body = PKIBody("certConf", _confirmation(issued.certificate, request_id, accept=accept))
        kind = MessageKind.CONFIRM if accept else MessageKind.REJECT
        return Message(kind, order.transaction, seal(self._reply_header(issued.answer, order), body, signer))

    def confirm(self, confirmation: Message) -> Message:
        """Send a certConf; the answer is a pkiConf, or an error that says that it is done already."""
        der = self._exchange(confirmation.der)
        accepts = confirmation.kind is MessageKind.CONFIRM
        try:
            self._open(der, confirmation.der, "pkiconf")
        except AuthorityRefusedError as error:
            if ("certConfirmed" if accepts else "certRevoked") not in error.fail_info:
                raise forgotten(error) from error
        kind = MessageKind.CONFIRMED if accepts else MessageKind.REJECTED
        return Message(kind, confirmation.transaction, der)

    # ----------------------------------------------------------------------------------------------- revoking

    def compose_revocation(self, certificate: Certificate, signer: Signer) -> Message:
        """Compose a revocation request (rr) with the reason superseded."""
        transaction = secrets.token_bytes(NONCE)
        header = self._header(transaction, certificate.issuer)
        return Message(MessageKind.REVOKE, transaction, seal(header, requests.revocation(certificate), signer))

    def revoke(self, message: Message) -> Message:
        """Send an rr; the answer is an rp with one status."""
        der = self._exchange(message.der)
        answer = self._open(der, message.der, "rp")
        with reading():
            statuses = list(answer.body.chosen["status"])
            if len(statuses) != 1:
                raise refuse(OTHER_BODY, f"rp with {len(statuses)} statuses")
            if statuses[0]["status"].native not in GRANTED:
                raise refusal(statuses[0])
        return Message(MessageKind.REVOKED, message.transaction, der)

    # ------------------------------------------------------------------------------------------------- status

    def status(self, certificate: bytes, issuer: bytes) -> CertificateStatus:
        """Ask by OCSP, else look into the revocation list; where they are the certificate says itself."""
        return status.ask(certificate, issuer, self._fetch, self._clock())

    def _fetch(self, address: str, question: bytes | None) -> bytes:
        """Get an answer of a status service; one that was silent is not waited for again."""
        way = (urlsplit(address).netloc, question is None)
        if way in self._silent:
            raise AuthorityUnreachableError("it was silent before", address=address)

        def ask() -> bytes:
            return self._transport.fetch(address, question)

        try:
            return patiently(ask, address, self._sleep, self._random, resends=0 if question is None else STATUS_RESENDS)
        except AuthorityUnreachableError as error:
            if isinstance(error.__cause__, ConnectionError | TimeoutError):
                self._silent.add(way)
            raise

    # ----------------------------------------------------------------------------------------------- the wire

    def _header(self, transaction: bytes, recipient: bytes | None = None) -> dict[str, Any]:
        return {
            "recipient": directory_name(recipient),
            "messageTime": self._clock().replace(microsecond=0),
            "transactionID": transaction,
            "senderNonce": secrets.token_bytes(NONCE),
        }

    def _reply_header(self, answer: Message, begun_by: Message) -> dict[str, Any]:
        """The header of a further message of a transaction: to whoever answered last, repeating their nonce."""
        header = self._header(begun_by.transaction)
        header["recipient"] = PKIMessage.load(answer.der)["header"]["sender"]
        header["recipNonce"] = reference(answer.der).nonce
        return header

    def _issuer_name(self, common_name: str) -> bytes | None:
        """The whole name of an authority, where a certificate of it is known."""
        known = (Certificate.parse(der) for der in self._opener.known)
        return next((c.subject for c in known if c.is_ca and c.common_name == common_name), None)

    def _exchange(self, der: bytes) -> bytes:
        transport = self._transport
        _tell("sends", der, der)
        answer = patiently(lambda: transport.exchange(der), transport.address, self._sleep, self._random)
        _tell("receives", answer, der)
        return answer

    def _open(self, der: bytes, question: bytes, *expected: str, journalled: bool = False) -> Answer:
        """Check an answer and that it is of an expected kind; an error message becomes one of our errors."""
        answer = self._opener.open(der, reference(question), self._clock(), journalled=journalled)
        with reading():
            name = answer.body.name
            if name == "error" and not ("pollRep" in expected and _is_waiting(answer.body.chosen["pKIStatusInfo"])):
                raise refusal(answer.body.chosen["pKIStatusInfo"])
            if name not in (*expected, "error"):
                raise refuse(OTHER_BODY, f"{name} instead of {', '.join(expected)}")
        return answer


def _tell(does: str, der: bytes, ours: bytes) -> None:
    """Have the log told of a message of the transaction that our own message belongs to."""
    if _log.isEnabledFor(logs.TRAFFIC):
        transaction = reference(ours).transaction.hex()
        logs.traffic(_log, f"{does} {_kind(der)}", transaction=transaction, bytes=len(der))


def _kind(der: bytes) -> str:
    """The name of a message's body, for the log; nothing else is read of what nobody has checked yet."""
    try:
        with reading():
            return str(PKIMessage.load(der)["body"].name)
    except AnswerUntrustedError:
        return "what is no message"


def _numbers(question: Any) -> tuple[int, ...]:
    """The certReqIds by which an answer may name what an order or a poll (a PKIBody) asks for.

    The one that was asked with; where that is none, authorities say 0 or -1.
    """
    is_numbered = question.name in {"ir", "cr", "kur"}
    is_numbered |= question.name == "pollReq" and question.chosen[0]["certReqId"].native == requests.ONE
    return (requests.ONE,) if is_numbered else EITHER


def _only(each: Any, numbers: tuple[int, ...]) -> Any:
    """The one response, or the one line of a pollRep, to the one thing that was asked for."""
    found = list(each)
    if len(found) != 1 or found[0]["certReqId"].native not in numbers:
        raise refuse(NOT_ONE, f"certReqId {[one['certReqId'].native for one in found[:3]]} of {len(found)}")
    return found[0]


def _certificate(answer: Answer, numbers: tuple[int, ...]) -> bytes:
    """Take the certificate (DER) out of an answer; grantedWithMods is a success: `ca.trust` judges what was granted."""
    response = _only(answer.body.chosen["response"], numbers)
    if response["status"]["status"].native not in GRANTED:
        raise refusal(response["status"])
    if response["certifiedKeyPair"].native is None:
        raise refuse(NOT_ONE, "granted without a certificate")
    return certificate_der(response["certifiedKeyPair"])


def _is_waiting(info: Any) -> bool:
    return bool(info["status"].native == WAITING)


def _check_after(body: Any, numbers: tuple[int, ...]) -> float | None:
    """After how many seconds to ask again; None when the answer is no such thing.

    The whole answer (an error) is not ready yet, or the certificate in it (RFC 9810, section 5.3.22).
    """
    if body.name == "pollRep":
        return float(max(0, _only(body.chosen, numbers)["checkAfter"].native))
    is_waiting = body.name == "error" or _is_waiting(_only(body.chosen["response"], numbers)["status"])
    return 0.0 if is_waiting else None


def _waiting_id(body: Any) -> int:
    """The certReqId to poll with: of the response that waits, or of the poll before; none of a whole message.

    None either where an earlier version took something else for waiting and left it in the journal.
    """
    each = () if body.name == "error" else body.chosen if body.name == "pollRep" else body.chosen["response"]
    numbers = [one["certReqId"].native for one in each]
    return requests.ONE if numbers == [requests.ONE] else requests.UNNUMBERED


def _confirmation(certificate: bytes, request_id: int, *, accept: bool) -> list[dict[str, Any]]:
    """The content of a certConf. A certificate that cannot even be hashed is rejected by saying nothing of it."""
    refused: dict[str, Any] = {} if accept else {"statusInfo": {"status": "rejection"}}
    try:
        return [{"certHash": certificate_hash(certificate), "certReqId": request_id, **refused}]
    except ValueError:
        if accept:
            raise
        return []
