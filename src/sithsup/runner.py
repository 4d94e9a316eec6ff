"""The interpreter of the table: down it to finish, up it to undo. There is nothing else to recovery.

* Before a row is done, its `seen` is asked; what is live already is not done again.
* After a row was done, its `seen` must say live: no call's return value is believed (law 4). A row that leaves nothing
  to undo leaves nothing to see either.
* When the authority no longer knows a transaction, or what was done is not seen, the walk begins again from the top:
  what is live stays, what died is done again. Bounded, so that a broken authority cannot hold a card for ever.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sithsup.errors import PointOfNoReturnError, RestoreElsewhereError, StepNotSeenError, TransactionUnknownError
from sithsup.evidence import is_lifted_elsewhere, past_no_return
from sithsup.model import Seen
from sithsup.situation import Mark
from sithsup.steps import nothing, put_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.evidence import World
    from sithsup.upgrade import Step

__all__ = ["WALKS", "Mark", "StepEvent", "require_way_back", "roll_back", "roll_forward"]

_log = logging.getLogger(__name__)

WALKS = 3
"""How many walks down the table one run may take."""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """One row of the table and what happened to it, in the order in which it happened."""

    step: Step
    mark: Mark


def roll_forward(table: tuple[Step, ...], world: World) -> Iterator[StepEvent]:
    """Do every row that is not seen. Whatever is raised leaves the card as the table can take it up again."""
    for walk in range(1, WALKS):
        try:
            yield from _walk_down(table, world)
        except (TransactionUnknownError, StepNotSeenError) as error:
            _log.info("walk %d of %d ended: %s", walk, WALKS, error)
        else:
            return
    yield from _walk_down(table, world)


def _walk_down(table: tuple[Step, ...], world: World) -> Iterator[StepEvent]:
    for step in table:
        if step.seen(world) is Seen.LIVE:
            yield StepEvent(step, Mark.SEEN)
            continue
        _log.info("do %s", step.name)
        yield StepEvent(step, Mark.STARTED)
        step.do(world)
        if step.undo is not nothing and step.seen(world) is not Seen.LIVE:
            raise StepNotSeenError(step=step.name)
        yield StepEvent(step, Mark.DONE)


def roll_back(table: tuple[Step, ...], world: World) -> Iterator[StepEvent]:
    """Undo every row above the point of no return that left anything, then put back whatever the card has lost.

    Refuses where there is no way back from here.
    """
    require_way_back(world)
    for step in reversed(table):
        if step.undo in (None, nothing) or step.seen(world) is Seen.ABSENT:
            continue
        _log.info("undo %s", step.name)
        yield StepEvent(step, Mark.UNDOING)
        step.undo(world)
        yield StepEvent(step, Mark.UNDONE)
    put_back(world)


def require_way_back(world: World) -> None:
    """Raise `PointOfNoReturnError` once the line was, or may be, passed, or when only another computer can go back."""
    if past_no_return(world):
        raise PointOfNoReturnError
    if is_lifted_elsewhere(world):
        raise RestoreElsewhereError
