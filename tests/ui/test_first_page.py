"""Sätt i kortet: what is said there of a card is what the command line says of it; and nobody goes on in vain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect

from sithsup.errors import NoModuleError, SecondInstanceError
from sithsup.flow import Act, Page
from sithsup.operation import Operation
from sithsup.situation import Outcome
from sithsup.texts import ENGLISH
from sithsup.ui.frame import NEXT
from sithsup.ui.pages.done import DonePage
from sithsup.ui.pages.insert import InsertPage
from tests.ui.live import live
from tests.ui.states import card, insert, sight
from tests.ui.window import Setting, opened, show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.ui.seen import Order
    from sithsup.ui.wizard import Wizard


@pytest.fixture
def window() -> Iterator[Wizard]:
    """Give the window, in English."""
    with opened(Setting(ENGLISH)) as made:
        yield made


def page_of(window: Wizard, name: str) -> InsertPage:
    page = show(window, name)
    assert isinstance(page, InsertPage)
    return page


# fmt: off
TABLE = (
    # this card           is told in these words                                              and the main button is
    ("insert-fresh",      "The card can be upgraded. It takes about 1 min.",                  "&Next"),
    ("insert-upgraded",   "Your card is upgraded already.\nNothing needs to be done.",        None),
    ("insert-no-need",    "This card does not need to be upgraded.\nNothing needs to be done.", None),
    ("insert-spare-card", "This is a spare card. Spare cards cannot be upgraded.",            None),
    ("insert-to-close",
     "Your card is upgraded already.\nOnly the receipt is left to be made on this computer.", "&Make the receipt"),
    ("insert-no-network",
     "The card can be upgraded when the issuer can be reached. Try another network, or later.", "&Next"),
)
# fmt: on


@pytest.mark.parametrize(("name", "text", "button"), TABLE, ids=[row[0] for row in TABLE])
def test_what_is_said_of_a_card(name: str, text: str, button: str | None, window: Wizard) -> None:
    """And its number is compared as long as something may be done with it."""
    page = page_of(window, name)
    assert page.verdict.text.text() == text
    forward = window.button(NEXT)
    assert (forward.text() if forward.isEnabled() else None) == button
    assert page.question.isVisibleTo(page) is (name in {"insert-fresh", "insert-no-network"})


def test_who_is_asked_where_the_issuer_is_out_of_reach(window: Wizard) -> None:
    page = page_of(window, "insert-no-network")
    assert page.contact.text.text().startswith("Your local IT support")
    assert not page_of(window, "insert-fresh").contact.isVisibleTo(page)


def test_an_error_is_told_with_its_code_and_no_card_is_asked_for(window: Wizard) -> None:
    """Its name is the heading where there is no card; else the card is."""
    page = page_of(window, "insert-no-module")
    error = NoModuleError()
    assert page.heading.text() == error.what.removesuffix(".")
    assert page.verdict.text.text() == f"{error.next_step} ({error.code})"
    assert not page.picture.isVisibleTo(page)
    busy = SecondInstanceError("TEST")
    window.present(insert(replace(sight(card()), report=None, error=busy)))
    assert page.heading.text() == "Your card"
    assert page.verdict.text.text() == f"{busy.what} {busy.next_step} ({busy.code})"


def test_several_cards_are_chosen_from_below_the_question(window: Wizard) -> None:
    page = page_of(window, "insert-several-cards")
    assert page.heading.text() == "Choose your card"
    assert page.verdict.y() < page.cards.y() < page.picture.y()


@pytest.mark.parametrize("name", ["insert-fresh", "insert-spare-card", "insert-no-card", "insert-no-reader"])
def test_what_is_said_is_seen_at_twice_the_size(name: str) -> None:
    """Without scrolling: the drawing comes after it."""
    with opened(Setting(scale=2)) as window:
        page = page_of(window, name)
        told = QRect(page.verdict.mapTo(page.area.viewport(), QPoint(0, 0)), page.verdict.size())
        assert page.area.viewport().rect().contains(told)


def test_a_case_that_nobody_closed_is_closed_without_a_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power went after the last step: until then it is an interrupted upgrade to whoever has no card in."""
    with live(tmp_path, monkeypatch) as desk:
        with monkeypatch.context() as patch:
            patch.setattr(Operation, "_close", lambda *_: None)
            desk.go_to(Page.DONE)
        desk.wizard._shown = replace(desk.wizard._shown, ending=None)
        desk.wizard.present(insert(desk.wizard._shown.sight))
        desk.worker._last = None
        desk.wait(lambda: desk.may_go_on, "a way on")
        assert "Skapa kvittensen" in desk.wizard.button(NEXT).text()
        desk.wait(lambda: desk.worker._sight().waiting, "an upgrade that waits")
        ordered: list[Order] = []
        desk.wizard.act_wanted.connect(ordered.append)
        desk.press()
        desk.wait_for(Page.DONE)
        (order,) = ordered
        assert (order.act, order.serials) == (Act.RESUME, desk.wizard._shown.sight.cards[0].serials)
        ending = desk.wizard._shown.ending
        assert ending
        assert ending.outcome is Outcome.UPGRADED
        page = desk.current
        assert isinstance(page, DonePage)
        assert page.save.isVisibleTo(page)
        desk.wait(lambda: (report := desk.wizard._shown.sight.report) and not report.case_open, "a closed case")
