"""Lås upp: what the page asks, what it hands over, and where it leads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QWizard

from sithsup.errors import CardRemovedError, PukIncorrectError, PukLastTryError, role_text
from sithsup.flow import Page
from sithsup.model import KeyRole
from sithsup.settings import Settings
from sithsup.texts import ENGLISH, SWEDISH
from sithsup.ui import wizard as wizard_module
from sithsup.ui.frame import BACK, NEXT
from sithsup.ui.pages import unblock as unblock_module
from sithsup.ui.seen import Unblocked, Unblocking
from sithsup.ui.worker import Worker
from tests.ui.unblock_states import (
    AUTHENTICATION,
    LAST,
    LOCKED,
    OK,
    OTHER_MODULE,
    SIGNATURE,
    card,
    page,
    sight,
    states,
)
from tests.ui.window import Setting, opened, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.ui.pages.unblock import UnblockPage
    from sithsup.ui.prompts import Puks
    from sithsup.ui.shown import Shown
    from sithsup.ui.wizard import Wizard

PUK, NEW = "38194720", "246813"


class Hand:
    """A person at the page, and what the worker would be told."""

    def __init__(self, window: Wizard, monkeypatch: pytest.MonkeyPatch) -> None:
        self.window, self.worker = window, Worker(Settings())
        window._worker = self.worker
        self.orders: list[Unblocking] = []
        window.unblock_wanted.connect(self.orders.append)
        self.said: list[str] = []
        for module in (wizard_module, unblock_module):
            monkeypatch.setattr(module, "announce", lambda _, text: self.said.append(text))

    def show(self, shown: Shown) -> None:
        self.window.present(shown)
        settle()

    @property
    def page(self) -> UnblockPage:
        return cast("UnblockPage", self.window._made(Page.UNBLOCK))

    def at(self) -> Page:
        return self.window._page.page

    def type(self, puk: str = PUK, new: str = NEW, again: str = NEW) -> None:
        """Type into the fields, as a keyboard does."""
        for code_input, digits in zip(self.page.form.inputs, (puk, new, again), strict=True):
            code_input.field.setFocus()
            settle()
            QTest.keyClicks(self.window, digits)

    def press(self, button: QWizard.WizardButton = NEXT) -> None:
        QTest.mouseClick(self.window.button(button), Qt.MouseButton.LeftButton)
        settle()

    def has(self, button: QWizard.WizardButton) -> bool:
        return self.window.button(button).isVisible()

    @property
    def lengths(self) -> list[int]:
        return [code_input.field.length for code_input in self.page.form.inputs]

    @property
    def puks(self) -> Puks:
        return self.worker.puks

    @property
    def shown_text(self) -> str:
        """Everything that the page says."""
        return "\n".join(label.text() for label in self.window._page.findChildren(QLabel) if label.isVisible())


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    with opened(Setting(language=ENGLISH)) as window:
        yield Hand(window, monkeypatch)


# ----------------------------------------------------------------------------------------- what is handed over


def test_what_was_typed_is_handed_over_once(hand: Hand) -> None:
    """To the worker's source of codes, and not with the order; the fields are empty then."""
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    assert hand.lengths == [8, 6, 6]
    hand.press()
    assert hand.orders == [Unblocking(card(OK, LOCKED).serials, SIGNATURE)]
    assert hand.lengths == [0, 0, 0]
    token = hand.page.form.token or card(OK, LOCKED).tokens[1].info
    puk, new = hand.puks.puk(token, SIGNATURE), hand.puks.new_code(token, SIGNATURE, range(6, 9))
    assert puk is not None
    assert new is not None
    assert hand.puks.puk(token, SIGNATURE) is None
    assert hand.puks.new_code(token, SIGNATURE, range(6, 9)) is None
    with puk as first, new as second:
        assert (bytes(first), bytes(second)) == (PUK.encode(), NEW.encode())


def test_what_nobody_came_for_is_wiped(hand: Hand) -> None:
    """In the fields, and where it was laid down."""
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    laid = hand.page.form.take()
    assert hand.lengths == [0, 0, 0]
    hand.puks.lay(*laid, may_be_last=True)
    hand.puks.forget()
    assert [bytes(buffer) for buffer in laid] == [b"", b""]
    hand.puks.lay(bytearray(b"1"), bytearray(b"2"), may_be_last=True)
    hand.puks.forget()
    with pytest.raises(PukLastTryError):
        hand.puks.puk(card(OK, LOCKED, puk=LAST).tokens[1].info, SIGNATURE)


@pytest.mark.parametrize(
    ("typed", "problem", "left"),
    [
        (("381", NEW, NEW), "Type the whole PUK code.", [3, 6, 6]),
        ((PUK, "24681", "24681"), "The new code must have 6 to 8 digits.", [8, 5, 5]),
        ((PUK, "246813579", "246813579"), "The new code must have 6 to 8 digits.", [8, 9, 9]),
        ((PUK, NEW, "246831"), "The new code was not the same twice. Nothing was sent.", [8, 0, 0]),
        ((PUK, NEW, "2468130"), "The new code was not the same twice. Nothing was sent.", [8, 0, 0]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_used_is_told_and_not_sent(
    typed: tuple[str, str, str], problem: str, left: list[int], hand: Hand
) -> None:
    """Shown and spoken, with the focus where it is mended; then it can be sent."""
    hand.show(page(card(OK, LOCKED)))
    hand.type(*typed)
    hand.press()
    assert hand.orders == []
    assert problem in hand.shown_text
    assert problem in hand.said[-1]
    assert hand.lengths == left
    assert hand.window.focusWidget() is (hand.page.form.puk if "PUK" in problem else hand.page.form.new).field
    hand.page.form.wipe()
    hand.type()
    hand.press()
    assert len(hand.orders) == 1


def test_the_last_try_needs_a_yes(hand: Hand) -> None:
    """The worker is told of it with the codes, and takes no try without."""
    hand.show(page(card(OK, LOCKED, puk=LAST)))
    token = card(OK, LOCKED, puk=LAST).tokens[1].info
    hand.type()
    hand.press()
    assert hand.orders == []
    assert "Only one try is left" in hand.said[-1]
    hand.page.form.sure.setChecked(True)
    hand.press()
    assert len(hand.orders) == 1
    assert hand.puks.puk(token, SIGNATURE)
    hand.puks.lay(bytearray(b"1"), bytearray(b"2"), may_be_last=False)
    with pytest.raises(PukLastTryError):
        hand.puks.puk(token, SIGNATURE)


def test_of_two_codes_one_is_chosen(hand: Hand) -> None:
    """Nothing is asked for before; what was typed for one is not kept for the other."""
    hand.show(page(card(LOCKED, LOCKED)))
    assert not hand.page.form.isVisible()
    hand.press()
    assert hand.said[-1] == "Choose first which code you want to unlock."
    for dot, role in zip(hand.page.which.dots, KeyRole, strict=True):
        dot.click()
        settle()
        assert hand.page.form.puk.label.text() == f"PUK code for {role}"
        assert hand.lengths == [0, 0, 0]
        hand.type()
    hand.press()
    assert [order.roles for order in hand.orders] == [SIGNATURE]


def test_a_code_that_is_locked_for_good_does_not_stand_in_the_way_of_the_other(hand: Hand) -> None:
    contents = card(LOCKED, LOCKED)
    first, second = contents.tokens
    spent = replace(first, info=replace(first.info, puk=LOCKED))
    hand.show(page(replace(contents, tokens=(spent, second))))
    hand.page.which.dots[0].click()
    settle()
    assert (hand.page.form.isVisible(), hand.has(NEXT)) == (False, False)
    assert "The PUK code is locked" in hand.shown_text
    hand.page.which.dots[1].click()
    settle()
    assert (hand.page.form.isVisible(), hand.has(NEXT)) == (True, True)


def test_what_was_typed_is_forgotten_when_the_page_goes(hand: Hand) -> None:
    """And when the card turns out to be another one."""
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    hand.press(BACK)
    assert (hand.at(), hand.lengths) == (Page.INSERT, [0, 0, 0])
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    hand.window.looked(sight(card(LOCKED, OK)))
    assert (hand.at(), hand.lengths) == (Page.UNBLOCK, [0, 0, 0])
    hand.type()
    hand.window.looked(replace(sight(card(OK, OK)), card=None, report=None))
    assert (hand.at(), hand.lengths) == (Page.INSERT, [0, 0, 0])


# ------------------------------------------------------------------------------------------ what cannot be done here


@pytest.mark.parametrize(
    ("shown", "heading", "told"),
    [
        (page(card(OK, LOCKED), OTHER_MODULE), "The code cannot be unlocked here", "(TEST Kortprogrammet)"),
        (page(card(OK, LOCKED, pin_pad=True)), "The code cannot be unlocked here", "a keypad of its own"),
        (page(card(OK, LOCKED, puk=LOCKED)), "The PUK code is locked", "Order a new card"),
    ],
    ids=["another module", "a PIN pad", "a locked PUK code"],
)
def test_where_there_is_no_way_it_is_told_where_to_go(shown: Shown, heading: str, told: str, hand: Hand) -> None:
    """No field, and no button; whoever has no PUK code is told how to get one, as long as that helps."""
    hand.show(shown)
    assert hand.window._page.heading.text() == heading
    assert told in hand.shown_text
    assert not hand.page.form.isVisible()
    assert (hand.has(NEXT), hand.has(BACK)) == (False, True)
    assert ("Price: 150 kr." in hand.shown_text) is (heading != "The PUK code is locked")


# ------------------------------------------------------------------------------------------------ where it leads


def unlock_button(hand: Hand) -> QPushButton | None:
    """The one that leads to the page, where it is shown."""
    buttons = hand.window._page.findChildren(QPushButton)
    return next((button for button in buttons if button.isVisible() and button.text() == "&Unlock the code"), None)


@pytest.mark.parametrize("name", ["insert-locked", "help-locked", "help-wrong-puk"])
def test_a_locked_code_leads_there_and_back(name: str, hand: Hand) -> None:
    """It is the main way on, and to try again is not."""
    hand.show(states()[name])
    before = hand.at()
    button = unlock_button(hand)
    assert button
    assert button.isDefault()
    assert not cast("QPushButton", hand.window.button(NEXT)).isDefault()
    assert hand.window.focusWidget() is button
    button.click()
    settle()
    assert hand.at() is Page.UNBLOCK
    assert hand.window.focusWidget() is hand.page.form.puk.field
    hand.press(BACK)
    assert hand.at() is before


def test_a_code_that_is_found_locked_after_an_error_has_the_focus_on_the_way_out(hand: Hand) -> None:
    """Return unlocks then, and does not try again what cannot go well."""
    shown = states()["help-locked"]
    hand.show(replace(shown, sight=replace(shown.sight, card=None, report=None)))
    assert unlock_button(hand) is None
    assert hand.window.focusWidget() is hand.window.button(NEXT)
    hand.window.looked(shown.sight)
    settle()
    assert hand.window.focusWidget() is unlock_button(hand) is not None


def test_a_code_that_is_not_locked_does_not(hand: Hand) -> None:
    hand.show(states()["insert-unlocked"])
    assert unlock_button(hand) is None


def test_a_card_that_is_found_locked_has_the_focus_on_the_way_out(hand: Hand) -> None:
    """Return unlocks then."""
    hand.window.looked(sight(card(OK, LOCKED)))
    settle()
    button = unlock_button(hand)
    assert button
    assert hand.window.focusWidget() is button
    QTest.keyClick(hand.window, Qt.Key.Key_Return)
    settle()
    assert hand.at() is Page.UNBLOCK


def test_nothing_is_closed_or_left_while_it_is_sent(hand: Hand) -> None:
    """Before that, closing is harmless: nothing is handed over."""
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    hand.press()
    assert hand.said[-1] == "The card is getting its new code. Leave it in the reader."
    assert not any(hand.has(button) for button in (BACK, NEXT, QWizard.WizardButton.CancelButton))
    refusal = "The window cannot be closed now: the card is being written."
    assert refusal not in hand.shown_text
    assert not hand.window.close()
    assert hand.window.isVisible()
    assert refusal in hand.shown_text
    hand.window.unblocked(Unblocked(SIGNATURE, is_sent=True, is_changed=True, card=card(OK, OK)))
    assert hand.window.close()
    assert not hand.window._shown.is_refused
    hand.window.show()
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    QTest.keyClick(hand.window, Qt.Key.Key_Escape)
    assert not hand.window.isVisible()
    assert (len(hand.orders), hand.lengths) == (1, [0, 0, 0])


def answer(hand: Hand, told: Unblocked) -> None:
    """Send, and get this answer."""
    hand.show(page(card(OK, LOCKED)))
    hand.type()
    hand.press()
    hand.window.unblocked(told)
    settle()


def test_a_new_code_is_confirmed_on_the_first_page(hand: Hand) -> None:
    """Shown and spoken, as long as the card is there."""
    answer(hand, Unblocked(SIGNATURE, is_sent=True, is_changed=True, card=card(OK, OK)))
    confirmed = "The code for signature has its new value, and is not locked."
    assert hand.at() is Page.INSERT
    assert confirmed in hand.shown_text
    assert confirmed in hand.said[-1]
    hand.window.looked(sight(card(OK, OK)))
    assert confirmed in hand.shown_text
    hand.press()
    hand.press(BACK)
    assert hand.at() is Page.INSERT
    assert confirmed not in hand.shown_text


def test_a_confirmation_goes_with_its_card(hand: Hand) -> None:
    confirmed = "The code for signature has its new value, and is not locked."
    hand.show(states()["insert-unlocked"])
    assert confirmed in hand.shown_text
    hand.window.looked(replace(sight(card(OK, OK)), card=None, report=None))
    assert confirmed not in hand.shown_text


def test_a_wrong_puk_code_leads_to_help_and_from_there_back(hand: Hand) -> None:
    """The new state of the PUK code counts then."""
    wrong = PukIncorrectError(state=LAST, role=role_text(SIGNATURE))
    answer(hand, Unblocked(SIGNATURE, is_sent=True, card=card(OK, LOCKED, puk=LAST), error=wrong))
    assert hand.at() is Page.HELP
    for text in ("The PUK code was wrong", "The code for signature is still locked.", "Error code: SU-1105"):
        assert text in hand.shown_text
    button = unlock_button(hand)
    assert button
    button.click()
    settle()
    assert hand.page.form.sure.isVisible()
    assert not hand.page.form.sure.isChecked()


def test_support_is_told_why_a_code_was_not_unlocked(hand: Hand) -> None:
    wrong = PukIncorrectError(state=LAST, role=role_text(SIGNATURE))
    answer(hand, Unblocked(SIGNATURE, is_sent=True, card=card(OK, LOCKED, puk=LAST), error=wrong))
    hand.window._side.support.click()
    settle()
    assert hand.at() is Page.SUPPORT
    assert "Error code: SU-1105" in hand.shown_text


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_is_not_known_is_not_claimed(is_sent: bool, hand: Hand) -> None:
    """A card that is pulled meanwhile; before anything was sent, nothing need be said of the code.

    The error stays, whatever the readers tell, and in another language too.
    """
    answer(hand, Unblocked(SIGNATURE, is_sent, is_changed=None if is_sent else False, error=CardRemovedError()))
    assert hand.at() is Page.HELP
    assert ("Whether the new code for signature is in force is not known now." in hand.shown_text) is is_sent
    assert hand.window._page.lead.isVisible() is is_sent
    hand.window.looked(replace(sight(card(OK, OK)), card=None, report=None))
    hand.window.speak(SWEDISH)
    assert CardRemovedError().what.removesuffix(".") in hand.shown_text
    hand.press()
    assert hand.at() is Page.INSERT


def test_the_codes_for_both_are_told_apart(hand: Hand) -> None:
    """What is spoken names the code; so do the fields."""
    hand.show(page(card(LOCKED, OK)))
    assert hand.said[-1].startswith("Unlock the code for authentication. ")
    names = [code_input.field.accessibleName() for code_input in hand.page.form.inputs]
    assert names == ["PUK code for authentication", "New code for authentication", "The new code once more"]
    assert all(code_input.label.buddy() is code_input.field for code_input in hand.page.form.inputs)
    hand.type()
    hand.press()
    assert hand.orders[0].roles == AUTHENTICATION
