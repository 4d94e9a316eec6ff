"""`kill -9` of the real program on a SoftHSM2 card and a real CMP authority, then `resume` or `restore`.

Killed right before and right after every write to the journal, and at random moments; then recovered with the journal
or without. Or not killed: the disk is full from a write to the journal on, and has room again for the recovery. Or
recovered on a computer whose clock is a day ahead or behind. Whether the old identity or the new one is whole is told
by `Demo.identity`, which asks pkcs11-tool, openssl and the authority's ledger.
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from prove.case import Place, Result, scratch
from sithsup.demo import start as life
from sithsup.model import MessageKind
from tests.support.demo import CONSENT, NEW, OLD, PROGRAM, Demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.demo import Ended

STACK = "processes"
PER_CORE = 1
"""How many cases at once."""
KILLER = (sys.executable, "-m", "prove.killer")
MOVED = (sys.executable, "-m", "prove.moved")
ARGUMENTS = ("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin")
LAST_BREATH = 2.0
"""Seconds after which nothing of a killed run may be alive: the card process ends with its parent."""
LONGEST_CALL = 30.0
"""Seconds that its last call may take when this computer is busy: a key generation is not cut."""
MOST_WRITES = 200
NOT_KILLED = "there was nothing to kill"
DISK_FULL = (5, "SU-4001")
"""How a run ends that cannot write its journal."""
TOO_LATE = {(4, "SU-5002"), (3, "SU-5008")}
"""How a `restore` past the line ends: something is left to finish, or nothing."""
NOT_BEGUN = 10
"""The exit code of `check` and `resume` for a card that is to be upgraded."""


@dataclass(frozen=True)
class Case:
    """One case; its name is what reproduces it."""

    when: str
    """`before` or `after` a write to the journal, the disk `full` from there on, or at a `moment`."""
    at: float
    """The number of the write, or the part of a whole run that has passed."""
    choice: str
    place: Place
    clock: str = ""
    """`ahead` or `behind`, where the computer that recovers is a day wrong."""

    @property
    def name(self) -> str:
        """All of it in one word."""
        parts = (STACK, self.when, f"{self.at:g}", self.choice, self.place, self.clock)
        return ",".join(part for part in parts if part)

    @classmethod
    def parse(cls, name: str) -> Case:
        """Read what `name` wrote."""
        _, when, at, choice, place, *clock = name.split(",")
        return cls(when, float(at), choice, Place(place), *clock)

    @property
    def fault(self) -> str:
        """The kind of it, for the table."""
        if self.clock:
            return "killed, and the clock moved by a day"
        kinds = {"moment": "killed at a random moment", "full": "disk full at a journal write"}
        return kinds.get(self.when, f"killed {self.when} a journal write")

    def play(self, folder: Path) -> Result:
        """Play the case on a demo of its own, in an empty folder."""
        with running(folder) as demo:
            return self.play_on(demo)

    def play_on(self, demo: Demo) -> Result:
        """Play the case on a demo that is put back to its first day."""
        demo.reset()
        wrong = self._interrupt(demo) or outlived(demo)
        return Result(STACK, self.fault, self.name, wrong or recover(demo, self.choice, self.place, self.clock))

    def _interrupt(self, demo: Demo) -> str:
        if self.when == "moment":
            kill_at(demo, self.at)
            return ""
        ended = demo.run(self.when, f"{self.at:g}", *ARGUMENTS, program=KILLER, codes=demo.pins)
        if ended.code == 0:
            return NOT_KILLED
        is_full = self.when == "full" and (ended.code, ended.error_code) == DISK_FULL
        return "" if is_full or ended.code == -signal.SIGKILL else f"ended with {ended.code}: {ended.err}"


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


def recover(demo: Demo, choice: str, place: Place, clock: str = "") -> str:
    """Do what a person would; tell how the card ended, or what went wrong."""
    if place is Place.ELSEWHERE:
        shutil.rmtree(demo.data, ignore_errors=True)
    before = demo.card() if choice == "restore" else None
    ended = act(demo, choice, clock)
    if choice == "restore" and ended.code != 0:
        if (ended.code, ended.error_code) not in TOO_LATE or not (demo.upgraded() or is_announced(demo)):
            return f"restore: {ended.code} {ended.result.get('error')}"
        if demo.card() != before:
            return "a restore that refused has changed the card"
        return _end(demo, "resume", act(demo, "resume", clock))
    return _end(demo, choice, ended)


def act(demo: Demo, choice: str, clock: str) -> Ended:
    """Do it by this clock; an authority may refuse for the clock alone: then it is set right, and done again."""
    if not clock:
        return demo.act(choice)
    ended = demo.act(choice, program=(*MOVED, clock))
    return demo.act(choice) if is_refused_for_its_clock(ended) else ended


def is_refused_for_its_clock(ended: Ended) -> bool:
    """Whether the authority has said badTime."""
    return ended.error_code == "SU-2003" and "the computer's clock" in ended.result["error"]["why"]


def is_announced(demo: Demo) -> bool:
    """Whether the journal announces a confirmation: it may have been heard, whatever the ledger says at this moment."""
    for path in demo.data.glob("journal-*.sqlite3"):
        with closing(sqlite3.connect(path)) as db:
            return bool(db.execute("SELECT 1 FROM message WHERE kind = ?", (MessageKind.CONFIRM.value,)).fetchall())
    return False


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


def killed_once(at: int) -> Iterator[Case]:
    """Before a write and after it, recovered in one way each."""
    yield from _killed(at, 1)


def killed_twice(at: int) -> Iterator[Case]:
    """The same, in two of the four ways each."""
    yield from _killed(at, 2)


def _killed(at: int, ways: int) -> Iterator[Case]:
    """Alternate, so that each choice is made before and after writes, and with the journal and without."""
    for when in ("before", "after"):
        for way in range(ways):
            number = at + (when == "after") + way
            yield Case(when, at, ("resume", "restore")[number % 2], tuple(Place)[(at // 2 + way // 2) % 2])


def disk_full(at: int) -> Iterator[Case]:
    """From a write on, recovered in one of the four ways."""
    yield Case("full", at, ("resume", "restore")[at % 2], tuple(Place)[at // 2 % 2])


def clock_moved(at: int) -> Iterator[Case]:
    """Killed after a write, recovered in one of the four ways by one of the two clocks; one for two writes."""
    yield Case(
        "after", at, ("resume", "restore")[at // 4 % 2], tuple(Place)[at // 8 % 2], ("ahead", "behind")[at // 2 % 2]
    )


class AtWrites(NamedTuple):
    """A task: every so many-th write to the journal, until a run has no more of them."""

    first: int
    every: int
    cases: Callable[[int], Iterator[Case]]
    """What is played at each."""

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
    """Killed at every write in two ways, and at moments by chance; the disk full at every write; the clock moved.

    A fast run takes every third write in one way, and a few of the others.
    """
    if fast:
        return [
            *(AtWrites(1 + 3 * part, 12, killed_once) for part in range(4)),
            *(AtMoments(f"{seed} {n}", 6) for n in range(2)),
            *(AtWrites(4, 9, disk_full), AtWrites(6, 7, clock_moved)),
        ]
    return [
        *(AtWrites(1 + part, SHARDS, killed_twice) for part in range(SHARDS)),
        *(AtMoments(f"{seed} {n}", 12) for n in range(5)),
        *(AtWrites(1 + part, 4, disk_full) for part in range(4)),
        *(AtWrites(1 + 2 * part, 4, clock_moved) for part in range(2)),
    ]
