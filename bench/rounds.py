"""The program and the typed pipelines, run in turns on the same card and the same authority."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.measure import Run, peak_memory, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stage import Command, Stage


class WrongEndError(Exception):
    """A run ended with a card that is not an upgraded one: what it measured counts for nothing."""


@dataclass
class Measured:
    """Every run of one command, and the most MiB that its processes had resident together."""

    runs: list[Run] = field(default_factory=list)
    memory: float = 0.0

    @property
    def wall(self) -> float:
        """The median, in seconds."""
        return median(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """The median, in seconds."""
        return median(run.cpu for run in self.runs)

    def ratios(self, other: Measured) -> list[float]:
        """How many times as long as the other this took in each round, sorted."""
        return sorted(a.wall / b.wall for a, b in zip(self.runs, other.runs, strict=True))

    def as_data(self) -> dict[str, Any]:
        """Give it all for a machine: seconds and MiB."""
        return {
            "wall": {"median": self.wall, "all": [run.wall for run in self.runs]},
            "cpu": {"median": self.cpu, "all": [run.cpu for run in self.runs]},
            "memory": self.memory,
        }


def compare(stage: Stage, count: int, tell: Callable[[str], None]) -> dict[str, Measured]:
    """Run every command so many times, each round in the other order, and then once more for its memory."""
    commands = [stage.sithsup, stage.typed, stage.checked]
    measured = {command.name: Measured() for command in commands}
    for number in range(count):
        for command in commands if number % 2 == 0 else reversed(commands):
            stage.reset()
            measured[command.name].runs.append(run(command))
            _require_upgraded(stage, command)
        tell(" : ".join(f"{each.runs[-1].wall:.2f} s" for each in measured.values()))
    for command in commands:
        stage.reset()
        measured[command.name].memory = peak_memory(command)
        _require_upgraded(stage, command)
    return measured


def _require_upgraded(stage: Stage, command: Command) -> None:
    if wrong := stage.wrong():
        raise WrongEndError(f"{command.name}: {'; '.join(wrong)}")
