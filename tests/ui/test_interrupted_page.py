"""Avbruten uppgradering: what is said is true of the card as it is, and nobody is left without a way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.errors import AuthorityUnreachableError, CardRemovedError, SecondInstanceError
from sithsup.flow import Page
from sithsup.situation import Situation
from sithsup.texts import ENGLISH
from sithsup.ui.frame import BACK, NEXT
from sithsup.ui.pages.help import HelpPage
from sithsup.ui.pages.interrupted import InterruptedPage
from tests.ui.states import BOTH, CASE, interrupted, states, verdict
from tests.ui.window import Setting, opened, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.ui.shown import Shown
    from sithsup.ui.wizard import Wizard

HALF = verdict(Situation.INTERRUPTED, *BOTH)


@pytest.fixture
def window() -> Iterator[Wizard]:
    """Give the window, in English."""
    with opened(Setting(ENGLISH)) as made:
        yield made


def page_of(window: Wizard, shown: Shown) -> InterruptedPage:
    window.present(shown)
    page = window.currentPage()
    assert isinstance(page, InterruptedPage)
    return page


def looks_after_pressing(window: Wizard) -> int:
    """How often the card is looked at anew when the main button is pressed."""
    looks: list[None] = []
    window.look_wanted.connect(lambda: looks.append(None))
    window.button(NEXT).click()
    return len(looks)


def test_where_it_can_be_finished_is_told_where_it_cannot_be_here(window: Wizard) -> None:
    page = page_of(window, states()["interrupted-elsewhere"])
    assert "can only be finished on the computer where it was begun" in page.limits.text.text()
    assert "press “Continue”" in page.limits.text.text()
    assert page.limits.isVisibleTo(page)
    assert not page.time.isVisibleTo(page)
    assert "can be finished" not in page.lead.text()
    assert window.button(NEXT).text() == "&Try again"
    assert looks_after_pressing(window) == 1


def test_what_is_in_doubt_and_what_does_not_work_is_told(window: Wizard) -> None:
    page = page_of(window, states()["interrupted-in-doubt"])
    assert "The certificate issuer cannot be reached" in page.limits.text.text()
    assert "cannot be told now whether the upgrade can still be undone" in page.limits.text.text()
    assert "You cannot sign with the card" in page.limits.text.text()
    assert page.limits.text.text() in page.news()
    assert window.button(NEXT).text() == "&Continue"
    assert not page_of(window, interrupted(HALF)).limits.isVisibleTo(page)


def test_nobody_logs_in_with_a_locked_code(window: Wizard) -> None:
    """Whatever the certificates say; and the way on is to unlock it."""
    page = page_of(window, states()["interrupted-locked"])
    assert page.works.text.text() == "You cannot log in with the card now."
    assert "The code for authentication is locked" in page.hindrance.text.text()
    assert page.hindrance.text.text() in page.news()
    assert page.unblock.isDefault()
    assert window.focusWidget() is page.unblock


@pytest.mark.parametrize(
    ("error", "contacts"),
    [
        (AuthorityUnreachableError(seconds=30), ["Your local IT support", "Your deputy issuer"]),
        (CardRemovedError(), ["Your deputy issuer"]),
    ],
)
def test_why_it_was_interrupted_and_whom_to_ask_is_told(
    error: AuthorityUnreachableError | CardRemovedError, contacts: list[str], window: Wizard
) -> None:
    """With the codes that whoever is called asks for."""
    page = page_of(window, interrupted(HALF, error))
    assert f"({error.code})" in page.why.text.text()
    assert error.why in page.why.text.text()
    told = page.contact.text.text().splitlines()
    assert [line.partition(":")[0] for line in told] == [*contacts, "Case code"]
    assert CASE in told[-1]


def test_all_of_the_error_is_a_step_away(window: Wizard) -> None:
    """What to do about it, to be copied too; and back. Without an error there is nothing to tell."""
    page = page_of(window, interrupted(HALF, AuthorityUnreachableError(seconds=30)))
    page.explain.click()
    settle()
    told = window.currentPage()
    assert isinstance(told, HelpPage)
    assert "Check the network connection" in told.what_next.text.text()
    assert told.lead.text() == ""
    window.button(BACK).click()
    settle()
    assert window._shown.flow.page is Page.INTERRUPTED
    assert not page_of(window, interrupted(HALF)).explain.isVisibleTo(page)


def test_whoever_has_another_card_is_told_so(window: Wizard) -> None:
    """At the start, on a computer that others use too; not whoever has just been interrupted."""
    other = "You can also put in another card"
    assert other in page_of(window, states()["interrupted-at-start"]).same.text.text()
    assert other not in page_of(window, states()["interrupted-card-out"]).same.text.text()


def test_a_card_that_is_busy_is_looked_at_again(window: Wizard) -> None:
    shown = interrupted(HALF)
    page_of(window, replace(shown, sight=replace(shown.sight, report=None, error=SecondInstanceError("TEST"))))
    assert window.button(NEXT).text() == "&Try again"
    assert looks_after_pressing(window) == 1


def test_a_card_that_is_out_is_waited_for(window: Wizard) -> None:
    """Nothing need be pressed, in the moment of its going neither."""
    gone = interrupted(error=CardRemovedError())
    for error in (None, CardRemovedError()):
        page_of(window, replace(gone, sight=replace(gone.sight, error=error)))
        assert window.button(NEXT).text() == "&Continue"
        assert not window.button(NEXT).isEnabled()
