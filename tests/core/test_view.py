"""What a person sees of a card before a run, and of a run row by row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.certificate import Certificate
from sithsup.cli.view import View
from sithsup.preflight import Surroundings
from sithsup.runner import Mark, StepEvent
from sithsup.upgrade import UPGRADE
from tests.support.lab import START, Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.campaign import Campaign, Window

ASK, MAKE, ORDER = UPGRADE[0], UPGRADE[1], UPGRADE[3]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def shown(capsys: pytest.CaptureFixture[str], *events: StepEvent) -> list[str]:
    """The first words of every line."""
    View("upgrade", as_json=True).steps(events)
    return [line.strip()[:7] for line in capsys.readouterr().err.splitlines()]


def test_a_second_walk_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    """When an order is forgotten all rows are gone through again: nobody should wonder why they come twice."""
    first = (
        StepEvent(ASK, Mark.STARTED),
        StepEvent(ASK, Mark.DONE),
        StepEvent(MAKE, Mark.STARTED),
        StepEvent(MAKE, Mark.DONE),
        StepEvent(ORDER, Mark.STARTED),
    )
    second = (StepEvent(ASK, Mark.SEEN), StepEvent(MAKE, Mark.SEEN), StepEvent(ORDER, Mark.STARTED))
    assert shown(capsys, *first, *second, StepEvent(ORDER, Mark.DONE)) == [
        "✓ Ask t",
        "✓ Make ",
        "Once mo",
        "✓ Ask t",
        "✓ Make ",
        "✓ Order",
    ]


def test_undoing_is_no_second_walk(capsys: pytest.CaptureFixture[str]) -> None:
    """What was begun and is undone at once is told as undone."""
    events = (
        StepEvent(ASK, Mark.STARTED),
        StepEvent(ASK, Mark.DONE),
        StepEvent(MAKE, Mark.STARTED),
        StepEvent(MAKE, Mark.UNDOING),
        StepEvent(MAKE, Mark.UNDONE),
    )
    assert shown(capsys, *events) == ["✓ Ask t", "↶ Undon"]


class Around:
    """A computer that does not trust the new certificates."""

    def look(self, _: object) -> Surroundings:
        return Surroundings(trusts_roots=False)


def test_whom_to_ask_is_told_of_a_card_that_can_be_upgraded_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The deputy issuer of its holder; and for each warning whom to ask about it, on the screen and for machines."""
    lab = Lab(tmp_path)
    lab.wait(days=(min(Certificate.parse(der).not_after for der in lab.case.old) - START).days - 1)
    view = View("check", as_json=True)
    with lab.operation() as operation:
        operation._preflight = Around()  # type: ignore[assignment]
        campaign = operation.world.campaign
        campaign = operation.world.campaign = campaign.model_copy(update={"window": open_for_ever(campaign)})
        report = operation.look()
        assert not report.stops
        view.report(report, campaign, "<{}>".format)
        told = capsys.readouterr().err.splitlines()
        view.warnings(report, "<{}>".format)
    warned = [report.findings[0].text(), report.findings[1].text(), "<deputy-issuer>", "<local-it>"]
    assert [finding.name for finding in report.findings[:2]] == ["CARD_EXPIRES_SOON", "ROOT_NOT_TRUSTED"]
    assert [line for line in told if line in warned] == [*warned, "<deputy-issuer>"]
    assert told[-1] == "<deputy-issuer>"
    assert capsys.readouterr().err.splitlines() == warned
    assert [(found["contact"], found["contact_text"]) for found in view.result["findings"][:3]] == [
        ("deputy-issuer", "<deputy-issuer>"),
        ("local-it", "<local-it>"),
        (None, None),
    ]


def open_for_ever(campaign: Campaign) -> Window:
    return campaign.window.model_copy(update={"closes": campaign.window.closes + timedelta(days=9999)})
