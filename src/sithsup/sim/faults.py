"""What can go wrong at a call, when, and at which one. Nothing is random: the same script gives the same run.

A test counts first and breaks after: a run without a script leaves the names of all its calls in
`Faults.calls`; then for each of them, and each of its `mishaps`, the run is repeated with that one fault. One
`Faults` is shared by a simulated token and a simulated authority, so that one number names a call of the
whole run.

    calls = Faults(); run(calls)
    for at, verb in enumerate(calls.calls, start=1):
        for mishap in mishaps(verb):
            run(Faults(Fault(mishap, at)))
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class When(StrEnum):
    """How far the call came."""

    BEFORE = "before"  # nothing was done
    AFTER = "after"  # all was done; the answer was lost
    TORN = "torn"  # some was done: see `Tear`


class Failure(StrEnum):
    """What happened to the card's side, or to the authority's."""

    CARD_PULLED = "card-pulled"
    """The module says no more than CKR_GENERAL_ERROR, and the card is gone until it is inserted again."""
    CARD_REFUSED = "card-refused"
    """The module says CKR_GENERAL_ERROR, the card stays, and so do the log-ins."""
    MODULE_HUNG = "module-hung"
    """Its process was ended; the token must be restarted."""
    MODULE_CRASHED = "module-crashed"
    """Its process ended by itself; the token must be restarted."""

    REQUEST_LOST = "request-lost"
    ANSWER_LOST = "answer-lost"
    ANSWERED_LATE = "answered-late"
    """The client gave up first; the authority does the work after that, before any later message."""
    DELIVERED_TWICE = "delivered-twice"
    """The network repeats the message; the client gets the second answer."""
    GARBAGE = "garbage"
    """The work was done; the answer arrives damaged."""
    OUT_OF_REACH = "out-of-reach"
    """This message and all later ones, until `policy.unreachable` is cleared."""
    REFUSED = "refused"
    """The authority refuses what it would grant at any other time (badTime); nothing is done."""
    TURNED_AWAY = "turned-away"
    """What stands before the authority answers by itself, with HTTP's 503: the message never gets there."""
    AUTHORITY_RESTARTED = "authority-restarted"
    """It has forgotten every transaction that was open, and revoked what it had issued in them; then it answers."""
    WAIT_OVER = "wait-over"
    """The time to confirm passes while the message is on its way; what waits to be issued is not forgotten."""

    PROCESS_KILLED = "process-killed"
    """Our own process, with the card's: `ProcessKilled`, now and at every later call of the same `Faults`."""


class Tear(StrEnum):
    """What a torn write leaves (measured on a card: the pieces are written one after the other)."""

    UNSEEN = "unseen"
    """A file that no directory lists: nothing is seen, and its room is lost."""
    PRIVATE_ALONE = "private-alone"
    """A private key that can sign, without its public key object."""
    PHANTOM = "phantom"
    """A private key that is listed and can neither sign nor be destroyed."""
    PASSING_ID = "passing-id"
    """A certificate under an id that nobody asked for, on a card that takes one per id; elsewhere the whole."""
    HALF_RENAMED = "half-renamed"
    """The new id with the old label."""


CARD_FAILURES = (Failure.CARD_PULLED, Failure.CARD_REFUSED, Failure.MODULE_HUNG, Failure.MODULE_CRASHED)
AUTHORITY_FAILURES = (
    Failure.REQUEST_LOST,
    Failure.ANSWER_LOST,
    Failure.ANSWERED_LATE,
    Failure.DELIVERED_TWICE,
    Failure.GARBAGE,
    Failure.OUT_OF_REACH,
    Failure.REFUSED,
    Failure.TURNED_AWAY,
    Failure.AUTHORITY_RESTARTED,
    Failure.WAIT_OVER,
)

TEARS: dict[str, tuple[Tear, ...]] = {
    "generate_key_pair": (Tear.UNSEEN, Tear.PRIVATE_ALONE, Tear.PHANTOM),
    "write_certificate": (Tear.UNSEEN, Tear.PASSING_ID),
    "rename": (Tear.HALF_RENAMED,),
    "unblock": (),  # a code has its new value or not
    "destroy": (Tear.PHANTOM,),  # of a private key; anything else is destroyed or not, never half
}
READING_VERBS = ("module", "readers", "unrecognized", "tokens", "objects", "log_in", "log_out", "sign")
CARD_VERBS = frozenset({*READING_VERBS, *TEARS})
AUTHORITY_VERBS = frozenset({"query", "order", "confirm", "revoke", "status"})
"""The verbs that send a message; composing and reading send none and are not counted."""
EVERY_VERB = CARD_VERBS | AUTHORITY_VERBS


class ProcessKilled(BaseException):
    """The process is gone. Only a test catches this, and no code of the program may run on after it."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """One way in which one call goes wrong. The authority's failures say themselves when they strike."""

    failure: Failure
    when: When = When.BEFORE
    tear: Tear | None = None

    def __post_init__(self) -> None:
        """Refuse a tear that is not torn, and the reverse."""
        if (self.when is When.TORN) != (self.tear is not None):
            message = "a torn call, and no other, says what it leaves"
            raise ValueError(message)

    def __str__(self) -> str:
        """For the name of a test."""
        return "/".join(part for part in (self.failure, self.when, self.tear) if part)


@dataclass(frozen=True, slots=True)
class Fault:
    """A mishap at the `at`-th call of these verbs, counted from 1; `lasting`: at every one from then on."""

    mishap: Mishap
    at: int = 1
    verbs: frozenset[str] = EVERY_VERB
    lasting: bool = False

    def is_due(self, count: int) -> bool:
        """Whether it strikes at this one of its calls."""
        return count == self.at or (self.lasting and count > self.at)


def mishaps(verb: str) -> tuple[Mishap, ...]:
    """Name everything that can happen at a verb."""
    killed = tuple(Mishap(Failure.PROCESS_KILLED, when) for when in (When.BEFORE, When.AFTER))
    if verb in AUTHORITY_VERBS:
        return (*(Mishap(failure) for failure in AUTHORITY_FAILURES), *killed)
    failures = (*CARD_FAILURES, Failure.PROCESS_KILLED)
    whole = tuple(Mishap(failure, when) for failure in failures for when in (When.BEFORE, When.AFTER))
    torn = tuple(Mishap(failure, When.TORN, tear) for failure in failures for tear in TEARS.get(verb, ()))
    return whole + torn


class Faults:
    """The script of one run, and the calls that it saw. May be called from several threads."""

    def __init__(self, *script: Fault, watch: Callable[[], None] | None = None) -> None:
        """Begin to count. Where two faults fall due at one call, the first strikes.

        `watch` is called before each call, when the effects of the one before stand and nothing is under way.
        """
        self.calls: list[str] = []
        self.watch = watch
        self.killed = False
        self._script = script
        self._counts = [0] * len(script)
        self._lock = threading.Lock()

    def due(self, verb: str) -> Mishap | None:
        """Count a call, and tell what goes wrong with it."""
        with self._lock:
            if self.killed:
                raise ProcessKilled(verb)
            if self.watch is not None:
                self.watch()
            self.calls.append(verb)
            struck = None
            for place, fault in enumerate(self._script):
                if verb in fault.verbs:
                    self._counts[place] += 1
                    if struck is None and fault.is_due(self._counts[place]):
                        struck = fault.mishap
        if struck is not None and struck not in mishaps(verb):
            message = f"{struck} cannot happen at {verb}"
            raise ValueError(message)
        return struck

    def kill(self, verb: str) -> ProcessKilled:
        """End the process: what the caller raises now, every later call raises too."""
        self.killed = True
        return ProcessKilled(verb)
