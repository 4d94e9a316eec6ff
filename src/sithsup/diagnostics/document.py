"""A diagnosis as it is handed on: what came of every probe, with everything blotted that is nobody else's to read."""

from __future__ import annotations

import getpass
import platform
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sithsup.diagnostics.probe import STATUS_TEXTS
from sithsup.diagnostics.values import Blotter, iso
from sithsup.texts import readable, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sithsup.diagnostics.probe import Group, Result
    from sithsup.diagnostics.problem import Problem
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Fact, Value
    from sithsup.errors import Contact

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Document:
    """A whole diagnosis. `whom` tells whom to ask."""

    case_code: str
    at: datetime
    results: tuple[Result, ...]
    """In the order of the probes."""
    blotter: Blotter
    whom: Callable[[Contact], str]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Whatever is wrong, each once."""
        found = (problem for result in self.results for problem in result.found.problems)
        return tuple({(problem.code, problem.name): problem for problem in found}.values())

    def data(self) -> dict[str, Any]:
        """For machines, by the schema `resources/diagnosis.schema.json`."""
        return {
            "format": FORMAT,
            "case_code": self.case_code,
            "at": iso(self.at),
            "problems": [self._problem(problem) for problem in self.problems],
            "probes": [self._result(result) for result in self.results],
        }

    def lines(self) -> Iterator[str]:
        """For a person: what is wrong first, then everything."""
        for problem in self.problems:
            yield from (line for line in self.told(problem) if line)
        for result in self.results:
            yield tr("{name}: {value}", name=tr(result.probe.title), value=tr(STATUS_TEXTS[result.status]))
            yield from (f"  {line}" for line in self.lines_of(result))

    def lines_of(self, result: Result) -> Iterator[str]:
        """Everything that one probe has found."""
        yield from self._facts(result.found.facts)
        for group in result.found.groups:
            yield self.shown(group.title)
            yield from (f"  {line}" for line in self._facts(group.facts))

    def told(self, problem: Problem) -> tuple[str, str, str, str]:
        """What is wrong, why, what to do, whom to ask; empty where there is nothing to say."""
        whom = self.whom(problem.contact) if problem.contact else ""
        what = f"{problem.what.removesuffix('.')} ({problem.label})"
        blot = self.blotter.text
        return blot(what), blot(problem.cause), blot(problem.remedy), whom

    def shown(self, value: Value) -> str:
        """A value as a person reads it."""
        if value is None:
            return tr("not known")
        if isinstance(value, bool):
            return tr("yes") if value else tr("no")
        return readable(self.blotter.value(value))

    def _facts(self, facts: Iterable[Fact]) -> Iterator[str]:
        return (tr("{name}: {value}", name=tr(fact.label), value=self.shown(fact.value)) for fact in facts)

    def _problem(self, problem: Problem) -> dict[str, Any]:
        what, cause, remedy, contact = self.told(problem)
        told = {"what": what, "cause": cause, "remedy": remedy, "contact": contact}
        return {"code": problem.code, "name": problem.name, **told}

    def _result(self, result: Result) -> dict[str, Any]:
        return {
            "name": result.probe.name,
            "status": result.status.value,
            "seconds": round(result.seconds, 3),
            "is_late": result.is_late,
            "fault": result.fault,
            "problems": [{"code": problem.code, "name": problem.name} for problem in result.found.problems],
            "facts": self._values(result.found.facts),
            "groups": [self._group(group) for group in result.found.groups],
        }

    def _group(self, group: Group) -> dict[str, Any]:
        return {"name": group.name, "title": self._value(group.title), "facts": self._values(group.facts)}

    def _values(self, facts: Iterable[Fact]) -> dict[str, Any]:
        return {fact.name: self._value(fact.value) for fact in facts}

    def _value(self, value: Value) -> object:
        return iso(value) if isinstance(value, datetime) else self.blotter.value(value)


def finish(results: Iterable[Result], scene: Scene, whom: Callable[[Contact], str]) -> Document:
    """Put together what came of the probes, in their order."""
    private = frozenset(scene.private | account_names())
    return Document(scene.case_code, scene.clock(), tuple(results), Blotter(private), whom)


def account_names() -> set[str]:
    """What the account and the computer are called: a report need not tell whose they are."""
    return {getpass.getuser(), Path.home().name, platform.node()}
