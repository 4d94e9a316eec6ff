"""Förbered: what will happen, how long it takes, and what must be at hand before anything begins."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sithsup.consent import Consent, mail_lines
from sithsup.flow import Page
from sithsup.locked import new_code_lines
from sithsup.model import CodeState
from sithsup.report import warning_lines
from sithsup.texts import tr
from sithsup.ui.demand import Demand
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Panel, Signed, Text, announce

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.model import CardContents
    from sithsup.ui.shown import Shown


class PreparePage(WizardPage):
    """The second page."""

    page = Page.PREPARE

    def build(self) -> None:
        self.panel = Panel(spacing=0.9)
        self.points = tuple(Signed("point", sign) for sign in ("key", "clock", "shield"))
        for point in self.points:
            self.panel.column.addWidget(point)
        self.warnings = Signed("warnings", "warning")
        self.demands = (self.mail, self.terms, self.codes) = (Demand(), Demand(), Demand("plain", margin=0))
        self.price = Text("quiet", may_be_copied=True)
        for widget in (self.panel, self.warnings, *self.demands, self.price):
            self.column.addWidget(widget)
        self._about: object = None

    def tell(self, shown: Shown) -> None:
        self.say(tr("Before you begin"), tr("Nothing is changed on the card before you have given your codes."))
        report = shown.sight.report
        minutes = ceil(report.verdict.seconds / 60) if report else 1
        texts = (
            tr("Your card gets new keys and new certificates. Your codes stay as they are."),
            tr("It takes about {count} min. The card must stay in the reader until everything is done.", count=minutes),
            tr("If something interrupts it, the card still works, and you can go on later or on another computer."),
        )
        for point, text in zip(self.points, texts, strict=True):
            point.tell(text)
        both = shown.card is not None and _codes_needed(shown.card) > 1
        self.codes.tell(
            tr("I have both codes at hand: for authentication and for signatures")
            if both
            else tr("I have the code of the card at hand"),
            tr("Find your codes first, then tick the box above."),
        )
        self.price.tell("\n".join(new_code_lines(shown.sight.campaign)))
        self.warnings.tell("\n".join(warning_lines(report, shown.contact)) if report else "", "warning")
        self._ask(shown)

    def _ask(self, shown: Shown) -> None:
        """Show what is to be agreed to; what was ticked for another card, or for other words, counts for nothing."""
        asked, campaign = shown.sight.report.asked if shown.sight.report else None, shown.sight.campaign
        about = (shown.card.serials if shown.card else (), asked)
        if asked and about != self._about:
            self._about = about
            for demand in self.demands:
                demand.tick.setChecked(False)
        terms, mail = asked.terms if asked else None, mail_lines(asked) if asked else ()
        self._version = terms.version if terms else None
        self.terms.setVisible(terms is not None)
        self.terms.tell(
            tr("I accept the terms (version {version})", version=self._version),
            tr("Read the terms, then tick the box below them."),
            title=tr("Terms"),
            text=str(terms.text) if terms else "",
        )
        self.mail.setVisible(bool(mail))
        words = str(campaign.words.encrypted_mail or "") if campaign else ""
        is_lost = asked is not None and asked.mail_goes
        self.mail.tell(
            tr("I understand that I cannot read old encrypted e-mail afterwards") if is_lost else "",
            tr("Read what becomes of your encrypted e-mail, then tick the box below it."),
            title=tr("Encrypted e-mail"),
            text="\n".join(filter(None, (*mail, words))),
        )

    def news(self) -> tuple[str, ...]:
        return (*(point.text.text() for point in self.points), self.warnings.text.text())

    def first(self) -> QWidget:
        return next(demand.tick for demand in self.demands if demand.tick.isVisibleTo(self))

    def consent(self) -> Consent:
        return Consent(self._version if self.terms.tick.isChecked() else None, self.mail.tick.isChecked())

    def go_on(self) -> bool:
        missing = next((demand for demand in self.demands if demand.is_open), None)
        if missing:
            announce(self, missing.ask())
            self.bring_up()
        return missing is None


def _codes_needed(card: CardContents) -> int:
    return sum(bool(token.roles) and token.info.code is not CodeState.LOCKED for token in card.tokens)
