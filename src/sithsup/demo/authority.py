"""A small but conforming CMP authority (RFC 9810), as far as the upgrade of a card needs one. Bytes in, bytes out.

    genm               may this card be upgraded?       genp: a reason, such as ELIGIBLE
    ir cr kur p10cr    certify this key                 ip cp kup: the certificate, to be confirmed; or waiting
    pollReq            is it ready?                     pollRep: not yet; or ip cp kup
    certConf           I have it / I refuse it          pkiConf
    error              I give up                        pkiConf, and what was issued is revoked
    rr                 revoke this certificate          rp

* A message is signed by a key that the ledger knows as the authentication key of a card, old or new and confirmed; or
  protected by a secret that was shared for a card, with which certificates can be ordered and confirmed.
* The same bytes get the same answer, byte for byte and for ever; other bytes under the same transactionID do not.
* What nobody confirms in time is revoked, and its transaction forgotten. This happens when the next message comes.
* Once a card has all new certificates confirmed, its old ones are revoked.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from asn1crypto import core

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate
from sithsup.demo.confirmations import conclude, give_up
from sithsup.demo.knobs import Knobs
from sithsup.demo.ledger import Exchange
from sithsup.demo.messages import UNKNOWN, RefusedError, Reply, Request, compose, refusal
from sithsup.demo.office import Office, Sender, Turn
from sithsup.demo.orders import order, poll
from sithsup.demo.profiles import Style
from sithsup.demo.revocations import revoke
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.ledger import Entry, Ledger
    from sithsup.demo.shared_secret import SharedSecret
    from sithsup.model import Clock

LOG = logging.getLogger(__name__)


def query(office: Office, turn: Turn) -> Reply:
    """Tell whether the sender's own card may be upgraded (RFC 9810, section 5.3.19)."""
    oid, content = office.knobs.query_oid, turn.request.content
    if len(content) != 1 or content[0]["infoType"].dotted != oid:
        raise RefusedError("badRequest", "only one question is answered here, whether a card may be upgraded")
    if content[0]["infoValue"].native != turn.sender.card:
        raise RefusedError("notAuthorized", "the question is about another card than the signer's")
    reason = core.UTF8String(office.reason(turn.sender.card))
    return Reply(("genp", cmp_asn1.InfoTypesAndValues([{"infoType": oid, "infoValue": reason}])))


_BEGINNINGS: dict[str, Callable[[Office, Turn], Reply]] = {
    "genm": query,
    "ir": order,
    "cr": order,
    "kur": order,
    "p10cr": order,
    "rr": revoke,
}
_CONTINUATIONS: dict[str, Callable[[Office, Turn], Reply]] = {"pollReq": poll, "certConf": conclude, "error": give_up}
_BY_SECRET = {"ir", "p10cr", *_CONTINUATIONS}
"""What a client may send that has nothing but a secret."""


class DemoAuthority:
    """Answers messages. Its memory is the ledger, so a new one on the same ledger goes on where the last one was."""

    def __init__(self, hierarchy: Hierarchy, ledger: Ledger, clock: Clock, knobs: Knobs | None = None) -> None:
        self._office = Office(hierarchy, ledger, clock, knobs or Knobs())

    def answer(self, der: bytes, label: str | None = None) -> bytes:
        """Answer a message; whatever it is, the answer is one too.

        `label` names the profile for clients that cannot do so inside the message (RFC 9811, section 3.6).
        """
        time.sleep(self._office.knobs.delay)
        request = None
        try:
            request = Request.read(der)
            request.check_header()
            protector = self._secret(request) or request.verify_signature()
            ledger = self._office.ledger
            ledger.revoke_unconfirmed(self._office.clock())  # by itself: a refusal undoes the transaction
            with ledger.transaction():
                return self._answer(request, protector, label)
        except RefusedError as refused:
            LOG.info("refused %s: %s", request.body if request else "what is no message", refused)
            return self._refuse(request, refused)
        except Exception:
            LOG.exception("a bug in the demo authority")
            return self._refuse(request, RefusedError("systemFailure", "a bug in the demo authority"))

    def _answer(self, request: Request, protector: SharedSecret | Certificate, label: str | None) -> bytes:
        """Give the kept answer to these very bytes, even to a signer who was revoked since; else work one out."""
        office, transaction = self._office, request.transaction_id
        name = protector.fingerprint if isinstance(protector, Certificate) else protector.name
        said = office.ledger.exchanges(name, transaction)
        kept = next((exchange.answer for exchange in said if exchange.request == request.digest), None)
        if kept is not None:
            LOG.info("%s again, transaction %s", request.body, transaction.hex())
            return kept
        turn = Turn(request, self._sender(request, protector), said, label)
        reply = self._handler(turn)(office, turn)
        secret = None if isinstance(protector, Certificate) else protector
        answer = compose(request, reply, office.hierarchy.cmp_signer, office.clock(), secret)
        given = answer.der, answer.nonce, reply.issued, request.body
        office.ledger.add_exchange(Exchange(name, transaction, request.digest, *given))
        LOG.info("%s answered by %s, transaction %s", request.body, reply.body[0], transaction.hex())
        return answer.der

    def _refuse(self, request: Request | None, refused: RefusedError) -> bytes:
        """Compose an error message; it is not kept, for the same question may be answered later."""
        reply = Reply(("error", cmp_asn1.ErrorMsgContent({"pKIStatusInfo": refusal(refused)})))
        return compose(request, reply, self._office.hierarchy.cmp_signer, self._office.clock()).der

    def _handler(self, turn: Turn) -> Callable[[Office, Turn], Reply]:
        """Find who answers, and check that the message stands where it may in a transaction (RFC 9483, section 3.5)."""
        body = turn.request.body
        if body in _CONTINUATIONS:
            if not turn.said:
                raise RefusedError("badRequest", "no such transaction is known")
            return _CONTINUATIONS[body]
        if body not in _BEGINNINGS:
            raise RefusedError("badRequest", f"a {body} is not handled here")
        if turn.said:
            raise RefusedError("transactionIdInUse", "another message has begun a transaction of this name")
        if turn.request.recipient_nonce:
            raise RefusedError("badRecipientNonce", "a message that begins a transaction replies to nothing")
        turn.request.check_time(self._office.clock())
        return _BEGINNINGS[body]

    # ------------------------------------------------------------------------------------ whom to believe

    def _secret(self, request: Request) -> SharedSecret | None:
        """Find the secret that protects a message; None where that is to be done by a signature."""
        if request.pbm is None:
            return None
        secret = self._office.ledger.secret(request.header["senderKID"].native or b"")
        if secret is None:
            raise RefusedError("badMessageCheck", UNKNOWN)
        request.verify_mac(secret)
        return secret

    def _sender(self, request: Request, protector: SharedSecret | Certificate) -> Sender:
        """Find out whose certificate or secret it is, and whether they may send such a message."""
        if isinstance(protector, Certificate):
            entry = self._trusted(protector, request.body)
            return Sender(protector.fingerprint, entry.card, entry)
        if request.body not in _BY_SECRET:
            raise RefusedError("wrongIntegrity", f"a {request.body} is to be signed")
        return Sender(protector.name, protector.card, None)

    def _trusted(self, signer: Certificate, body: str) -> Entry:
        """Find the signer in the ledger, which holds the very bytes of every certificate that the hierarchy issued.

        Who may sign an rr depends on the certificate that it names: `revocations` decides.
        """
        entry = self._office.ledger.certificate(signer.fingerprint)
        if entry is None:
            raise RefusedError("signerNotTrusted", "the signer's certificate is not known here")
        if entry.profile.style is Style.TELIA or (body != "rr" and entry.profile.role is not KeyRole.AUTHENTICATION):
            raise RefusedError("signerNotTrusted", "that certificate is not for authentication to this authority")
        if body != "rr" and not entry.is_good:
            raise RefusedError("signerNotTrusted", f"the signer's certificate is {entry.state}")
        if not signer.not_before <= self._office.clock() <= signer.not_after:
            raise RefusedError("signerNotTrusted", "the signer's certificate is not valid now")
        return entry
