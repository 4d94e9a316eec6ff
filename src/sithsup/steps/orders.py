"""The conversation with the authority: may this card, order, reject, confirm.

What the authority is told is in the journal before it is sent; what it answers, before the card is touched.
"""

from __future__ import annotations

import logging
from concurrent.futures import as_completed
from contextlib import suppress
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.eligibility import EXIT_CODES, reason_text
from sithsup.errors import (
    AuthorityError,
    AuthorityRefusedError,
    CertificateUnsuitableError,
    ModuleRefusedError,
    NotEligibleError,
    StepNotSeenError,
    TransactionUnknownError,
)
from sithsup.evidence import (
    Fate,
    World,
    candidates,
    chosen,
    is_overdue,
    judge,
    old_certificate,
    our_key,
    our_key_pairs,
    ours_on_card,
    read_issued,
    signer,
)
from sithsup.model import Message, MessageKind, Seen
from sithsup.steps.common import fold, made_key, ordered_certificate
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from sithsup.model import Issued, KeyPair, Signer, Target, Transaction

_log = logging.getLogger(__name__)

ELIGIBLE = "ELIGIBLE"


# ------------------------------------------------------------------------------------------ ask-authority


def query(world: World) -> None:
    """Ask the authority whether this card may be upgraded, before anything is generated."""
    if world.campaign.authority.query_oid is None:
        return  # then its refusal of the order undoes the keys
    reason = world.authority.query(world.contents.number or "", signer(world)).reason
    if reason != ELIGIBLE:
        raise NotEligibleError(reasons=(reason,), exit_code=EXIT_CODES.get(reason, 3), reason=reason_text(reason))


def begun(world: World) -> Seen:
    """See whether anything of ours is on the card: it was asked for before it was made."""
    has_key = any(our_key_pairs(world, role) for role in world.campaign.roles)
    return Seen.LIVE if has_key or ours_on_card(world) else Seen.ABSENT


# --------------------------------------------------------------------------------------- order-certificates


def order(world: World) -> None:
    """Order a certificate for every target that has none, several at once, each journalled before it is sent."""
    _hear_unanswered(world)
    _repeat_confirmations(world)
    sender = signer(world)
    sent: dict[Future[Issued], Target] = {}
    try:
        for target in world.campaign.wanted:
            if chosen(world, target) is None:
                message = _compose_order(world, target, sender)
                sent[world.executor.submit(world.authority.order, message)] = target
    finally:
        failures = _hear(world, sent)
    _refuse_unsuitable(world, sender)
    if failures:
        raise max(failures, key=lambda error: error.final)


def ordered(world: World) -> Seen:
    """See, per target, a certificate that was confirmed or can be: of this computer's own or as the status tells."""
    return fold(_order_state(world, target) for target in world.campaign.wanted)


def _order_state(world: World, target: Target) -> Seen:
    if chosen(world, target):
        return Seen.LIVE
    if any(candidate.fate is Fate.UNKNOWN for candidate in candidates(world, target)):
        return Seen.UNKNOWN
    return Seen.DEAD if world.journal.transactions(target.name) else Seen.ABSENT


def reject(world: World) -> None:
    """Tell the authority that what it issued is not wanted; what it does not hear it revokes by itself."""
    sender: Signer | None = None
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if _is_open(transaction):
                sender = sender or signer(world)
                _reject(world, transaction, sender)


def _is_open(transaction: Transaction) -> bool:
    return not (transaction.confirm or transaction.rejected or transaction.error)


def _compose_order(world: World, target: Target, sender: Signer) -> Message:
    pair = made_key(world, target.role)
    old = old_certificate(world, target.role) or Certificate.parse(sender.certificate)
    message = world.authority.compose_order(target, old, pair.public_key, _prover(world, pair, target), sender)
    world.journal.remember(target.name, message, pair.public_key)
    return message


def _prover(world: World, pair: KeyPair, target: Target) -> Callable[[bytes], bytes]:
    """Sign the proof of possession: the first that a new key signs, and so the real proof that it was made whole."""

    def prove(data: bytes) -> bytes:
        try:
            return world.card.sign(pair.public_key, data)
        except ModuleRefusedError as error:
            if pair.public_key in {c.certificate.public_key for c in world.contents.certificates}:
                raise
            world.broken.add(pair.public_key)  # a phantom: the next walk makes another key under another id
            raise StepNotSeenError(str(error), step=f"generate-{target.role}-key") from error

    return prove


def _hear(world: World, sent: dict[Future[Issued], Target]) -> list[AuthorityError]:
    """Journal every answer as it comes; give back what went wrong."""
    failures = []
    for future in as_completed(sent):
        try:
            world.journal.remember(sent[future].name, future.result().answer)
        except AuthorityError as error:
            failures.append(error)
    return failures


def _hear_unanswered(world: World) -> None:
    """Fetch the answers that were lost, by sending the same bytes again."""
    for target in world.campaign.wanted:
        pair = our_key(world, target.role)
        for transaction in world.journal.transactions(target.name):
            if transaction.issued is None and pair and transaction.public_key == pair.public_key:
                _hear_one(world, transaction)


def _repeat_confirmations(world: World) -> None:
    """Send again every confirmation that was announced and not acknowledged: it may have retired the old."""
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if transaction.confirm and not (transaction.confirmed or transaction.error):
                with suppress(TransactionUnknownError):  # remembered: the walk goes on with what is left
                    _send_confirmation(world, transaction, transaction.confirm)


def _hear_one(world: World, transaction: Transaction) -> Transaction:
    """The transaction with its answer, if the authority still gives it; a refusal is remembered."""
    if transaction.issued or transaction.error:
        return transaction
    try:
        answer = world.authority.order(transaction.order).answer
    except (TransactionUnknownError, AuthorityRefusedError) as error:
        answer = Message(MessageKind.ERROR, transaction.order.transaction, str(error).encode())
    world.journal.remember(transaction.target, answer)
    return world.journal.transaction(transaction.target, transaction.order.transaction)


def _refuse_unsuitable(world: World, sender: Signer) -> None:
    """Reject to the authority whatever does not belong on this card, then say so."""
    refused: list[str] = []
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            is_told = transaction.reject or read_issued(world, transaction) is None
            if not is_told and (reasons := judge(world, transaction)[1]):
                refused += reasons
                _reject(world, transaction, sender)
    if refused:
        raise CertificateUnsuitableError(mismatches=tuple(refused), check=tr(refused[0]))


def _reject(world: World, transaction: Transaction, sender: Signer) -> None:
    try:
        transaction = _hear_one(world, transaction)
        if read_issued(world, transaction) is None or is_overdue(world, transaction):
            return  # nothing was issued that can be read, or the authority has revoked it already
        message = transaction.reject
        if message is None:
            issued = judge(world, transaction)[0]
            message = world.authority.compose_confirmation(transaction.order, issued, sender, accept=False)
            world.journal.remember(transaction.target, message)
        world.journal.remember(transaction.target, world.authority.confirm(message))
    except AuthorityError as error:
        _log.info("cannot reject to the authority, which revokes by itself: %s", error)


# ------------------------------------------------------------------------------------- confirm-certificates


def confirm(world: World) -> None:
    """Confirm every certificate to the authority, those for authentication first."""
    sender = signer(world)
    for target in world.campaign.confirmation_order:
        wanted = ordered_certificate(world, target)
        if wanted.on_card is None:
            raise StepNotSeenError(step="write-certificates")
        if wanted.fate is Fate.PENDING and wanted.transaction:
            _confirm(world, wanted.transaction, sender)


def confirmed(world: World) -> Seen:
    """See the authority's acknowledgement of every certificate, or its status long after the wait."""
    return fold(_confirm_state(world, target) for target in world.campaign.wanted)


def _confirm_state(world: World, target: Target) -> Seen:
    wanted = chosen(world, target)
    return Seen.LIVE if wanted and wanted.fate is Fate.CONFIRMED else Seen.ABSENT


def _confirm(world: World, transaction: Transaction, sender: Signer) -> None:
    message = transaction.confirm
    if message is None:
        issued = judge(world, transaction)[0]
        message = world.authority.compose_confirmation(transaction.order, issued, sender, accept=True)
        world.journal.remember(transaction.target, message)
    _send_confirmation(world, transaction, message)


def _send_confirmation(world: World, transaction: Transaction, message: Message) -> None:
    try:
        answer = world.authority.confirm(message)
    except TransactionUnknownError as error:
        world.statuses.clear()  # what was known before says nothing of what became of it
        forgotten = Message(MessageKind.ERROR, message.transaction, str(error).encode())
        world.journal.remember(transaction.target, forgotten)
        raise
    world.journal.remember(transaction.target, answer)
