"""The simulated authority's own side: bytes in, signed bytes out. It checks what a real one checks.

* Every message but a status question is signed by an authentication certificate of a known card; orders and
  queries by one that is not revoked, confirmations by the one that protected the order.
* The new key proves its possession.
* The same bytes get the same answer; the same transaction with other bytes is refused.
* What is not confirmed in time is revoked, and its transaction is unknown from then on.
* A newer confirmed certificate supersedes an older one of the same card and profile.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.model import CertificateState, KeyRole
from sithsup.sim import keys
from sithsup.sim.case import CONFIRM_WAIT
from sithsup.sim.ledger import Ledger, Record, RecordState, Retire, Transaction, Unready
from sithsup.sim.messages import Answer, Ask, Protected, Question, Say, certificate_hash, possession
from sithsup.sim.pki import AGE, PROFILES, RESPONDER, Body, Hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sithsup.model import Clock


CHECK_AFTER = 30.0
"""Seconds after which to ask for what is not ready."""


class RefusalError(Exception):
    """Why a message is not granted: what is said, in words and in failure names (RFC 9810, section 5.2.3)."""

    def __init__(self, reason: str, *fail_info: str, say: Say = Say.REFUSED) -> None:
        """Keep both."""
        super().__init__(reason)
        self.reason = reason
        self.fail_info = frozenset(fail_info)
        self.say = say


class Registry:
    """The authority's process. Its ledger outlives it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        """Take up the work where the ledger stands."""
        self.ledger = ledger
        self.hierarchy = Hierarchy.found(ledger.founded)
        self._clock = clock

    def answer(self, request: bytes) -> bytes:
        """Answer a message. What changed something is answered the same way for ever."""
        now = self._clock()
        self.expire()
        question, signer = self._read(request)
        blank = Answer(say=Say.REFUSED, transaction=question.transaction, nonce=question.nonce, at=now)
        if self.ledger.policy.busy is not None:
            busy = blank.model_copy(update={"say": Say.BUSY, "retry_after": self.ledger.policy.busy})
            return self._protect(busy)
        name = hashlib.sha256(request).hexdigest()
        if name in self.ledger.answers:
            return self.ledger.answers[name]
        try:
            raw = self._protect(self._grant(question, signer, blank))
        except RefusalError as refusal:
            told = {"say": refusal.say, "reason": refusal.reason, "fail_info": refusal.fail_info}
            return self._protect(blank.model_copy(update=told))
        if question.ask in {Ask.ORDER, Ask.POLL, Ask.CONFIRM, Ask.REJECT, Ask.REVOKE}:
            self.ledger.answers[name] = raw
        return raw

    def expire(self) -> None:
        """Revoke what nobody confirmed in time."""
        now = self._clock()
        self._give_up(t for t in self._open() if t.confirm_by is not None and now > t.confirm_by)

    def forget(self, *, everything: bool) -> None:
        """Give up waiting for every confirmation, and with `everything` for whatever else was begun."""
        self._give_up(self._open())
        if everything:
            self.ledger.unready.clear()

    def _open(self) -> tuple[Transaction, ...]:
        return tuple(t for t in self.ledger.transactions.values() if not t.closed)

    def _give_up(self, transactions: Iterable[Transaction]) -> None:
        for transaction in transactions:
            transaction.closed = True
            self.ledger.revoke(self.ledger.certificates[transaction.serial], self._clock())

    # -- protection ------------------------------------------------------------------------------------------

    def _read(self, request: bytes) -> tuple[Question, bytes]:
        """Tell a message and the certificate that verifiably protects it (empty for none)."""
        protected = Protected.from_bytes(request)
        signer = b""
        if protected.certificate:
            public_key = Certificate.parse(protected.certificate).public_key
            if keys.verifies(public_key, protected.signature, protected.body):
                signer = protected.certificate
        return Question.from_bytes(protected.body), signer

    def _protect(self, answer: Answer) -> bytes:
        responder, body = self.hierarchy.issuers[RESPONDER], answer.to_bytes()
        signature = keys.sign(responder.key, body)
        return Protected(body=body, signature=signature, certificate=responder.path[0]).to_bytes()

    def _check_signer(self, signer: bytes) -> Record:
        """Find the signer's record; it may be revoked."""
        if not signer:
            raise RefusalError("the protection does not verify", "badMessageCheck")
        record = self.ledger.find(signer)
        if record is None or Certificate.parse(signer).role is not KeyRole.AUTHENTICATION:
            raise RefusalError("the signer is not an authentication certificate of ours", "signerNotTrusted")
        if record.state is RecordState.ISSUED:
            raise RefusalError("the signer's certificate was never confirmed", "signerNotTrusted")
        return record

    def _check_current(self, signer: bytes) -> Record:
        record = self._check_signer(signer)
        if record.state is RecordState.REVOKED:
            raise RefusalError("the signer's certificate is revoked", "certRevoked")
        if Certificate.parse(signer).not_after < self._clock():
            raise RefusalError("the signer's certificate has expired", "signerNotTrusted")
        return record

    # -- the messages ----------------------------------------------------------------------------------------

    def _grant(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        match question.ask:
            case Ask.QUERY:
                return self._permission(question, signer, blank)
            case Ask.ORDER:
                return self._take(question, signer, blank)
            case Ask.POLL:
                return self._poll(question, signer, blank)
            case Ask.REVOKE:
                return self._revoke(question, signer, blank)
            case Ask.CONFIRM | Ask.REJECT:
                return self._conclude(question, signer, blank)
            case Ask.STATUS:
                return self._status(question, blank)

    def _permission(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        record = self._check_current(signer)
        is_own = record.card_number == question.card_number
        reason = self.ledger.policy.permission if is_own else "CARD_NUMBERS_DISAGREE"
        return blank.model_copy(update={"say": Say.PERMISSION, "reason": reason})

    def _take(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        record, polls = self._check_order(question, signer), self.ledger.policy.polls
        if not polls:
            return self._issue(question, signer, record, blank)
        unready = Unready(order=question.to_bytes(), signer=signer, polls=polls)
        self.ledger.unready[question.transaction.hex()] = unready
        return blank.model_copy(update={"say": Say.WAITING, "retry_after": CHECK_AFTER})

    def _poll(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        """Issue what was asked for often enough; what was issued is asked for no more."""
        record = self._check_current(signer)
        unready = self.ledger.unready.get(question.transaction.hex())
        if unready is None or unready.signer != signer:
            raise RefusalError("no such transaction", "badRequest", say=Say.UNKNOWN)
        unready.polls -= 1
        if unready.polls > 0:
            return blank.model_copy(update={"say": Say.WAITING, "retry_after": CHECK_AFTER})
        del self.ledger.unready[question.transaction.hex()]
        return self._issue(Question.from_bytes(unready.order), signer, record, blank)

    def _revoke(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        """Revoke a certificate for its own holder, or for the authentication certificate of its card."""
        certificates = self.ledger.certificates.values()
        named = next((r for r in certificates if certificate_hash(r.der) == question.certificate_hash), None)
        if named is None or (named.der != signer and named.card_number != self._check_signer(signer).card_number):
            raise RefusalError("no such certificate of this card", "badCertId")
        if named.state is RecordState.REVOKED:
            raise RefusalError("it was revoked before", "certRevoked")
        if named.der != signer:
            self._check_current(signer)
        self.ledger.revoke(named, blank.at)
        return blank.model_copy(update={"say": Say.REVOKED})

    def _issue(self, question: Question, signer: bytes, record: Record, blank: Answer) -> Answer:
        policy, profile = self.ledger.policy, PROFILES[question.profile]
        serial, at = self.ledger.next_serial(), blank.at
        person = self.ledger.people[record.card_number]
        begins = at.replace(microsecond=0)
        body = Body(person, profile.role, profile.subject, serial, begins, begins + AGE)
        der = self.hierarchy.issue(profile.issuer, body, question.public_key)
        issued = Record(
            der=der,
            card_number=person.card_number,
            profile=question.profile,
            state=RecordState.ISSUED,
            issued_at=at,
        )
        self.ledger.certificates[serial] = issued
        confirm_by = None if policy.implicit_confirm else at + CONFIRM_WAIT
        self.ledger.transactions[question.transaction.hex()] = Transaction(
            signer=signer, serial=serial, confirm_by=confirm_by, closed=policy.implicit_confirm
        )
        if policy.implicit_confirm:
            self._confirm(issued, at)
        return blank.model_copy(
            update={
                "say": Say.ISSUED,
                "certificate": der,
                "extra_certificates": self.hierarchy.issuers[profile.issuer].path,
                "confirm_by": confirm_by,
            }
        )

    def _check_order(self, question: Question, signer: bytes) -> Record:
        record = self._check_current(signer)
        profile = PROFILES.get(question.profile)
        if profile is None or profile.issuer != question.issuer:
            raise RefusalError("no such profile of this issuer", "badCertTemplate")
        proven = possession(question.transaction, question.profile, question.public_key)
        if not keys.verifies(question.public_key, question.proof, proven):
            raise RefusalError("the proof of possession does not verify", "badPOP")
        if self.ledger.policy.permission != "ELIGIBLE":
            raise RefusalError(self.ledger.policy.permission, "notAuthorized")
        if question.transaction.hex() in self.ledger.transactions.keys() | self.ledger.unready.keys():
            raise RefusalError("another order has this transaction", "transactionIdInUse")
        return record

    def _conclude(self, question: Question, signer: bytes, blank: Answer) -> Answer:
        """Confirm or reject. What was confirmed may be confirmed again; what else is closed is unknown."""
        self._check_signer(signer)
        transaction = self.ledger.transactions.get(question.transaction.hex())
        if transaction is None or transaction.signer != signer:
            raise RefusalError("no such transaction", "badRequest", say=Say.UNKNOWN)
        record = self.ledger.certificates[transaction.serial]
        if certificate_hash(record.der) != question.certificate_hash:
            raise RefusalError("the transaction has another certificate", "badCertId")
        is_confirmed = record.state is RecordState.CONFIRMED
        if transaction.closed and not is_confirmed:
            raise RefusalError("the transaction is closed", "badRequest", say=Say.UNKNOWN)
        if question.ask is Ask.CONFIRM:
            self._confirm(record, blank.at)
        elif is_confirmed and not self.ledger.policy.implicit_confirm:
            raise RefusalError("it was confirmed already", "certConfirmed")
        else:
            self.ledger.revoke(record, blank.at)
        transaction.closed = True
        return blank.model_copy(update={"say": Say.CONFIRMED})

    def _confirm(self, record: Record, at: datetime) -> None:
        if record.state is RecordState.CONFIRMED:
            return
        others = [r for r in self.ledger.certificates.values() if r.card_number == record.card_number]
        for other in others:
            if other.profile == record.profile and other.state is RecordState.CONFIRMED:
                self.ledger.revoke(other, at)
        record.state, record.confirmed_at = RecordState.CONFIRMED, at
        confirmed = {r.profile for r in others if r.state is RecordState.CONFIRMED}
        for other in others:
            if other.source and self._retires(record, other, is_last=confirmed >= PROFILES.keys()):
                self.ledger.revoke(other, at)

    def _retires(self, record: Record, old: Record, *, is_last: bool) -> bool:
        """Whether the confirmation of a certificate retires this old one."""
        match self.ledger.policy.retire:
            case Retire.FIRST:
                return True
            case Retire.LAST:
                return is_last
            case Retire.EACH:
                parsed, profile = Certificate.parse(old.der), PROFILES[record.profile]
                is_same_kind = parsed.identity is not None and parsed.identity.kind is profile.subject
                return parsed.role is profile.role and is_same_kind
        return False

    def _status(self, question: Question, blank: Answer) -> Answer:
        at = None
        state = CertificateState.UNKNOWN
        authorities = {certificate_hash(issuer.path[0]) for issuer in self.hierarchy.issuers.values()}
        for record in self.ledger.certificates.values():
            if certificate_hash(record.der) == question.certificate_hash:
                state = self._state(record, blank.at - self.ledger.policy.status_lag)
                at = record.revoked_at if state is CertificateState.REVOKED else None
        if question.certificate_hash in authorities:
            state = CertificateState.GOOD
        return blank.model_copy(update={"say": Say.STATUS, "state": state, "revoked_at": at})

    def _state(self, record: Record, known: datetime) -> CertificateState:
        """What the status service knew of a certificate at a moment."""
        if record.revoked_at is not None and record.revoked_at <= known:
            return CertificateState.REVOKED
        good_since = record.issued_at if self.ledger.policy.unconfirmed_is_good else record.confirmed_at
        return CertificateState.GOOD if good_since is not None and good_since <= known else CertificateState.UNKNOWN
