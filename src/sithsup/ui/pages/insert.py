"""Sätt i kortet: why, whose card it is, and whether it is to be upgraded. The reader and the card are found live."""

from __future__ import annotations

from PySide6.QtCore import Qt

from sithsup.errors import CardChoiceError, Contact, NoCardError, NoReaderError
from sithsup.flow import Page
from sithsup.model import Situation
from sithsup.texts import tr
from sithsup.ui.pages.page import Shown, WizardPage
from sithsup.ui.parts import Signed, Text
from sithsup.ui.plastic import Plastic, grouped
from sithsup.ui.signs import Sign

PICTURE = 9
"""The height of the drawing, in lines of text."""


class InsertPage(WizardPage):
    """The first page."""

    page = Page.INSERT

    def build(self) -> None:
        self.picture, self.plastic = Sign("insert", PICTURE), Plastic()
        self.question, self.cards = Text("quiet"), Text()
        self.verdict, self.contact = Signed("verdict", bold=True), Signed("quiet", "person", may_be_copied=True)
        self.column.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.plastic, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.question, self.verdict, self.cards, self.contact):
            self.column.addWidget(widget)

    def tell(self, shown: Shown) -> None:
        campaign, card = shown.sight.campaign, shown.card
        self.say(_heading(shown), str(campaign.words.why) if campaign else "")
        self.picture.draw(_picture(shown))
        self.picture.setVisible(card is None)
        self.plastic.tell(card, campaign)
        self.question.tell(tr("Is this the number that is printed on your card?") if card else "")
        self.verdict.tell(*_verdict(shown))
        several = shown.sight.cards if isinstance(shown.sight.error, CardChoiceError) else ()
        self.cards.tell("\n".join(grouped(found.number or found.serials[0]) for found in several))
        self.contact.tell("" if self.may_go_on(shown) or not card else shown.contact(Contact.DEPUTY_ISSUER))

    def may_go_on(self, shown: Shown) -> bool:
        return shown.flow.facts.may_begin


def _heading(shown: Shown) -> str:
    if shown.card:
        return tr("Your card")
    is_missing = isinstance(shown.sight.error, NoReaderError)
    return tr("Connect a card reader") if is_missing else tr("Insert your card")


def _picture(shown: Shown) -> str:
    if isinstance(shown.sight.error, NoReaderError):
        return "reader"
    return "cards" if isinstance(shown.sight.error, CardChoiceError) else "insert"


def _verdict(shown: Shown) -> tuple[str, str]:
    """What is to be said of the card, or of its absence, and the sign before it."""
    error, report = shown.sight.error, shown.sight.report
    if isinstance(error, NoCardError):
        return tr("Put the card into the reader, with the chip up and in the direction of the arrow."), "info"
    if isinstance(error, NoReaderError):
        return tr("No card reader is connected. Connect one; it will be found by itself."), "info"
    if isinstance(error, CardChoiceError):
        return tr("There are several cards. Leave only the one that is to be upgraded in its reader."), "warning"
    if error:
        return f"{error.what} {error.next_step}", "warning"
    if report is None:
        return tr("Looking for the card …"), "clock"
    if report.verdict.situation is Situation.UPGRADED:
        return tr("Your card is upgraded already."), "done"
    if report.reasons:
        from sithsup.eligibility import reason_text  # noqa: PLC0415  loaded by then; the page is shown before that

        return " ".join(reason_text(reason) for reason in report.reasons), "stop"
    return tr("The card can be upgraded. It takes a few minutes."), "done"
