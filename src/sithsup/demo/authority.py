"""A small but conforming CMP authority (RFC 9810), as far as the upgrade of a card needs one. Bytes in, bytes out.

    genm      may this card be upgraded?   genp: a reason, such as ELIGIBLE
    cr        certify this key             cp: the certificate, to be confirmed until confirmWaitTime
    certConf  I have it / I refuse it      pkiConf
    error     I give up                    pkiConf, and what was issued is revoked

* A message is signed by a key that the ledger knows as the authentication key of a card, old or new and confirmed.
* The same bytes get the same answer, byte for byte and for ever; other bytes under the same transactionID do not.
* The subject is what the ledger says of the holder, not what the request asks for (grantedWithMods).
* What nobody confirms in time is revoked, and its transaction forgotten. This happens when the next message comes.
* Once a card has all new certificates confirmed, its old ones are revoked.
"""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from asn1crypto import core, x509

from sithsup.ca import cmp_asn1
from sithsup.demo.ledger import Entry, Exchange, Reason, State
from sithsup.demo.messages import RefusedError, Request, compose, verify_signature
from sithsup.demo.profiles import PROFILES, Style
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sithsup.certificate import Certificate
    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.ledger import Ledger
    from sithsup.demo.profiles import Profile
    from sithsup.model import Clock

LOG = logging.getLogger(__name__)

QUERY_OID = "1.3.6.1.4.1.32473.2.1"
"""The infoType of the question, under the arc for examples (RFC 5612); a campaign names it."""

CONFIRM_WAIT = timedelta(minutes=10)
SMALLEST_RSA = 2048
CURVES = {"secp256r1", "secp384r1"}


class _Turn(NamedTuple):
    """A verified request, who sent it, and what was said in its transaction before."""

    request: Request
    signer: Entry
    said: tuple[Exchange, ...]
    label: str | None


class _Reply(NamedTuple):
    """The body of an answer, the certificate that the transaction is about, and what an answer with it adds."""

    body: tuple[str, Any]
    issued: Entry | None = None
    issuers: tuple[bytes, ...] = ()
    confirm_by: datetime | None = None


_CONFIRMED = ("pkiconf", core.Null())


class DemoAuthority:
    """Answers messages. Its memory is the ledger, so a new one on the same ledger goes on where the last one was."""

    def __init__(
        self,
        hierarchy: Hierarchy,
        ledger: Ledger,
        clock: Clock,
        *,
        confirm_wait: timedelta = CONFIRM_WAIT,
        delay: float = 0,
        query_oid: str = QUERY_OID,
        revoke_old: bool = True,
    ) -> None:
        """`delay` is how many seconds every message takes; `revoke_old` whether an upgraded card loses the old ones."""
        self._hierarchy, self._ledger, self._clock = hierarchy, ledger, clock
        self._confirm_wait, self._delay = confirm_wait, delay
        self._query_oid, self._revoke_old = query_oid, revoke_old
        self._handlers: dict[str, Callable[[_Turn], _Reply]] = {
            "genm": self._query,
            "cr": self._order,
            "certConf": self._conclude,
            "error": self._give_up,
        }

    def answer(self, der: bytes, label: str | None = None) -> bytes:
        """Answer a message; whatever it is, the answer is one too.

        `label` names the profile for clients that cannot do so inside the message (RFC 9811, section 3.6).
        """
        time.sleep(self._delay)
        request = None
        try:
            request = Request.read(der)
            signer = request.verify()
            self._ledger.revoke_unconfirmed(self._clock())  # by itself: a refusal undoes the transaction
            with self._ledger.transaction():
                return self._answer(request, signer, label)
        except RefusedError as refused:
            LOG.info("refused %s: %s", request.body if request else "what is no message", refused)
            return self._refuse(request, refused)
        except Exception:
            LOG.exception("a bug in the demo authority")
            return self._refuse(request, RefusedError("systemFailure", "a bug in the demo authority"))

    def _answer(self, request: Request, signer: Certificate, label: str | None) -> bytes:
        """Give the kept answer to these very bytes, even to a signer who was revoked since; else work one out."""
        said = self._ledger.exchanges(signer.fingerprint, request.transaction_id)
        kept = next((exchange.answer for exchange in said if exchange.request == request.digest), None)
        if kept is not None:
            LOG.info("%s again, transaction %s", request.body, request.transaction_id.hex())
            return kept
        turn = _Turn(request, self._trusted(signer), said, label)
        reply = self._handler(request.body)(turn)
        signing, now = self._hierarchy.cmp_signer, self._clock()
        answer = compose(request, reply.body, signing, now, reply.issuers, reply.confirm_by)
        issued = reply.issued.fingerprint if reply.issued else None
        names = signer.fingerprint, request.transaction_id, request.digest
        self._ledger.add_exchange(Exchange(*names, answer.der, answer.nonce, issued))
        LOG.info("%s answered by %s, transaction %s", request.body, reply.body[0], request.transaction_id.hex())
        return answer.der

    def _refuse(self, request: Request | None, refused: RefusedError) -> bytes:
        """Compose an error message; it is not kept, for the same question may be answered later."""
        status = {"status": "rejection", "statusString": [refused.text], "failInfo": {refused.failure}}
        body = ("error", cmp_asn1.ErrorMsgContent({"pKIStatusInfo": status}))
        return compose(request, body, self._hierarchy.cmp_signer, self._clock()).der

    def _handler(self, body: str) -> Callable[[_Turn], _Reply]:
        if body not in self._handlers:
            raise RefusedError("badRequest", f"a {body} is not handled here")
        return self._handlers[body]

    def _trusted(self, signer: Certificate) -> Entry:
        """Find the signer in the ledger, which holds the very bytes of every certificate that the hierarchy issued."""
        entry = self._ledger.certificate(signer.fingerprint)
        if entry is None:
            raise RefusedError("signerNotTrusted", "the signer's certificate is not known here")
        if entry.profile.style is Style.TELIA or entry.profile.role is not KeyRole.AUTHENTICATION:
            raise RefusedError("signerNotTrusted", "that certificate is not for authentication to this authority")
        if entry.state is not State.CONFIRMED:
            raise RefusedError("signerNotTrusted", f"the signer's certificate is {entry.state}")
        if not signer.not_before <= self._clock() <= signer.not_after:
            raise RefusedError("signerNotTrusted", "the signer's certificate is not valid now")
        return entry

    # ---------------------------------------------------------------------------------------- asking

    def _query(self, turn: _Turn) -> _Reply:
        """Tell whether the signer's own card may be upgraded (RFC 9810, section 5.3.19)."""
        _must_be_first(turn)
        asked = [each for each in turn.request.content if each["infoType"].dotted == self._query_oid]
        if len(asked) != 1 or len(turn.request.content) != 1:
            raise RefusedError("badRequest", "only one question is answered here, whether a card may be upgraded")
        if asked[0]["infoValue"].native != turn.signer.card:
            raise RefusedError("notAuthorized", "the question is about another card than the signer's")
        reason = core.UTF8String(self._ledger.card(turn.signer.card).reason)
        answer = cmp_asn1.InfoTypesAndValues([{"infoType": self._query_oid, "infoValue": reason}])
        return _Reply(("genp", answer))

    # -------------------------------------------------------------------------------------- ordering

    def _order(self, turn: _Turn) -> _Reply:
        """Certify a key for the signer's card (RFC 9810, sections 5.3.3 and 5.3.4)."""
        _must_be_first(turn)
        profile = _profile(turn)
        if len(turn.request.content) != 1 or turn.request.content[0]["certReq"]["certReqId"].native != 0:
            raise RefusedError("badRequest", "one certificate is ordered at a time, with certReqId 0")
        asked = turn.request.content[0]
        public_key = _public_key(asked["certReq"]["certTemplate"])
        _check_possession(asked, public_key)
        card = self._ledger.card(turn.signer.card)
        if card.reason != "ELIGIBLE":
            raise RefusedError("notAuthorized", f"this card is not upgraded: {card.reason}")
        now = self._clock()
        confirm_by = now + self._confirm_wait
        der = self._hierarchy.issue(profile, public_key, card.holder, card.number, (now, card.expires))
        entry = self._ledger.add_certificate(der, profile.name, card.number, now, confirm_by)
        body = _response(der, asked["certReq"]["certTemplate"]["subject"])
        return _Reply(("cp", body), entry, self._hierarchy.path(profile.issuer), confirm_by)

    # ------------------------------------------------------------------------------------ confirming

    def _conclude(self, turn: _Turn) -> _Reply:
        """Hear whether the holder has taken the certificate (RFC 9810, section 5.3.18)."""
        entry = self._pending(turn)
        if turn.request.recipient_nonce != turn.said[-1].nonce:
            raise RefusedError("badRecipientNonce", "the recipNonce is not the senderNonce of the last answer")
        if _accepts(turn.request.content, entry.der):
            self._confirm(entry)
        else:
            self._ledger.revoke(entry, self._clock(), Reason.CESSATION)
        return _Reply(_CONFIRMED, entry)

    def _give_up(self, turn: _Turn) -> _Reply:
        """Revoke what was issued to a client that cannot go on."""
        entry = self._pending(turn)
        self._ledger.revoke(entry, self._clock(), Reason.CESSATION)
        return _Reply(_CONFIRMED, entry)

    def _pending(self, turn: _Turn) -> Entry:
        """Find the certificate that this transaction is about and that waits to be confirmed."""
        issued = turn.said[0].issued if turn.said else None
        entry = self._ledger.certificate(issued) if issued else None
        if entry is None:
            raise RefusedError("badRequest", "no such transaction is known")
        if entry.state is State.CONFIRMED:
            raise RefusedError("certConfirmed", "the certificate was confirmed before")
        if entry.state is State.REVOKED and len(turn.said) > 1:
            raise RefusedError("certRevoked", "the certificate was rejected before")
        if entry.state is State.REVOKED:
            raise RefusedError("badRequest", "no such transaction is known any more: nobody confirmed it in time")
        return entry

    def _confirm(self, entry: Entry) -> None:
        """Note the confirmation and retire what the certificate takes the place of."""
        self._ledger.confirm(entry)
        others = [each for each in self._ledger.on_card(entry.card) if each.state is State.CONFIRMED]
        present = {each.profile.name for each in others if each.profile.upgrades}
        complete = present == {profile.name for profile in PROFILES.values() if profile.upgrades}
        for other in others:
            replaced = other.profile == entry.profile and other.fingerprint != entry.fingerprint
            if replaced or (complete and self._revoke_old and other.profile.style is Style.OLD):
                self._ledger.revoke(other, self._clock(), Reason.SUPERSEDED)


def _must_be_first(turn: _Turn) -> None:
    if turn.said:
        raise RefusedError("transactionIdInUse", "another message has begun a transaction of this name")


def _profile(turn: _Turn) -> Profile:
    """Find the profile that the order names (id-it-certProfile, RFC 9810, section 5.1.1.4), else the address."""
    names = [name for value in turn.request.general_info("certProfile") for name in value] or [turn.label]
    profile = PROFILES.get(names[0] or "") if len(names) == 1 else None
    if profile is None or not profile.upgrades:
        raise RefusedError("badRequest", f"no profile that is issued here is named: {names}")
    return profile


def _public_key(template: Any) -> bytes:
    """Take the key to be certified, if it is one that is certified here."""
    key = template["publicKey"]
    if key.native is None:
        raise RefusedError("badCertTemplate", "the template has no public key")
    strong = key.algorithm == "rsa" and key.bit_size >= SMALLEST_RSA
    if not strong and not (key.algorithm == "ec" and key.curve[1] in CURVES):
        raise RefusedError("badCertTemplate", "keys of this kind are not certified here")
    return bytes(key.untag().dump())


def _check_possession(asked: Any, public_key: bytes) -> None:
    """Check the signature over the DER of certReq (RFC 9810, section 5.2.8.2)."""
    proof = asked["popo"]
    if proof.native is None or proof.name != "signature" or proof.chosen["poposkInput"].native is not None:
        raise RefusedError("badPOP", "the order has no proof of possession, or not one over certReq")
    algorithm, signature = proof.chosen["algorithmIdentifier"], proof.chosen["signature"].native
    verify_signature(public_key, algorithm, signature, asked["certReq"].dump(), "badPOP")


def _response(der: bytes, asked_subject: Any) -> cmp_asn1.CertRepMessage:
    """Hand out a certificate; whoever asked for another subject is told that this one differs."""
    certificate = x509.Certificate.load(der)
    same = asked_subject.native is None or asked_subject.untag().dump() == certificate.subject.dump()
    return cmp_asn1.CertRepMessage(
        {
            "response": [
                {
                    "certReqId": 0,
                    "status": {"status": "accepted" if same else "grantedWithMods"},
                    "certifiedKeyPair": {"certOrEncCert": cmp_asn1.CertOrEncCert("certificate", certificate)},
                }
            ]
        }
    )


def _accepts(content: Any, der: bytes) -> bool:
    """Read a certConf: an empty one rejects everything; what is accepted must be the very certificate."""
    if len(content) == 0:
        return False
    if len(content) != 1 or content[0]["certReqId"].native != 0:
        raise RefusedError("badRequest", "one certificate is confirmed at a time, with certReqId 0")
    status = content[0]
    name = status["hashAlg"]["algorithm"].native if status["hashAlg"].native else x509.Certificate.load(der).hash_algo
    if status["certHash"].native != hashlib.new(name, der).digest():
        raise RefusedError("badCertId", "the certHash is not that of the issued certificate")
    return status["statusInfo"].native is None or status["statusInfo"]["status"].native in {
        "accepted",
        "grantedWithMods",
    }
