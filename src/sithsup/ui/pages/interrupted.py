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
from sithsup.ui.pages.absence import absence, has_failed
from sithsup.ui.pages.halfway import left, limits
from sithsup.ui.pages.page import UnblockButton, WizardPage
from sithsup.ui.parts import Notice, Panel, Signed
from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QWidget

    from sithsup.report import Report
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
        self.why, self.explain = Notice(), QPushButton()
        self.why.add(self.explain)
        self.panel = Panel()
        self.works, self.left = Signed("verdict", bold=True), Signed("quiet", "todo")
        self.limits, self.time = Signed("quiet", "info"), Signed("quiet", "clock")
        for part in (self.works, self.limits, self.left, self.time):
            self.panel.column.addWidget(part)
        self.restore = QPushButton()
        for button, happening in ((self.restore, Happening.RESTORE), (self.explain, Happening.EXPLAIN)):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, happening=happening: self.happen(happening))
        self.same, self.contact = Signed("same", "info"), Signed("quiet", "person", may_be_copied=True)
        self.picture = Sign("insert", PICTURE)
        self.hindrance = Signed("verdict", "stop", bold=True)
        self.unblocked, self.unblock = Signed("verdict", "done", bold=True), UnblockButton(self)
        for widget in (self.why, self.picture, self.same, self.unblocked, self.panel, self.hindrance):
            self.column.addWidget(widget)
        for button in (self.unblock, self.restore):
            self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.contact)

    def tell(self, shown: Shown) -> None:
        report, ending = shown.sight.report, shown.ending
        error = ending.error if ending else None
        can_be_finished = tr("The card is not lost. The upgrade can be finished, now or later.")
        self.say(tr("Interrupted upgrade"), can_be_finished if report is None or report.verdict.choices else "")
        self.why.tell(f"{error.what} ({error.code})\n{error.why}" if error else "")
        self.unblocked.tell(shown.new_code, "done")
        self.unblock.tell(shown)
        self.unblock.setDefault(self.offers())
        self.panel.setVisible(report is not None)
        if report:
            self._tell_card(report)
        self.hindrance.tell("\n".join(finding.text() for finding in report.stops) if report else "", "stop")
        self.picture.setVisible(report is None and shown.card is None)
        self.same.tell(*_missing(shown))
        self.restore.setText(tr("&Go back to the old"))
        self.restore.setVisible(report is not None and Choice.RESTORE in report.verdict.choices)
        self.contact.tell("\n".join(_contacts(shown)))
        self.explain.setText(tr("&More"))
        self.explain.setAccessibleDescription(tr("More about what happened"))

    def _tell_card(self, report: Report) -> None:
        can_log_in = report.works.can_log_in
        self.works.tell(tr(WORKS[can_log_in]), WORKS_SIGNS[can_log_in])
        self.limits.tell("\n".join(limits(report)))
        self.left.tell(left(report.verdict))
        time = tr("To finish takes about {count} min.", count=ceil(report.verdict.seconds / 60))
        self.time.tell(time if report.verdict.choices else "")

    def news(self) -> tuple[str, ...]:
        told = (self.unblocked, self.why, self.same, self.works, self.limits, self.hindrance)
        return tuple(part.text.text() for part in told if part.isVisibleTo(self))

    def first(self) -> QWidget | None:
        return self.unblock if self.offers() else None

    def offers(self) -> bool:
        return self.unblock.isVisibleTo(self)

    def next_text(self, shown: Shown) -> str:
        return tr("&Try again") if self.looks_again(shown) else tr("&Continue")

    def may_go_on(self, shown: Shown) -> bool:
        return shown.sight.report is not None or self.looks_again(shown)

    def looks_again(self, shown: Shown) -> bool:
        report = shown.sight.report
        if report:
            return Choice.CONTINUE not in report.verdict.choices
        return has_failed(shown) and not isinstance(shown.sight.error, CardRemovedError)


def _contacts(shown: Shown) -> Iterator[str]:
    """Whom to ask: about what went wrong, about what stands in the way, and always the deputy issuer; and what of."""
    report, error = shown.sight.report, shown.ending.error if shown.ending else None
    asked = [error.contact] if error and not isinstance(error, CardRemovedError) else []
    asked += [finding.contact for finding in report.stops] if report else []
    for who in dict.fromkeys((*asked, Contact.DEPUTY_ISSUER)):
        if line := shown.contact(who):
            yield line
    if shown.ending and shown.ending.case_code:
        yield tr("Case code: {code}", code=shown.ending.case_code)


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
    other = tr("You can also put in another card, and upgrade that one.") if shown.ending is None else ""
    told = (tr("Put the same card into the reader again."), *named, other)
    return "\n".join(filter(None, told)), "info"
