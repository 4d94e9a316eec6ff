"""From what is seen to what can be done: one value for window, command line and report alike.

`assess` is pure: evidence in, verdict out. Its rules:

* Nothing of ours on the card and nothing announced: FRESH. There is nothing to recover.
* Everything below the line is seen: UPGRADED.
* Otherwise INTERRUPTED. Going on is always offered; going back only when the line is known not to be passed.
* When neither identity can work any more and nothing is left to go on with: UNUSABLE, said plainly.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.errors import AuthorityError
from sithsup.evidence import Fate, chosen, is_alive, old_on_card, past_no_return
from sithsup.model import KeyRole, Seen
from sithsup.steps import nothing

if TYPE_CHECKING:
    from sithsup.evidence import World
    from sithsup.upgrade import Step


class Situation(StrEnum):
    """What the card is, for this campaign."""

    FRESH = "fresh"
    UPGRADED = "upgraded"
    INTERRUPTED = "interrupted"
    UNUSABLE = "unusable"


class Choice(StrEnum):
    """What a person may choose for an interrupted upgrade."""

    CONTINUE = "continue"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at one moment."""

    rows: tuple[tuple[str, Seen], ...]
    """Every row of the table that leaves evidence, with what is seen of it."""
    announced: bool
    """Whether the journal announces anything that leaves a trace on the card or at the authority."""
    past_line: bool | None
    """Whether the point of no return is passed; None when that cannot be told now."""
    old_works: bool
    new_works: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What works now, what is missing, and what may be chosen; the first choice is the recommended one."""

    situation: Situation
    old_works: bool
    new_works: bool
    missing: tuple[str, ...]
    choices: tuple[Choice, ...]


def look(table: tuple[Step, ...], world: World) -> Evidence:
    """See every row. Needs no code: keys whose token is closed are judged by their public halves."""
    try:
        past_line: bool | None = past_no_return(world)
    except AuthorityError:
        past_line = None
    return Evidence(
        rows=tuple((step.name, step.seen(world)) for step in table if step.undo is not nothing),
        announced=world.journal.is_announced,
        past_line=past_line,
        old_works=_old_works(world),
        new_works=_new_works(world),
    )


def assess(evidence: Evidence) -> Verdict:
    """Judge what was seen."""
    situation = _situation(evidence)
    choices: tuple[Choice, ...] = ()
    if situation is Situation.INTERRUPTED:
        choices = (Choice.CONTINUE,) if evidence.past_line is not False else (Choice.CONTINUE, Choice.RESTORE)
    missing = tuple(name for name, seen in evidence.rows if seen is not Seen.LIVE)
    return Verdict(situation, evidence.old_works, evidence.new_works, missing, choices)


def _situation(evidence: Evidence) -> Situation:
    seen = dict(evidence.rows)
    if all(state is Seen.LIVE for state in seen.values()):
        return Situation.UPGRADED
    # What became of the old says nothing of a beginning: only what is ours does.
    ours = [state for name, state in evidence.rows if "-old-" not in name]
    if not evidence.announced and all(state is Seen.ABSENT for state in ours):
        return Situation.FRESH
    if not evidence.old_works and not evidence.new_works and evidence.past_line is False:
        return Situation.UNUSABLE
    return Situation.INTERRUPTED


def _old_works(world: World) -> bool:
    """Whether there is an old authentication certificate with its key."""
    alive = {pair.public_key for pair in world.contents.key_pairs if is_alive(world, pair)}
    return any(
        c.certificate.role is KeyRole.AUTHENTICATION and c.certificate.public_key in alive for c in old_on_card(world)
    )


def _new_works(world: World) -> bool:
    """Whether every target's certificate is on the card, with its key, and confirmed."""
    found = (chosen(world, target) for target in world.campaign.wanted)
    return all(c is not None and c.fate is Fate.CONFIRMED and c.on_card is not None for c in found)
