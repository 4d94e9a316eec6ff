"""The window: how soon it is there and how much memory it takes, against the barest wizard that Qt can show.

And for how long its event loop stands still in each phase of an upgrade, with a card that is slow and one that hangs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.rounds import WrongEndError
from bench.slow import SOURCE
from bench.stage import AS_INSTALLED
from tests.support.desktop import Desktop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.stage import Stage

ROOT = Path(__file__).parents[1]
SLOW = {"SLOW_GENERATE": "20000", "SLOW_SIGN": "500", "SLOW_WRITE": "300"}
"""Milliseconds."""
HANGS = {"SLOW_GENERATE": "3600000", "SITHSUP_KEY_TIMEOUT": "8"}
"""A module that does not come back from making a key, and the seconds after which it is given up."""
LARGEST_P99, LARGEST_GAP = 0.050, 0.100
"""Seconds for which the event loop may stand still."""
ENOUGH = 100
"""Gaps in a phase, so that one in a hundred means something."""
LARGEST_RATIO, LARGEST_MEMORY = 1.5, 1.6
"""How many times as long until the window is there, and as much memory, as the bare wizard."""
TIME_OUT = 300


@dataclass(frozen=True, slots=True)
class Shown:
    """One run: seconds until it was painted, MiB at that moment and at most, gaps by phase, and the last page."""

    first: float
    at_first: float
    memory: float
    gaps: dict[str, list[float]] = field(default_factory=dict)
    end: str = ""

    def p99(self, phase: str) -> float:
        """The gap that one in a hundred is longer than."""
        ordered = sorted(self.gaps[phase])
        return ordered[int(len(ordered) * 0.99) - 1] if len(ordered) > 1 else ordered[0]


@dataclass(frozen=True, slots=True)
class OfTheWindow:
    """Everything that was measured."""

    bare: list[Shown]
    ours: list[Shown]
    slow: Shown
    hung: Shown

    @property
    def ratio(self) -> float:
        """How many times as long until the window is there, the median of all rounds."""
        return median(ours.first / bare.first for ours, bare in zip(self.ours, self.bare, strict=True))

    @property
    def memory(self) -> float:
        """How many times as much memory when the window is there, the median of all rounds."""
        return median(ours.at_first / bare.at_first for ours, bare in zip(self.ours, self.bare, strict=True))

    @property
    def peak(self) -> float:
        """How many times as much as the bare wizard ever takes, at the worst moment of an upgrade."""
        return self.slow.memory / median(each.memory for each in self.bare)

    def broken(self) -> list[str]:
        """The bounds that do not hold."""
        bounds = {
            f"the window is there after {self.ratio:.2f} times as long as a bare one": self.ratio <= LARGEST_RATIO,
            f"the window takes {self.memory:.2f} times as much memory": self.memory <= LARGEST_MEMORY,
            f"an upgrade takes {self.peak:.2f} times as much memory": self.peak <= LARGEST_MEMORY,
        }
        for card, run in (("slow", self.slow), ("hung", self.hung)):
            for phase, gaps in run.gaps.items():
                told = f"{card} card, {phase}: the loop stands still for {max(gaps):.3f} s (p99 {run.p99(phase):.3f})"
                is_long = len(gaps) >= ENOUGH
                bounds[told] = max(gaps) < LARGEST_GAP and not (is_long and run.p99(phase) >= LARGEST_P99)
        return [bound for bound, holds in bounds.items() if not holds]

    def as_data(self) -> dict[str, Any]:
        """Give it all for a machine: seconds and MiB."""
        gaps = {
            card: {phase: {"p99": run.p99(phase), "max": max(found)} for phase, found in run.gaps.items()}
            for card, run in (("slow", self.slow), ("hung", self.hung))
        }
        first = {name: [each.first for each in runs] for name, runs in (("bare", self.bare), ("sithsup", self.ours))}
        memory = {"bare": median(each.memory for each in self.bare), "sithsup": self.slow.memory}
        ratios = {"first": self.ratio, "memory": self.memory, "peak": self.peak}
        return {"first": first, "memory": memory, "ratios": ratios, "gaps": gaps}


def measure_window(stage: Stage, folder: Path, rounds: int) -> OfTheWindow:
    """Measure everything on a desktop of its own; raises `WrongEndError` when a run does not end where it should."""
    module = folder / "slow_card.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", module, SOURCE, "-ldl"], check=True, timeout=60)
    with Desktop(folder / "desktop") as desktop:
        variables = {**stage.demo.variables(), **desktop.environment, "PYTHONPATH": f"{AS_INSTALLED}:{ROOT}"}
        bare, ours = [], []
        for _ in range(rounds):
            bare.append(shown("bench.bare_wizard", variables))
            ours.append(shown("bench.window_program", variables))
        through = {"SITHSUP_MODULE": str(module), "SLOW_MODULE": variables["SITHSUP_MODULE"], "SLOW_LOG": "/dev/null"}
        person = {**variables, **through, "BENCH_CODES": " ".join(stage.demo.codes)}
        hung = _upgraded(stage, {**person, **HANGS}, "interrupted", "help")
        slow = _upgraded(stage, {**person, **SLOW}, "done")
    if wrong := stage.wrong():
        raise WrongEndError("; ".join(wrong))
    return OfTheWindow(bare, ours, slow, hung)


def _upgraded(stage: Stage, variables: Mapping[str, str], *ends: str) -> Shown:
    stage.reset()
    run = shown("bench.window_program", variables)
    if run.end not in ends:
        raise WrongEndError(f"the window ended at {run.end}")
    return run


def shown(program: str, variables: Mapping[str, str]) -> Shown:
    """Run a window to its end."""
    begun = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", program],
        env=dict(variables),
        capture_output=True,
        text=True,
        check=True,
        timeout=TIME_OUT,
    )
    told = dict(json.loads(line) for line in ended.stdout.splitlines())
    painted, memory = told["first"]
    return Shown(painted - begun, memory, told["memory"], told.get("gaps", {}), told.get("end", ""))
