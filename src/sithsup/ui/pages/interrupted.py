"""Avbruten uppgradering: what works now, and what is left to do."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from sithsup.errors import CardRemovedError, Contact, NoCardError
from sithsup.flow import Happening, Page
from sithsup.situation import Choice
from sithsup.texts import mark, tr
from sithsup.ui.pages.absence import absence
from sithsup.ui.pages.page import UnblockButton, WizardPage
from sithsup.ui.parts import Notice, Panel, Signed
from sithsup.ui.signs import Sign
from sithsup.upgrade import TIGHT, UPGRADE

if TYPE_CHECKING:
    from sithsup.recovery import Verdict
    from sithsup.ui.shown import Shown

WORKS = {
    True: mark("You can log in with the card now."),
    False: mark("You cannot log in with the card now."),
    None: mark("It cannot be told now whether you can log in with the card."),
}
WORKS_SIGNS = {True: "done", False: "stop", None: "info"}
PICTURE = 7
"""The height of the drawing, in lines of text."""


class InterruptedPage(WizardPage):
    """Avbruten uppgradering: what works now, and the two ways out."""

    page = Page.INTERRUPTED

    def build(self) -> None:
        self.why = Notice()
        self.panel = Panel()
        self.works, self.left = Signed("verdict", bold=True), Signed("quiet", "todo")
        self.time = Signed("quiet", "clock")
        for part in (self.works, self.left, self.time):
            self.panel.column.addWidget(part)
        self.restore = QPushButton()
        self.restore.clicked.connect(lambda: self.happen(Happening.RESTORE))
        self.same, self.contact = Signed("same", "info"), Signed("quiet", "person", may_be_copied=True)
        self.picture = Sign("insert", PICTURE)
        self.unblocked, self.unblock = Signed("verdict", "done", bold=True), UnblockButton(self)
        for widget in (self.why, self.picture, self.same, self.unblocked, self.panel):
            self.column.addWidget(widget)
        self.column.addWidget(self.unblock, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.restore, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.contact)

    def tell(self, shown: Shown) -> None:
        report, ending = shown.sight.report, shown.ending
        error = ending.error if ending else None
        self.say(tr("Interrupted upgrade"), tr("The card is not lost. The upgrade can be finished, now or later."))
        self.why.tell(f"{error.what} ({error.code})" if error else "")
        self.unblocked.tell(shown.new_code, "done")
        self.unblock.tell(shown)
        self.panel.setVisible(report is not None)
        if report:
            self.works.tell(tr(WORKS[report.verdict.can_log_in]), WORKS_SIGNS[report.verdict.can_log_in])
            self.left.tell(_left(report.verdict))
            self.time.tell(tr("To finish takes about {count} min.", count=ceil(report.verdict.seconds / 60)))
        self.picture.setVisible(report is None and shown.card is None)
        self.same.tell(*_missing(shown))
        self.restore.setText(tr("&Go back to the old"))
        self.restore.setVisible(report is not None and Choice.RESTORE in report.verdict.choices)
        self.contact.tell(shown.contact(Contact.DEPUTY_ISSUER))

    def news(self) -> tuple[str, ...]:
        works = self.works.text.text() if self.panel.isVisibleTo(self) else ""
        return self.unblocked.text.text(), self.why.text.text(), self.same.text.text(), works

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return tr("&Continue")

    def may_go_on(self, shown: Shown) -> bool:
        report = shown.sight.report
        return report is not None and Choice.CONTINUE in report.verdict.choices


def _left(verdict: Verdict) -> str:
    """What is missing, row by row, before the upgrade is finished."""
    texts = {step.name: tr(step.text) for step in (*UPGRADE, *TIGHT)}
    return "\n".join((tr("Left to do:"), *(f"• {texts[name]}" for name in verdict.missing))) if verdict.missing else ""


def _missing(shown: Shown) -> tuple[str, str]:
    """What is wanted before one can go on, and the sign before it."""
    error, report = shown.sight.error, shown.sight.report
    if report:
        return "", "info"
    if error and not isinstance(error, NoCardError | CardRemovedError):
        return absence(error)
    if shown.card:
        return tr("Looking at the card …"), "clock"
    named = (tr("Its number ends with {end}.", end=card.removeprefix("…")) for card in shown.sight.waiting)
    return "\n".join((tr("Put the same card into the reader again."), *named)), "info"
