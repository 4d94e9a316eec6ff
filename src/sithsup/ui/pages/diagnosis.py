"""Felsökning: what is wrong on this computer, found out while one looks on, to be read aloud or handed on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from sithsup.flow import Page
from sithsup.texts import mark, tr
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Notice, Panel, Signed, Text, announce, em

if TYPE_CHECKING:
    from sithsup.diagnostics.diagnosis import Diagnosis
    from sithsup.diagnostics.document import Document
    from sithsup.ui.shown import Shown

Part = TypeVar("Part", bound=QWidget)
_log = logging.getLogger(__name__)

LOOK_EVERY = 100
"""Milliseconds between two looks at what has come."""
SIGNS = {"running": "clock", "good": "done", "problem": "warning", "unknown": "info"}
"""Of what came of a probe."""
LEAD = mark("Nothing on the card is changed, and no code is asked for. Other programs may go on using the card.")


class Section(QFrame):
    """One question of the diagnosis: what came of it, and below it, when it is opened, everything that was found."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.button, self.body = Signed("row"), QPushButton(), Text("quiet", may_be_copied=True)
        self.button.setObjectName("link")
        self.button.setAutoDefault(False)
        self.button.setCheckable(True)
        self.button.toggled.connect(self._open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(em() // 4)
        row = self.head.layout()
        assert row  # noqa: S101  it has one
        row.setAlignment(self.head.sign, Qt.AlignmentFlag.AlignVCenter)  # the button makes the row higher
        row.addWidget(self.button)
        column.addWidget(self.head)
        column.addWidget(self.body)
        self.body.setContentsMargins(2 * em(), 0, 0, em() // 2)
        self._lines = ""

    def tell(self, title: str, status: str, came: str, lines: tuple[str, ...]) -> None:
        """Show what came of it; `came` says it in words."""
        said = tr("{name}: {value}", name=title, value=came)
        self.head.tell(said, SIGNS[status])
        self._lines = "\n".join(lines)
        self.button.setVisible(bool(lines))
        self.button.setAccessibleDescription(title)
        self._open(self.button.isChecked())

    def _open(self, is_open: bool) -> None:  # noqa: FBT001  Qt's own
        self.button.setText(tr("Hide") if is_open else tr("Show"))
        self.body.tell(self._lines if is_open else "")


class Wrong(Panel):
    """Something that is wrong: what, why, what to do, whom to ask."""

    def __init__(self) -> None:
        super().__init__(spacing=0.6)
        self.what, self.cause = Signed("point", "warning", bold=True, may_be_copied=True), Signed("point", "info")
        self.remedy, self.contact = Signed("point", "now"), Signed("point", "person", may_be_copied=True)
        for part in (self.what, self.cause, self.remedy, self.contact):
            self.column.addWidget(part)

    def tell(self, told: tuple[str, str, str, str]) -> None:
        """Show it; empty parts take no room."""
        for part, text in zip((self.what, self.cause, self.remedy, self.contact), told, strict=True):
            part.tell(text)


class DiagnosisPage(WizardPage):
    """A diagnosis, live. It begins when the page comes up, and again when that is asked for."""

    page = Page.DIAGNOSIS

    def build(self) -> None:
        self.notice, self.case = Notice(), Text(may_be_copied=True, bold=True)
        self.wrongs, self.sections = Panel("plain", margin=0), Panel("plain", margin=0, spacing=0.3)
        self.again, self.copy = QPushButton(), QPushButton()
        buttons = Panel("plain", margin=0, spacing=0.3)
        for button, slot in ((self.copy, self._copy), (self.again, self.begin)):
            button.setAutoDefault(False)
            button.clicked.connect(slot)
            buttons.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.notice, self.case, self.wrongs, buttons, self.sections):
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
        self._timer.start()
        self._show_all()

    def tell(self, shown: Shown) -> None:  # noqa: ARG002  it finds out everything by itself
        self.say(tr("Diagnosis"), tr(LEAD))
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
        for button in (self.copy, self.again):
            button.setEnabled(diagnosis.is_over)
        self._show_wrongs(document)
        for place, result in enumerate(document.results):
            section = _nth(self.sections, place, Section)
            status = tr(STATUS_TEXTS[result.status])
            section.tell(tr(result.probe.title), result.status.value, status, tuple(document.lines_of(result)))
        self.lead.tell(_summary(document) if diagnosis.is_over else tr(LEAD))

    def _show_wrongs(self, document: Document) -> None:
        told = [document.told(problem) for problem in document.problems]
        for place in range(max(len(told), self.wrongs.column.count())):
            wrong = _nth(self.wrongs, place, Wrong)
            wrong.tell(told[place] if place < len(told) else ("", "", "", ""))
            wrong.setVisible(place < len(told))
        self.wrongs.setVisible(bool(told))

    def _copy(self) -> None:
        if self._diagnosis:
            QGuiApplication.clipboard().setText("\n".join(self._diagnosis.document().lines()))
            announce(self, tr("Copied"))


def _nth(panel: Panel, place: int, kind: type[Part]) -> Part:
    """A part of a panel that has parts of one kind alone; made where it is not there yet."""
    while panel.column.count() <= place:
        panel.column.addWidget(kind())
    item = panel.column.itemAt(place)
    part = item.widget() if item else None
    assert isinstance(part, kind)  # noqa: S101  nothing else is added
    return part


def _summary(document: Document) -> str:
    count = len(document.problems)
    return tr("Nothing wrong was found.") if not count else tr("Things that are wrong: {count}", count=count)
