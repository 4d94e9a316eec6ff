"""`kill -9` of a running upgrade, then `resume` or `restore`, with the journal or without: the card ends whole.

Killed right before and right after every write to the journal, and at random moments. Whether the old identity or the
new one is whole is told by `Demo.identity`, which asks pkcs11-tool, openssl and the authority's ledger. A case that
fails is named so that it can be played again.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.demo import NEW, OLD, PROGRAM, Demo, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl"), pytest.mark.slow]

KILLER = (sys.executable, str(Path(__file__).with_name("killer.py")))
ARGUMENTS = ("upgrade", "--json", "--yes", "--pin-stdin")
SHARDS = 8
SEED = 20200407
RANDOM_SHARDS, MOMENTS = 5, 6
"""So many times so many random moments."""
LAST_BREATH = 2.0
"""Seconds after which nothing of a killed run may be alive: the card process ends with its parent."""
LONGEST_CALL = 30.0
"""Seconds that its last call may take when this computer is busy: a key generation is not cut."""
MOST_WRITES = 200


class Plan(NamedTuple):
    """What is done after a kill."""

    choice: str
    is_elsewhere: bool
    """Whether the journal is lost, as when somebody goes on at another computer."""


def recover(demo: Demo, plan: Plan) -> str:
    """Do what a person would; tell how the card ended, or what went wrong."""
    if plan.is_elsewhere:
        shutil.rmtree(demo.data, ignore_errors=True)
    before = demo.card() if plan.choice == "restore" else None
    ended = demo.act(plan.choice)
    if plan.choice == "restore" and ended.code != 0:
        if (ended.code, ended.error_code) != (4, "SU-5002") or not demo.upgraded():
            return f"restore: {ended.code} {ended.result.get('error')}"
        if demo.card() != before:
            return "a restore that refused has changed the card"
        return _end(demo, "resume", demo.act("resume"))
    return _end(demo, plan.choice, ended)


def _end(demo: Demo, choice: str, ended: Ended) -> str:
    """Judge the card and compare it with what the program said."""
    if ended.code != 0:
        return f"{choice}: {ended.code} {ended.result.get('error')}"
    end, said = demo.identity(), ended.result["outcome"]
    expected = {"upgraded": NEW, "restored": OLD}.get(said)
    if expected and end != expected:
        return f"{choice} said {said}, and the card is {end}"
    if list(demo.data.glob("journal-*")):
        return f"{choice} said {said}, and left a journal behind"
    if said is None and (checked := demo.run("check", "--json")).code != {OLD: 10, NEW: 0}.get(end):
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


def count(ends: Counter[str], wrong: list[str]) -> None:
    """Print how the cases ended; fail if any went wrong."""
    print(f"{sum(ends.values())} kills: {dict(ends)}")  # noqa: T201  pytest shows it
    assert not wrong, "\n".join(wrong)
    assert set(ends) <= {OLD, NEW}


# ------------------------------------------------------------------------------------ at every journal write


def plan_for(at: int, when: str) -> Plan:
    """Alternate, so that each choice is made before and after writes, and with the journal and without."""
    return Plan(("resume", "restore")[(at + (when == "after")) % 2], is_elsewhere=bool(at // 2 % 2))


@pytest.mark.parametrize("shard", range(SHARDS))
def test_killed_at_every_journal_write(shard: int, demo: Demo) -> None:
    """Right before and right after each write, until a run has no more of them."""
    ends, wrong = Counter[str](), list[str]()
    for at in range(1 + shard, MOST_WRITES, SHARDS):
        for when in ("before", "after"):
            demo.reset()
            killed = demo.run(when, str(at), *ARGUMENTS, program=KILLER, codes=demo.pins)
            if killed.code == 0:
                assert at > 30
                count(ends, wrong)
                return
            assert killed.code == -signal.SIGKILL, killed
            plan = plan_for(at, when)
            end = outlived(demo) or recover(demo, plan)
            ends[end] += 1
            if end not in (OLD, NEW):
                wrong.append(f"{end}: killed {when} write {at}, {plan}")
    pytest.fail("an upgrade never came to its end")


# ----------------------------------------------------------------------------------------- at random moments


def moments(demo: Demo, seed: int) -> Iterator[tuple[int, float]]:
    """Moments of a run, spread over its whole length as it is on this computer now."""
    demo.reset()
    whole = demo.act("upgrade")
    assert whole.code == 0
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    print(f"seed {seed}, a whole upgrade takes {whole.seconds:.2f} s")  # noqa: T201  to play it again
    for number in range(MOMENTS):
        yield number, chance.uniform(0, whole.seconds)


def kill_at(demo: Demo, seconds: float) -> None:
    """Begin an upgrade and kill it at this moment; the processes that it started find out themselves."""
    demo.reset()
    with (demo.folder / "pins").open("rb") as pins:
        running = subprocess.Popen(
            [*PROGRAM, *ARGUMENTS],
            env=demo.variables(),
            stdin=pins,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    time.sleep(seconds)
    running.kill()
    running.wait(10)


@pytest.mark.parametrize("shard", range(RANDOM_SHARDS))
def test_killed_at_random_moments(shard: int, demo: Demo) -> None:
    """The real command, killed whenever; the card process ends by itself, after the call that it is in."""
    ends, wrong = Counter[str](), list[str]()
    for number, seconds in moments(demo, SEED + shard):
        kill_at(demo, seconds)
        plan = Plan(("resume", "restore")[number % 2], is_elsewhere=bool(number // 2 % 2))
        end = outlived(demo) or recover(demo, plan)
        ends[end] += 1
        if end not in (OLD, NEW):
            wrong.append(f"{end}: killed after {seconds:.3f} s, {plan}")
    count(ends, wrong)
