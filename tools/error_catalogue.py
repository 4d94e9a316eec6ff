#!/usr/bin/env python3
"""The catalogue of errors for help desks (docs/errors.sv.md and docs/errors.en.md), made from the program's own texts.

Without arguments it looks whether the files are up to date (exit code 1); with --write it writes them.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sithsup import texts
from sithsup.catalogue import entries
from sithsup.cli.errors import AT_THE_COMMAND_LINE, CAUSE, CONTACT, EXIT_CODE, MESSAGE, REMEDY, WHO
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sithsup.catalogue import Entry, Remedy

DOCS = Path(__file__).resolve().parents[1] / "docs"


SWEDISH_INTRODUCTION = """\
Alla felkoder, och alla orsaker till att ett kort inte uppgraderas, med de fyra rubriker som en support känner igen.
Sidan är gjord av programmets egna texter (`./dev texts`), så den säger det som står på skärmen. I stället för det
som bara ett verkligt fel vet står vad det är, till exempel FIL. `sithsup errors KOD` visar samma sak. Hur du hjälper
en kortinnehavare står i [support.sv.md](support.sv.md). In English: [errors.en.md](errors.en.md).

Har en kod flera rader är det olika fel av samma slag. Står det flera åtgärder i en ruta visas en av dem, beroende på
vad programmet vet just då. Först står det som fönstret säger, och sedan det som kommandoraden säger, där det är något
annat. Inom parentes står orsakens namn. En varning har bara sitt namn, och hindrar ingen."""
ENGLISH_INTRODUCTION = """\
Every error code, and every reason why a card is not upgraded, under the four headings that a help desk knows. The
page is made from the program's own texts (`./dev texts`), so it says what the screen says. In the place of what only
a real error knows stands what it is, such as FILE. `sithsup errors CODE` shows the same. How to help a card holder:
[support.en.md](support.en.md). På svenska: [errors.sv.md](errors.sv.md).

Where a code has several rows they are different errors of one kind. Of several remedies in one box one is told, by
what the program knows at that moment. First stands what the window says, and then what the command line says, where
that is something else. In parentheses stands the name of the reason. A warning has but its name, and stops nobody."""


class Page(NamedTuple):
    """What stands around the entries, in the language of a page."""

    title: str
    introduction: str
    contents: str
    groups: dict[str, str]
    """By the beginning of the codes."""


PAGES = {
    "sv": Page(
        "Felkatalog",
        SWEDISH_INTRODUCTION,
        "Innehåll",
        {
            "SU-1": "Kort, kortläsare, kortprogram och koder",
            "SU-2": "Utfärdaren och vägen dit",
            "SU-3": "Kampanj, inställningar och argument",
            "SU-4": "Datorns anteckningar om uppgraderingen",
            "SU-5": "Uppgraderingen",
            "SU-6": "Datorn",
            "SU-9": "Fel i programmet",
            "": "Varningar",
        },
    ),
    "en": Page(
        "Catalogue of errors",
        ENGLISH_INTRODUCTION,
        "Contents",
        {
            "SU-1": "Card, card reader, smart card program and codes",
            "SU-2": "The certificate issuer and the way to it",
            "SU-3": "Campaign, settings and arguments",
            "SU-4": "The computer's notes of the upgrade",
            "SU-5": "The upgrade",
            "SU-6": "The computer",
            "SU-9": "Faults in the program",
            "": "Warnings",
        },
    ),
}


def main(arguments: list[str], folder: Path = DOCS) -> int:
    """Check or write; the exit code."""
    stale = []
    for language in PAGES:
        file, made = folder / f"errors.{language}.md", text(language)
        if "--write" in arguments:
            file.write_text(made, "utf-8")
        if not file.exists() or file.read_text("utf-8") != made:
            stale.append(file.name)
    print(f"catalogue of errors: {', '.join(stale)}: run ./dev texts" if stale else "catalogue of errors: up to date")
    return 1 if stale else 0


def text(language: str) -> str:
    """A page as it should be."""
    texts.set_language(language)
    try:
        return "\n".join(_lines(PAGES[language]))
    finally:
        texts.set_language(None)


def _lines(page: Page) -> Iterator[str]:
    yield from (f"# {page.title}", "", page.introduction, "", f"## {page.contents}", "")
    groups = [(title, list(found)) for title, found in groupby(entries(), lambda entry: _group(page, entry))]
    for title, found in groups:
        yield f"- {title}"
        for label, (plainest, *_) in _by_label(found):
            yield f"  - [{label}](#{_anchor(label)}): {plainest.message}"
    yield ""
    for title, found in groups:
        yield from (f"## {title}", "")
        for label, kinds in _by_label(found):
            yield from (f"### {label}", "", *_table(kinds), "")


def _by_label(found: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    return [(label, list(kinds)) for label, kinds in groupby(found, lambda entry: entry.label)]


def _group(page: Page, entry: Entry) -> str:
    return page.groups[entry.code[: len("SU-1")]]


def _anchor(label: str) -> str:
    return label.lower().replace(" ", "-").replace("(", "").replace(")", "")


def _table(kinds: list[Entry]) -> Iterator[str]:
    """The entries that share a code or a name."""
    headings = (MESSAGE, CAUSE, REMEDY, CONTACT, EXIT_CODE)
    yield _row(*map(tr, headings))
    yield _row(*("---" for _ in headings))
    for entry in kinds:
        remedies = "<br>".join(map(_told, entry.remedies))
        yield _row(entry.message, entry.cause, remedies, tr(WHO[entry.contact]), str(entry.exit_code))


def _told(remedy: Remedy) -> str:
    if remedy.command_line == remedy.window:
        return remedy.window
    return f"{remedy.window} *{tr(AT_THE_COMMAND_LINE)}:* {remedy.command_line}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
