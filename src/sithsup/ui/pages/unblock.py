"""Lås upp: a locked code gets a new value by means of its PUK code; where that cannot be done here, what can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.session import role_named
from sithsup.card.unblocking import require_way
from sithsup.errors import CodeError, PukLockedError, role_text
from sithsup.flow import Page
from sithsup.locked import order_text
from sithsup.model import ModuleInfo
from sithsup.texts import tr
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.pages.upgrading import refusal_text
from sithsup.ui.parts import Signed, announce
from sithsup.ui.seen import Unblocking
from sithsup.ui.unlocking import Elsewhere, Form, Which

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent
    from PySide6.QtWidgets import QWidget

    from sithsup.model import TokenContents
    from sithsup.ui.shown import Shown

UNKNOWN = ModuleInfo("", "", "", "")


class UnblockPage(WizardPage):
    """The page that a locked code leads to."""

    page = Page.UNBLOCK

    def build(self) -> None:
        self.waiting, self.which, self.form, self.elsewhere = Signed("point", "clock"), Which(), Form(), Elsewhere()
        for dot in self.which.dots:
            dot.toggled.connect(self.completeChanged)
        self.order = Signed("quiet", "info", may_be_copied=True)
        for widget in (self.waiting, self.which, self.form, self.elsewhere, self.order):
            self.column.addWidget(widget)
        self.setCommitPage(True)

    def tell(self, shown: Shown) -> None:
        self.which.tell(shown.locked)
        self.which.setVisible(len(shown.locked) > 1 and not shown.is_unblocking)
        chosen, error = self._chosen(shown), self._hindrance(shown)
        self.say(error.what if error else _heading(chosen), "" if error or shown.is_unblocking else _lead())
        self.waiting.tell(_waiting(shown))
        self.form.tell(None if error or shown.is_unblocking else chosen, both=shown.has_two_codes)
        self.elsewhere.tell(error, shown.contact(error.contact) if error else "")
        is_needed = not shown.is_unblocking and not isinstance(error, PukLockedError)
        self.order.tell(order_text(shown.sight.campaign) if is_needed else "")

    def _chosen(self, shown: Shown) -> TokenContents | None:
        """The code that is meant: the only one that is locked, else the one that was pointed out."""
        if len(shown.locked) == 1:
            return shown.locked[0]
        return next((code for code, dot in zip(shown.locked, self.which.dots, strict=False) if dot.isChecked()), None)

    def _hindrance(self, shown: Shown) -> CodeError | None:
        """Why it cannot be done here; that is known before anything is typed."""
        meant = self._chosen(shown) or next(iter(shown.locked), None)
        if meant is None:
            return None
        try:
            with role_named(meant):
                require_way(shown.sight.module or UNKNOWN, meant.info)
        except CodeError as error:
            return error
        return None

    def news(self) -> tuple[str, ...]:
        elsewhere, tries = self.elsewhere, self.form.puk.tries
        told = (elsewhere.what_next, elsewhere.why, elsewhere.contact, tries)
        return tuple(part.text.text() for part in told if part.isVisibleTo(self))

    def next_text(self, shown: Shown) -> str:
        return "" if shown.is_unblocking or self._hindrance(shown) else tr("&Unlock the code")

    def first(self) -> QWidget | None:
        ways = (*self.which.dots, self.form.puk.field)
        return next((widget for widget in ways if widget.isVisibleTo(self)), None)

    def go_on(self) -> bool:
        problem = self.form.check() if self.form.token else self.which.ask()
        if problem:
            announce(self, problem)
            self.bring_up()
        return not problem

    def order_of(self, shown: Shown) -> Unblocking | None:
        """What is to be done; None where nothing can be."""
        chosen = self._chosen(shown)
        return Unblocking(shown.card.serials, chosen.roles) if chosen and shown.card else None

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  Qt's name
        """Forget what was typed when the page goes."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.form.wipe()


def _waiting(shown: Shown) -> str:
    """What is done now, and why the window does not close meanwhile, where somebody has tried."""
    if not shown.is_unblocking:
        return ""
    leave_it = tr("The card is getting its new code. Leave it in the reader.")
    return f"{refusal_text()} {leave_it}" if shown.is_refused else leave_it


def _heading(chosen: TokenContents | None) -> str:
    return tr("Unlock the code for {role}", role=tr(role_text(chosen.roles))) if chosen else tr("Unlock a code")


def _lead() -> str:
    return tr("With the PUK code you give the card a new code. Both are sent to the card alone, and kept nowhere.")
