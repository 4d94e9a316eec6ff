"""What the pages do when somebody acts on them; how they look is the audit's and the pictures' matter."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QWizard

from sithsup.consent import Consent
from sithsup.errors import NoCardError, SettingsInvalidError
from sithsup.flow import Flow, Page
from sithsup.model import CodeState
from sithsup.settings import Settings
from sithsup.texts import ENGLISH
from sithsup.ui.app import refused
from sithsup.ui.frame import NEXT
from sithsup.ui.pages import upgrading
from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.pages.done import DonePage
from sithsup.ui.pages.insert import InsertPage
from sithsup.ui.pages.prepare import PreparePage
from sithsup.ui.pages.support import SupportPage
from sithsup.ui.pages.upgrading import UpgradingPage
from sithsup.ui.paper import document, write_pdf
from sithsup.ui.parts import Text
from sithsup.ui.plastic import grouped
from sithsup.ui.seen import Sight, Wanted
from sithsup.ui.worker import Worker
from tests.ui.states import (
    CASE,
    ORGANIZATION,
    PEOPLE,
    TERMS,
    WARNING,
    agreed_to,
    card,
    codes,
    insert,
    prepare,
    receipt,
    sight,
    states,
    with_codes,
)
from tests.ui.window import Setting, application, opened, settle, show

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtCore import QUrl

    from sithsup.ui.wizard import Wizard

USUAL = Setting(ENGLISH)


def page_of(window: Wizard) -> Page:
    return window._shown.flow.page


# -------------------------------------------------------------------------------------------- Sätt i kortet


def test_one_of_several_cards_is_chosen() -> None:
    with opened(USUAL) as window:
        page = show(window, "insert-several-cards")
        assert isinstance(page, InsertPage)
        chosen: list[object] = []
        window.choose_wanted.connect(chosen.append)
        page.cards._rows[1][1].click()
        assert chosen == [card(person=1).serials]
        show(window, "insert-no-card")
        assert not page.cards.isVisibleTo(page)


def test_the_card_is_told_by_whichever_certificate_tells() -> None:
    """A certificate by the personal identity number names no organization; a number is said as it is read."""
    fresh = card()
    first, *rest = fresh.certificates
    nameless = replace(first, certificate=replace(first.certificate, organization=""))
    with opened(USUAL) as window:
        window.present(insert(sight(replace(fresh, certificates=(nameless, *rest)))))
        page = window.currentPage()
        assert isinstance(page, InsertPage)
        assert page.plastic.organization.text() == ORGANIZATION
        assert page.plastic.number.accessibleName() == f"Card number: {grouped(PEOPLE[0].card_number)}"


def test_an_upgrade_that_waits_for_its_card_is_told_at_once() -> None:
    """With which card it is; another one may be upgraded meanwhile."""
    with opened(USUAL) as window:
        window.looked(Sight(error=NoCardError(), waiting=("…8612",)))
        assert page_of(window) is Page.INTERRUPTED
        assert "8612" in window.currentPage().same.text.text()  # type: ignore[attr-defined]
        window.looked(replace(sight(card(person=1)), waiting=("…8612",)))
        assert page_of(window) is Page.INSERT


# -------------------------------------------------------------------------------------------------- Förbered


@pytest.mark.parametrize("left_out", range(3))
def test_everything_is_agreed_to_before_a_code_is_asked(left_out: int) -> None:
    """What is missing is said where it is, and the page is scrolled there."""
    with opened(USUAL) as window:
        page = show(window, "prepare-consent")
        assert isinstance(page, PreparePage)
        for place, demand in enumerate(page.demands):
            demand.tick.setChecked(place != left_out)
        window.button(NEXT).click()
        settle()
        assert page_of(window) is Page.PREPARE
        missing = page.demands[left_out]
        for widget in (missing.notice, missing.tick):
            assert not widget.visibleRegion().isEmpty()
        assert missing.tick.hasFocus()
        assert [demand.notice.isVisibleTo(page) for demand in page.demands].count(True) == 1
        missing.tick.click()
        assert not missing.notice.isVisibleTo(page)
        window.button(NEXT).click()
        assert page_of(window) is Page.CODES
        assert window._shown.consent == Consent(TERMS.version, mail_understood=True)


def test_what_is_agreed_to_is_read_with_its_box() -> None:
    """By a screen reader, which else would have to look for it; and whatever will happen is said before."""
    with opened(USUAL) as window:
        page = show(window, "prepare-consent")
        assert isinstance(page, PreparePage)
        for demand in (page.mail, page.terms):
            assert demand.text.text()
            assert demand.tick.accessibleDescription() == demand.text.text()
        said = " ".join(page.news())
        assert "The card must stay in the reader" in said
        assert str(WARNING.message) in said


def test_what_was_agreed_to_for_one_card_counts_for_no_other() -> None:
    with opened(USUAL) as window:
        page = show(window, "prepare-consent")
        assert isinstance(page, PreparePage)
        for demand in page.demands:
            demand.tick.setChecked(True)
        other = card(person=1)
        window.present(prepare(other, (), agreed_to(other)))
        assert not any(demand.tick.isChecked() for demand in page.demands)


def test_other_terms_are_accepted_anew() -> None:
    with opened(USUAL) as window:
        page = show(window, "prepare-consent")
        assert isinstance(page, PreparePage)
        for demand in page.demands:
            demand.tick.setChecked(True)
        terms = TERMS.model_copy(update={"version": "TEST 2"})
        window.present(prepare(card(), (), replace(agreed_to(card()), terms=terms)))
        assert not any(demand.tick.isChecked() for demand in page.demands)


def test_what_is_not_asked_is_not_needed() -> None:
    with opened(USUAL) as window:
        page = show(window, "prepare-mail-stays")
        assert isinstance(page, PreparePage)
        assert not page.mail.tick.isVisibleTo(page)
        page.codes.tick.setChecked(True)
        page.terms.tick.setChecked(True)
        window.button(NEXT).click()
        assert page_of(window) is Page.CODES


# ----------------------------------------------------------------------------------------------------- Koder


@pytest.mark.parametrize(
    ("name", "lead", "button"),
    [
        ("codes-two", "They are sent to the card alone, and kept nowhere.", "&Upgrade the card"),
        ("codes-one", "It is sent to the card alone, and kept nowhere.", "&Upgrade the card"),
        ("codes-finish", "They are sent to the card alone, and kept nowhere.", "&Finish the upgrade"),
        (
            "codes-go-back",
            "Then everything new is removed from the card again. They are sent to the card alone, and kept nowhere.",
            "&Go back to the old",
        ),
        (
            "codes-asked-again",
            "The card needs the code once more before it can go on. It is sent to the card alone, and kept nowhere.",
            "&Continue",
        ),
    ],
)
def test_what_the_codes_are_for_is_told(name: str, lead: str, button: str) -> None:
    with opened(USUAL) as window:
        page = show(window, name)
        assert page.lead.text() == lead
        assert window.button(NEXT).text() == button


def test_a_code_that_is_shorter_than_the_token_takes_is_not_sent() -> None:
    """By the token's own word: no try is lost on it."""
    with opened(USUAL) as window:
        page = show(window, "codes-two")
        assert isinstance(page, CodesPage)
        row = page.rows[0]
        assert row.token
        row.token = replace(row.token, code_lengths=range(6, 9))
        for digit in "12345":
            QTest.keyClick(row.field, Qt.Key(ord(digit)))
        assert row.problem
        QTest.keyClick(row.field, Qt.Key.Key_6)
        assert not row.problem


def test_what_was_typed_for_a_code_counts_for_no_other() -> None:
    """Nor for the same one once it is known to have fewer tries; what is asked for all the time keeps it."""
    with opened(USUAL) as window:
        page = codes_page(window, CodeState.OK, CodeState.OK, pin_pad=False)
        for row in page.rows:
            row.field.setFocus()
            QTest.keyClicks(row.field, "123456")
        codes_page(window, CodeState.FINAL_TRY, CodeState.OK, pin_pad=False)
        assert [row.field.length for row in page.rows] == [0, 6]
        window.present(codes(card(person=1)))
        assert [row.field.length for row in page.rows] == [0, 0]


def codes_page(window: Wizard, *codes: CodeState, pin_pad: bool) -> CodesPage:
    """The page, for a card with codes in these states."""
    shown = states()["codes-two"]
    assert shown.card
    window.present(replace(shown, sight=replace(shown.sight, card=with_codes(shown.card, *codes, pin_pad=pin_pad))))
    page = window.currentPage()
    assert isinstance(page, CodesPage)
    return page


@pytest.mark.parametrize("pin_pad", [False, True])
def test_a_last_try_needs_a_yes_to_each(pin_pad: bool) -> None:
    """On a PIN pad too, where both is said: that it is the last one, and where it is typed."""
    with opened(USUAL) as window:
        page = codes_page(window, CodeState.FINAL_TRY, CodeState.FINAL_TRY, pin_pad=pin_pad)
        for row in page.rows:
            assert row.sure.isVisibleTo(page)
            assert "Only one try" in row.tries.text.text()
            assert ("on the reader" in row.tries.text.text()) is pin_pad
            if not pin_pad:
                row.field.setFocus()
                QTest.keyClicks(row.field, "123456")
        for row in page.rows:
            assert not page.go_on()
            assert row.notice.isVisibleTo(page)
            assert row.sure.hasFocus()
            row.sure.click()
        assert page.go_on()
        assert page.sure == {row.token.id for row in page.rows if row.token}
        page.wipe()
        assert page.sure == frozenset()


def test_a_yes_to_a_last_try_is_asked_only_there() -> None:
    """It is one code's alone, and goes with it."""
    with opened(USUAL) as window:
        for state in (CodeState.FINAL_TRY, CodeState.COUNT_LOW):
            page = codes_page(window, CodeState.OK, state, pin_pad=True)
            assert [row.sure.isVisibleTo(page) for row in page.rows] == [False, state is CodeState.FINAL_TRY]
            assert page.sure == frozenset()
            second = page.rows[1]
            assert second.token
            second.sure.setChecked(True)
            assert page.sure == ({second.token.id} if state is CodeState.FINAL_TRY else set())


# ---------------------------------------------------------------------------------------------- Uppgraderar


def test_the_time_of_a_row_is_the_card_s_not_the_person_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is asked for in the middle of it."""
    now = 1000.0
    monkeypatch.setattr(upgrading, "time", SimpleNamespace(monotonic=lambda: now))
    with opened(USUAL) as window:
        page = show(window, "upgrading-nearly")
        assert isinstance(page, UpgradingPage)
        page._timer.stop()
        now += 20
        token = card().tokens[0]
        window.asked(Wanted(token.info, token.roles))
        assert page_of(window) is Page.CODES
        now += 300
        window._worker = Worker(Settings())
        codes = window._page
        assert isinstance(codes, CodesPage)
        QTest.keyClicks(codes.rows[0].field, "123456")
        window.button(NEXT).click()
        assert page_of(window) is Page.UPGRADING
        now += 5
        page._tell_time()
        assert page.elapsed.text().startswith("25 s so far.")


# ----------------------------------------------------------------------------------------------------- Klart


def test_the_receipt_becomes_a_pdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "receipt.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    with opened(USUAL) as window:
        page = show(window, "done-upgraded")
        assert isinstance(page, DonePage)
        page.save.click()
        assert str(path) in page.told.text()
    assert path.read_bytes().startswith(b"%PDF-")
    with opened(USUAL):
        words = document(receipt()).toPlainText()
    assert CASE in words
    assert PEOPLE[0].personal_number not in words


def test_a_place_that_takes_no_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "file" / "receipt.pdf"), ""))
    with opened(USUAL) as window:
        page = show(window, "done-upgraded")
        assert isinstance(page, DonePage)
        page.save.click()
        assert page.told.text() == "It could not be saved there. Choose another place."
        assert not write_pdf(receipt(), tmp_path / "file" / "receipt.pdf")


def test_the_receipt_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    with opened(USUAL) as window:
        page = show(window, "done-upgraded")
        assert isinstance(page, DonePage)
        page.open.click()
    assert [url.fileName() for url in shown] == ["TEST.html"]


def test_all_of_a_good_end_is_seen_and_nothing_of_it_warns() -> None:
    """That old keys are left, as most campaigns have it, is told among what is as it should be."""
    with opened(USUAL) as window:
        page = show(window, "done-upgraded")
        assert isinstance(page, DonePage)
        assert "Old keys that are still on the card: 2" in page.proof.text.text()
        assert not page.notice.isVisibleTo(page)
        assert not page.told.isVisibleTo(page)
        assert page.open.y() == page.save.y()
        assert page.area.verticalScrollBar().maximum() == 0


@pytest.mark.parametrize("name", ["done-upgraded", "done-restored"])
def test_what_the_card_has_lost_is_a_warning(name: str) -> None:
    shown = states()[name]
    assert shown.ending
    with opened(USUAL) as window:
        window.present(replace(shown, ending=replace(shown.ending, given_up=("TEST Issuer",))))
        page = window.currentPage()
        assert isinstance(page, DonePage)
        assert "lost a certificate from TEST Issuer" in page.notice.text.text()
        assert page.notice.isVisibleTo(page)


def test_that_there_is_no_receipt_is_said() -> None:
    with opened(USUAL) as window:
        page = show(window, "done-elsewhere")
        assert isinstance(page, DonePage)
        assert page.lead.text() == "No receipt could be made. The upgrade is finished all the same."
        assert not page.save.isVisibleTo(page)


# --------------------------------------------------------------------------------------------------- Support


@pytest.mark.parametrize("name", ["insert-fresh", "help-locked", "done-upgraded", "support"])
def test_what_may_be_copied_is_reached_by_the_keyboard(name: str) -> None:
    """And selected there; nothing else that is only read is."""
    keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
    with opened(USUAL) as window:
        page = show(window, name)
        texts = [text for text in page.findChildren(Text) if text.isVisible()]
        reached = {text for text in texts if text.focusPolicy() & Qt.FocusPolicy.TabFocus}
        assert reached == {text for text in texts if text.textInteractionFlags() & keys}
        text = max(reached, key=lambda each: len(each.text()))
        text.setFocus()
        QTest.keySequence(text, QKeySequence(QKeySequence.StandardKey.SelectAll))
        assert text.selectedText() == text.text().replace("\n", "\N{PARAGRAPH SEPARATOR}")


def test_support_is_told_the_number_of_a_card_that_is_out() -> None:
    """As far as this computer remembers it."""
    with opened(USUAL) as window:
        shown = states()["interrupted-at-start"]
        window.present(replace(shown, flow=Flow(Page.SUPPORT)))
        page = window.currentPage()
        assert isinstance(page, SupportPage)
        assert "Card number: …8612" in page.facts.text()


def test_support_is_told_the_codes_and_nobody_s_name() -> None:
    with opened(USUAL) as window:
        show(window, "help-no-answer")
        window._side.support.click()
        settle()
        page = window.currentPage()
        assert isinstance(page, SupportPage)
        page.copy.click()
        copied = QGuiApplication.clipboard().text()
        assert f"Case code: {CASE}" in copied
        assert "Error code: SU-2001" in copied
        for person in PEOPLE:
            assert person.personal_number not in copied
            assert person.surname not in copied
        window.button(QWizard.WizardButton.CustomButton1).click()
        assert page_of(window) is Page.HELP
    with opened(USUAL) as window:
        show(window, "upgrading-begun")
        assert not window._side.support.isVisibleTo(window)


# ------------------------------------------------------------------------------------------ before it begins


def test_settings_that_cannot_be_used_are_told_in_the_window() -> None:
    application()
    window = refused(SettingsInvalidError(name="SITHSUP_LOGS", problem="TEST"))
    assert page_of(window) is Page.HELP
    window.speak(ENGLISH)
    assert not window.button(NEXT).isVisibleTo(window)
    assert "SU-3002" in window._page.codes.text()  # type: ignore[attr-defined]
    window.deleteLater()


@pytest.mark.parametrize("name", sorted(states()))
def test_no_heading_ends_with_a_full_stop(name: str) -> None:
    """An error's first sentence does, and is a heading here."""
    with opened(USUAL) as window:
        page = show(window, name)
        assert not page.heading.text().endswith(".")
        assert page.accessibleName() == page.heading.text()
