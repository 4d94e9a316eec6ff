"""Förbered: what will happen, how long it takes, and what must be at hand before anything begins."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sithsup.flow import Page
from sithsup.model import CodeState
from sithsup.texts import tr
from sithsup.ui.pages.page import Shown, WizardPage
from sithsup.ui.parts import Notice, Panel, Signed, Text, announce
from sithsup.ui.tick import Tick

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.model import CardContents


class PreparePage(WizardPage):
    """The second page."""

    page = Page.PREPARE

    def build(self) -> None:
        self.panel = Panel(spacing=0.9)
        self.points = tuple(Signed("point", sign) for sign in ("key", "clock", "shield"))
        for point in self.points:
            self.panel.column.addWidget(point)
        self.codes = Tick()
        self.codes.toggled.connect(lambda _: self.completeChanged.emit())
        self.notice, self.price = Notice(), Text("quiet", may_be_copied=True)
        for widget in (self.panel, self.codes, self.price, self.notice):
            self.column.addWidget(widget)

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
        codes = shown.sight.campaign.codes if shown.sight.campaign else None
        self.price.tell(tr("No codes? {order}", order=codes.order) if codes else "")
        self.notice.tell("")

    def first(self) -> QWidget:
        return self.codes

    def go_on(self) -> bool:
        if not self.codes.isChecked():
            self.notice.tell(tr("Find your codes first, then tick the box above."))
            announce(self, self.notice.text.text())
        return self.codes.isChecked()


def _codes_needed(card: CardContents) -> int:
    return sum(bool(token.roles) and token.info.code is not CodeState.LOCKED for token in card.tokens)
