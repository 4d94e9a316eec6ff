"""What this computer remembers: upgrades that wait to be finished, those that were, and whether more can be written."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

from sithsup.card_lock import CardLock, unusable
from sithsup.database import unwritable
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term, Word, foreign, place
from sithsup.errors import JournalUnreadableError, UpgradeWaitsError, is_case_code
from sithsup.glimpse import Sight, glimpses
from sithsup.history import history as finished
from sithsup.model import MessageKind
from sithsup.preflight import journal_problem, warning
from sithsup.situation import ENDINGS, Outcome
from sithsup.texts import mark, readable
from sithsup.whole_file import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Value
    from sithsup.errors import SithsupError
    from sithsup.glimpse import Glimpse
    from sithsup.history import HistoryEntry

SIGHTS = {
    # Translators: how much can be seen of what the program saved about an upgrade
    Sight.WHOLE: mark("can be read"),
    # Translators: how much can be seen of what the program saved about an upgrade
    Sight.IN_USE: mark("the program is at work with it now"),
    # Translators: how much can be seen of what the program saved about an upgrade
    Sight.CUT: mark("cut off in the middle of a write; that is mended when it is used next"),
    # Translators: how much can be seen of what the program saved about an upgrade
    Sight.DAMAGED: mark("damaged"),
}
STEPS = {
    MessageKind.ORDER: "order-certificates",
    MessageKind.CONFIRM: "confirm-certificates",
    MessageKind.REVOKE: "revoke-old-certificates",
}
"""The step of the table that each of these messages announces."""
MEBIBYTE = 1 << 20
LONGEST_LIST = 10
"""How many finished cases are told of, the newest first."""


def journal(scene: Scene) -> Found:
    """Upgrades that wait to be finished here, and what stands in the way of beginning, finishing or undoing one."""
    folder, now = scene.settings.data, scene.clock()
    seen, problems = _seen(folder)
    if cannot := journal_problem(folder):
        problems.append(cannot)
    in_use = sum(each.sight is Sight.IN_USE for each in seen)
    facts = (
        Fact("folder", mark("Folder"), place(folder)),
        Fact("waiting", mark("Upgrades that wait to be finished"), sum(bool(each.unfinished) for each in seen)),
        Fact("in-use", mark("Upgrades that the program is at work with now"), in_use),
        Fact("set-aside", mark("Damaged files that were set aside"), _set_aside(folder)),
        Fact("is-writable", mark("Can be written to"), cannot is None),
        Fact("free-mebibytes", mark("Free disk space (MiB)"), _free(folder)),
    )
    groups = tuple(_waiting(each, now) for each in seen)
    named = (*map(Problem, problems), *(Problem(each) for each in _problems(seen)))
    return Found(facts, groups, tuple(named))


def _seen(folder: Path) -> tuple[tuple[Glimpse, ...], list[SithsupError]]:
    try:
        return glimpses(folder), []
    except OSError as error:
        return (), [unwritable(folder, error)]


def _set_aside(folder: Path) -> int:
    return sum(1 for _ in folder.glob("journal-*.unreadable"))


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(nearest(folder)).free // MEBIBYTE
    except OSError:
        return None


def _waiting(seen: Glimpse, now: datetime) -> Group:
    waits = seen.unfinished
    sight = Fact("state", mark("What the program saved"), Term(seen.sight.value, SIGHTS[seen.sight]))
    if waits is None:
        return Group("journal", Term("journal", mark("An upgrade")), (sight,))
    begun = datetime.fromisoformat(waits.begun)
    steps = [step for kind, step in STEPS.items() if kind in seen.messages]
    facts = (
        sight,
        Fact("case-code", mark("Case code"), _case_code(waits.case_code)),
        Fact("campaign", mark("Campaign"), foreign(waits.campaign)),
        Fact("begun", mark("Begun"), begun),
        Fact("days", mark("Days since then"), (now - begun).days),
        Fact("keys", mark("New keys that were announced"), seen.keys),
        Fact("steps", mark("Steps that were announced"), Word(", ".join(steps) or "-")),
        Fact("is-full", mark("The card was full"), seen.is_full),
    )
    return Group("journal", foreign(waits.card), facts)


def _problems(seen: tuple[Glimpse, ...]) -> Iterator[SithsupError]:
    for each in seen:
        if each.sight is Sight.DAMAGED:
            yield JournalUnreadableError(path=str(each.path), problem=each.problem)
        if waits := each.unfinished:
            begun = readable(datetime.fromisoformat(waits.begun))
            yield UpgradeWaitsError(card=waits.card, case=waits.case_code, date=begun)


def _case_code(text: str) -> Value:
    return Word(text) if is_case_code(text) else foreign(text)


def locks(scene: Scene) -> Found:
    """What keeps two accounts of this computer from one card, and whether anybody is at work on one now."""
    folder = scene.settings.locks
    cannot = unusable(folder)
    there = sorted(folder.glob("sithsup-*.lock")) if folder else []
    taken = sum(CardLock(folder, path.stem.removeprefix("sithsup-")).is_taken for path in there)
    facts = (
        Fact("folder", mark("Folder"), place(folder) if folder else None),
        Fact("is-usable", mark("Can be used"), cannot is None),
        Fact("cards", mark("Cards that were at work on this computer"), len(there)),
        Fact("of-others", mark("Of these, by other accounts"), sum(map(_is_anothers, there))),
        Fact("taken", mark("Cards that somebody is at work on now"), taken),
    )
    return Found(facts, problems=(Problem(warning("LOCKS_UNUSABLE", path=cannot)),) if cannot else ())


def _is_anothers(path: Path) -> bool:
    return hasattr(os, "getuid") and path.stat().st_uid != os.getuid()


def history(scene: Scene) -> Found:
    """What was finished on this computer."""
    entries = finished(scene.settings.data)
    groups = tuple(map(_case, entries[:LONGEST_LIST]))
    return Found((Fact("cases", mark("Finished cases"), len(entries)),), groups)


def _case(entry: HistoryEntry) -> Group:
    outcome = Term(entry.outcome, ENDINGS[Outcome(entry.outcome)]) if entry.outcome in ENDINGS else None
    facts = (
        Fact("case-code", mark("Case code"), _case_code(entry.case_code)),
        Fact("outcome", mark("How it ended"), outcome),
        Fact("campaign", mark("Campaign"), foreign(entry.campaign)),
        Fact("begun", mark("Begun"), datetime.fromisoformat(entry.begun)),
        Fact("ended", mark("Ended"), datetime.fromisoformat(entry.ended)),
    )
    return Group("case", foreign(entry.card), facts)
