"""What the card issuer's support asks for first, picked out of everything that was found.

That is the card's number, the smart card program with its version, how this program was installed, and which
certificates are on the card. The holder's HSA-id is asked for too: it is in no report.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from sithsup.diagnostics.values import Fact, Word
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sithsup.diagnostics.probe import Group, Result
    from sithsup.diagnostics.values import Value

HSA_ID = mark("The holder's HSA-id is not in the report. Support asks for it over the phone.")
CERTIFICATE = ("role", "subject", "not-after")
"""What is told of each certificate besides its issuer."""


class Asked(NamedTuple):
    """Facts, of which those that were not found are None, and the certificates by their issuers."""

    facts: tuple[Fact, ...]
    certificates: tuple[Group, ...]


def asked(results: Iterable[Result]) -> Asked:
    """Pick it out."""
    found = {result.probe.name: result for result in results}
    program, module = _facts(found.get("program")), _taken(found.get("modules"))
    numbers = [_value(group.facts, "number") for group in _groups(found.get("card"), "card")]
    facts = (
        *(Fact("card-number", mark("Card number"), _grouped(number)) for number in numbers or [None]),
        Fact("module", mark("Smart card program"), _value(module, "description")),
        Fact("module-maker", mark("Made by"), _value(module, "manufacturer")),
        Fact("module-version", mark("Version of the smart card program"), _value(module, "version")),
        Fact("module-file", mark("Its file"), _value(module, "file")),
        Fact("version", mark("Version of this program"), _value(program, "version")),
        Fact("installed", mark("Runs from an installation package"), _value(program, "installed")),
        Fact("system", mark("Operating system"), _value(program, "system")),
    )
    return Asked(facts, tuple(map(_certificate, _groups(found.get("card"), "certificate"))))


def _grouped(number: Value) -> Value:
    """In fours, as it is printed on the card and read aloud."""
    return Word(" ".join(re.findall(".{1,4}", number))) if isinstance(number, Word) else number


def _taken(modules: Result | None) -> tuple[Fact, ...]:
    """What is known of the smart card program that is used; its file stands among the facts."""
    taken = (group for group in _groups(modules, "module") if _value(group.facts, "is-taken"))
    return next(((*group.facts, Fact("file", "", group.title)) for group in taken), ())


def _certificate(group: Group) -> Group:
    return replace(group, facts=tuple(fact for fact in group.facts if fact.name in CERTIFICATE))


def _facts(result: Result | None) -> tuple[Fact, ...]:
    return result.found.facts if result else ()


def _groups(result: Result | None, name: str) -> Iterator[Group]:
    return (group for group in (result.found.groups if result else ()) if group.name == name)


def _value(facts: Iterable[Fact], name: str) -> Value:
    return next((fact.value for fact in facts if fact.name == name), None)
