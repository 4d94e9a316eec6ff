"""What `check` tells of a card: no two things that disagree, and nothing that nobody judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sithsup import texts
from sithsup.cli.agree import show_asked
from sithsup.cli.view import View
from sithsup.eligibility import Finding, Reason, Severity
from sithsup.eligibility.holds import Told
from sithsup.eligibility.rules import ROWS
from sithsup.model import CodeState, KeyRole
from sithsup.situation import Situation
from tests.support.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.report import Report

UNREACHABLE = Finding("AUTHORITY_UNREACHABLE", Severity.WARNS, "Nobody is there.")
NO_JOURNAL = Finding("JOURNAL_UNWRITABLE", Severity.STOPS, "Nothing is begun.", exit_code=5)
Codes = Mapping[KeyRole, CodeState]
NO_CODES: Codes = {}
WORKS = ("old_works", "old_signs", "new_works", "can_log_in")


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


class Checked(NamedTuple):
    """What `check` says."""

    lines: list[str]
    result: dict[str, object]

    @property
    def works(self) -> tuple[object, ...]:
        return tuple(self.result[name] for name in WORKS)


class Checker:
    """Has a card that can be upgraded looked at, and shows it as changed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._lab, self._capsys = Lab(folder), capsys
        with self._lab.operation() as operation:
            self.report, self._campaign = operation.look(), operation.world.campaign

    def check(self, *found: Finding, situation: Situation = Situation.FRESH, codes: Codes = NO_CODES) -> Checked:
        """`codes` are the states of codes by role."""
        view = View("check", as_json=True)
        report = self._changed(found, situation, codes)
        view.report(report, self._campaign, lambda who: f"ask {who}")
        show_asked(view, report)
        return Checked(self._capsys.readouterr().err.splitlines(), view.result)

    def _changed(self, found: tuple[Finding, ...], situation: Situation, codes: Codes) -> Report:
        tokens = []
        for token in self.report.contents.tokens:
            state = next((codes[role] for role in sorted(token.roles) if role in codes), token.info.code)
            tokens.append(replace(token, info=replace(token.info, code=state)))
        contents = replace(self.report.contents, tokens=tuple(tokens))
        verdict = replace(self.report.verdict, situation=situation)
        return replace(self.report, contents=contents, verdict=verdict, findings=found)


@pytest.fixture
def checker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Checker:
    """Give one."""
    return Checker(tmp_path, capsys)


def finding(reason: Reason) -> Finding:
    """A reason, as its row tells it."""
    return ROWS[reason.value].finding(Told())


def test_without_a_network_one_thing_is_said(checker: Checker) -> None:
    """Not that nothing can be upgraded, and then how to."""
    lines = checker.check(UNREACHABLE).lines
    assert "The card can be upgraded when the issuer can be reached. Try another network, or later." in lines
    assert not [line for line in lines if "run “sithsup upgrade”" in line]
    assert "The card can be upgraded: run “sithsup upgrade”." in checker.check().lines


def test_what_stops_is_not_followed_by_what_must_be_agreed_to(checker: Checker) -> None:
    """Nothing is begun where nothing can be saved, so nothing will be asked."""
    assert any("encrypted e-mail" in line for line in checker.check().lines)
    assert not [line for line in checker.check(NO_JOURNAL).lines if "e-mail" in line or "terms" in line]


def test_nobody_is_told_of_scripts(checker: Checker) -> None:
    """What a script must add stands in the JSON result alone."""
    told = checker.check()
    assert told.result["upgrade_arguments"] == ["--mail-understood"]
    assert not [line for line in told.lines if "--mail-understood" in line]


def test_what_stops_is_told_with_its_name(checker: Checker) -> None:
    """Something to read out over the phone, as errors have; a card that needs nothing has none."""
    lines = checker.check(finding(Reason.PAUSED), NO_JOURNAL).lines
    assert "No upgrades begin just now: there is a pause. Try again later. (PAUSED)" in lines
    assert "Nothing is begun. (JOURNAL_UNWRITABLE)" in lines
    done = checker.check(finding(Reason.ALREADY_UPGRADED), situation=Situation.UPGRADED).lines
    assert "Your card is upgraded already." in done


@pytest.mark.parametrize(
    ("reason", "situation"),
    [
        (Reason.SPARE_CARD, Situation.FRESH),
        (Reason.FOREIGN_ISSUER, Situation.FRESH),
        (Reason.ALREADY_UPGRADED, Situation.UPGRADED),
        (Reason.NO_NEED, Situation.UPGRADED),
        (None, Situation.INTERRUPTED),
    ],
)
def test_a_card_that_is_not_to_be_upgraded_needs_no_arguments(
    reason: Reason | None, situation: Situation, checker: Checker
) -> None:
    told = checker.check(*([finding(reason)] if reason else []), situation=situation).result
    assert (told["upgrade_arguments"], told["terms"]) == ([], None)


@pytest.mark.parametrize(
    ("reasons", "codes", "works"),
    [
        ((), {}, (True, True, False, True)),
        ((Reason.PAUSED,), {}, (True, True, False, True)),
        ((Reason.SPARE_CARD,), {}, (None, None, None, None)),
        ((Reason.FOREIGN_ISSUER,), {}, (None, None, None, None)),
        ((Reason.CARD_REVOKED,), {}, (False, False, False, False)),
        ((Reason.PIN_LOCKED,), {KeyRole.SIGNATURE: CodeState.UNSET}, (True, False, False, True)),
        ((Reason.PIN_LOCKED,), {KeyRole.AUTHENTICATION: CodeState.LOCKED}, (False, True, False, False)),
    ],
)
def test_what_works_is_what_was_judged(
    reasons: tuple[Reason, ...], codes: Codes, works: tuple[bool | None, ...], checker: Checker
) -> None:
    """Null for what this program does not judge; a code that opens nothing, and a revoked card, are of no use."""
    assert checker.check(*map(finding, reasons), codes=codes).works == works


def test_whoever_interrupted_and_has_a_locked_code_cannot_log_in(checker: Checker) -> None:
    """The certificates work; the code does not open their key."""
    locked = {KeyRole.AUTHENTICATION: CodeState.LOCKED}
    told = checker.check(finding(Reason.PIN_LOCKED), situation=Situation.INTERRUPTED, codes=locked)
    assert told.result["can_log_in"] is False
    assert "You cannot log in with the card now." in told.lines
