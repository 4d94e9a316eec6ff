"""The authority over CMP: RFC 9810 as RFC 9483 profiles it, over any `ca.transport.Transport`.

* Every message is protected by the old authentication key; a new key signs only its own proof of possession.
* Composing signs and sends nothing. Sending sends given bytes, and the same bytes again when an answer is lost.
* Implicit confirmation is neither asked for nor believed in: without a certConf an upgrade is not confirmed.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from asn1crypto import core, keys, x509

from sithsup.ca import status
from sithsup.ca.cmp_asn1 import InfoTypeAndValue, PKIBody, PKIMessage, certificate_der
from sithsup.ca.crmf_asn1 import CertReqMsg, CertRequest
from sithsup.ca.protection import Opener, aware, directory_name, reading, reference, refuse, seal
from sithsup.ca.refusals import forgotten, refusal
from sithsup.ca.signatures import algorithm_of, certificate_hash
from sithsup.ca.transport import patiently
from sithsup.certificate import Certificate
from sithsup.errors import AuthorityRefusedError
from sithsup.model import Issued, Message, MessageKind, Permission
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ca.protection import Answer
    from sithsup.ca.transport import Transport
    from sithsup.model import CertificateStatus, Clock, Signer, Target

NONCE = 16
"""Bytes of a transactionID and of a nonce (RFC 9810, section 5.1.1)."""

_random = secrets.SystemRandom().random

REASON = re.compile(r"[A-Z][A-Z0-9_]{0,63}")

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
        """Compose a certification request (cr) for the target's profile, suggesting the old subject."""
        transaction = secrets.token_bytes(NONCE)
        request = CertRequest(
            {
                "certReqId": 0,
                "certTemplate": {
                    "subject": x509.Name.load(old.subject),
                    "publicKey": keys.PublicKeyInfo.load(public_key),
                },
            }
        )
        proof = {"algorithmIdentifier": algorithm_of(public_key), "signature": prove(bytes(request.dump()))}
        body = PKIBody("cr", [CertReqMsg({"certReq": request, "popo": {"signature": proof}})])
        header = self._header(transaction, self._issuer_name(target.issuer))
        header["generalInfo"] = [{"infoType": "certProfile", "infoValue": [target.profile]}]
        return Message(MessageKind.ORDER, transaction, seal(header, body, signer))

    def order(self, message: Message) -> Issued:
        """Send a certification request; the answer is a cp with one certificate."""
        return self._read_issued(message, self._exchange(message.der))

    def read_issued(self, order: Message, answer: Message) -> Issued:
        """Read a journalled cp; its signer is judged at the time that it was made."""
        return self._read_issued(order, answer.der, journalled=True)

    def _read_issued(self, order: Message, der: bytes, *, journalled: bool = False) -> Issued:
        answer = self._open(der, order.der, "cp", journalled=journalled)
        with reading():
            certificate = _certificate(answer)
            confirm_by = aware(dict(answer.info).get("confirmWaitTime"))
        return Issued(
            answer=Message(MessageKind.ISSUED, order.transaction, der),
            certificate=certificate,
            extra_certificates=answer.extra_certificates,
            confirm_by=confirm_by,
            at=answer.at or self._clock(),
        )

    # --------------------------------------------------------------------------------------------- confirming

    def compose_confirmation(self, order: Message, issued: Issued, signer: Signer, *, accept: bool) -> Message:
        """Compose a certConf; without statusInfo it accepts (RFC 9810, section 5.3.18)."""
        given = reference(issued.answer.der)
        header = self._header(order.transaction)
        header["recipient"] = PKIMessage.load(issued.answer.der)["header"]["sender"]
        header["recipNonce"] = given.nonce
        body = PKIBody("certConf", _confirmation(issued.certificate, accept=accept))
        kind = MessageKind.CONFIRM if accept else MessageKind.REJECT
        return Message(kind, order.transaction, seal(header, body, signer))

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

    # ------------------------------------------------------------------------------------------------- status

    def status(self, certificate: bytes, issuer: bytes) -> CertificateStatus:
        """Ask by OCSP, else look into the revocation list; where they are the certificate says itself."""

        def fetch(address: str, question: bytes | None) -> bytes:
            return patiently(lambda: self._transport.fetch(address, question), address, self._sleep, self._random)

        return status.ask(certificate, issuer, fetch, self._clock())

    # ----------------------------------------------------------------------------------------------- the wire

    def _header(self, transaction: bytes, recipient: bytes | None = None) -> dict[str, Any]:
        return {
            "recipient": directory_name(recipient),
            "messageTime": self._clock().replace(microsecond=0),
            "transactionID": transaction,
            "senderNonce": secrets.token_bytes(NONCE),
        }

    def _issuer_name(self, common_name: str) -> bytes | None:
        """The whole name of an authority, where a certificate of it is known."""
        known = (Certificate.parse(der) for der in self._opener.known)
        return next((c.subject for c in known if c.is_ca and c.common_name == common_name), None)

    def _exchange(self, der: bytes) -> bytes:
        transport = self._transport
        return patiently(lambda: transport.exchange(der), transport.address, self._sleep, self._random)

    def _open(self, der: bytes, question: bytes, expected: str, *, journalled: bool = False) -> Answer:
        """Check an answer and that it is of the expected kind; an error message becomes one of our errors."""
        answer = self._opener.open(der, reference(question), self._clock(), journalled=journalled)
        with reading():
            if answer.body.name == "error":
                raise refusal(answer.body.chosen["pKIStatusInfo"])
            if answer.body.name != expected:
                raise refuse(OTHER_BODY, f"{answer.body.name} instead of {expected}")
        return answer


def _certificate(answer: Answer) -> bytes:
    """Take the one certificate (DER) out of a cp; grantedWithMods is a success: `ca.trust` judges what was granted."""
    responses = list(answer.body.chosen["response"])
    if len(responses) != 1 or responses[0]["certReqId"].native != 0:
        raise refuse(NOT_ONE, f"{len(responses)} responses")
    response = responses[0]
    if response["status"]["status"].native not in {"accepted", "grantedWithMods"}:
        raise refusal(response["status"])
    if response["certifiedKeyPair"].native is None:
        raise refuse(NOT_ONE, "granted without a certificate")
    return certificate_der(response["certifiedKeyPair"])


def _confirmation(certificate: bytes, *, accept: bool) -> list[dict[str, Any]]:
    """The content of a certConf. A certificate that cannot even be hashed is rejected by saying nothing of it."""
    refused: dict[str, Any] = {} if accept else {"statusInfo": {"status": "rejection"}}
    try:
        return [{"certHash": certificate_hash(certificate), "certReqId": 0, **refused}]
    except ValueError:
        if accept:
            raise
        return []
