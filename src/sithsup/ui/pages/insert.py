"""Sätt i kortet: why, whose card it is, and whether it is to be upgraded. The reader and the card are found live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from sithsup.errors import CardChoiceError, NoCardError, NoReaderError
from sithsup.flow import Page
from sithsup.situation import Situation
from sithsup.texts import tr
from sithsup.ui.cards import Cards
from sithsup.ui.pages.absence import absence, has_failed
from sithsup.ui.pages.page import UnblockButton, WizardPage
from sithsup.ui.parts import Notice, Signed, Text
from sithsup.ui.plastic import Plastic
from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.ui.shown import Shown

PICTURE = 9
"""The height of the drawing, in lines of text."""


class InsertPage(WizardPage):
    """The first page."""

    page = Page.INSERT

    def build(self) -> None:
        self.picture, self.plastic = Sign("insert", PICTURE), Plastic()
        self.notice = Notice()
        self.column.addWidget(self.notice)
        self.question, self.cards = Text("quiet"), Cards(self.chosen.emit)
        self.another = QPushButton()
        self.another.setAutoDefault(False)
        self.another.clicked.connect(lambda: self.chosen.emit(None))
        self.deadline = Signed("quiet", "clock")
        self.verdict, self.contact = Signed("verdict", bold=True), Signed("quiet", "person", may_be_copied=True)
        self.unblocked, self.unblock = Signed("verdict", "done", bold=True), UnblockButton(self)
        self.column.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.plastic, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.question, self.unblocked, self.verdict, self.deadline, self.cards):
            self.column.addWidget(widget)
        for button in (self.unblock, self.another):
            self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.contact)

    def tell(self, shown: Shown) -> None:
        campaign, card = shown.sight.campaign, shown.card
        self.say(_heading(shown), str(campaign.words.why) if campaign else "")
        self.notice.tell(_notice(shown))
        self.picture.draw(_picture(shown))
        self.picture.setVisible(card is None)
        self.plastic.tell(card, campaign)
        self.question.tell(tr("Is this the number that is printed on your card?") if card else "")
        self.unblocked.tell(shown.new_code, "done")
        self.verdict.tell(*_verdict(shown))
        self.unblock.tell(shown)
        self.unblock.setDefault(self.offers())
        self.deadline.tell(_deadline(shown) if shown.flow.facts.may_begin else "")
        self.cards.tell(shown.sight.cards if isinstance(shown.sight.error, CardChoiceError) else ())
        self.another.setText(tr("Choose another card"))
        self.another.setVisible(card is not None and len(shown.sight.cards) > 1)
        self.contact.tell(_contacts(shown))

    def next_text(self, shown: Shown) -> str:
        return tr("&Try again") if self.looks_again(shown) else super().next_text(shown)

    def may_go_on(self, shown: Shown) -> bool:
        return shown.flow.facts.may_begin or self.looks_again(shown)

    def looks_again(self, shown: Shown) -> bool:
        return has_failed(shown)

    def first(self) -> QWidget | None:
        return self.unblock if self.offers() else None

    def offers(self) -> bool:
        return self.unblock.isVisibleTo(self)

    def news(self) -> tuple[str, ...]:
        told = (self.unblocked, self.notice, self.verdict)
        return (self.plastic.spoken, *(part.text.text() for part in told))


def _heading(shown: Shown) -> str:
    if shown.card:
        return tr("Your card")
    is_missing = isinstance(shown.sight.error, NoReaderError)
    return tr("Connect a card reader") if is_missing else tr("Insert your card")


def _picture(shown: Shown) -> str:
    if isinstance(shown.sight.error, NoReaderError):
        return "reader"
    return "cards" if isinstance(shown.sight.error, CardChoiceError) else "insert"


def _notice(shown: Shown) -> str:
    """What became of the card that one had gone on with, and of another one that waits."""
    card, report = shown.card, shown.sight.report
    if report and report.waiting:
        begun = tr("An upgrade of another card, {card}, was begun here and not finished.", card=report.waiting[0].card)
        what_next = tr("Put that card in to go on with it.")
        return f"{begun} {what_next}"
    if not shown.meant or (card and card.serials == shown.meant):
        return ""
    if card:
        return tr("This is another card than before. Nothing was begun on that one.")
    return tr("There is no contact with the card any more. Nothing was begun on it.")


def _verdict(shown: Shown) -> tuple[str, str]:
    """What is to be said of the card, or of its absence, and the sign before it."""
    error, report = shown.sight.error, shown.sight.report
    if error:
        return absence(error)
    if report is None:
        return tr("Looking for the card …") if shown.card is None else tr("Looking at the card …"), "clock"
    if report.verdict.situation is Situation.UPGRADED:
        return tr("Your card is upgraded already."), "done"
    if report.stops:
        return "\n".join(finding.text() for finding in report.stops), "stop"
    return tr("The card can be upgraded. It takes a few minutes."), "done"


def _deadline(shown: Shown) -> str:
    from sithsup.report import deadline_line  # noqa: PLC0415  loaded by then; the page is shown before that

    report, campaign = shown.sight.report, shown.sight.campaign
    return deadline_line(report, campaign) if report and campaign else ""


def _contacts(shown: Shown) -> str:
    """Whom to ask about what stands in the way, or about an error."""
    report, error = shown.sight.report, shown.sight.error
    is_known = isinstance(error, CardChoiceError | NoCardError)  # nobody need be asked what to do
    asked = [finding.contact for finding in report.stops] if report else []
    asked += [error.contact] if error and not is_known else []
    return "\n".join(filter(None, (shown.contact(who) for who in dict.fromkeys(asked))))
