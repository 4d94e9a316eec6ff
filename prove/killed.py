"""`kill -9` of the real program on a SoftHSM2 card and a real CMP authority, then `resume` or `restore`.

Killed right before and right after every write to the journal, and at random moments; then recovered with the journal
or without. Whether the old identity or the new one is whole is told by `Demo.identity`, which asks pkcs11-tool, openssl
and the authority's ledger.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from prove.case import Place, Result, scratch
from sithsup.demo import start as life
from tests.support.demo import NEW, OLD, PROGRAM, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.demo import Ended

STACK = "processes"
PER_CORE = 1
"""How many cases at once."""
KILLER = (sys.executable, "-m", "prove.killer")
ARGUMENTS = ("upgrade", "--json", "--yes", "--pin-stdin")
LAST_BREATH = 2.0
"""Seconds after which nothing of a killed run may be alive: the card process ends with its parent."""
LONGEST_CALL = 30.0
"""Seconds that its last call may take when this computer is busy: a key generation is not cut."""
MOST_WRITES = 200
NOT_KILLED = "there was nothing to kill"
TOO_LATE = {(4, "SU-5002"), (3, "SU-5008")}
"""How a `restore` past the line ends: something is left to finish, or nothing."""
NOT_BEGUN = 10
"""The exit code of `check` and `resume` for a card that is to be upgraded."""


@dataclass(frozen=True)
class Case:
    """One case; its name is what reproduces it."""

    when: str
    """`before` or `after` a write to the journal, or at a `moment`."""
    at: float
    """The number of the write, or the part of a whole run that has passed."""
    choice: str
    place: Place

    @property
    def name(self) -> str:
        """All of it in one word."""
        return f"{STACK},{self.when},{self.at:g},{self.choice},{self.place}"

    @classmethod
    def parse(cls, name: str) -> Case:
        """Read what `name` wrote."""
        _, when, at, choice, place = name.split(",")
        return cls(when, float(at), choice, Place(place))

    @property
    def fault(self) -> str:
        """The kind of it, for the table."""
        return "killed at a random moment" if self.when == "moment" else f"killed {self.when} a journal write"

    def play(self, folder: Path) -> Result:
        """Play the case on a demo of its own, in an empty folder."""
        with running(folder) as demo:
            return self.play_on(demo)

    def play_on(self, demo: Demo) -> Result:
        """Play the case on a demo that is put back to its first day."""
        demo.reset()
        wrong = self._kill(demo) or outlived(demo)
        return Result(STACK, self.fault, self.name, wrong or recover(demo, self.choice, self.place))

    def _kill(self, demo: Demo) -> str:
        if self.when == "moment":
            kill_at(demo, self.at)
            return ""
        killed = demo.run(self.when, f"{self.at:g}", *ARGUMENTS, program=KILLER, codes=demo.pins)
        if killed.code == 0:
            return NOT_KILLED
        return "" if killed.code == -signal.SIGKILL else f"ended with {killed.code}: {killed.err}"


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """A demo for the length of a block."""
    try:
        yield Demo.make(folder, life.Kind.ORDINARY)
    finally:
        life.stop(folder)


def kill_at(demo: Demo, part: float) -> None:
    """Begin an upgrade and kill it when so much of it has passed; what it started finds out by itself."""
    begun = time.monotonic()
    whole = demo.act("upgrade")
    assert whole.code == 0  # noqa: S101  else there is nothing to take a part of
    whole_run = time.monotonic() - begun
    demo.reset()
    with (demo.folder / "pins").open("rb") as pins:
        running = subprocess.Popen(
            [*PROGRAM, *ARGUMENTS],
            env=demo.variables(),
            stdin=pins,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    time.sleep(part * whole_run)
    running.kill()
    running.wait(10)


def recover(demo: Demo, choice: str, place: Place) -> str:
    """Do what a person would; tell how the card ended, or what went wrong."""
    if place is Place.ELSEWHERE:
        shutil.rmtree(demo.data, ignore_errors=True)
    before = demo.card() if choice == "restore" else None
    ended = demo.act(choice)
    if choice == "restore" and ended.code != 0:
        if (ended.code, ended.error_code) not in TOO_LATE or not demo.upgraded():
            return f"restore: {ended.code} {ended.result.get('error')}"
        if demo.card() != before:
            return "a restore that refused has changed the card"
        return _end(demo, "resume", demo.act("resume"))
    return _end(demo, choice, ended)


def _end(demo: Demo, choice: str, ended: Ended) -> str:
    """Judge the card and compare it with what the program said; where nothing was begun, with what `check` says."""
    said = ended.result.get("outcome")
    if ended.code != 0 and (choice, ended.code, said) != ("resume", NOT_BEGUN, None):
        return f"{choice}: {ended.code} {ended.result.get('error')}"
    end = demo.identity()
    expected = {"upgraded": NEW, "restored": OLD}.get(str(said))
    if expected and end != expected:
        return f"{choice} said {said}, and the card is {end}"
    if list(demo.data.glob("journal-*")):
        return f"{choice} said {said}, and left a journal behind"
    if said is None and (checked := demo.run("check", "--json")).code != {OLD: NOT_BEGUN, NEW: 0}.get(end):
        return f"{end}, and check ends with {checked.code}"
    return end


def outlived(demo: Demo) -> str:
    """What is alive of a run when it should not be; waits as long as it may be."""
    begun = time.monotonic()
    while alive := demo.processes():
        seconds = time.monotonic() - begun
        if seconds > LONGEST_CALL or (seconds > LAST_BREATH and not is_working(alive)):
            return f"still alive: {[(process / 'cmdline').read_text() for process in alive]}"
        time.sleep(0.02)
    return ""


def is_working(processes: list[Path]) -> bool:
    """Whether one of them is in the middle of something: it uses the processor or the disk."""
    for process in processes:
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True  # one has ended just now
        if state in "RD":
            return True
    return False


# ------------------------------------------------------------------------------------------------- in which run


class AtWrites(NamedTuple):
    """A task: every so many-th write to the journal, until a run has no more of them; each before and after."""

    first: int
    every: int
    plans: int
    """For how many of the four ways to recover."""

    def __call__(self) -> list[Result]:
        """Play them."""
        with scratch() as folder, running(folder / "demo") as demo:
            results: list[Result] = []
            for at in range(self.first, MOST_WRITES, self.every):
                found = [case.play_on(demo) for case in self.cases(at)]
                if any(result.ending == NOT_KILLED for result in found):
                    return results or found  # a run without a write to be killed at proves nothing
                results += found
        return results

    def cases(self, at: int) -> Iterator[Case]:
        """Alternate, so that each choice is made before and after writes, and with the journal and without."""
        for when in ("before", "after"):
            for plan in range(self.plans):
                number = at + (when == "after") + plan
                yield Case(when, at, ("resume", "restore")[number % 2], tuple(Place)[(at // 2 + plan // 2) % 2])


class AtMoments(NamedTuple):
    """A task: so many random moments."""

    seed: str
    number: int

    def __call__(self) -> list[Result]:
        """Play them."""
        chance = Random(self.seed)  # noqa: S311  moments, not secrets
        with scratch() as folder, running(folder / "demo") as demo:
            return [
                Case(
                    "moment", round(chance.random(), 4), chance.choice(("resume", "restore")), chance.choice([*Place])
                ).play_on(demo)
                for _ in range(self.number)
            ]


SHARDS = 8


def tasks(seed: int, *, fast: bool) -> list[AtWrites | AtMoments]:
    """Every write in two ways, and moments by chance; a fast run takes every third write in one way."""
    if fast:
        return [*(AtWrites(1 + 3 * part, 12, 1) for part in range(4)), *(AtMoments(f"{seed} {n}", 6) for n in range(2))]
    return [
        *(AtWrites(1 + part, SHARDS, 2) for part in range(SHARDS)),
        *(AtMoments(f"{seed} {n}", 12) for n in range(5)),
    ]
