"""What the rows share: the marks of a row that leaves nothing, and what earlier rows must have made."""

from __future__ import annotations

from concurrent.futures import as_completed
from typing import TYPE_CHECKING, TypeVar

from sithsup.errors import AuthorityError, AuthorityRefusedError, StepNotSeenError, TransactionUnknownError
from sithsup.evidence import World, chosen, target_key
from sithsup.model import KeyRole, Message, MessageKind, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from sithsup.evidence import Candidate
    from sithsup.model import KeyPair, Target, Transaction

T = TypeVar("T")
U = TypeVar("U")

GENERATION = {KeyRole.AUTHENTICATION: "generate-auth-key", KeyRole.SIGNATURE: "generate-signature-key"}
"""The rows that make the keys."""


def never(world: World) -> Seen:  # noqa: ARG001  a row of the table
    """See nothing: this row leaves no trace and is done on every walk."""
    return Seen.ABSENT


def nothing(world: World) -> None:
    """Undo nothing: this row leaves nothing behind."""


def fold(seen: Iterable[Seen]) -> Seen:
    """Of many targets: live or absent when all are, otherwise something in between."""
    kinds = set(seen)
    return kinds.pop() if len(kinds) == 1 else Seen.DEAD


def made_key(world: World, target: Target) -> KeyPair:
    """The key that a target's certificate is for: a row has made it, or it is old; raises when it is not seen."""
    pair = target_key(world, target)
    if pair is None:
        raise StepNotSeenError(step="order-certificates" if target.reuses_key else GENERATION[target.role])
    return pair


def ordered_certificate(world: World, target: Target) -> Candidate:
    """The certificate that was ordered for a target; raises when there is none (any more)."""
    wanted = chosen(world, target)
    if wanted is None:
        raise StepNotSeenError(step="order-certificates")
    return wanted


def answers(sent: Mapping[Future[T], U]) -> Iterator[tuple[U, T | AuthorityError]]:
    """What came of each message that was sent, as it comes: an answer or what went wrong."""
    for future in as_completed(sent):
        try:
            yield sent[future], future.result()
        except AuthorityError as error:
            yield sent[future], error


def hear_unanswered(world: World) -> None:
    """Fetch the answers that were lost, for the present keys, by sending the same bytes again."""
    for target in world.campaign.wanted:
        pair = target_key(world, target)
        for transaction in world.journal.transactions(target.name):
            if pair and transaction.public_key == pair.public_key:
                hear(world, transaction)


def hear(world: World, transaction: Transaction) -> Transaction:
    """The transaction with an answer to what was asked last, if the authority still gives one; a refusal is kept."""
    if transaction.waiting or transaction.issued or transaction.error:
        return transaction
    try:
        answer = world.authority.order(transaction.asked).answer
    except (TransactionUnknownError, AuthorityRefusedError) as error:
        answer = Message(MessageKind.ERROR, transaction.order.transaction, str(error).encode())
    world.journal.remember(transaction.target, answer)
    return world.journal.transaction(transaction.target, transaction.order.transaction)
