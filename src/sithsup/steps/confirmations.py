"""Below the line: telling the authority that the new certificates work.

The first confirmation is sent alone: from then on some authorities know the old certificates no more. The others may
be told at once, each journalled before it is sent. They are signed while the first is on its way, so that the card
does not wait for it, and neither journalled nor sent before it was heard.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sithsup.ca.path import path_to_anchor
from sithsup.certificate import Certificate
from sithsup.errors import (
    AuthorityError,
    AuthorityRefusedError,
    CertificateUnsuitableError,
    StatusNotOfferedError,
    StepNotSeenError,
    StillWaitingError,
    TransactionUnknownError,
)
from sithsup.evidence import Fate, World, ask_status, chosen, judge, past_no_return, signer, status
from sithsup.model import CertificateState, Message, MessageKind, Seen
from sithsup.steps.common import answers, fold, ordered_certificate
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from sithsup.model import Signer, Target, Transaction

REVOKED = mark("the certificate is revoked already")
ISSUER_NOT_GOOD = mark("the issuer's own certificate is revoked, or not known to whoever answers for it")


def confirm(world: World) -> None:
    """Confirm every certificate to the authority."""
    sender = signer(world)
    signed: dict[bytes, Message] = {}
    rounds = world.campaign.confirmation_rounds
    if not _is_past_the_line(world):
        with _sound(world):
            _sign_ahead(world, rounds[0][:1], sender, signed)
    for targets, following in zip(rounds, (*rounds[1:], ()), strict=True):
        _confirm_round(world, targets, following, sender, signed)


def _is_past_the_line(world: World) -> bool:
    """Whether there is no way back, for certain; where that cannot be told yet, everything is looked at first."""
    try:
        return past_no_return(world)
    except StillWaitingError:
        return False


def confirmed(world: World) -> Seen:
    """See the authority's acknowledgement of every certificate, or its status long after the wait."""
    return fold(_confirm_state(world, target) for target in world.campaign.wanted)


def _confirm_state(world: World, target: Target) -> Seen:
    wanted = chosen(world, target)
    return Seen.LIVE if wanted and wanted.fate is Fate.CONFIRMED else Seen.ABSENT


def repeat_confirmations(world: World) -> None:
    """Send again every confirmation that was announced and not acknowledged: it may have retired the old."""
    for target in world.campaign.wanted:
        for transaction in world.journal.transactions(target.name):
            if transaction.confirm and not (transaction.confirmed or transaction.error):
                with suppress(TransactionUnknownError, AuthorityRefusedError):  # remembered: the walk goes on
                    _journal_outcome(world, transaction, _outcome(world, transaction.confirm))


def _outcome(world: World, message: Message) -> Message | AuthorityError:
    try:
        return world.authority.confirm(message)
    except AuthorityError as error:
        return error


def _confirm_round(
    world: World,
    targets: tuple[Target, ...],
    following: tuple[Target, ...],
    sender: Signer,
    signed: dict[bytes, Message],
) -> None:
    """Send the confirmations of one round, each while the next is being signed, at last those of the round after it.

    `signed` holds, by transaction, what was signed ahead.
    """
    sent: dict[Future[Message], Transaction] = {}
    failures = []
    try:
        for target in targets:
            wanted = ordered_certificate(world, target)
            if wanted.on_card is None:
                raise StepNotSeenError(step="write-certificates")
            if wanted.fate is Fate.PENDING and wanted.transaction:
                message = _announced(world, wanted.transaction, sender, signed)
                sent[world.executor.submit(world.authority.confirm, message)] = wanted.transaction
        if sent:
            _sign_ahead(world, following, sender, signed)
    finally:
        for transaction, answer in answers(sent):
            try:
                _journal_outcome(world, transaction, answer)
            except AuthorityError as error:
                failures.append(error)
    if failures:
        raise max(failures, key=lambda error: not isinstance(error, TransactionUnknownError))


def _sign_ahead(world: World, targets: tuple[Target, ...], sender: Signer, signed: dict[bytes, Message]) -> None:
    """Sign what the next round will say; it is told to nobody yet."""
    for target in targets:
        wanted = chosen(world, target)
        if wanted and wanted.fate is Fate.PENDING and wanted.transaction and not wanted.transaction.confirm:
            transaction = wanted.transaction
            signed[transaction.order.transaction] = _confirmation(world, transaction, sender)


def _announced(world: World, transaction: Transaction, sender: Signer, signed: dict[bytes, Message]) -> Message:
    """The confirmation that was announced, else a new one, announced now."""
    if transaction.confirm:
        return transaction.confirm
    message = signed.get(transaction.order.transaction) or _confirmation(world, transaction, sender)
    world.journal.remember(transaction.target, message)
    return message


def _confirmation(world: World, transaction: Transaction, sender: Signer) -> Message:
    issued = judge(world, transaction)[0]
    return world.authority.compose_confirmation(transaction.order, issued, sender, accept=True)


def _journal_outcome(world: World, transaction: Transaction, answer: Message | AuthorityError) -> None:
    """Journal what came of a confirmation; raises what went wrong.

    One that was refused is not sent again: its bytes would be refused again. What became of the certificate is then
    for the status service to say, as where the transaction is forgotten.
    """
    if isinstance(answer, TransactionUnknownError | AuthorityRefusedError):
        world.statuses.clear()  # what was known before says nothing of what became of it
        ended = Message(MessageKind.ERROR, transaction.order.transaction, str(answer).encode())
        world.journal.remember(transaction.target, ended)
    if isinstance(answer, AuthorityError):
        raise answer
    world.journal.remember(transaction.target, answer)


# ----------------------------------------------------------------------------------- before the line is passed


@contextmanager
def _sound(world: World) -> Iterator[None]:
    """Let nothing pass that is revoked: no new certificate, and none that one of them was issued through.

    It is asked when the block begins and answered at its end.
    """
    new = [ordered_certificate(world, target) for target in world.campaign.wanted]
    transactions = [candidate.transaction for candidate in new if candidate.transaction]
    issuers = {der: Certificate.parse(der) for t in transactions for der in _issuers(world, t)}
    are_good = world.executor.map(lambda issuer: _is_good(world, issuer), issuers.values())
    answers_for_new = world.executor.map(lambda c: ask_status(world, c.certificate).state, new)
    yield
    problems = [] if all(are_good) else [ISSUER_NOT_GOOD]
    problems += [REVOKED] if CertificateState.REVOKED in answers_for_new else []
    if problems:
        raise CertificateUnsuitableError(mismatches=tuple(problems), check=tr(problems[0]))


def _issuers(world: World, transaction: Transaction) -> tuple[bytes, ...]:
    """Every issuer between a certificate and its anchor, DER."""
    issued = judge(world, transaction)[0]
    path = path_to_anchor(issued.certificate, issued.extra_certificates, world.campaign.anchors, issued.at)
    return path.certificates[1:-1]


def _is_good(world: World, issuer: Certificate) -> bool:
    """Whether an issuer is good; one whose certificate names nobody to ask cannot be revoked."""
    try:
        return status(world, issuer).state is CertificateState.GOOD
    except StatusNotOfferedError:
        return True
