"""The interruption matrix on the simulators: every call goes wrong in every way, and again during the recovery.

A case is a kind of card, a custom, a mishap at a call of the upgrade, a choice (continue or restore), the same computer
or another one without the journal, and perhaps a second mishap at a call of the recovery. Its name says all of it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from prove.case import Place, Result, scratch
from prove.customs import CUSTOMS, PLAIN
from sithsup.errors import FinishElsewhereError, InterruptedUpgradeError, PointOfNoReturnError
from sithsup.sim.case import CardKind
from sithsup.sim.faults import READING_VERBS, Failure, Fault, Faults, Mishap, Tear, When, mishaps
from sithsup.situation import Outcome
from tests.support.lab import NEW, OLD, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STACK = "simulators"
PER_CORE = 1
"""How many cases at once."""
PATIENCE = 6
"""How many runs a person tries before a case counts as stuck."""
SECONDS_IN_A_ROW = 8
"""How many second faults are tried on one first fault."""


class Strike(NamedTuple):
    """A mishap at a call: at the so many-th one of its verb, counted from 1."""

    verb: str
    at: int
    mishap: Mishap

    @property
    def script(self) -> Faults:
        """What makes it happen."""
        return Faults(Fault(self.mishap, self.at, frozenset({self.verb})))

    def __str__(self) -> str:
        """For the name of a case."""
        return f"{self.verb}:{self.at}:{self.mishap}"

    @classmethod
    def parse(cls, text: str) -> Strike:
        """Read what `str` wrote."""
        verb, at, said = text.split(":")
        failure, when, *tear = said.split("/")
        return cls(verb, int(at), Mishap(Failure(failure), When(when), Tear(tear[0]) if tear else None))


@dataclass(frozen=True)
class Case:
    """One case; its name is what reproduces it."""

    kind: CardKind
    custom: str
    first: Strike
    choice: str
    place: Place
    second: Strike | None = None

    @property
    def name(self) -> str:
        """All of it in one word."""
        parts = (STACK, self.kind, self.custom, self.first, self.choice, self.place, self.second)
        return ",".join(str(part) for part in parts if part is not None)

    @classmethod
    def parse(cls, name: str) -> Case:
        """Read what `name` wrote."""
        _, kind, custom, first, choice, place, *second = name.split(",")
        strikes = [Strike.parse(text) for text in second]
        return cls(CardKind(kind), custom, Strike.parse(first), choice, Place(place), *strikes)

    @property
    def fault(self) -> str:
        """The kind of it, for the table."""
        return f"{self.first.mishap.failure}, and again in the recovery" if self.second else self.first.mishap.failure

    def play(self, folder: Path) -> Result:
        """Play the case in an empty folder."""
        return Result(STACK, self.fault, self.name, self._play(folder))

    def _play(self, folder: Path) -> str:
        lab = self.interrupted(folder)
        end = recover(lab, self.choice, self.second.script if self.second else Faults())
        if (wrong := lab.wrong()) or end not in (OLD, NEW):
            return wrong or end
        if end == NEW and self.place is Place.ELSEWHERE:
            return _come_back(lab)
        return end

    def interrupted(self, folder: Path) -> Lab:
        """The world after the first fault."""
        lab = Lab(folder, kind=self.kind, faults=self.first.script)
        CUSTOMS[self.custom](lab)
        lab.run("upgrade")
        if self.place is Place.ELSEWHERE:
            lab.lose_journal()
        return lab

    def recovery(self, folder: Path) -> list[str]:
        """The calls of the first run of the recovery when nothing more goes wrong."""
        lab = self.interrupted(folder)
        lab.mend()
        lab.run(self.choice)
        return lab.faults.calls


def recover(lab: Lab, choice: str, script: Faults) -> str:
    """Do what a person would: mend what broke, choose, and try again until one of the two endings is there."""
    for _ in range(PATIENCE):
        lab.mend(script)
        script = Faults()
        ended = lab.run(choice)
        if isinstance(ended, PointOfNoReturnError | InterruptedUpgradeError):
            choice = "resume"
        elif isinstance(ended, FinishElsewhereError):
            choice, lab.computer = "resume", lab.computer.rstrip("'")  # back to the first computer, as it is told
        elif isinstance(ended, Outcome) or (ended is None and lab.end() in (OLD, NEW)):
            break
        elif ended is None:
            choice = "upgrade"  # a key half made hides behind its code: only a new upgrade finds it
        else:
            lab.wait(minutes=11)  # whatever the authority waited for is over
    end = lab.end()
    lab.mend()
    if end == OLD:
        # an upgrade that never began is neither continued nor restored: nothing is left to do
        return OLD if lab.run("restore") in (None, Outcome.RESTORED) and lab.end() == OLD else "restless"
    return end


def _come_back(lab: Lab) -> str:
    """The first computer goes on too, later: it finds the card upgraded, and its own journal of no more use."""
    lab.computer = lab.computer.rstrip("'")
    lab.mend()
    lab.run("resume")
    return lab.wrong() or lab.end()


# ------------------------------------------------------------------------------------------------- which cases


def strikes(kind: CardKind, custom: str, folder: Path) -> list[Strike]:
    """Every mishap at every call of a whole upgrade."""
    lab = Lab(folder / f"{kind} {custom}", kind=kind)
    CUSTOMS[custom](lab)
    lab.run("upgrade")
    return strikes_at(lab.faults.calls)


def strikes_at(calls: list[str]) -> list[Strike]:
    """Every mishap at each of these calls; one that only reads has no effect to be lost after it."""
    numbers: Counter[str] = Counter()
    found = []
    for verb in calls:
        numbers[verb] += 1
        told = (m for m in mishaps(verb) if verb not in READING_VERBS or m.when is When.BEFORE)
        found += [Strike(verb, numbers[verb], mishap) for mishap in told]
    return found


def singles(kind: CardKind, custom: str, folder: Path) -> list[Case]:
    """Every case with one fault."""
    choices = itertools.product(strikes(kind, custom, folder), ("resume", "restore"), Place)
    return [Case(kind, custom, first, choice, place) for first, choice, place in choices]


def doubles(cases: list[Case], seed: str, number: int, folder: Path) -> Iterator[Case]:
    """At random, so many cases with a second fault at some call of the recovery."""
    chance = Random(seed)  # noqa: S311  cases, not secrets
    while number > 0:
        case = chance.choice(cases)
        again = strikes_at(case.recovery(folder / f"recovery {number}"))
        for second in chance.sample(again, min(SECONDS_IN_A_ROW, number)):
            yield replace(case, second=second)
        number -= SECONDS_IN_A_ROW


# ------------------------------------------------------------------------------------------------- in which run


class Singles(NamedTuple):
    """A task: one part of the cases with one fault, of so many; the others are left to other tasks, or out."""

    kind: CardKind
    custom: str
    part: int
    parts: int
    verb: str = ""
    """At the calls of which verb things go wrong; empty for those of all."""

    def __call__(self) -> list[Result]:
        """Play them."""
        with scratch() as folder:
            every = singles(self.kind, self.custom, folder / "count")
            cases = [case for case in every if self.verb in ("", case.first.verb)][self.part :: self.parts]
            return [case.play(folder / str(number)) for number, case in enumerate(cases)]


class Doubles(NamedTuple):
    """A task: so many cases with two faults, at random."""

    kind: CardKind
    custom: str
    seed: str
    number: int

    def __call__(self) -> list[Result]:
        """Play them."""
        with scratch() as folder:
            cases = singles(self.kind, self.custom, folder / "count")
            chosen = doubles(cases, self.seed, self.number, folder)
            return [case.play(folder / str(number)) for number, case in enumerate(chosen)]


PARTS = 61
"""Into how many tasks the cases of a kind of card and a custom are cut; odd, so that each has every way to recover."""
VERB_PARTS = 16
"""Into how many, where only those at one verb are played."""
CUSTOM_PARTS, DOUBLES_EACH = 4, 140
"""How many of those a whole run plays where anything is other than plain, and how many cases with two faults."""


def tasks(seed: int, *, fast: bool) -> list[Singles | Doubles]:
    """Every part of the plain case, and parts by chance of everything else; a fast run plays parts of all."""
    chance = Random(seed)  # noqa: S311  cases, not secrets
    chosen: list[Singles | Doubles] = []
    for kind, custom in itertools.product(CardKind, CUSTOMS):
        number = PARTS if custom == PLAIN else CUSTOM_PARTS
        parts = chance.sample(range(PARTS), max(1, number // 20) if fast else number)
        chosen += [Singles(kind, custom, part, PARTS) for part in parts]
        for half in range(2):
            many = DOUBLES_EACH // (16 if fast else 2)
            chosen.append(Doubles(kind, custom, f"{seed} {kind} {custom} {half}", many))
    return chosen


def tasks_at(kind: str, custom: str, verb: str) -> list[Singles]:
    """Every case with one fault at a call of a verb, for one kind of card and one custom."""
    return [Singles(CardKind(kind), custom, part, VERB_PARTS, verb) for part in range(VERB_PARTS)]
