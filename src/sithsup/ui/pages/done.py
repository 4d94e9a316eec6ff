"""Klart: what was done and tested, what comes next, and the receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton

from sithsup.errors import Contact
from sithsup.flow import Page
from sithsup.receipt.words import (
    CODES_UNCHANGED,
    NO_RECEIPT,
    TAKE_OUT,
    ask_local_it,
    choose_at_log_in,
    keys_line,
    level_line,
    lost_lines,
    test_line,
)
from sithsup.situation import Outcome
from sithsup.texts import tr
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.paper import write_pdf
from sithsup.ui.parts import Notice, Panel, Signed, Text, announce, em
from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from sithsup.receipt import Receipt
    from sithsup.ui.seen import Ending
    from sithsup.ui.shown import Shown

PICTURE = 3.5
"""The height of the sign of a good end, in lines of text."""


class DonePage(WizardPage):
    """The last page, when all went well: the card is upgraded, or as it was."""

    page = Page.DONE

    def build(self) -> None:
        self.picture = Sign("done", PICTURE)
        self.picture.setObjectName("good")
        self.column.insertWidget(0, self.picture)
        self.notice, self.panel = Notice(), Panel()
        self.next_step, self.choice = Signed("point", "info"), Signed("point", "key")
        self.proof, self.contact = Signed("point", "shield"), Signed("point", "person", may_be_copied=True)
        for part in (self.next_step, self.choice, self.proof, self.contact):
            self.panel.column.addWidget(part)
        self.case, self.told = Text("quiet", may_be_copied=True), Text("quiet", may_be_copied=True)
        self.open, self.save = QPushButton(), QPushButton()
        self.open.clicked.connect(self._open)
        self.save.clicked.connect(self._save)
        self.column.addWidget(self.notice)
        self.column.addWidget(self.panel)
        buttons = QHBoxLayout()
        buttons.setSpacing(round(em() * 0.7))
        for button in (self.open, self.save):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.column.addLayout(buttons)
        self.column.addWidget(self.told)
        self.told.tell("")
        self.column.addWidget(self.case)
        self._receipt: Receipt | None = None
        self._written: Path | None = None

    def tell(self, shown: Shown) -> None:
        ending = shown.ending
        if ending is None:
            return
        self._receipt, self._written = ending.receipt, ending.saved.page if ending.saved else None
        if ending.outcome is Outcome.RESTORED:
            self._tell_restored(ending)
        else:
            self._tell_upgraded(ending)
        who = ask_local_it(ending.receipt) if ending.receipt else ""
        self.contact.tell(who or shown.contact(Contact.LOCAL_IT))
        self.case.tell(tr("Case code: {code}", code=ending.case_code) if ending.case_code else "")
        self.open.setText(tr("&Show the receipt"))
        self.open.setVisible(self._written is not None)
        self.save.setText(tr("Save as &PDF …"))
        self.save.setVisible(self._receipt is not None)

    def _tell_restored(self, ending: Ending) -> None:
        works = tr("The old certificates work. Nothing new is left on the card.")
        left = tr("The card did not let {count} of its new keys be removed. They do no harm.", count=ending.keys_left)
        as_before = tr("Your card is as it was before.")
        lead = (works if not ending.keys_left else left) if ending.old_works else as_before
        self.say(tr("Your card is as it was"), lead)
        self.next_step.tell(tr("You can begin again whenever it suits you.") if ending.old_works else "")
        self.choice.tell("")
        self.proof.tell("")
        self.notice.tell("\n".join(lost_lines(ending.given_up)))

    def _tell_upgraded(self, ending: Ending) -> None:
        receipt = ending.receipt
        self.say(tr("Your card is upgraded"), test_line(receipt) if receipt else tr(NO_RECEIPT))
        self.next_step.tell(tr(TAKE_OUT))
        self.choice.tell(choose_at_log_in(receipt) if receipt else "")
        told = (level_line(receipt), keys_line(receipt)) if receipt else ()
        lines = (*told, tr(CODES_UNCHANGED))
        self.proof.tell("\n".join(filter(None, lines)))
        problem = ending.saved.problem if ending.saved else ""
        unsaved = tr("The receipt could not be saved: {problem}", problem=problem) if problem else ""
        self.notice.tell("\n".join((*lost_lines(ending.given_up), unsaved)).strip())

    def news(self) -> tuple[str, ...]:
        return tuple(part.text.text() for part in (self.notice, self.next_step, self.choice, self.contact))

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return tr("&Close")

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._written)))

    def _save(self) -> None:
        assert self._receipt  # noqa: S101  the button is there only with it
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = str(Path(folder) / f"{self._receipt.case_code}.pdf")
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save the receipt"), name, "PDF (*.pdf)")
        if chosen:
            is_written = write_pdf(self._receipt, Path(chosen))
            text = (
                tr("Saved: {path}", path=chosen)
                if is_written
                else tr("It could not be saved there. Choose another place.")
            )
            self.told.tell(text)
            announce(self, text)
