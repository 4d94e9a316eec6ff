"""From what is seen to what can be done: one value for window, command line and report alike.

`assess` is pure: evidence in, verdict out. Its rules:

* Nothing of ours on the card and nothing announced: FRESH. There is nothing to recover.
* Everything below the line is seen: UPGRADED. Also where nothing old is left to be removed and every new certificate is
  good, though it cannot be told from here yet that it was confirmed: nothing would be done here but to wait for that.
* Otherwise INTERRUPTED. Going on is offered unless only another computer can, which alone knows the new certificates;
  going back only when the line is known not to be passed, and nothing is missing that only another computer has.
* When neither identity works and no key is left that the authority would hear: UNUSABLE, said plainly.
* Whether the old identity works is not said of a card whose upgrade may be past the line before its status was asked;
  nor that the new one does not, when another computer may have confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.errors import AuthorityError, FinishElsewhereError, UnusableError
from sithsup.evidence import (
    Fate,
    candidates,
    is_held,
    is_lifted_elsewhere,
    lifted,
    old_on_card,
    past_no_return,
    signer,
    status,
    targets_of,
)
from sithsup.model import CertificateState, KeyRole, Seen
from sithsup.situation import Choice, Situation
from sithsup.steps import nothing

if TYPE_CHECKING:
    from sithsup.evidence import World
    from sithsup.model import Target
    from sithsup.upgrade import Step


__all__ = ["Choice", "Evidence", "Heard", "Situation", "Verdict", "assess", "look"]


class Heard(StrEnum):
    """Whether a key is left that the authority would hear, so that the upgrade can be finished."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    """Only on the computer that knows the new certificates: they cannot be found on the card."""
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen at one moment."""

    rows: tuple[tuple[str, Seen], ...]
    """Every row of the table that leaves evidence, with what is seen of it."""
    announced: bool
    """Whether the journal announces anything that leaves a trace on the card or at the authority."""
    past_line: bool | None
    """Whether the point of no return is passed; None when that cannot be told now."""
    doubt: AuthorityError | None
    """Why it cannot be told."""
    old_works: bool | None
    """Whether the old certificate for authentication does; None when the issuer may have revoked it, and cannot be
    asked now."""
    lifted_here: bool
    """Whether this computer keeps old certificates for signatures that are not on the card now."""
    lifted_elsewhere: bool
    """Whether another computer may keep such."""
    new_works: bool | None
    """None when another computer may have confirmed what is on the card, and that is not known here yet."""
    new_is_good: bool
    """Whether a certificate for each target is on the card, with its key, and called good. It is not asked, and False,
    where anything is announced: then this computer's own messages tell."""
    new_logs_in: bool
    """Whether a new certificate for authentication is on the card, with its key, and confirmed."""
    heard: Heard


@dataclass(frozen=True, slots=True)
class Verdict:
    """What works now, what is missing, and what may be chosen; the first choice is the recommended one."""

    situation: Situation
    old_works: bool | None
    old_signs: bool | None
    """The same for signatures: their certificate may have been lifted off a full card for a while."""
    new_works: bool | None
    can_log_in: bool | None
    """Whether the card does for logging in, whichever certificate it is; None when that cannot be told now."""
    doubt: AuthorityError | None
    """Why it cannot be told whether going back is possible."""
    missing: tuple[str, ...]
    choices: tuple[Choice, ...]
    seconds: int
    """About how long it takes to finish what is missing."""


def look(table: tuple[Step, ...], world: World) -> Evidence:
    """See every row. Needs no code: keys whose token is closed are judged by their public halves."""
    past_line, doubt = _past_line(world)
    return Evidence(
        rows=tuple((step.name, step.seen(world)) for step in table if step.undo is not nothing),
        announced=world.journal.is_announced,
        past_line=past_line,
        doubt=doubt,
        old_works=_old_works(world, is_doubtful=past_line is not False),
        lifted_here=bool(lifted(world)),
        lifted_elsewhere=is_lifted_elsewhere(world),
        new_works=_new_works(world, is_doubtful=past_line is not False),
        new_is_good=not world.journal.is_announced and all(_is_good(world, each) for each in world.campaign.wanted),
        new_logs_in=any(_state(world, target) is True for target in targets_of(world, KeyRole.AUTHENTICATION)),
        heard=_heard(world),
    )


def _past_line(world: World) -> tuple[bool | None, AuthorityError | None]:
    try:
        return past_no_return(world), None
    except AuthorityError as error:
        return None, error


def assess(table: tuple[Step, ...], evidence: Evidence) -> Verdict:
    """Judge what was seen of a table's rows."""
    situation = _situation(evidence)
    choices: tuple[Choice, ...] = ()
    if situation is Situation.INTERRUPTED:
        may_go_back = evidence.past_line is False and not evidence.lifted_elsewhere
        offered = {Choice.CONTINUE: evidence.heard is not Heard.ELSEWHERE, Choice.RESTORE: may_go_back}
        choices = tuple(choice for choice, is_possible in offered.items() if is_possible)
    missing = tuple(name for name, seen in evidence.rows if seen is not Seen.LIVE)
    seconds = sum(step.seconds for step in table if step.name in missing)
    old_signs = evidence.old_works and not (evidence.lifted_here or evidence.lifted_elsewhere)
    return Verdict(
        situation,
        evidence.old_works,
        old_signs,
        evidence.new_works,
        _can_log_in(evidence),
        evidence.doubt,
        missing,
        choices,
        seconds,
    )


def _can_log_in(evidence: Evidence) -> bool | None:
    if evidence.old_works or evidence.new_logs_in:
        return True
    return None if None in (evidence.old_works, evidence.new_works) else False


def _situation(evidence: Evidence) -> Situation:
    seen = dict(evidence.rows)
    if all(state is Seen.LIVE for state in seen.values()):
        return Situation.UPGRADED
    is_rid_of_old = all(state is Seen.LIVE for name, state in evidence.rows if "-old-" in name)
    if evidence.new_is_good and is_rid_of_old:
        return Situation.UPGRADED
    # What became of the old says nothing of a beginning: only what is ours does.
    ours = [state for name, state in evidence.rows if "-old-" not in name]
    if not evidence.announced and all(state is Seen.ABSENT for state in ours):
        return Situation.FRESH
    works = (evidence.old_works, evidence.new_works)
    if works == (False, False) and evidence.heard is Heard.NOWHERE:
        return Situation.UNUSABLE
    return Situation.INTERRUPTED


def _old_works(world: World, *, is_doubtful: bool) -> bool | None:
    """Whether there is an old authentication certificate with its key; when in doubt, whether it is revoked.

    One that has expired does not work, though it may still be gone back to.
    """
    old = [c.certificate for c in old_on_card(world) if c.certificate.role is KeyRole.AUTHENTICATION]
    usable = [found for found in old if is_held(world, found) and found.not_after > world.clock()]
    if not is_doubtful or not usable:
        return bool(usable)
    try:
        return any(status(world, certificate).state is not CertificateState.REVOKED for certificate in usable)
    except AuthorityError:
        return None


def _heard(world: World) -> Heard:
    """Who can speak for the card; that it must be waited for is no reason to give up."""
    try:
        signer(world)
    except UnusableError:
        return Heard.NOWHERE
    except FinishElsewhereError:
        return Heard.ELSEWHERE
    except AuthorityError:
        return Heard.HERE
    return Heard.HERE


def _new_works(world: World, *, is_doubtful: bool) -> bool | None:
    """Whether every target's certificate is on the card and confirmed; None when all are or may be, in doubt."""
    states = {_state(world, target) for target in world.campaign.wanted}
    if False in states or not is_doubtful:
        return states == {True}
    return None if None in states else True


def _is_good(world: World, target: Target) -> bool:
    """Whether a certificate for a target is on the card, with its key, and good, whoever confirmed it."""
    on_card = [c for c in candidates(world, target) if c.on_card and c.fate is not Fate.DEAD]
    try:
        return any(status(world, c.certificate).state is CertificateState.GOOD for c in on_card)
    except AuthorityError:
        return False


def _state(world: World, target: Target) -> bool | None:
    """Whether a target's certificate is on the card, with its key, and confirmed; None when it may have been."""
    fates = {c.fate for c in candidates(world, target) if c.on_card}
    if Fate.CONFIRMED in fates:
        return True
    return None if Fate.UNKNOWN in fates else False
