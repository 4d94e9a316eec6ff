"""Hjälp: an error, why, what to do, whom to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from sithsup.errors import role_text
from sithsup.flow import Page
from sithsup.texts import mark, tr
from sithsup.ui.log_folder import LogFolder
from sithsup.ui.pages.page import DiagnoseButton, UnblockButton, WizardPage
from sithsup.ui.parts import Panel, Signed, Text, announce

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from sithsup.errors import SithsupError
    from sithsup.ui.shown import Shown

LEADS = {
    # Of a code that was to get a new value
    True: "",
    False: mark("The code for {role} is still locked."),
    None: mark(
        "Whether the new code for {role} is in force is not known now. Put the card back, and the first page tells "
        "whether the old one is still locked."
    ),
}


class HelpPage(WizardPage):
    """The page of an error."""

    page = Page.HELP

    def build(self) -> None:
        self._shown: Shown | None = None
        self.panel = Panel(spacing=0.9)
        self.why, self.what_next = Signed("point", "info"), Signed("point", "now", bold=True)
        self.contact, self.codes = Signed("point", "person", may_be_copied=True), Text("quiet", may_be_copied=True)
        self.order = Signed("point", "key", may_be_copied=True)
        for part in (self.what_next, self.why, self.order, self.contact):
            self.panel.column.addWidget(part)
        self.unblock = UnblockButton(self)
        self.copy = QPushButton()
        self.copy.clicked.connect(self._copy)
        self.diagnose = DiagnoseButton(self)
        self.column.addWidget(self.panel)
        self.column.addWidget(self.unblock, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.codes)
        self.column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.diagnose, 0, Qt.AlignmentFlag.AlignLeft)
        self.logs = LogFolder(self.copy)
        self.column.addWidget(self.logs)

    def tell(self, shown: Shown) -> None:
        error = shown.error
        if error is None:
            return
        self._shown = shown
        self.say(error.what, _lead(shown))
        self.why.tell(error.why)
        self.what_next.tell(error.next_step)
        self.contact.tell(shown.contact(error.contact))
        self.order.tell(_order(shown, error))
        self.unblock.tell(shown)
        self.unblock.setDefault(self.offers())
        case_code = shown.ending.case_code if shown.ending else ""
        case = tr("Case code: {code}", code=case_code) if case_code else ""
        self.codes.tell("  ".join(filter(None, (tr("Error code: {code}", code=error.reference), case))))
        self.copy.setText(tr("&Copy the text"))
        self.diagnose.tell(shown)
        self.logs.tell(shown.logs)

    def news(self) -> tuple[str, ...]:
        return tuple(part.text.text() for part in (self.what_next, self.why, self.order, self.contact))

    def first(self) -> QWidget | None:
        return self.unblock if self.offers() else None

    def offers(self) -> bool:
        return self.unblock.isVisibleTo(self)

    def looks_again(self, shown: Shown) -> bool:  # noqa: ARG002  always
        return True

    def next_text(self, shown: Shown) -> str:
        return "" if shown.is_final else tr("&Try again")

    def _copy(self) -> None:
        """What may be handed on: nothing that tells who the holder is, and not whom they are to call."""
        if self._shown and (error := self._shown.error):
            what, cause, remedy = _words(error, self._shown)
            texts = (what, self.lead.text(), cause, remedy, self.order.text.text(), self.codes.text())
            QGuiApplication.clipboard().setText("\n".join(filter(None, texts)))
            announce(self, tr("Copied"))


def _words(error: SithsupError, shown: Shown) -> tuple[str, str, str]:
    """An error in words, without what it repeats of the card or of an answer that could be somebody's."""
    from sithsup.diagnostics import private  # noqa: PLC0415  this page comes before anything else is loaded
    from sithsup.diagnostics.problem import Problem  # noqa: PLC0415  as above
    from sithsup.diagnostics.values import Blotter  # noqa: PLC0415  as above

    names = private.of_account() | (private.of_card(shown.card) if shown.card else set())
    return Problem(error).words(Blotter(frozenset(names)))


def _order(shown: Shown, error: SithsupError) -> str:
    """How new codes are ordered, where one is locked and the campaign tells."""
    if shown.sight.campaign is None:
        return ""
    from sithsup.locked import order_text, tells_of_a_locked_code  # noqa: PLC0415  loaded by then; see `early`

    is_locked = tells_of_a_locked_code(error, is_locked=bool(shown.locked))
    return order_text(shown.sight.campaign) if is_locked else ""


def _lead(shown: Shown) -> str:
    """What became of the card, as far as the error itself does not say so."""
    if told := shown.unblocked:
        return tr(LEADS[told.is_changed], role=tr(role_text(told.roles))) if told.is_sent else ""
    untouched = shown.ending is not None and shown.ending.outcome is None
    return tr("Nothing was begun, and nothing on the card was changed.") if untouched else ""
