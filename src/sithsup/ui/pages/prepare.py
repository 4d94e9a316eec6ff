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
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Notice, Panel, Signed, Text, announce
from sithsup.ui.tick import Tick

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
        self.terms, self.mail = Panel(), Panel()
        self.terms_name, self.mail_name = Text(bold=True), Text(bold=True)
        self.terms_text, self.mail_text = Text(), Text()
        self.ticks = (self.codes, self.terms_tick, self.mail_tick) = (Tick(), Tick(), Tick())
        for panel, name, text, tick in (
            (self.terms, self.terms_name, self.terms_text, self.terms_tick),
            (self.mail, self.mail_name, self.mail_text, self.mail_tick),
        ):
            for part in (name, text, tick):
                panel.column.addWidget(part)
        self.notice, self.price = Notice(), Text("quiet", may_be_copied=True)
        for widget in (self.panel, self.warnings, self.mail, self.terms, self.codes, self.price, self.notice):
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
        self.codes.setText(
            tr("I have both codes at hand: for authentication and for signatures")
            if both
            else tr("I have the code of the card at hand")
        )
        self.price.tell("\n".join(new_code_lines(shown.sight.campaign)))
        self.warnings.tell("\n".join(warning_lines(report, shown.contact)) if report else "", "warning")
        self._ask(shown)
        self.notice.tell("")

    def _ask(self, shown: Shown) -> None:
        """Show what is to be agreed to; what was ticked for another card, or for other words, counts for nothing."""
        asked, campaign = shown.sight.report.asked if shown.sight.report else None, shown.sight.campaign
        about = (shown.card.serials if shown.card else (), asked)
        if asked and about != self._about:
            self._about = about
            for tick in self.ticks:
                tick.setChecked(False)
        terms, mail = asked.terms if asked else None, mail_lines(asked) if asked else ()
        self._version = terms.version if terms else None
        self.terms.setVisible(terms is not None)
        if terms:
            self.terms_name.tell(tr("Terms"))
            self.terms_text.tell(str(terms.text))
            self.terms_tick.setText(tr("I accept the terms (version {version})", version=terms.version))
        self.mail.setVisible(bool(mail))
        self.mail_name.tell(tr("Encrypted e-mail"))
        words = str(campaign.words.encrypted_mail or "") if campaign else ""
        self.mail_text.tell("\n".join(filter(None, (*mail, words))))
        self.mail_tick.setVisible(asked is not None and asked.mail_goes)
        self.mail_tick.setText(tr("I understand that I cannot read old encrypted e-mail afterwards"))

    def first(self) -> QWidget:
        return next(tick for tick in (self.mail_tick, self.terms_tick, self.codes) if tick.isVisibleTo(self))

    def consent(self) -> Consent:
        return Consent(self._version if self.terms_tick.isChecked() else None, self.mail_tick.isChecked())

    def go_on(self) -> bool:
        missing = {
            self.mail_tick: tr("Read what becomes of your encrypted e-mail, then tick the box below it."),
            self.terms_tick: tr("Read the terms, then tick the box below them."),
            self.codes: tr("Find your codes first, then tick the box above."),
        }
        for tick, text in missing.items():
            if tick.isVisibleTo(self) and not tick.isChecked():
                self.notice.tell(text)
                announce(self, text)
                tick.setFocus()
                return False
        return True


def _codes_needed(card: CardContents) -> int:
    return sum(bool(token.roles) and token.info.code is not CodeState.LOCKED for token in card.tokens)
