"""What the worker tells of an end: of a run, and of a new code. Read while the card and its journal are still open."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from sithsup.errors import InterruptedByPersonError, InterruptedWayBackError, NotBegunError, SithsupError, bug
from sithsup.flow import Act
from sithsup.situation import Choice, Outcome, Situation
from sithsup.ui.seen import Ending, Unblocked

if TYPE_CHECKING:
    from sithsup.model import CardContents
    from sithsup.operation import Operation
    from sithsup.ui.seen import Order, Unblocking
    from sithsup.unblock import Unblock

_log = logging.getLogger(__name__)


def known(error: Exception) -> SithsupError:
    """An error that people can be told of; anything else is a bug, and says so."""
    if isinstance(error, SithsupError):
        _log.info("%s", error)
        return error
    _log.error("bug", exc_info=error)
    return bug(error)


def stopped(operation: Operation, act: Act) -> SithsupError:
    """Why a run ends that a person has stopped between two steps."""
    if not operation.is_begun:
        return NotBegunError()
    verdict = operation.look().verdict
    kind = InterruptedWayBackError if act is Act.RESTORE else InterruptedByPersonError
    may_restore = Choice.RESTORE in verdict.choices or verdict.situation is Situation.FRESH
    return kind(works=bool(verdict.can_log_in), may_restore=may_restore)


def ending(order: Order, operation: Operation, error: SithsupError | None) -> Ending:
    """How a run has ended, with the error that stopped it, if any."""
    outcome = operation.outcome
    if error and outcome is None and operation.is_begun:
        outcome = Outcome.INTERRUPTED
    return Ending(
        order.act,
        outcome,
        operation.case_code,
        error,
        operation.can_log_in,
        operation.old_works,
        operation.keys_left,
        tuple(known.certificate.issuer_common_name for known in operation.world.given_up),
        operation.receipt,
        operation.saved,
        order.serials,
    )


def came_of(order: Unblocking, unblock: Unblock | None, error: SithsupError | None = None) -> Unblocked:
    """What has come of a new code, as far as it was seen; without `unblock` it was not even begun."""
    if unblock is None:
        return Unblocked(order.roles, error=error)
    card: CardContents | None = None
    with suppress(SithsupError):  # it may be gone
        card = unblock.contents
    return Unblocked(order.roles, unblock.is_sent, unblock.is_changed, card, error)
