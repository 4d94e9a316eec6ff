"""Sätt i kortet: why, whose card it is, and whether it is to be upgraded. The reader and the card are found live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from sithsup.errors import CardChoiceError, Contact, NoCardError
from sithsup.flow import Page
from sithsup.texts import tr
from sithsup.ui.cards import Cards
from sithsup.ui.pages.absence import has_failed
from sithsup.ui.pages.judged import deadline, heading, notice, picture, verdict
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
        self.notice, self.unblocked = Notice(), Signed("verdict", "done", bold=True)
        self.verdict, self.unblock = Signed("verdict", bold=True), UnblockButton(self)
        self.cards, self.picture, self.plastic = Cards(self.chosen.emit), Sign("insert", PICTURE), Plastic()
        self.question, self.deadline = Text("quiet"), Signed("quiet", "clock")
        self.another, self.contact = QPushButton(), Signed("quiet", "person", may_be_copied=True)
        self.another.setAutoDefault(False)
        self.another.clicked.connect(lambda: self.chosen.emit(None))
        for widget in (self.notice, self.unblocked, self.verdict):
            self.column.addWidget(widget)
        self.column.addWidget(self.unblock, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.cards)
        for drawn in (self.picture, self.plastic):
            self.column.addWidget(drawn, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.question)
        self.column.addWidget(self.deadline)
        self.column.addWidget(self.another, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.contact)

    def tell(self, shown: Shown) -> None:
        campaign, card, report = shown.sight.campaign, shown.card, shown.sight.report
        self.say(heading(shown), str(campaign.words.why) if campaign else "")
        self.notice.tell(notice(shown))
        drawn = picture(shown)
        self.picture.draw(drawn)
        self.picture.setVisible(bool(drawn))
        self.plastic.tell(card, campaign)
        is_asked = card is not None and (report is None or not report.stops)
        self.question.tell(tr("Is this the number that is printed on your card?") if is_asked else "")
        self.unblocked.tell(shown.new_code, "done")
        self.verdict.tell(*verdict(shown))
        self.unblock.tell(shown)
        self.unblock.setDefault(self.offers())
        self.deadline.tell(deadline(shown))
        self.cards.tell(shown.sight.cards if isinstance(shown.sight.error, CardChoiceError) else ())
        self.another.setText(tr("Choose another card"))
        self.another.setVisible(card is not None and len(shown.sight.cards) > 1)
        self.contact.tell(_contacts(shown))

    def next_text(self, shown: Shown) -> str:
        if self.looks_again(shown):
            return tr("&Try again")
        return tr("&Make the receipt") if shown.flow.facts.may_close else super().next_text(shown)

    def may_go_on(self, shown: Shown) -> bool:
        return shown.flow.facts.may_begin or shown.flow.facts.may_close or self.looks_again(shown)

    def looks_again(self, shown: Shown) -> bool:
        return has_failed(shown)

    def first(self) -> QWidget | None:
        return self.unblock if self.offers() else None

    def offers(self) -> bool:
        return self.unblock.isVisibleTo(self)

    def news(self) -> tuple[str, ...]:
        told = (self.unblocked, self.notice, self.verdict)
        return (self.plastic.spoken, *(part.text.text() for part in told))


def _contacts(shown: Shown) -> str:
    """Whom to ask about what stands in the way, or about an error."""
    report, error = shown.sight.report, shown.sight.error
    is_known = isinstance(error, CardChoiceError | NoCardError)  # nobody need be asked what to do
    asked = [finding.contact for finding in report.stops] if report else []
    asked += [error.contact] if error and not is_known else []
    asked += [Contact.LOCAL_IT] if report and report.lacks_authority else []
    return "\n".join(filter(None, (shown.contact(who) for who in dict.fromkeys(asked))))
