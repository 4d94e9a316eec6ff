"""The ends that are not good ones yet: Avbruten uppgradering, Hjälp."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from sithsup.errors import CardRemovedError, Contact, NoCardError, role_text
from sithsup.flow import Happening, Page
from sithsup.locked import order_text, tells_of_a_locked_code
from sithsup.situation import Choice
from sithsup.texts import mark, tr
from sithsup.ui.pages.absence import absence
from sithsup.ui.pages.page import UnblockButton, WizardPage
from sithsup.ui.parts import Notice, Panel, Signed, Text, announce
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
LEADS = {
    # Of a code that was to get a new value
    True: "",
    False: mark("The code for {role} is still locked."),
    None: mark(
        "Whether the new code for {role} is in force is not known now. Put the card back, and the first page tells "
        "whether the old one is still locked."
    ),
}
WORKS_SIGNS = {True: "done", False: "stop", None: "info"}
PICTURE = 3.5
"""The height of the sign of a good end, in lines of text."""


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
        self.picture = Sign("insert", PICTURE * 2)
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


class HelpPage(WizardPage):
    """Hjälp: an error, why, what to do, whom to call."""

    page = Page.HELP

    def build(self) -> None:
        self.panel = Panel(spacing=0.9)
        self.why, self.what_next = Signed("point", "info"), Signed("point", "now", bold=True)
        self.contact, self.codes = Signed("point", "person", may_be_copied=True), Text("quiet", may_be_copied=True)
        self.order = Signed("point", "key", may_be_copied=True)
        for part in (self.what_next, self.why, self.order, self.contact):
            self.panel.column.addWidget(part)
        self.unblock = UnblockButton(self)
        self.copy = QPushButton()
        self.copy.clicked.connect(self._copy)
        self.column.addWidget(self.panel)
        self.column.addWidget(self.unblock, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.codes)
        self.column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)

    def tell(self, shown: Shown) -> None:
        error = shown.error
        if error is None:
            return
        self.say(error.what, _lead(shown))
        self.why.tell(error.why)
        self.what_next.tell(error.next_step)
        self.contact.tell(shown.contact(error.contact))
        is_locked = tells_of_a_locked_code(error, is_locked=bool(shown.locked))
        self.order.tell(order_text(shown.sight.campaign) if is_locked else "")
        self.unblock.tell(shown)
        case_code = shown.ending.case_code if shown.ending else ""
        case = tr("Case code: {code}", code=case_code) if case_code else ""
        self.codes.tell("  ".join(filter(None, (tr("Error code: {code}", code=error.code), case))))
        self.copy.setText(tr("&Copy the text"))

    def next_text(self, shown: Shown) -> str:
        return "" if shown.is_final else tr("&Try again")

    def _copy(self) -> None:
        signed = (self.why.text, self.what_next.text, self.order.text, self.contact.text)
        texts = (self.heading, self.lead, *signed, self.codes)
        QGuiApplication.clipboard().setText("\n".join(text.text() for text in texts if text.text()))
        announce(self, tr("Copied"))


def _lead(shown: Shown) -> str:
    """What became of the card, as far as the error itself does not say so."""
    if told := shown.unblocked:
        return tr(LEADS[told.is_changed], role=tr(role_text(told.roles))) if told.is_sent else ""
    untouched = shown.ending is not None and shown.ending.outcome is None
    return tr("Nothing was begun, and nothing on the card was changed.") if untouched else ""
