"""What `history` and `errors` list: one line each for a person, who may be reading it out over the phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sithsup import errors
from sithsup.situation import ENDINGS, Outcome
from sithsup.texts import mark, tr
from sithsup.ways import advise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sithsup.errors import SithsupError
    from sithsup.history import HistoryEntry

STAND_INS = {
    "address": mark("the issuer's address"),
    "answer": mark("its answer"),
    "cards": mark("a list of them"),
    "certificate": mark("its name"),
    "check": mark("which one"),
    "host": mark("the server"),
    "issuer": mark("its issuer"),
    "library": mark("its file"),
    "line": mark("its number"),
    "longest": mark("so many"),
    "minutes": mark("some"),
    "missing": mark("the other"),
    "name": mark("the setting"),
    "ours": mark("this computer"),
    "path": mark("FILE"),
    "place": mark("PLACE"),
    "places": mark("the usual places"),
    "port": mark("its number"),
    "problem": mark("what is wrong"),
    "program": mark("its program"),
    "programs": mark("their names"),
    "reader": mark("the card reader"),
    "proxy": mark("its name"),
    "reason": mark("the reason"),
    # Translators: stands in “code for {role}”
    "role": mark("authentication or signature"),
    "seconds": mark("some"),
    "service": mark("its name"),
    "shortest": mark("so many"),
    "status": mark("its number"),
    "step": mark("its name"),
    "theirs": mark("another kind of computer"),
    "version": mark("VERSION"),
}
"""What a text says in a list in the place of what only a real error knows."""


def history_lines(entries: tuple[HistoryEntry, ...], receipts: Mapping[str, Path | None]) -> Iterator[str]:
    """Every case that was finished, with local times, and where its receipt lies (by case code)."""
    for entry in entries:
        ending = tr(ENDINGS[Outcome(entry.outcome)]) if entry.outcome in ENDINGS else entry.outcome
        time = span(datetime.fromisoformat(entry.begun).astimezone(), datetime.fromisoformat(entry.ended).astimezone())
        yield tr(
            "Card {card}, case {case}: {ending}, {time}",
            card=entry.card,
            case=entry.case_code,
            ending=ending,
            time=time,
        )
        if page := receipts.get(entry.case_code):
            yield tr("  Receipt: {path}", path=page)


def span(begun: datetime, ended: datetime) -> str:
    """From when until when; the day is said once, and so is a minute in which all was done."""
    if ended - begun < timedelta(minutes=1) and ended.minute == begun.minute:
        return f"{begun:%Y-%m-%d %H:%M}"
    end = f"{ended:%H:%M}" if begun.date() == ended.date() else f"{ended:%Y-%m-%d %H:%M}"
    return f"{begun:%Y-%m-%d %H:%M}\N{EN DASH}{end}"


def error_kinds() -> list[type[SithsupError]]:
    """Every error that has a code, by its code."""
    return sorted(errors.leaves(), key=lambda leaf: leaf.code)


def example(text: str) -> str:
    """A text of an error as a whole sentence, with something readable in the place of every value."""
    filled = advise(text, **{name: tr(stand_in) for name, stand_in in STAND_INS.items()})
    return filled[0].upper() + filled[1:] + ("" if filled.endswith(".") else ".")


def error_lines() -> Iterator[str]:
    """Every error code: what happened, why, what to do, and the exit code."""
    for kind in error_kinds():
        said = " ".join(example(text) for text in (kind.what_text, kind.why_text, kind.next_text))
        yield tr("{code}  {said} Exit code: {exit_code}.", code=kind.code, said=said, exit_code=kind.exit_code)
