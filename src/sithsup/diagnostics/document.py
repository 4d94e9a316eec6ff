"""A diagnosis as it is handed on: what came of every probe, with everything blotted that is nobody else's to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sithsup.diagnostics.asked import HSA_ID, asked
from sithsup.diagnostics.private import of_account
from sithsup.diagnostics.probe import STATUS_TEXTS
from sithsup.diagnostics.values import Blotter, Term, iso
from sithsup.errors import Contact
from sithsup.texts import mark, readable, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sithsup.diagnostics.probe import Group, Result
    from sithsup.diagnostics.problem import Problem
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Fact, Value

FORMAT = 1
OWN_TEXTS = {
    Contact.DEPUTY_ISSUER: mark("Your deputy issuer, as your organisation has set it up."),
    Contact.LOCAL_IT: mark("Your local IT support, as your organisation has set it up."),
}
"""Whom to ask, where an organisation says that in words of its own: people may be named in them."""
ASKED, WRONG, NOTHING_WRONG = mark("What support asks for"), mark("What is wrong"), mark("Nothing wrong was found.")
"""Headings."""


class Told(NamedTuple):
    """What is wrong, why, what to do, whom to ask; empty where there is nothing to say."""

    what: str
    cause: str
    remedy: str
    contact: str


@dataclass(frozen=True, slots=True)
class Document:
    """A whole diagnosis. `whom` tells whom to ask."""

    case_code: str
    at: datetime
    results: tuple[Result, ...]
    """In the order of the probes."""
    blotter: Blotter
    whom: Callable[[Contact], str]
    own: frozenset[Contact] = frozenset()
    """Those of whom an organisation says in words of its own how they are reached."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Whatever is wrong, each once."""
        found = (problem for result in self.results for problem in result.found.problems)
        return tuple({(each.code, each.name, each.what, each.cause): each for each in found}.values())

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
        """For a person who reads it aloud: what is wrong first, then what support asks for, then everything."""
        yield tr("Case code: {code}", code=self.case_code)
        yield ""
        yield from self._wrong_lines()
        yield ""
        yield from self.asked_lines()
        for result in self.results:
            yield ""
            yield tr("{name}: {value}", name=tr(result.probe.title), value=tr(STATUS_TEXTS[result.status]))
            yield from (f"  {line}" for line in self.lines_of(result))

    def asked_lines(self) -> Iterator[str]:
        """What the card issuer's support asks for first."""
        facts, certificates = asked(self.results)
        yield tr(ASKED)
        yield from map(self.line, facts)
        for each in certificates:
            values = (each.title, *(fact.value for fact in each.facts))
            said = (self.shown(value) for value in values if value is not None)
            yield tr("Certificate on the card: {certificate}", certificate=", ".join(said))
        yield tr(HSA_ID)

    def _wrong_lines(self) -> Iterator[str]:
        yield tr(WRONG) if self.problems else tr(NOTHING_WRONG)
        for number, problem in enumerate(self.problems, 1):
            what, *rest = self.handed_on(problem)
            yield f"{number}. {what}"
            yield from (f"   {line}" for line in rest if line)

    def lines_of(self, result: Result) -> Iterator[str]:
        """Everything that one probe has found."""
        yield from map(self.line, result.found.facts)
        for group in result.found.groups:
            yield self.shown(group.title)
            yield from (f"  {self.line(fact)}" for fact in group.facts)

    def line(self, fact: Fact) -> str:
        """A fact on one line."""
        return tr("{name}: {value}", name=tr(fact.label), value=self.shown(fact.value))

    def shown(self, value: Value) -> str:
        """A value as a person reads it."""
        if value is None:
            return tr("not known")
        if isinstance(value, bool):
            return tr("yes") if value else tr("no")
        return tr(value.label) if isinstance(value, Term) else readable(self.blotter.value(value))

    def told(self, problem: Problem) -> Told:
        """A problem in words, for the person whose screen it is: whom to ask is told in full."""
        contact = self.whom(problem.contact) if problem.contact else ""
        return Told(*problem.words(self.blotter), contact)

    def handed_on(self, problem: Problem) -> Told:
        """The same for others. A campaign is public, and so is whom it names; what an organisation says is not."""
        if problem.contact in self.own:
            contact = tr(OWN_TEXTS[problem.contact])
        else:
            contact = self.blotter.identities(self.whom(problem.contact)) if problem.contact else ""
        return Told(*problem.words(self.blotter), contact)

    def _problem(self, problem: Problem) -> dict[str, Any]:
        return {"code": problem.code, "name": problem.name, **self.handed_on(problem)._asdict()}

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
    settings = scene.settings
    written = {Contact.DEPUTY_ISSUER: settings.deputy_issuer, Contact.LOCAL_IT: settings.local_it}
    own = frozenset(contact for contact, text in written.items() if text)
    private = frozenset(scene.private | of_account())
    return Document(scene.case_code, scene.clock(), tuple(results), Blotter(private), whom, own)
