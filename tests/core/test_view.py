"""What a person sees of a run, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.cli.view import View
from sithsup.runner import Mark, StepEvent
from sithsup.upgrade import UPGRADE

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        StepEvent(MAKE, Mark.STARTED),
        StepEvent(MAKE, Mark.UNDONE),
    )
    assert shown(capsys, *events) == ["✓ Ask t", "↶ Undon"]
