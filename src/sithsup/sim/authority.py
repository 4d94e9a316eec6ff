"""A client of the simulated authority: `ca.authority.Authority`, and the network between the two.

Composing signs and sends nothing. Every sending verb is one message over the network, and the only place
where a fault strikes; what comes back is checked as a real client checks it.
"""

from __future__ import annotations

import secrets
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from pydantic import ValidationError

from sithsup.certificate import Certificate
from sithsup.errors import (
    AnswerUntrustedError,
    AuthorityBusyError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    TransactionUnknownError,
)
from sithsup.model import (
    CertificateState,
    CertificateStatus,
    Issued,
    Message,
    MessageKind,
    Permission,
    Signer,
    Waiting,
)
from sithsup.sim import keys
from sithsup.sim.case import ADDRESS
from sithsup.sim.faults import Failure, Faults, Mishap, When
from sithsup.sim.ledger import Ledger
from sithsup.sim.messages import Answer, Ask, Protected, Question, Say, certificate_hash, possession
from sithsup.sim.pki import NEW_ROOT
from sithsup.sim.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.model import Clock, Target
    from sithsup.sim.case import Case


class Heard(NamedTuple):
    """An answer that was checked, and its bytes."""

    answer: Answer
    raw: bytes


class SimulatedAuthority:
    """The authority, its ledger, and the way to it. May be called from several threads."""

    def __init__(self, ledger: Ledger, clock: Clock, faults: Faults | None = None, path: Path | None = None) -> None:
        """Open for business. With a `path`, the ledger is saved after each message."""
        self.ledger = ledger
        self.faults = faults or Faults()
        self._registry = Registry(ledger, clock)
        self._anchors = (self._registry.hierarchy.issuers[NEW_ROOT].path[0],)
        self._path = path
        self._lock = threading.RLock()

    @classmethod
    def for_cases(cls, *cases: Case, clock: Clock, faults: Faults | None = None) -> SimulatedAuthority:
        """Open an authority that issued these cards' certificates and knows their holders."""
        ledger = Ledger(founded=cases[0].founded)
        for case in cases:
            ledger.enrol(case.person, case.old, case.kept)
        return cls(ledger, clock, faults)

    def restart(self, faults: Faults | None = None) -> None:
        """Go on with a new script, as a new process of the client."""
        self.faults = faults or self.faults

    # -- the protocol ----------------------------------------------------------------------------------------

    def query(self, card_number: str, signer: Signer) -> Permission:
        """Ask for permission."""
        question = _question(Ask.QUERY, secrets.token_bytes(16), card_number=card_number)
        answer = self._exchange("query", _protect(question, signer), Say.PERMISSION).answer
        return Permission(answer.reason, answer.at)

    def compose_order(
        self,
        target: Target,
        old: Certificate,
        public_key: bytes,
        prove: Callable[[bytes], bytes],
        signer: Signer,
    ) -> Message:
        """Compose an order; the authority knows the subject better than the old certificate does."""
        transaction = secrets.token_bytes(16)
        question = _question(
            Ask.ORDER,
            transaction,
            profile=target.profile,
            issuer=target.issuer,
            public_key=public_key,
            proof=prove(possession(transaction, target.profile, public_key)),
        )
        return Message(MessageKind.ORDER, transaction, _protect(question, signer))

    def order(self, message: Message) -> Issued | Waiting:
        """Order, or ask for what is not ready."""
        heard = self._exchange("order", message.der, Say.ISSUED, Say.WAITING)
        if heard.answer.say is Say.WAITING:
            waiting = Message(MessageKind.WAITING, message.transaction, heard.raw)
            return Waiting(waiting, heard.answer.retry_after or 0)
        return _issued(message, heard)

    def compose_poll(self, waiting: Message, signer: Signer) -> Message:
        """Compose the question whether an order is ready."""
        question = _question(Ask.POLL, waiting.transaction)
        return Message(MessageKind.POLL, waiting.transaction, _protect(question, signer))

    def read_issued(self, asked: Message, answer: Message) -> Issued:
        """Check a journalled answer again."""
        return _issued(asked, self._check(asked.der, answer.der, Say.ISSUED))

    def compose_confirmation(self, order: Message, issued: Issued, signer: Signer, *, accept: bool) -> Message:
        """Compose a confirmation or a rejection."""
        ask, kind = (Ask.CONFIRM, MessageKind.CONFIRM) if accept else (Ask.REJECT, MessageKind.REJECT)
        question = _question(ask, order.transaction, certificate_hash=certificate_hash(issued.certificate))
        return Message(kind, order.transaction, _protect(question, signer))

    def confirm(self, confirmation: Message) -> Message:
        """Confirm or reject."""
        accept = confirmation.kind is MessageKind.CONFIRM
        heard = self._exchange("confirm", confirmation.der, Say.CONFIRMED)
        kind = MessageKind.CONFIRMED if accept else MessageKind.REJECTED
        return Message(kind, confirmation.transaction, heard.raw)

    def compose_revocation(self, certificate: Certificate, signer: Signer) -> Message:
        """Compose a request to revoke."""
        transaction = secrets.token_bytes(16)
        question = _question(Ask.REVOKE, transaction, certificate_hash=certificate_hash(certificate.der))
        return Message(MessageKind.REVOKE, transaction, _protect(question, signer))

    def revoke(self, message: Message) -> Message:
        """Have a certificate revoked."""
        heard = self._exchange("revoke", message.der, Say.REVOKED)
        return Message(MessageKind.REVOKED, message.transaction, heard.raw)

    def status(self, certificate: bytes, issuer: bytes) -> CertificateStatus:
        """Ask for a certificate's status."""
        question = _question(Ask.STATUS, secrets.token_bytes(16), certificate_hash=certificate_hash(certificate))
        request = Protected(body=question.to_bytes()).to_bytes()
        answer = self._exchange("status", request, Say.STATUS).answer
        return CertificateStatus(CertificateState(answer.state), answer.at, answer.revoked_at)

    # -- the network -----------------------------------------------------------------------------------------

    def _exchange(self, verb: str, request: bytes, *wanted: Say) -> Heard:
        """Send a message, let the script have its way with it, and check what comes back."""
        with self._lock:
            mishap = self.faults.due(verb)
            try:
                raw = self._deliver(request) if mishap is None else self._misdeliver(verb, request, mishap)
            finally:
                if self._path is not None:
                    self.ledger.save(self._path)
        return self._check(request, raw, *wanted)

    def _deliver(self, request: bytes) -> bytes:
        if self.ledger.policy.unreachable:
            raise AuthorityUnreachableError("out of reach", address=ADDRESS)
        self.deliver_late()
        return self._registry.answer(request)

    def deliver_late(self) -> None:
        """Let the authority do what is still on its way to it; nobody hears the answers."""
        while self.ledger.late:
            self._registry.answer(self.ledger.late.pop(0))

    def expire(self) -> None:
        """Let the authority look at its clock, and do what is still on its way to it."""
        self.deliver_late()
        self._registry.expire()

    def _misdeliver(self, verb: str, request: bytes, mishap: Mishap) -> bytes:
        match mishap.failure:
            case Failure.PROCESS_KILLED:
                if mishap.when is When.AFTER:
                    self._deliver(request)
                raise self.faults.kill(verb)
            case Failure.DELIVERED_TWICE:
                self._deliver(request)
                return self._deliver(request)
            case Failure.GARBAGE:
                return _damaged(self._deliver(request))
            case Failure.AUTHORITY_RESTARTED | Failure.WAIT_OVER:
                self._registry.forget(everything=mishap.failure is Failure.AUTHORITY_RESTARTED)
                return self._deliver(request)
        return self._lose(request, mishap)

    def _lose(self, request: bytes, mishap: Mishap) -> NoReturn:
        """Give the client no answer of the authority's."""
        match mishap.failure:
            case Failure.REFUSED:
                raise AuthorityRefusedError(str(mishap), fail_info=frozenset({"badTime"}), reason="badTime")
            case Failure.TURNED_AWAY:
                raise AuthorityBusyError(str(mishap), retry_after=1.0)
            case Failure.ANSWER_LOST:
                self._deliver(request)
            case Failure.ANSWERED_LATE:
                self.ledger.late.append(request)
            case Failure.OUT_OF_REACH:
                self.ledger.policy.unreachable = True
        raise AuthorityUnreachableError(str(mishap), address=ADDRESS)

    # -- checking --------------------------------------------------------------------------------------------

    def _check(self, request: bytes, raw: bytes, *wanted: Say) -> Heard:
        """Check who signed an answer, that it answers this very message, and what it says."""
        question = Question.from_bytes(Protected.from_bytes(request).body)
        try:
            protected = Protected.from_bytes(raw)
            answer = Answer.from_bytes(protected.body)
        except ValidationError as error:
            raise AnswerUntrustedError("not a message", check="format") from error
        if not any(_vouches(anchor, protected.certificate) for anchor in self._anchors):
            raise AnswerUntrustedError("not the authority's certificate", check="path")
        signer = Certificate.parse(protected.certificate)
        if not keys.verifies(signer.public_key, protected.signature, protected.body):
            raise AnswerUntrustedError("the protection does not verify", check="signature")
        if (answer.transaction, answer.nonce) != (question.transaction, question.nonce):
            raise AnswerUntrustedError("the answer to another question", check="nonce")
        _raise_failure(answer)
        if answer.say not in wanted:
            raise AnswerUntrustedError(f"{answer.say} to {question.ask}", check="body")
        return Heard(answer, raw)


def _question(ask: Ask, transaction: bytes, **fields: str | bytes) -> Question:
    return Question.model_validate({"ask": ask, "transaction": transaction, "nonce": secrets.token_bytes(16), **fields})


def _protect(question: Question, signer: Signer) -> bytes:
    body = question.to_bytes()
    return Protected(body=body, signature=signer.sign(body), certificate=signer.certificate).to_bytes()


def _issued(order: Message, heard: Heard) -> Issued:
    answer = heard.answer
    return Issued(
        answer=Message(MessageKind.ISSUED, order.transaction, heard.raw),
        certificate=answer.certificate,
        extra_certificates=answer.extra_certificates,
        confirm_by=answer.confirm_by,
        at=answer.at,
    )


def _raise_failure(answer: Answer) -> None:
    match answer.say:
        case Say.BUSY:
            raise AuthorityBusyError(retry_after=answer.retry_after)
        case Say.UNKNOWN:
            raise TransactionUnknownError(answer.reason)
        case Say.REFUSED:
            raise AuthorityRefusedError(answer.reason, fail_info=answer.fail_info, reason=answer.reason)


def _damaged(raw: bytes) -> bytes:
    """Change the body in a place that no parser minds, so that only its signature tells."""
    protected = Protected.from_bytes(raw)
    return protected.model_copy(update={"body": protected.body + b" "}).to_bytes()


@lru_cache(maxsize=64)
def _vouches(anchor: bytes, certificate: bytes) -> bool:
    """Whether an anchor issued a certificate."""
    try:
        x509.load_der_x509_certificate(certificate).verify_directly_issued_by(x509.load_der_x509_certificate(anchor))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
