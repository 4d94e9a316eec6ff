"""The real stack: pcscd, OpenSC's PKCS#11 module and a virtual card whose power goes at a command.

Before every command of a whole upgrade; and at every command that writes, also after it and torn at some points of the
write. A case may repeat its cut in run after run, or have another one in the recovery. What lies on the card is read
from its memory, by the directories of PKCS #15.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from prove.case import TORN, Place, Result
from sithsup.demo.virtual.personalize import CERTIFICATES, PRIVATE_KEYS, PUBLIC_KEYS
from sithsup.errors import InterruptedUpgradeError, PointOfNoReturnError
from sithsup.model import KeyAlgorithm
from sithsup.sim.case import CardKind
from sithsup.situation import Outcome
from tests.support.virtual import Cut, VirtualBench, When, cuts, short_folder
from tests.support.virtual_lab import NEW, OLD, VirtualLab, first_day

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.virtual import Exchange
    from tests.support.virtual_lab import FirstDay

STACK = "virtual card"
SHORT = "virtual"
PER_CORE = 2
"""Cases mostly wait for a reader that looks for its card now and then."""
PATIENCE = 6
"""How many runs a person tries before a case counts as stuck."""
DIRECTORIES = {CERTIFICATES, PRIVATE_KEYS, PUBLIC_KEYS}
"""Files that several keys and certificates share, so that tearing one may cost more than what is being written."""
HIDDEN = "certificates that the module does not show"
STUCK = "the journal is left open"
EXCUSED = (HIDDEN, STUCK)
"""What a torn directory can bring about: the module shows too little, and so the upgrade cannot be closed."""
ROOM_FOR_THREE = 3000
"""Bytes: the new keys take about 400, and each new certificate about 700."""
BEFORE_THE_DIRECTORY = 3
"""Commands from the deletion of a file to the first one that writes its directory anew."""
_STRIKE = re.compile(r"(\d+):(before|after|torn|reset)(?:\.(\d+))?(?:x(\d+))?")


class Strike(NamedTuple):
    """A cut, and in how many runs one after the other it comes."""

    cut: Cut
    times: int = 1

    def __str__(self) -> str:
        """For the name of a case."""
        step = f".{self.cut.step}" if self.cut.step else ""
        times = f"x{self.times}" if self.times > 1 else ""
        return f"{self.cut.at}:{self.cut.when}{step}{times}"

    @classmethod
    def parse(cls, text: str) -> Strike:
        """Read what `str` wrote."""
        found = _STRIKE.fullmatch(text)
        if found is None:
            raise ValueError(text)
        at, when, step, times = found.groups()
        return cls(Cut(at=int(at), when=When(when), step=int(step or 0)), int(times or 1))


class OldCard(StrEnum):
    """An old card of RSA keys, and what is asked of it."""

    P_256 = "p-256"
    """New P-256 keys; room for as much again as is on it."""
    RSA_2048 = "rsa-2048"
    """New RSA keys."""
    FULL = "full"
    """New P-256 keys, and room for one certificate too few."""

    @property
    def day(self) -> FirstDay:
        """The card on its first day."""
        algorithm = KeyAlgorithm.RSA_2048 if self is OldCard.RSA_2048 else KeyAlgorithm.P_256
        ample = first_day(CardKind.SHARED, algorithm)
        if self is not OldCard.FULL:
            return ample
        taken = sum(file.room for file in ample.memory.files.values())
        return first_day(CardKind.SHARED, algorithm, taken + ROOM_FOR_THREE)


@dataclass(frozen=True)
class Case:
    """One case; its name is what reproduces it."""

    card: OldCard
    first: Strike
    choice: str
    place: Place
    second: Strike | None = None

    @property
    def name(self) -> str:
        """All of it in one word."""
        parts = (SHORT, self.card, self.first, self.choice, self.place, self.second)
        return ",".join(str(part) for part in parts if part is not None)

    @classmethod
    def parse(cls, name: str) -> Case:
        """Read what `name` wrote."""
        _, card, first, choice, place, *second = name.split(",")
        return cls(OldCard(card), Strike.parse(first), choice, Place(place), *map(Strike.parse, second))

    @property
    def fault(self) -> str:
        """The kind of it, for the table."""
        if self.second:
            return "two cuts"
        if self.first.times > 1:
            return "the same cut again and again"
        return {
            When.BEFORE: "cut before a command",
            When.AFTER: "cut after a write",
            When.TORN: "cut in a write",
            When.RESET: "reset by another application",
        }[self.first.cut.when]

    def play(self, _: Path) -> Result:
        """Play the case on a bench of its own."""
        with short_folder() as folder, VirtualBench(folder, first_day().memory) as bench:
            return self.play_on(bench, folder / "case")

    def play_on(self, bench: VirtualBench, folder: Path) -> Result:
        """Play the case on a bench, with a fresh card and an empty folder."""
        bench.lay(self.card.day.memory)
        lab = VirtualLab(folder, bench, self.card.day)
        ending, is_torn = self._play(lab)
        if is_torn and ending in EXCUSED and lab.identity_works():
            ending = TORN  # keys and certificates are stored; what lists them is torn
        return Result(STACK, self.fault, self.name, ending)

    def _play(self, lab: VirtualLab) -> tuple[str, bool]:
        """How it ended, and whether a cut came while a directory was being written."""
        lab.bench.arm(self.first.cut)
        lab.run("upgrade")
        is_torn = _was_in_a_directory(lab.bench.exchanges(), self.first.cut)
        for _ in range(self.first.times - 1):
            lab.put_back()
            lab.bench.arm(self.first.cut)
            lab.run("resume")
            is_torn |= _was_in_a_directory(lab.bench.exchanges(), self.first.cut)
        if not lab.identity_works():
            return "NEITHER after the cut", is_torn
        if self.place is Place.ELSEWHERE:
            lab.lose_journal()
        lab.put_back()
        lab.bench.arm(*([self.second.cut] if self.second else []))
        problem = recover(lab, self.choice)
        is_torn |= self.second is not None and _was_in_a_directory(lab.bench.exchanges(), self.second.cut)
        lab.bench.arm()
        lab.put_back()
        return problem or _settled(lab), is_torn


def _settled(lab: VirtualLab) -> str:
    """How it ended. Where the module hides what is stored, that is what is wrong, if all that is stored is right."""
    ending = lab.wrong() or lab.settled_end()
    is_stored = ending in (OLD, NEW, STUCK) or lab.is_new_stored()
    return HIDDEN if is_stored and lab.hidden() else ending


def _was_in_a_directory(exchanges: tuple[Exchange, ...], cut: Cut) -> bool:
    """Whether it came while a shared directory was written, or while that still listed a file that was deleted."""
    place = cut.at - 1
    if place >= len(exchanges):
        return False
    struck, before = exchanges[place], exchanges[max(0, place + 1 - BEFORE_THE_DIRECTORY) : place + 1]
    is_writing = struck.path in DIRECTORIES and struck.name == "UPDATE_BINARY"
    return is_writing or any(each.name == "DELETE_FILE" for each in before)


def recover(lab: VirtualLab, choice: str) -> str:
    """Do what a person would, until one of the two endings is there; tells what must never be so meanwhile."""
    for _ in range(PATIENCE):
        lab.put_back()
        ended = lab.run(choice)
        if not lab.identity_works():
            return "NEITHER during the recovery"
        if isinstance(ended, PointOfNoReturnError | InterruptedUpgradeError):
            choice = "resume"
        elif ended is Outcome.UPGRADED or ended is Outcome.RESTORED or (ended is None and lab.end() in (OLD, NEW)):
            break
        elif ended is None:
            choice = "upgrade"  # a key half made hides behind its code: only a new upgrade finds it
        else:
            lab.clock.now += lab.first.campaign.confirm_wait_max
    return ""


# ------------------------------------------------------------------------------------------------- in which run


@cache
def whole_upgrade(card: OldCard) -> tuple[Exchange, ...]:
    """Every command of an upgrade to which nothing happens."""
    with short_folder() as folder, VirtualBench(folder, card.day.memory) as bench:
        lab = VirtualLab(folder / "whole", bench, card.day)
        bench.arm()
        if lab.run("upgrade") is not Outcome.UPGRADED or lab.end() != NEW:
            raise AssertionError(lab.events)
        return bench.exchanges()


def every_case(card: OldCard) -> list[Case]:
    """Before each command: continue. After each write, and torn at three points of it: continue, and restore."""
    cases = []
    for number, cut in enumerate(cuts(whole_upgrade(card))):
        choices = ("resume",) if cut.when is When.BEFORE else ("resume", "restore")
        cases += [Case(card, Strike(cut), choice, tuple(Place)[number % 2]) for choice in choices]
    return cases


def chance_cases(card: OldCard, chance: Random, number: int) -> list[Case]:
    """So many of each: two cuts; the same cut in run after run; a reset by another application."""
    every = every_case(card)
    writing = [case for case in every if case.first.cut.when is not When.BEFORE]
    commands = len(whole_upgrade(card))
    cases = []
    for _ in range(number):
        case, again = chance.choice(every), chance.choice(every)
        cases.append(Case(card, case.first, case.choice, case.place, again.first))
        repeated = Strike(chance.choice(writing).first.cut, chance.randrange(4, 9))
        cases.append(Case(card, repeated, chance.choice(("resume", "restore")), chance.choice([*Place])))
        reset = Strike(Cut(at=chance.randrange(1, commands), when=When.RESET))
        cases.append(Case(card, reset, "resume", chance.choice([*Place])))
    return cases


class Part(NamedTuple):
    """A task: one part of so many of all cases of a card, or of those by chance."""

    card: OldCard
    part: int
    parts: int
    seed: str = ""
    by_chance: int = 0
    """How many of each kind of chance there are, over all parts; 0 for the cases that are not left to it."""

    def __call__(self) -> list[Result]:
        """Play them on one bench."""
        cases = self._every()[self.part :: self.parts]
        with short_folder() as folder, VirtualBench(folder, first_day().memory) as bench:
            return [case.play_on(bench, folder / str(number)) for number, case in enumerate(cases)]

    def _every(self) -> list[Case]:
        if not self.by_chance:
            return every_case(self.card)
        return chance_cases(self.card, Random(self.seed), self.by_chance)  # noqa: S311  cases, not secrets


PARTS, SHARED_PARTS, CHANCE_PARTS, CHANCES = 40, 4, 8, 40
FAST_PARTS = 300
OTHERS = (OldCard.RSA_2048, OldCard.FULL)
SHARE = 10
"""One in so many cases is played with RSA keys too, and one on a full card."""


def tasks(seed: int, *, fast: bool) -> list[Part]:
    """Every case with P-256 keys, one in ten of the other cards, and some by chance; a fast run plays a few of all."""
    chance = Random(seed)  # noqa: S311  cases, not secrets
    if fast:
        parts = chance.sample(range(FAST_PARTS), 2)
        cases = [Part(OldCard.P_256, part, FAST_PARTS) for part in parts]
        return [*cases, Part(OldCard.FULL, parts[0], FAST_PARTS), Part(OldCard.P_256, 0, 1, str(seed), 2)]
    return [
        *(Part(OldCard.P_256, part, PARTS) for part in range(PARTS)),
        *(Part(card, SHARE * part, SHARE * SHARED_PARTS) for card in OTHERS for part in range(SHARED_PARTS)),
        *(Part(OldCard.P_256, part, CHANCE_PARTS, str(seed), CHANCES) for part in range(CHANCE_PARTS)),
    ]
