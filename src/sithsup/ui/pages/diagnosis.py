"""Felsökning: what is wrong on this computer, found out while one looks on, to be read aloud or handed on."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPushButton

from sithsup.errors import SithsupError
from sithsup.flow import Page
from sithsup.texts import mark, tr
from sithsup.ui.came import Section, Wrong, nth
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Notice, Panel, Text, announce, sentences

if TYPE_CHECKING:
    from sithsup.diagnostics.diagnosis import Diagnosis
    from sithsup.diagnostics.document import Document
    from sithsup.ui.shown import Shown

_log = logging.getLogger(__name__)

LOOK_EVERY = 100
"""Milliseconds between two looks at what has come."""
LEAD = mark("Nothing on the card is changed, and no code is asked for. Other programs may go on using the card.")


class DiagnosisPage(WizardPage):
    """A diagnosis, live. It begins when the page comes up, and again when that is asked for."""

    page = Page.DIAGNOSIS

    def build(self) -> None:
        self.notice, self.case = Notice(), Text(may_be_copied=True, bold=True)
        self.asked, self.saved = Text(may_be_copied=True), Text("quiet", may_be_copied=True)
        self.wrongs, self.sections = Panel("plain", margin=0), Panel("plain", margin=0, spacing=0.3)
        self.again, self.copy, self.save = QPushButton(), QPushButton(), QPushButton()
        buttons = Panel("plain", margin=0, spacing=0.3)
        for button, slot in ((self.save, self._save), (self.copy, self._copy), (self.again, self.begin)):
            button.setAutoDefault(False)
            button.clicked.connect(slot)
            buttons.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.notice, self.case, self.asked, self.wrongs, buttons, self.saved, self.sections):
            self.column.addWidget(part)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self._look)
        self._diagnosis: Diagnosis | None = None

    def came(self) -> None:
        """Begin at once: nobody comes here for anything else."""
        self.begin()

    def begin(self) -> None:
        """Ask everything anew."""
        try:
            from sithsup.diagnostics.diagnosis import Diagnosis  # noqa: PLC0415  the heart may not be loaded yet

            self._diagnosis = Diagnosis()
        except Exception as error:  # noqa: BLE001  as in `app.Loader`: what is broken may be the heart itself
            _log.error("the diagnosis cannot begin", exc_info=error)
            self.notice.tell(tr("The diagnosis cannot begin: {kind}", kind=type(error).__name__))
            return
        self.saved.tell("")
        self._timer.start()
        self._show_all()

    def tell(self, shown: Shown) -> None:  # noqa: ARG002  it finds out everything by itself
        self.say(tr("Diagnosis"), tr(LEAD))
        self.save.setText(tr("&Save a report …"))
        self.copy.setText(tr("&Copy the text"))
        self.again.setText(tr("&Try again"))
        self._show_all()

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return ""

    def _look(self) -> None:
        if self._diagnosis and self._diagnosis.look():
            self._show_all()
            if self._diagnosis.is_over:
                self._timer.stop()
                announce(self, self.lead.text())

    def _show_all(self) -> None:
        diagnosis = self._diagnosis
        if diagnosis is None:
            return
        from sithsup.diagnostics.probe import STATUS_TEXTS  # noqa: PLC0415  as above

        document = diagnosis.document()
        self.notice.tell("")
        self.case.tell(tr("Case code: {code}", code=document.case_code))
        self.asked.tell("\n".join(document.asked_lines()))
        for button in (self.save, self.copy, self.again):
            button.setEnabled(diagnosis.is_over)
        self._show_wrongs(document)
        for place, result in enumerate(document.results):
            section = nth(self.sections, place, Section)
            status = tr(STATUS_TEXTS[result.status])
            section.tell(tr(result.probe.title), result.status.value, status, tuple(document.lines_of(result)))
        self.lead.tell(_summary(document) if diagnosis.is_over else tr(LEAD))

    def _show_wrongs(self, document: Document) -> None:
        told = [document.told(problem) for problem in document.problems]
        for place in range(max(len(told), self.wrongs.column.count())):
            wrong = nth(self.wrongs, place, Wrong)
            wrong.tell(told[place] if place < len(told) else ("", "", "", ""))
            wrong.setVisible(place < len(told))
        self.wrongs.setVisible(bool(told))

    def _save(self) -> None:
        from sithsup.diagnostics.report_file import file_name, save  # noqa: PLC0415  as above

        if self._diagnosis is None:
            return
        document = self._diagnosis.document()
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = str(Path(folder) / file_name(document))
        chosen, _ = QFileDialog.getSaveFileName(self, tr("Save the report"), name, "ZIP (*.zip)")
        if not chosen:
            return
        try:
            text = tr("Saved: {path}", path=save(document, Path(chosen), may_replace=True))
        except SithsupError as error:
            text = sentences(error.what, error.why, error.next_step)
        self.saved.tell(text)
        announce(self, text)

    def _copy(self) -> None:
        if self._diagnosis:
            QGuiApplication.clipboard().setText("\n".join(self._diagnosis.document().lines()))
            announce(self, tr("Copied"))


def _summary(document: Document) -> str:
    count = len(document.problems)
    return tr("Nothing wrong was found.") if not count else tr("Things that are wrong: {count}", count=count)
