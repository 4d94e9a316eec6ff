"""Where the wizard goes: pages, what happens on them, and what follows. No Qt.

The whole of it is `FLOW`. A row says: on this page, when this happens and that holds, go there. The first row that
fits counts; what fits no row changes nothing. A step forward may be taken back, a jump may not: what lies behind a
jump is no longer true.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.situation import Outcome, Situation

if TYPE_CHECKING:
    from collections.abc import Callable


class Page(StrEnum):
    """One thing each."""

    INSERT = "insert"  # Sätt i kortet
    PREPARE = "prepare"  # Förbered
    CODES = "codes"  # Koder
    UPGRADING = "upgrading"  # Uppgraderar
    DONE = "done"  # Klart
    INTERRUPTED = "interrupted"  # Avbruten uppgradering
    HELP = "help"  # Hjälp
    UNBLOCK = "unblock"  # Lås upp
    SUPPORT = "support"  # Support
    DIAGNOSIS = "diagnosis"  # Felsökning


class Happening(StrEnum):
    """What a person does, or what becomes known."""

    NEXT = "next"
    RESUME = "resume"
    RESTORE = "restore"
    AGAIN = "again"  # look at the card anew
    UNBLOCK = "unblock"
    SUPPORT = "support"
    DIAGNOSE = "diagnose"
    EXPLAIN = "explain"  # tell more of what went wrong
    LOOKED = "looked"  # the cards were read
    ASKED = "asked"  # a code is needed once more
    ENDED = "ended"  # a run ended, well or not
    UNBLOCKED = "unblocked"  # a new code was sent, or could not be
    FAILED = "failed"  # something went wrong while nothing was under way


class Act(StrEnum):
    """What a run is to do."""

    UPGRADE = "upgrade"
    RESUME = "resume"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known now, as far as the way depends on it."""

    situation: Situation | None = None
    """Of the chosen card; None while there is none."""
    is_there: bool = False
    """Whether the card that one went on with lies in a reader."""
    may_begin: bool = False
    """Whether nothing speaks against upgrading the chosen card."""
    may_close: bool = False
    """Whether the upgrade of the chosen card is finished, and its case on this computer is not closed."""
    is_locked: bool = False
    """Whether a code of the chosen card is locked."""
    outcome: Outcome | None = None
    """How the last run ended; None when it began nothing."""
    may_retry: bool = False
    """Whether all that went wrong was a code, which may be given again."""
    has_failed: bool = False
    """Whether an error ended it, or what was done last."""
    is_waited_for: bool = False
    """Whether an upgrade was begun here whose card is not in any reader."""
    act: Act = Act.UPGRADE
    """What the codes are asked for."""


@dataclass(frozen=True, slots=True)
class Row:
    """On one of these pages, when this happens and that holds, go there."""

    pages: frozenset[Page]
    happening: Happening
    holds: Callable[[Facts], bool]
    to: Page
    is_step: bool = False
    """Whether one may go back from there."""
    act: Act | None = None
    """What is to be done from now on."""


def _always(facts: Facts) -> bool:  # noqa: ARG001  a test of the table
    return True


def _is_half_done(facts: Facts) -> bool:
    return facts.situation is Situation.INTERRUPTED or facts.is_waited_for


def _is_not_half_done(facts: Facts) -> bool:
    return facts.situation not in {None, Situation.INTERRUPTED}


def _is_gone(facts: Facts) -> bool:
    return not facts.is_there


def _half_done_is_gone(facts: Facts) -> bool:
    return not facts.is_there and facts.act is not Act.UPGRADE


def _may_begin(facts: Facts) -> bool:
    return facts.may_begin and facts.situation is Situation.FRESH


def _may_retry(facts: Facts) -> bool:
    return facts.may_retry and _may_begin(facts)


def _may_close(facts: Facts) -> bool:
    return facts.may_close


def _is_locked(facts: Facts) -> bool:
    return facts.is_locked


def _is_not_locked(facts: Facts) -> bool:
    return not facts.is_locked


def _has_failed(facts: Facts) -> bool:
    return facts.has_failed


def _ended_well(facts: Facts) -> bool:
    return facts.outcome in {Outcome.UPGRADED, Outcome.RESTORED}


def _is_interrupted(facts: Facts) -> bool:
    return facts.outcome is Outcome.INTERRUPTED


def _had_nothing_to_do(facts: Facts) -> bool:
    return facts.outcome is None and not facts.has_failed


def _on(*pages: Page) -> frozenset[Page]:
    return frozenset(pages)


P, H = Page, Happening
RESTING = frozenset(Page) - {P.UPGRADING, P.CODES}
"""The pages on which nothing is under way."""

# fmt: off
FLOW = (
    #   on this page                   when this happens  and this holds   go there
    Row(_on(P.INSERT),                 H.LOOKED,          _is_half_done,   P.INTERRUPTED),
    Row(_on(P.INTERRUPTED),            H.LOOKED,          _is_not_half_done, P.INSERT),
    Row(_on(P.CODES),                  H.LOOKED,          _half_done_is_gone, P.INTERRUPTED),
    Row(_on(P.PREPARE, P.CODES),       H.LOOKED,          _is_gone,        P.INSERT),
    Row(_on(P.INSERT),                 H.NEXT,            _may_begin,      P.PREPARE,     is_step=True),
    Row(_on(P.INSERT),                 H.NEXT,            _may_close,      P.UPGRADING,   act=Act.RESUME),
    Row(_on(P.PREPARE),                H.NEXT,            _may_begin,      P.CODES, is_step=True, act=Act.UPGRADE),
    Row(_on(P.INTERRUPTED),            H.RESUME,          _always,         P.CODES, is_step=True, act=Act.RESUME),
    Row(_on(P.INTERRUPTED),            H.RESTORE,         _always,         P.CODES, is_step=True, act=Act.RESTORE),
    Row(_on(P.CODES),                  H.NEXT,            _always,         P.UPGRADING),
    Row(_on(P.UPGRADING),              H.ASKED,           _always,         P.CODES),
    Row(_on(P.UPGRADING, P.CODES),     H.ENDED,           _ended_well,     P.DONE),
    Row(_on(P.UPGRADING, P.CODES),     H.ENDED,           _is_interrupted, P.INTERRUPTED),
    Row(_on(P.UPGRADING, P.CODES),     H.ENDED,           _had_nothing_to_do, P.INSERT),
    Row(_on(P.UPGRADING, P.CODES),     H.ENDED,           _always,         P.HELP),
    Row(_on(P.INSERT, P.HELP, P.INTERRUPTED), H.UNBLOCK, _is_locked,       P.UNBLOCK,     is_step=True),
    Row(_on(P.INTERRUPTED),            H.EXPLAIN,         _has_failed,     P.HELP,        is_step=True),
    Row(_on(P.UNBLOCK),                H.LOOKED,          _is_not_locked,  P.INSERT),
    Row(_on(P.UNBLOCK, P.INSERT),      H.UNBLOCKED,       _has_failed,     P.HELP),
    Row(_on(P.UNBLOCK),                H.UNBLOCKED,       _always,         P.INSERT),
    Row(RESTING,                       H.FAILED,          _always,         P.HELP),
    Row(_on(P.HELP),                   H.AGAIN,           _may_retry,      P.CODES,       act=Act.UPGRADE),
    Row(_on(P.HELP),                   H.AGAIN,           _always,         P.INSERT),
    Row(_on(P.INSERT, P.HELP, P.INTERRUPTED, P.DONE), H.SUPPORT, _always,  P.SUPPORT,     is_step=True),
    Row(_on(P.SUPPORT, P.HELP),        H.DIAGNOSE,        _always,         P.DIAGNOSIS,   is_step=True),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Flow:
    """Where one is, and how one came there."""

    page: Page = Page.INSERT
    facts: Facts = field(default_factory=Facts)
    stack: tuple[Page, ...] = ()
    """The pages that Back leads to, the last one first to come."""

    def on(self, happening: Happening, facts: Facts | None = None) -> Flow:
        """Where one is after something happened; itself when nothing follows from it but the new facts."""
        known = replace(self, facts=facts) if facts else self
        for row in FLOW:
            if self.page in row.pages and row.happening is happening and row.holds(known.facts):
                told = replace(known.facts, act=row.act) if row.act else known.facts
                return Flow(row.to, told, (*self.stack, self.page) if row.is_step else ())
        return known

    @property
    def may_go_back(self) -> bool:
        """Whether there is a page to go back to."""
        return bool(self.stack)

    def back(self) -> Flow:
        """One page back."""
        return Flow(self.stack[-1], self.facts, self.stack[:-1]) if self.stack else self
