"""Telling the authority that what it issued is not wanted. What it does not hear it revokes by itself, in time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sithsup.errors import AuthorityError, CertificateUnsuitableError
from sithsup.evidence import World, is_overdue, judge, read_issued, signer
from sithsup.steps.common import hear
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.model import Signer, Transaction

_log = logging.getLogger(__name__)


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


def refuse_unsuitable(world: World, sender: Signer) -> None:
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
        transaction = hear(world, transaction)
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
