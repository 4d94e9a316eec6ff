"""What may be done with the card, and why not: everything that can be said without a code and without a network."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from sithsup.ca.cmp import CmpAuthority
from sithsup.card.session import Card
from sithsup.diagnostics.card_side import unread
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.screen import is_remote
from sithsup.diagnostics.values import Fact, Term, Word, foreign
from sithsup.eligibility import Reason, Severity, level
from sithsup.errors import AuthorityUnreachableError
from sithsup.evidence import World
from sithsup.journal import Journal, card_key
from sithsup.preflight import WARNINGS, Surroundings
from sithsup.recovery import assess, look
from sithsup.report import make_report
from sithsup.situation import Situation
from sithsup.texts import mark
from sithsup.upgrade import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.scene import Scene
    from sithsup.eligibility import Finding
    from sithsup.model import CardContents, Clock, ModuleInfo
    from sithsup.report import Report

SITUATION_TEXTS = {
    Situation.FRESH: mark("nothing was begun"),
    Situation.UPGRADED: mark("finished"),
    Situation.INTERRUPTED: mark("begun and not finished"),
    Situation.UNUSABLE: mark("cannot be saved"),
}
SEVERITY_TEXTS = {Severity.STOPS: mark("stands in the way"), Severity.WARNS: mark("a warning")}
WORKS_TEXTS = {
    "old_works": mark("The old certificates work"),
    "old_signs": mark("The old certificates sign"),
    "new_works": mark("The new certificates work"),
    "can_log_in": mark("Somebody can log in with the card"),
}
NAMES = {*(reason.value for reason in Reason), *(row.name for row in WARNINGS)}
TOLD_BY_CARD = Reason.PIN_LOCKED
"""What the card's own probe tells with what to do about it."""


class Judged(NamedTuple):
    """A card, and what can be said of it."""

    report: Report
    campaign: Campaign


def eligibility(scene: Scene) -> Found:
    """Every reason against an upgrade of each card, what a person is warned of, and what of the card works."""
    seen = scene.cards()
    if missing := unread(scene.readers(), seen, scene.programs() or (), is_remote=is_remote()):
        raise missing
    judged = [
        judge(contents, scene.campaigns().of(contents), scene.settings.data, scene.clock, seen.module)
        for contents in seen.cards
    ]
    groups = tuple(group for each in judged for group in _groups(each))
    return Found(groups=groups, problems=tuple(problem for each in judged for problem in _problems(each)))


def judge(contents: CardContents, campaign: Campaign, folder: Path, clock: Clock, module: ModuleInfo | None) -> Judged:
    """Judge a card by what was read of it, the campaign, and a copy of its journal. Nobody is asked."""
    journal = Journal(folder, card_key(contents), clock, create=False, only_looks=True)
    authority = CmpAuthority(_Nowhere(), campaign.anchors, campaign.authority.query_oid, clock)
    nobody: Any = None  # neither module nor codes: what was read is all that is known
    with journal, ThreadPoolExecutor(1) as executor:
        world = World(Card(nobody, contents, nobody), authority, journal, campaign, clock, executor, time.sleep)
        rows = table(world)
        report = make_report(world, assess(rows, look(rows, world)), Surroundings(), module, ())
    return Judged(report, campaign)


class _Nowhere:
    """A way to the authority that leads nowhere: whether it can be reached is asked elsewhere."""

    address = "-"

    def exchange(self, body: bytes) -> NoReturn:
        """Refuse."""
        raise AuthorityUnreachableError(f"{len(body)} bytes for nobody", address=self.address)

    def fetch(self, address: str, question: bytes | None = None) -> NoReturn:  # noqa: ARG002  as every way
        """Refuse."""
        raise AuthorityUnreachableError("nobody is asked", address=address)


def _groups(judged: Judged) -> Iterator[Group]:
    report = judged.report
    verdict = report.verdict
    found = asdict(report.works)
    facts = (
        Fact("situation", mark("The upgrade"), Term(verdict.situation.value, SITUATION_TEXTS[verdict.situation])),
        Fact("level", mark("Level of assurance"), level(report.contents, judged.campaign)),
        *(Fact(name, label, found[name]) for name, label in WORKS_TEXTS.items()),
        Fact("choices", mark("What may be chosen"), _words(verdict.choices)),
        Fact("missing", mark("Steps that are left"), _words(verdict.missing if report.case_open else ())),
        Fact("case-open", mark("Was begun on this computer"), report.case_open),
    )
    yield Group("card", foreign(report.contents.reader), facts)
    yield from map(_finding, report.findings)


def _words(names: tuple[str, ...]) -> Word | None:
    return Word(", ".join(names)) if names else None


def _finding(finding: Finding) -> Group:
    facts = (
        Fact("severity", mark("Weight"), Term(finding.severity.value, SEVERITY_TEXTS[finding.severity])),
        Fact("text", mark("In words"), foreign(finding.text())),
    )
    return Group("reason", Word(finding.name) if finding.name in NAMES else foreign(finding.name), facts)


def _problems(judged: Judged) -> Iterator[Problem]:
    """What is wrong; that a card is upgraded, or need not be, is not."""
    for finding in judged.report.findings:
        is_wrong = finding.exit_code != 0 or finding.severity is Severity.WARNS
        if is_wrong and not finding.is_quiet and finding.name != TOLD_BY_CARD:
            yield Problem(finding)
