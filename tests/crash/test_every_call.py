"""Never neither, on the simulators: every call of an upgrade goes wrong in every way, and again during the recovery.

A case is a kind of card, a call, a mishap at it, a choice (continue or restore), the same computer or another one
without a journal, and for the double faults a second call of the recovery. At the end the card carries exactly its old
identity or exactly its new one, what was not ours is untouched, and at no instant was there no working identity.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from sithsup.errors import PointOfNoReturnError, SithsupError
from sithsup.model import Outcome
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, Tear, When, mishaps
from tests.support.lab import NEW, OLD, Lab, every_call, numbered

KINDS = (CardKind.TWO_PINS, CardKind.ONE_PIN, CardKind.SHARED)
CHOICES = ("resume", "restore")
PATIENCE = 6
"""How many runs a person tries before a case counts as stuck."""


@dataclass(frozen=True)
class Crash:
    """One case; its name is what reproduces it."""

    kind: CardKind
    at: int
    mishap: Mishap
    choice: str
    is_elsewhere: bool = False
    again: tuple[int, Mishap] | None = None

    def play(self, folder: Path) -> str:
        """Play the case; tells how it ended, or what went wrong."""
        lab = Lab(folder, kind=self.kind, faults=Faults(Fault(self.mishap, self.at)))
        lab.run("upgrade")
        if not lab.identity_works():
            return "NEITHER after the first fault"
        if self.is_elsewhere:
            lab.lose_journal()
        script = Faults(Fault(self.again[1], self.again[0])) if self.again else Faults()
        return recover(lab, self.choice, script)


def recover(lab: Lab, choice: str, script: Faults) -> str:
    """Do what a person would: mend what broke, choose, and try again until one of the two endings is there."""
    for _ in range(PATIENCE):
        lab.mend(script)
        script = Faults()
        ended = lab.run(choice)
        if not lab.identity_works():
            return "NEITHER during the recovery"
        if isinstance(ended, PointOfNoReturnError):
            choice = "resume"
        elif isinstance(ended, Outcome) or (ended is None and lab.end() in (OLD, NEW)):
            break
        else:
            lab.wait(minutes=11)  # whatever the authority waited for is over
    end = lab.end()
    if end == OLD:
        # an upgrade that never began is neither continued nor restored: nothing is left to do
        return OLD if lab.run("restore") in (None, Outcome.RESTORED) and lab.end() == OLD else "restless"
    return end


def is_phantom(mishap: Mishap) -> bool:
    """Whether a mishap leaves an object that no call can destroy."""
    return mishap.tear is Tear.PHANTOM


def play_all(crashes: list[Crash], folder: Path) -> Counter[str]:
    """Play cases, count their endings, and name those that went wrong."""
    ends: Counter[str] = Counter()
    wrong = []
    for number, crash in enumerate(crashes):
        end = crash.play(folder / str(number))
        ends[end] += 1
        if end not in (OLD, NEW):
            wrong.append(f"{end}: {crash}")
    print(f"cases {len(crashes)}, {dict(ends)}")
    assert not wrong, "\n".join(wrong[:20])
    return ends


def first_faults(kind: CardKind, folder: Path) -> list[tuple[int, str, Mishap]]:
    """Every mishap at every call of a whole upgrade."""
    calls = every_call(lambda faults: Lab(folder / "count", kind=kind, faults=faults).run("upgrade"))
    return [(at, verb, mishap) for at, verb in numbered(calls) for mishap in mishaps(verb)]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_call_goes_wrong_in_every_way(kind: CardKind, choice: str, tmp_path: Path) -> None:
    """One fault at any call, on the same computer: the old identity or the new one, whole."""
    crashes = [Crash(kind, at, mishap, choice) for at, _, mishap in first_faults(kind, tmp_path)]
    ends = play_all(crashes, tmp_path)
    assert set(ends) == {OLD, NEW} if choice == "restore" else ends[NEW]


@pytest.mark.parametrize("choice", CHOICES)
def test_every_call_goes_wrong_and_another_computer_recovers(choice: str, tmp_path: Path) -> None:
    """The journal is lost: recovery goes by the card and the authority alone."""
    kind = CardKind.SHARED
    crashes = [Crash(kind, at, mishap, choice, is_elsewhere=True) for at, _, mishap in first_faults(kind, tmp_path)]
    play_all(crashes, tmp_path)


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
def test_the_recovery_goes_wrong_as_well(choice: str, is_elsewhere: bool, tmp_path: Path) -> None:
    """A second fault at every writing or sending call of the recovery from every killed call."""
    kind = CardKind.TWO_PINS
    kill = Mishap(Failure.PROCESS_KILLED, When.AFTER)
    crashes = []
    for at, verb, mishap in first_faults(kind, tmp_path):
        if mishap != kill or verb in ("module", "readers", "tokens", "objects", "log_in"):
            continue
        recovery = _calls_of_recovery(Crash(kind, at, kill, choice, is_elsewhere), tmp_path / f"r{at}")
        for second, name in numbered(recovery):
            if name in ("module", "readers", "tokens", "objects", "log_in"):
                continue
            when = (When.BEFORE, When.AFTER)[second % 2]
            crashes.append(Crash(kind, at, kill, choice, is_elsewhere, (second, Mishap(Failure.PROCESS_KILLED, when))))
    play_all(crashes, tmp_path)


def _calls_of_recovery(crash: Crash, folder: Path) -> list[str]:
    lab = Lab(folder, kind=crash.kind, faults=Faults(Fault(crash.mishap, crash.at)))
    lab.run("upgrade")
    if crash.is_elsewhere:
        lab.lose_journal()
    script = Faults()
    lab.mend(script)
    lab.run(crash.choice)
    return script.calls
