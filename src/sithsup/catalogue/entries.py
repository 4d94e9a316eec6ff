"""The entries, made from the tables of the program, in the language in use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sithsup.catalogue.explained import EXPLAINED
from sithsup.eligibility import RULES, Severity
from sithsup.errors import CodeError, JournalUnwritableError, NotEligibleError, kinds
from sithsup.preflight import WARNINGS
from sithsup.texts import mark, tr
from sithsup.ways import Interface, advise_at

if TYPE_CHECKING:
    from sithsup.errors import Contact, SithsupError

STAND_INS = {
    "address": mark("the issuer's address"),
    "answer": mark("the name of an error"),
    "card": mark("its number"),
    "cards": mark("a list of them"),
    "case": mark("CODE"),
    "certificate": mark("its name"),
    "check": mark("which one"),
    "count": mark("so many"),
    "date": mark("the day that is told"),
    "host": mark("the server"),
    "issuer": mark("the issuer's name"),
    "library": mark("FILE"),
    "line": mark("NUMBER"),
    "longest": "8",
    "missing": mark("the other"),
    "name": mark("the setting or the argument"),
    "ours": mark("this computer"),
    "path": mark("FILE"),
    "place": mark("PLACE"),
    "places": mark("the usual places"),
    "port": mark("NUMBER"),
    "problem": mark("what is wrong"),
    "program": "Net iD",
    "programs": mark("their names"),
    "proxy": mark("the proxy's address"),
    "reader": mark("the card reader"),
    "reason": mark("what stands in the way"),
    # Translators: stands in “certificate for {role}”
    "role": mark("authentication or signature"),
    "seconds": mark("so many"),
    "service": "SCardSvr",
    "shortest": "6",
    "span": mark("so much"),
    "status": mark("404 or the like"),
    "step": mark("its name"),
    "theirs": mark("another kind of computer"),
    "version": mark("VERSION"),
    "wait": mark("so many minutes"),
    "waiting": mark("its number"),
}
"""What a text says in the catalogue in the place of what only a real error knows."""
CODE = re.compile(r"\b(?:SU[\s-]*)?(\d{4})\b")


class Remedy(NamedTuple):
    """What to do, as the window tells it and as the command line does."""

    window: str
    command_line: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of error, one reason or one warning."""

    code: str
    """Empty of a warning that stops nobody."""
    name: str
    """Of the reason or the warning; empty of an error."""
    kind: str
    """The error's class; empty where there is no error."""
    message: str
    cause: str
    remedies: tuple[Remedy, ...]
    """The usual one, and what is told in its place when more is known of the moment."""
    contact: Contact | None
    """None where nobody need be asked."""
    exit_code: int

    @property
    def label(self) -> str:
        """What support is told over the phone."""
        return f"{self.code} ({self.name})" if self.code and self.name else self.code or self.name


def entries() -> tuple[Entry, ...]:
    """Everything that a person may be told of, by its code; what has none comes last."""
    found = (*_errors(), *_reasons(), *_warnings())
    return tuple(sorted(found, key=lambda entry: (not entry.code, entry.code)))


def matching(typed: str) -> tuple[Entry, ...]:
    """The entries that somebody means who has heard or read a code, the name of a reason, or both.

    SU-1101, su 1101 and 1101 are one code; PIN_LOCKED and pin-locked are one name. Names may be several, and tell more
    than the code beside them; an authority may have given one that is known to nobody here.
    """
    text = typed.upper()
    found = CODE.search(text)
    code = f"SU-{found[1]}" if found else ""
    parts = (re.findall(r"[A-Z]+", part) for part in re.split(r"[,()]", CODE.sub("", text)))
    names = {"_".join(words) for words in parts if words}
    every = entries()
    named = tuple(entry for entry in every if entry.name in names)
    return named or tuple(entry for entry in every if code and entry.code == code)


def _errors() -> list[Entry]:
    return [
        Entry(
            code=kind.code,
            name="",
            kind=kind.__name__,
            message=_example(kind.what_text),
            cause=_example(_cause(kind)),
            remedies=tuple(map(_remedy, (kind.next_text, *kind.other_texts))),
            contact=kind.contact,
            exit_code=kind.exit_code,
        )
        for kind in kinds()
    ]


def _cause(kind: type[SithsupError]) -> str:
    """Why; of a code, without its role."""
    return kind.bare_text if issubclass(kind, CodeError) else kind.why_text


def _reasons() -> list[Entry]:
    return [_explained(row.reason.value, row.text, row.contact, row.exit_code, kind=NotEligibleError) for row in RULES]


def _warnings() -> list[Entry]:
    return [
        _explained(
            row.name,
            row.text,
            row.contact,
            row.exit_code,
            kind=JournalUnwritableError if row.severity is Severity.STOPS else None,
        )
        for row in WARNINGS
    ]


def _explained(
    name: str, text: str, contact: Contact | None, exit_code: int, *, kind: type[SithsupError] | None
) -> Entry:
    cause, remedy = EXPLAINED[name]
    return Entry(
        code=kind.code if kind else "",
        name=name,
        kind=kind.__name__ if kind else "",
        message=_example(text),
        cause=tr(cause),
        remedies=(_remedy(remedy),),
        contact=contact,
        exit_code=exit_code,
    )


def _remedy(text: str) -> Remedy:
    return Remedy(_example(text, Interface.WINDOW), _example(text, Interface.COMMAND_LINE))


def _example(text: str, interface: Interface = Interface.WINDOW) -> str:
    """A text as a whole sentence, with something readable in the place of every value."""
    filled = advise_at(interface, text, {name: tr(stand_in) for name, stand_in in STAND_INS.items()})
    return filled[0].upper() + filled[1:] + ("" if filled.endswith(".") else ".")
