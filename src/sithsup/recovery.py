"""From what is seen to what can be done: one value for window, command line and report alike.

`assess` is pure: evidence in, verdict out. Its rules:

* Nothing of ours on the card and nothing announced: FRESH. There is nothing to recover.
* Everything below the line is seen: UPGRADED.
* Otherwise INTERRUPTED. Going on is always offered; going back only when the line is known not to be passed, and when
  nothing is missing that only another computer can put back.
* When neither identity works and no key is left that the authority would hear: UNUSABLE, said plainly.
* Whether the old identity works is not said of a card whose upgrade may be past the line before its status was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.errors import AuthorityError, FinishElsewhereError, UnusableError
from sithsup.evidence import (
    Fate,
    chosen,
    is_held,
    is_lifted_elsewhere,
    lifted,
    old_on_card,
    past_no_return,
    signer,
    status,
)
from sithsup.model import CertificateState, KeyRole, Seen
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
    old_works: bool | None
    """Whether the old certificate for authentication does; None when the issuer may have revoked it, and cannot be
    asked now."""
    lifted_here: bool
    """Whether this computer keeps old certificates for signatures that are not on the card now."""
    lifted_elsewhere: bool
    """Whether another computer may keep such."""
    new_works: bool
    is_heard: bool
    """Whether a key is left that the authority would hear, so that the upgrade can be finished."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What works now, what is missing, and what may be chosen; the first choice is the recommended one."""

    situation: Situation
    old_works: bool | None
    old_signs: bool | None
    """The same for signatures: their certificate may have been lifted off a full card for a while."""
    new_works: bool
    missing: tuple[str, ...]
    choices: tuple[Choice, ...]
    seconds: int
    """About how long it takes to finish what is missing."""


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
        old_works=_old_works(world, is_doubtful=past_line is not False),
        lifted_here=bool(lifted(world)),
        lifted_elsewhere=is_lifted_elsewhere(world),
        new_works=_new_works(world),
        is_heard=_is_heard(world),
    )


def assess(table: tuple[Step, ...], evidence: Evidence) -> Verdict:
    """Judge what was seen of a table's rows."""
    situation = _situation(evidence)
    choices: tuple[Choice, ...] = ()
    if situation is Situation.INTERRUPTED:
        may_go_back = evidence.past_line is False and not evidence.lifted_elsewhere
        choices = (Choice.CONTINUE, Choice.RESTORE) if may_go_back else (Choice.CONTINUE,)
    missing = tuple(name for name, seen in evidence.rows if seen is not Seen.LIVE)
    seconds = sum(step.seconds for step in table if step.name in missing)
    old_signs = evidence.old_works and not (evidence.lifted_here or evidence.lifted_elsewhere)
    return Verdict(situation, evidence.old_works, old_signs, evidence.new_works, missing, choices, seconds)


def _situation(evidence: Evidence) -> Situation:
    seen = dict(evidence.rows)
    if all(state is Seen.LIVE for state in seen.values()):
        return Situation.UPGRADED
    # What became of the old says nothing of a beginning: only what is ours does.
    ours = [state for name, state in evidence.rows if "-old-" not in name]
    if not evidence.announced and all(state is Seen.ABSENT for state in ours):
        return Situation.FRESH
    if evidence.old_works is False and not evidence.new_works and not evidence.is_heard:
        return Situation.UNUSABLE
    return Situation.INTERRUPTED


def _old_works(world: World, *, is_doubtful: bool) -> bool | None:
    """Whether there is an old authentication certificate with its key, and, when in doubt, whether it is revoked."""
    old = [c.certificate for c in old_on_card(world) if c.certificate.role is KeyRole.AUTHENTICATION]
    usable = [certificate for certificate in old if is_held(world, certificate)]
    if not is_doubtful or not usable:
        return bool(usable)
    try:
        return any(status(world, certificate).state is not CertificateState.REVOKED for certificate in usable)
    except AuthorityError:
        return None


def _is_heard(world: World) -> bool:
    """Whether some key can speak for the card; that it must be waited for is no reason to give up."""
    try:
        signer(world)
    except UnusableError:
        return False
    except (AuthorityError, FinishElsewhereError):
        return True
    return True


def _new_works(world: World) -> bool:
    """Whether every target's certificate is on the card, with its key, and confirmed."""
    found = (chosen(world, target) for target in world.campaign.wanted)
    return all(c is not None and c.fate is Fate.CONFIRMED and c.on_card is not None for c in found)
