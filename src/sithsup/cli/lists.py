"""What `history` lists: one line each for a person, who may be reading it out over the phone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sithsup.situation import ENDINGS, Outcome
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sithsup.history import HistoryEntry


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
