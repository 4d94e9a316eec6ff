"""Sätt i kortet: why, whose card it is, and whether it is to be upgraded. The reader and the card are found live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import Contact, NoCardError, NoReaderError
from sithsup.flow import Page
from sithsup.model import Situation
from sithsup.texts import tr
from sithsup.ui.pages.page import Shown, WizardPage
from sithsup.ui.parts import Panel, Text

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.model import CardContents


class InsertPage(WizardPage):
    """The first page."""

    page = Page.INSERT

    def build(self) -> None:
        self.panel = Panel()
        self.holder, self.number, self.level = Text("holder"), Text(may_be_copied=True), Text("quiet")
        for part in (self.holder, self.number, self.level):
            self.panel.column.addWidget(part)
        self.verdict, self.contact = Text("verdict"), Text("quiet", may_be_copied=True)
        for widget in (self.panel, self.verdict, self.contact):
            self.column.addWidget(widget)

    def tell(self, shown: Shown) -> None:
        campaign, card = shown.sight.campaign, shown.card
        self.say(tr("Insert your card"), str(campaign.words.why) if campaign else "")
        self.panel.setVisible(card is not None)
        if card and campaign:
            self._tell_card(card, campaign)
        self.verdict.tell(_verdict(shown))
        self.contact.tell("" if self.may_go_on(shown) or not card else shown.contact(Contact.DEPUTY_ISSUER))

    def may_go_on(self, shown: Shown) -> bool:
        return shown.flow.facts.may_begin

    def _tell_card(self, card: CardContents, campaign: Campaign) -> None:
        holder = next((c.certificate.common_name for c in card.certificates if c.certificate.role), "")
        self.holder.tell(holder)
        self.number.tell(tr("Card number {number}. Is it the number printed on the card?", number=card.number or "-"))
        issuers = {c.certificate.issuer_common_name for c in card.certificates if c.certificate.role}
        levels = [campaign.levels[issuer] for issuer in issuers if issuer in campaign.levels]
        self.level.tell(tr("Its certificates have trust level {level}.", level=max(levels)) if levels else "")


def _verdict(shown: Shown) -> str:
    error, report = shown.sight.error, shown.sight.report
    if isinstance(error, NoCardError):
        return tr("Put the card into the reader, with the chip up and in the direction of the arrow.")
    if isinstance(error, NoReaderError):
        return tr("No card reader is connected. Connect one; it will be found by itself.")
    if error:
        return f"{error.what} {error.next_step}"
    if report is None:
        return tr("Looking for the card …")
    if report.verdict.situation is Situation.UPGRADED:
        return tr("Your card is upgraded already.")
    if report.reasons:
        from sithsup.eligibility import reason_text  # noqa: PLC0415  loaded by then; the page is shown before that

        return " ".join(reason_text(reason) for reason in report.reasons)
    return tr("The card can be upgraded. It takes a few minutes.")
