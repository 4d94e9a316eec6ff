"""A card that is as slow as real ones: how much of the time it stands idle."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.measure import run
from bench.rounds import WrongEndError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.stage import Stage

SOURCE = Path(__file__).with_name("slow_card.c")
SPEEDS = {"SLOW_GENERATE": "12000", "SLOW_SIGN": "500", "SLOW_WRITE": "300"}
"""Milliseconds that a key, a signature and a change of an object take."""
CA_DELAY = 0.3
"""Seconds that the authority takes for each message."""
GAPS_TOLD = 6
_NANO = 1e-9


class Call(NamedTuple):
    """A call that the card was at work in; seconds of the monotonic clock."""

    name: str
    begin: float
    end: float


class Gap(NamedTuple):
    """A time in which the card stood idle, and the calls around it."""

    seconds: float
    after: str
    before: str


@dataclass(frozen=True)
class Idle:
    """A whole run: its calls in order, and when the process began and ended."""

    calls: tuple[Call, ...]
    begun: float
    ended: float

    @property
    def opened(self) -> float:
        """When the first code was sent: until then a person may still be typing."""
        return next(call.begin for call in self.calls if call.name == "login")

    def share(self, since: float) -> float:
        """Which part of the time from then to the end the card was not at work."""
        busy = sum(call.end - call.begin for call in self.calls if call.begin >= since)
        return 1 - busy / (self.ended - since)

    def gaps(self) -> list[Gap]:
        """The times without work since the card was opened, the longest first."""
        calls = [*(call for call in self.calls if call.begin >= self.opened), Call("end", self.ended, self.ended)]
        found = [Gap(b.begin - a.end, a.name, b.name) for a, b in pairwise(calls)]
        return sorted(found, reverse=True)

    def as_data(self) -> dict[str, Any]:
        """Give it all for a machine: seconds and shares."""
        return {
            "wall": self.ended - self.opened,
            "wall_from_start": self.ended - self.begun,
            "idle": self.share(self.opened),
            "idle_from_start": self.share(self.begun),
            "gaps": [gap._asdict() for gap in self.gaps()[:GAPS_TOLD]],
        }


def measure_idle(stage: Stage, folder: Path, speeds: Mapping[str, str] = SPEEDS) -> Idle:
    """Upgrade a card through the slow module; raises `WrongEndError` when it is not upgraded."""
    module, log = folder / "slow_card.so", folder / "calls"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", module, SOURCE, "-ldl"], check=True, timeout=60)
    command = stage.sithsup
    through = {"SITHSUP_MODULE": str(module), "SLOW_MODULE": command.environment["SITHSUP_MODULE"]}
    stage.reset()
    begun = time.monotonic()
    run(command._replace(environment={**command.environment, **through, **speeds, "SLOW_LOG": str(log)}))
    ended = time.monotonic()
    if wrong := stage.wrong():
        raise WrongEndError("; ".join(wrong))
    return Idle(_read(log), begun, ended)


def _read(log: Path) -> tuple[Call, ...]:
    lines = (line.split() for line in log.read_text("ascii").splitlines())
    return tuple(Call(name, int(begin) * _NANO, int(end) * _NANO) for name, begin, end in lines)
