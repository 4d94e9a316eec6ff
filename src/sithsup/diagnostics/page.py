"""A diagnosis as a page: what support asks for, what is wrong, and then every probe as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup import sheet
from sithsup.diagnostics.asked import HSA_ID, asked
from sithsup.diagnostics.document import ASKED, NOTHING_WRONG, WRONG
from sithsup.diagnostics.probe import STATUS_TEXTS
from sithsup.sheet import Section, Table
from sithsup.texts import readable, tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sithsup.diagnostics.document import Document
    from sithsup.diagnostics.probe import Group, Result
    from sithsup.diagnostics.values import Fact


def page(document: Document) -> str:
    """For a web browser and a printer, in the language that is in force."""
    title = tr("Diagnosis {code}", code=document.case_code)
    probes = (_of_probe(document, result) for result in document.results)
    return sheet.page(title, (_asked(document), _wrong(document), *probes))


def _asked(document: Document) -> Section:
    facts, certificates = asked(document.results)
    sentences = (tr("Made: {time}", time=readable(document.at)), tr(HSA_ID))
    parts = (_certificates(document, certificates),) if certificates else ()
    return Section(tr(ASKED), sentences, _table(document, facts), parts=parts)


def _certificates(document: Document, certificates: Iterable[Group]) -> Section:
    found = tuple(certificates)
    heads = (tr("Issuer"), *(tr(fact.label) for fact in found[0].facts))
    values = ((each.title, *(fact.value for fact in each.facts)) for each in found)
    rows = tuple(tuple("-" if value is None else document.shown(value) for value in row) for row in values)
    return Section(tr("Certificates on the card"), table=Table(heads, rows, names_rows=True))


def _wrong(document: Document) -> Section:
    parts = tuple(_problem(*document.handed_on(problem)) for problem in document.problems)
    return Section(tr(WRONG), () if parts else (tr(NOTHING_WRONG),), parts=parts)


def _problem(what: str, cause: str, remedy: str, contact: str) -> Section:
    return Section(what, tuple(filter(None, (cause, remedy, contact))))


def _of_probe(document: Document, result: Result) -> Section:
    found = result.found
    title = tr("{name}: {value}", name=tr(result.probe.title), value=tr(STATUS_TEXTS[result.status]))
    parts = tuple(Section(document.shown(group.title), table=_table(document, group.facts)) for group in found.groups)
    table = _table(document, found.facts) if found.facts else None
    return Section(title, tuple(_why_unknown(result)), table, parts=parts)


def _why_unknown(result: Result) -> Iterator[str]:
    if result.is_late:
        yield tr("It took too long.")
    if result.fault:
        yield tr("A fault in the program: {kind}", kind=result.fault)


def _table(document: Document, facts: Iterable[Fact]) -> Table:
    return Table((), tuple((tr(fact.label), document.shown(fact.value)) for fact in facts), names_rows=True)
