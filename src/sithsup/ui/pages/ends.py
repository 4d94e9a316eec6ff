"""The ends: Klart, Avbruten uppgradering, Hjälp, Support."""

from __future__ import annotations

from math import ceil

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from sithsup.errors import Contact
from sithsup.flow import Happening, Page
from sithsup.model import Choice, Outcome
from sithsup.texts import mark, tr
from sithsup.ui.pages.page import Shown, WizardPage
from sithsup.ui.parts import Panel, Text, announce

WORKS = {
    True: mark("You can log in with the card now."),
    False: mark("You cannot log in with the card now."),
    None: mark("It cannot be told now whether you can log in with the card."),
}


class DonePage(WizardPage):
    """Klart: what was done, and what comes next."""

    page = Page.DONE

    def build(self) -> None:
        self.panel = Panel()
        self.next_step, self.case, self.contact = Text(), Text("quiet", may_be_copied=True), Text(may_be_copied=True)
        for text in (self.next_step, self.contact, self.case):
            self.panel.column.addWidget(text)
        self.column.addWidget(self.panel)

    def tell(self, shown: Shown) -> None:
        ending = shown.ending
        if ending is None:
            return
        if ending.outcome is Outcome.RESTORED:
            self.say(tr("Your card is as it was"), tr("The old certificates work. Nothing new is left on the card."))
            self.next_step.tell(tr("You can begin again whenever it suits you."))
        else:
            self.say(tr("Your card is upgraded"), tr("The new certificates were tested, and they work."))
            self.next_step.tell(
                tr("Take the card out and put it in again. Close every browser window before you log in.")
            )
        self.contact.tell(shown.contact(Contact.LOCAL_IT))
        self.case.tell(tr("Case code: {code}", code=ending.case_code) if ending.case_code else "")

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return tr("&Close")


class InterruptedPage(WizardPage):
    """Avbruten uppgradering: what works now, and the two ways out."""

    page = Page.INTERRUPTED

    def build(self) -> None:
        self.why = Text("notice")
        self.panel = Panel()
        self.works, self.time = Text("verdict"), Text("quiet")
        self.panel.column.addWidget(self.works)
        self.panel.column.addWidget(self.time)
        self.restore = QPushButton()
        self.restore.clicked.connect(lambda: self.happen(Happening.RESTORE))
        self.same, self.contact = Text(), Text("quiet", may_be_copied=True)
        for widget in (self.why, self.panel, self.same, self.restore, self.contact):
            self.column.addWidget(widget)

    def tell(self, shown: Shown) -> None:
        report, ending = shown.sight.report, shown.ending
        error = ending.error if ending else None
        self.say(tr("Interrupted upgrade"), tr("The card is not lost. The upgrade can be finished, now or later."))
        self.why.tell(f"{error.what} ({error.code})" if error else "")
        self.panel.setVisible(report is not None)
        if report:
            self.works.tell(tr(WORKS[report.verdict.can_log_in]))
            self.time.tell(tr("To finish takes about {count} min.", count=ceil(report.verdict.seconds / 60)))
        self.same.tell("" if report else tr("Put the same card into the reader again."))
        self.restore.setText(tr("&Go back to the old"))
        self.restore.setVisible(report is not None and Choice.RESTORE in report.verdict.choices)
        self.contact.tell(shown.contact(Contact.DEPUTY_ISSUER))

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return tr("&Continue")

    def may_go_on(self, shown: Shown) -> bool:
        report = shown.sight.report
        return report is not None and Choice.CONTINUE in report.verdict.choices


class HelpPage(WizardPage):
    """Hjälp: an error, why, what to do, whom to call."""

    page = Page.HELP

    def build(self) -> None:
        self.panel = Panel()
        self.why, self.what_next, self.contact = Text(), Text("verdict"), Text(may_be_copied=True)
        self.codes = Text("quiet", may_be_copied=True)
        for text in (self.why, self.what_next, self.contact, self.codes):
            self.panel.column.addWidget(text)
        self.copy = QPushButton()
        self.copy.clicked.connect(self._copy)
        self.column.addWidget(self.panel)
        self.column.addWidget(self.copy)

    def tell(self, shown: Shown) -> None:
        ending = shown.ending
        error = ending.error if ending else None
        if ending is None or error is None:
            return
        untouched = tr("Nothing was begun, and nothing on the card was changed.")
        self.say(error.what, untouched if ending.outcome is None else "")
        self.why.tell(error.why)
        self.what_next.tell(error.next_step)
        self.contact.tell(shown.contact(error.contact))
        case = tr("Case code: {code}", code=ending.case_code) if ending.case_code else ""
        self.codes.tell("  ".join(filter(None, (tr("Error code: {code}", code=error.code), case))))
        self.copy.setText(tr("&Copy the text"))

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return tr("&Try again")

    def _copy(self) -> None:
        texts = (self.heading, self.lead, self.why, self.what_next, self.contact, self.codes)
        QGuiApplication.clipboard().setText("\n".join(text.text() for text in texts if text.text()))
        announce(self, tr("Copied"))
