"""The conversation with the authority above the line: may this card, and an order for each target.

What the authority is told is in the journal before it is sent; what it answers, before the card is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.eligibility import refusal, said_by_authority
from sithsup.errors import (
    AuthorityBusyError,
    AuthorityError,
    AuthorityRefusedError,
    ModuleRefusedError,
    StepNotSeenError,
)
from sithsup.evidence import (
    Fate,
    World,
    candidates,
    chosen,
    our_key_pairs,
    ours_on_card,
    past_no_return,
    read_issued,
    replaced_by,
    require_settled,
    signer,
    target_key,
)
from sithsup.model import Issued, Seen, Waiting
from sithsup.steps.common import GENERATION, answers, fold, hear_unanswered, made_key
from sithsup.steps.confirmations import repeat_confirmations
from sithsup.steps.rejections import refuse_unsuitable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from sithsup.model import KeyPair, Message, Signer, Target, Transaction

ELIGIBLE = "ELIGIBLE"

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 120.0
"""Seconds between two polls at least, and for how long one run polls."""


# ------------------------------------------------------------------------------------------ ask-authority


def query(world: World) -> None:
    """Ask the authority whether this card may be upgraded, before anything is generated."""
    if world.campaign.authority.query_oid is None:
        return  # then its refusal of the order undoes the keys
    reason = world.authority.query(world.contents.number or "", signer(world)).reason
    if reason != ELIGIBLE:
        raise refusal(said_by_authority(reason))


def begun(world: World) -> Seen:
    """See whether anything of ours is on the card: it was asked for before it was made."""
    has_key = any(our_key_pairs(world, key) for key in world.campaign.new_keys)
    return Seen.LIVE if has_key or ours_on_card(world) else Seen.ABSENT


# --------------------------------------------------------------------------------------- order-certificates


def order(world: World) -> None:
    """Order a certificate for every target that has none, several at once, each journalled before it is sent."""
    hear_unanswered(world)
    repeat_confirmations(world)
    sender = signer(world)
    failures, delay = _send_orders(world, sender)
    if not failures:
        failures = _wait_for_answers(world, sender, delay)
    refuse_unsuitable(world, sender)
    if failures:
        error = max(failures, key=lambda error: error.final)
        if _ends_it(error) and _may_be_past_the_line(world):
            require_settled(world)  # another computer may have confirmed what is on the card: it will be known
        raise error


def _ends_it(error: AuthorityError) -> bool:
    """Whether no new try can help; a computer's clock can be set right."""
    return error.final and not (isinstance(error, AuthorityRefusedError) and "badTime" in error.fail_info)


def _may_be_past_the_line(world: World) -> bool:
    try:
        return past_no_return(world)
    except AuthorityError:
        return True


def ordered(world: World) -> Seen:
    """See, per target, a certificate that was confirmed or can be: of this computer's own or as the status tells."""
    return fold(_order_state(world, target) for target in world.campaign.wanted)


def _order_state(world: World, target: Target) -> Seen:
    if chosen(world, target):
        return Seen.LIVE
    if any(candidate.fate is Fate.UNKNOWN for candidate in candidates(world, target)):
        return Seen.UNKNOWN
    return Seen.DEAD if world.journal.transactions(target.name) else Seen.ABSENT


def _send_orders(world: World, sender: Signer) -> tuple[list[AuthorityError], float]:
    """Order what is missing; gives what went wrong, and for how long the authority asks to wait."""
    sent: dict[Future[Issued | Waiting], str] = {}
    try:
        for target in world.campaign.wanted:
            if chosen(world, target) is None and not _waiting(world, target):
                message = _compose_order(world, target, sender)
                sent[world.executor.submit(world.authority.order, message)] = target.name
    finally:
        heard = _journal_answers(world, sent)
    return heard


def _journal_answers(world: World, sent: dict[Future[Issued | Waiting], str]) -> tuple[list[AuthorityError], float]:
    failures, delay = [], SHORTEST_WAIT
    for name, answer in answers(sent):
        if isinstance(answer, Issued | Waiting):
            world.journal.remember(name, answer.answer)
            read_issued(world, world.journal.transaction(name, answer.answer.transaction))  # while the others come
            delay = max(delay, answer.check_after) if isinstance(answer, Waiting) else delay
        else:
            failures.append(answer)
    return failures, delay


def _waiting(world: World, target: Target) -> tuple[Transaction, ...]:
    """The transactions for the present key whose certificate is not ready yet."""
    pair = target_key(world, target)
    return tuple(
        t
        for t in world.journal.transactions(target.name)
        if t.waiting and not (t.issued or t.error) and pair and t.public_key == pair.public_key
    )


def _wait_for_answers(world: World, sender: Signer, delay: float) -> list[AuthorityError]:
    """Ask again for what is not ready, not before the authority says; a card is not held for longer than a while."""
    waited = 0.0
    while pending := [t for target in world.campaign.wanted for t in _waiting(world, target)]:
        if waited + delay > LONGEST_WAIT:
            return [AuthorityBusyError("the certificates are not ready yet", retry_after=delay)]
        world.pause(delay)
        waited += delay
        sent: dict[Future[Issued | Waiting], str] = {}
        for transaction in pending:
            assert transaction.waiting  # noqa: S101  it is why it is here
            message = world.authority.compose_poll(transaction.waiting, sender)
            world.journal.remember(transaction.target, message)
            sent[world.executor.submit(world.authority.order, message)] = transaction.target
        failures, delay = _journal_answers(world, sent)
        if failures:
            return failures
    return []


def _compose_order(world: World, target: Target, sender: Signer) -> Message:
    pair = made_key(world, target)
    old = replaced_by(world, target) or Certificate.parse(sender.certificate)
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
            raise StepNotSeenError(str(error), step=GENERATION[target.role]) from error

    return prove
