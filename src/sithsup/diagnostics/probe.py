"""Probes side by side: each fails alone, and none is waited for longer than its time."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sithsup.diagnostics.problem import Problem
from sithsup.errors import SithsupError
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Fact, Value

_log = logging.getLogger(__name__)

EACH = 8.0
"""Seconds that a probe may take. What is behind by then is left behind, and told as not found out."""


class Status(StrEnum):
    """What came of a probe."""

    RUNNING = "running"
    GOOD = "good"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


STATUS_TEXTS = {
    # Translators: what came of one question of the diagnosis
    Status.RUNNING: mark("is being looked at"),
    Status.GOOD: mark("nothing wrong"),
    Status.PROBLEM: mark("something is wrong"),
    Status.UNKNOWN: mark("could not be found out"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """What was found out of one thing among several: a reader, a module, a certificate."""

    name: str
    title: Value
    facts: tuple[Fact, ...]


class Found(NamedTuple):
    """What a probe gives: facts, groups of facts, and what is wrong."""

    facts: tuple[Fact, ...] = ()
    groups: tuple[Group, ...] = ()
    problems: tuple[Problem, ...] = ()


NOTHING = Found()


class Probe(NamedTuple):
    """A question. `ask` may raise whatever it likes; it is stable by its name, and shown under its title."""

    name: str
    title: str
    ask: Callable[[Scene], Found]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a probe."""

    probe: Probe
    status: Status = Status.RUNNING
    found: Found = NOTHING
    seconds: float = 0.0
    is_late: bool = False
    """Whether it was still at work when its time was over."""
    fault: str = ""
    """The kind of error that nobody had thought of, where it failed by one."""


class Round:
    """Every probe asked at once, each in a thread that may be left behind; over after hardly more than `each` s."""

    def __init__(self, probes: Sequence[Probe], scene: Scene, *, each: float = EACH) -> None:
        """Ask."""
        self._told: queue.Queue[Result] = queue.Queue()
        self._waiting = {probe.name: probe for probe in probes}
        self._each, self._ends = each, time.monotonic() + each
        for probe in probes:
            threading.Thread(
                target=_tell, args=(probe, scene, self._told), name=f"probe-{probe.name}", daemon=True
            ).start()

    @property
    def is_over(self) -> bool:
        """Whether there is a result of every probe."""
        return not self._waiting

    @property
    def left(self) -> float:
        """Seconds until nothing more is waited for."""
        return max(0.0, self._ends - time.monotonic())

    def take(self, seconds: float = 0.0) -> Iterator[Result]:
        """Give what has come since the last time; waits for the first for so long."""
        try:
            while True:
                result = self._told.get(timeout=seconds) if seconds else self._told.get_nowait()
                seconds = 0.0
                if self._waiting.pop(result.probe.name, None):
                    yield result
        except queue.Empty:
            yield from () if self.left else self._late()

    def _late(self) -> Iterator[Result]:
        for name in tuple(self._waiting):
            _log.warning("a probe takes too long: %s", name)
            yield Result(self._waiting.pop(name), Status.UNKNOWN, seconds=self._each, is_late=True)


def run(probes: Sequence[Probe], scene: Scene, *, each: float = EACH) -> Iterator[Result]:
    """Ask all; yields a result of each, as they come."""
    asked = Round(probes, scene, each=each)
    while not asked.is_over:
        yield from asked.take(asked.left)


def _tell(probe: Probe, scene: Scene, told: queue.Queue[Result]) -> None:
    begun = time.monotonic()
    result = _asked(probe, scene)
    told.put(replace(result, seconds=time.monotonic() - begun))


def _asked(probe: Probe, scene: Scene) -> Result:
    try:
        found = probe.ask(scene)
    except SithsupError as error:
        _log.info("diagnosis: %s: %s", probe.name, error.code)
        return Result(probe, Status.PROBLEM, Found(problems=(Problem(error),)))
    except Exception as error:  # noqa: BLE001  each probe fails alone
        _log.warning("a probe failed: %s", probe.name, exc_info=error)
        return Result(probe, Status.UNKNOWN, fault=type(error).__name__)
    return Result(probe, Status.PROBLEM if found.problems else Status.GOOD, found)
