"""The window: a wizard whose way is `flow`'s, and whose work is the worker's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QMetaObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWizard

from sithsup.errors import CardRemovedError
from sithsup.flow import Act, Flow, Happening, Page
from sithsup.texts import set_language, tr
from sithsup.ui.about import About
from sithsup.ui.frame import BACK, NEXT, dress, lay_out, tell_buttons, ways_on
from sithsup.ui.inhibit import Inhibitor
from sithsup.ui.pages.insert import InsertPage
from sithsup.ui.parts import announce, sentences
from sithsup.ui.seen import Ending, Order, Progress, Sight, Unblocked, Wanted
from sithsup.ui.shown import Shown
from sithsup.ui.side import Side

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent, QPaintEvent, QSessionManager

    from sithsup.errors import SithsupError
    from sithsup.model import TokenId
    from sithsup.ui.pages.codes import CodesPage
    from sithsup.ui.pages.page import WizardPage
    from sithsup.ui.pages.unblock import UnblockPage
    from sithsup.ui.pages.upgrading import UpgradingPage
    from sithsup.ui.practice import Banner
    from sithsup.ui.worker import Worker


class Wizard(QWizard):
    """Shows one page at a time. Everything it knows is in `Shown`."""

    act_wanted = Signal(object)  # Order
    unblock_wanted = Signal(object)  # Unblocking
    look_wanted = Signal()
    choose_wanted = Signal(object)  # the serial numbers of a card, or None
    closed = Signal()
    painted = Signal()
    """The window is on the screen for the first time."""

    def __init__(self, banner: Banner | None = None, logs: Path | None = None) -> None:
        """The first page stands until `attach` brings a worker; a banner stands above all. `logs`: the log's folder."""
        super().__init__()
        self._shown = Shown(logs=logs, is_practice=banner is not None)
        self._is_busy = self._is_painted = False
        self._news: tuple[str, ...] = ()
        self._inhibitor = Inhibitor()
        self._pages: dict[Page, WizardPage] = {}
        self._banner = banner
        self._side = Side()
        self.setSideWidget(self._side)
        self._side.language_wanted.connect(self.speak)
        self._side.support_wanted.connect(lambda: self._happen(Happening.SUPPORT))
        self._side.about_wanted.connect(self.tell_about)
        self._side.practice_wanted.connect(self.practise)
        dress(self)
        self.customButtonClicked.connect(self._pressed)
        self._show_page()
        lay_out(self, self._side)
        if banner:  # above the pages for the keyboard too, which come last
            self.setTabOrder(self.button(QWizard.WizardButton.CancelButton), banner.button)

    def _made(self, page: Page) -> WizardPage:
        """A page, made when it is first needed: so the window is there sooner."""
        if page not in self._pages:
            made = self._pages[page] = _kind(page)()
            made.happened.connect(self.happened)
            made.chosen.connect(self.choose)
            made.stop_wanted.connect(self.stop)
            made.completeChanged.connect(self._tell)
            self.setPage(tuple(Page).index(page), made)
        return self._pages[page]

    @Slot(object)
    def attach(self, worker: Worker) -> None:
        """Listen to a worker, and let it begin to look."""
        self._worker, queued = worker, Qt.ConnectionType.QueuedConnection
        self.act_wanted.connect(worker.act, queued)
        self.unblock_wanted.connect(worker.unblock, queued)
        self.look_wanted.connect(worker.look, queued)
        self.choose_wanted.connect(worker.choose, queued)
        for signal, slot in (
            (worker.looked, self.looked),
            (worker.began, self.stepped),
            (worker.stepped, self.stepped),
            (worker.asked, self.asked),
            (worker.ended, self.ended),
            (worker.unblocked, self.unblocked),
        ):
            signal.connect(slot, queued)
        QMetaObject.invokeMethod(worker, "start", queued)

    # --------------------------------------------------------------------------------------- what the worker tells

    @Slot(object)
    def looked(self, sight: Sight) -> None:
        """Show what is in the readers."""
        self._shown = self._shown.seeing(sight)
        if sight.card and sight.error:  # the card is there, and cannot be gone on with: the first page tells why
            self._shown = replace(self._shown, meant=())
        self._happen(Happening.LOOKED)

    @Slot(object)
    def stepped(self, progress: Progress) -> None:
        """Show how far the run has come."""
        self._shown = replace(self._shown, progress=progress)
        self._tell()

    @Slot(object)
    def asked(self, wanted: Wanted) -> None:
        """Ask for a code once more."""
        self._shown = replace(self._shown, wanted=wanted)
        self._tell()  # the page that waits meanwhile
        self._happen(Happening.ASKED)

    @Slot(object)
    def ended(self, ending: Ending) -> None:
        """Show how the run ended."""
        self._is_busy = False
        self._inhibitor.release()
        sight, is_out = self._shown.sight, isinstance(ending.error, CardRemovedError)
        sight = replace(sight, report=None, card=None if is_out else sight.card)
        self._shown = replace(self._shown, ending=ending, wanted=None, sight=sight, meant=(), is_refused=False)
        self._happen(Happening.ENDED)

    @Slot(object)
    def unblocked(self, told: Unblocked) -> None:
        """Show what came of the new code, and the card as it is now."""
        self._is_busy = False
        self._inhibitor.release()
        sight = replace(self._shown.sight, card=told.card, report=None)
        done = replace(self._shown, is_unblocking=False, is_refused=False, ending=None)
        self._shown = replace(done, unblocked=told, sight=sight)
        self._happen(Happening.UNBLOCKED)

    @Slot(object)
    def failed(self, error: SithsupError) -> None:
        """Show why the program cannot look at any card."""
        self._shown = replace(self._shown, ending=Ending(Act.UPGRADE, error=error))
        self._happen(Happening.FAILED)

    # --------------------------------------------------------------------------------------- what the person does

    @Slot(object)
    def happened(self, happening: Happening) -> None:
        """Follow what a page says that the person did."""
        self._happen(happening)

    @Slot(object)
    def choose(self, serials: tuple[str, ...] | None) -> None:
        """Go on with another card, or let the choice be made anew; the former one is not missed."""
        self._shown = replace(self._shown, meant=())
        self.choose_wanted.emit(serials)

    @Slot(str)
    def speak(self, language: str) -> None:
        """Go on in another language."""
        set_language(language)
        self._tell()

    @Slot()
    def tell_about(self) -> None:
        """Show what program this is."""
        About(self._shown.logs, self).open()

    @Slot()
    def practise(self) -> None:
        """Hide behind a window of practice until that is closed."""
        from sithsup.ui.practice import Practice  # noqa: PLC0415  hardly anybody needs it

        self._practice = Practice(self)
        self._practice.ended.connect(self._come_back)
        self._practice.show()
        self.hide()

    @Slot()
    def _come_back(self) -> None:
        self._tell()  # in the language that is in use now
        self.show()

    @Slot(int)
    def _pressed(self, button: int) -> None:
        if button == BACK.value:
            self._move(self._shown.flow.back())
            self._happen(Happening.LOOKED)  # what was seen meanwhile may lead on from there
        elif self._page.go_on():
            self._go_on()

    def _go_on(self) -> None:
        page = self._shown.flow.page
        self._shown = replace(self._shown, consent=self._page.consent() or self._shown.consent, unblocked=None)
        if page is Page.CODES:
            self._send_codes()
            self._happen(Happening.NEXT)
        elif page is Page.INSERT and self._shown.flow.facts.may_close:
            self._happen(Happening.NEXT)
            self._begin({}, frozenset())
        elif page is Page.UNBLOCK:
            self._send_puk()
        elif page is Page.DONE:
            self.close()
        elif self._page.looks_again(self._shown):
            self._look_again()
        else:
            self._happen(Happening.RESUME if page is Page.INTERRUPTED else Happening.NEXT)

    def _look_again(self) -> None:
        """Go where what went wrong is mended, forget it, and look at the card anew."""
        self._shown = replace(self._shown, progress=None, sight=replace(self._shown.sight, error=None))
        self._happen(Happening.AGAIN)
        self._shown = replace(self._shown, ending=None)
        self._tell()
        self.look_wanted.emit()

    def _send_codes(self) -> None:
        """Hand the codes over: to the run that asks for one, else to the one that begins."""
        page = cast("CodesPage", self._made(Page.CODES))
        sure, codes = page.sure, page.take()
        if self._shown.wanted:
            self._worker.prompts.answer(next(iter(codes.values()), None))
            self._shown = replace(self._shown, wanted=None)
        else:
            self._begin(codes, sure)

    def _begin(self, codes: dict[TokenId, bytearray], sure: frozenset[TokenId]) -> None:
        """Have the worker do what is to be done on the card that is there."""
        if card := self._shown.card:
            self._worker.prompts.give(codes, sure)
            self._is_busy = True
            self._inhibitor.hold(int(self.winId()), tr("The card is being upgraded. Leave it in the reader."))
            self._shown = replace(self._shown, progress=None, ending=None, is_stopping=False)
            self._restart_bar()
            self.act_wanted.emit(Order(self._shown.flow.facts.act, card.serials, self._shown.consent))

    @Slot()
    def stop(self) -> None:
        """Let the run stop before its next step: what was begun can be finished or undone later."""
        self._worker.stop_run()
        self._shown = replace(self._shown, is_stopping=True)
        self._tell()
        announce(self, cast("UpgradingPage", self._page).notice.text.text())

    def _send_puk(self) -> None:
        """Hand the PUK code and the new code over, and wait: they are sent once."""
        page = cast("UnblockPage", self._made(Page.UNBLOCK))
        order = page.order_of(self._shown)
        if order is None or self._is_busy:
            return
        may_be_last = page.form.sure.isChecked()
        self._worker.puks.lay(*page.form.take(), may_be_last=may_be_last)
        self._is_busy = True
        self._inhibitor.hold(int(self.winId()), tr("The card is getting its new code. Leave it in the reader."))
        self._shown = replace(self._shown, is_unblocking=True)
        self._tell()
        self._focus()
        announce(page, page.waiting.text.text())
        self.unblock_wanted.emit(order)

    # --------------------------------------------------------------------------------------------------- the way

    def present(self, shown: Shown) -> None:
        """Show all of this at once, however one came there."""
        self._shown = shown
        self._restart_bar()
        self._show_page()

    def _restart_bar(self) -> None:
        cast("UpgradingPage", self._made(Page.UPGRADING)).restart()

    def _happen(self, happening: Happening) -> None:
        self._move(self._shown.flow.on(happening, self._shown.facts))

    def _move(self, flow: Flow) -> None:
        is_new = flow.page is not self._shown.flow.page
        if is_new and self._shown.flow.page is Page.CODES:
            cast("CodesPage", self._made(Page.CODES)).wipe()
        self._shown = self._shown.at(flow)
        if is_new:
            self._show_page()
            self._page.came()
        else:
            self._tell()
            self._tell_news()

    def _show_page(self) -> None:
        """Bring the page up: Qt's own history is not used, for a page may come twice."""
        page = self._page
        if self._banner:
            page.column.insertWidget(0, self._banner)
        self.setStartId(tuple(Page).index(page.page))
        self._tell()
        self.restart()
        self._tell()
        page = self._page
        page.area.verticalScrollBar().setValue(0)
        self._focus()
        self._news = page.news()
        announce(page, sentences(page.heading.text(), page.lead.text(), *self._news))

    def _focus(self) -> None:
        """Where one goes on; where one cannot, on the page itself, so that no key does what nobody meant."""
        page, forward = self._page, self.button(NEXT)
        may_go_on = forward.isEnabled() and not forward.isHidden()
        (page.first() or (forward if may_go_on else page.area)).setFocus()

    @property
    def _may_practise(self) -> bool:
        return self._shown.flow.page is Page.INSERT and not self._shown.is_practice

    @property
    def _page(self) -> WizardPage:
        return self._made(self._shown.flow.page)

    def _tell(self) -> None:
        """Show what is known, in the language in use."""
        title = tr("SITHS card upgrade")
        self.setWindowTitle(tr("Practice: {title}", title=title) if self._banner else title)
        if self._banner:
            self._banner.show_now()
        page, flow = self._page, self._shown.flow
        before = ways_on(self, page)
        page.tell(self._shown)
        may_ask = flow.on(Happening.SUPPORT) is not flow
        self._side.tell(self._shown.step, may_ask=may_ask, may_practise=self._may_practise)
        tell_buttons(self, page, self._shown)
        if ways_on(self, page) - before:  # what was waited for is there
            self._focus()

    def _tell_news(self) -> None:
        """Have said what is new on the page that is shown, and nothing twice."""
        news = self._page.news()
        told = sentences(*(text for text in news if text not in self._news))
        self._news = news
        if told:
            announce(self._page, told)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self.painted.emit()

    # ------------------------------------------------------------------------------------------------- the end

    def reject(self) -> None:
        """Esc and the close button of the page: refused while the card is written."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  Qt's name
        """Refuse to close while the card is written, and say why; harmless at any other time."""
        if self._is_writing:
            event.ignore()
            self._refuse()
            return
        if self._is_busy:
            self._worker.prompts.answer(None)
        if Page.CODES in self._pages:
            cast("CodesPage", self._pages[Page.CODES]).wipe()
        event.accept()
        self.closed.emit()

    def session_ends(self, manager: QSessionManager) -> None:
        """Refuse to be logged off while the card is written, where the system asks; the journal survives the rest.

        Qt is asked on Windows and macOS. Its Linux wheel knows no session: there `inhibit` holds the shutdown up.
        """
        if self._is_writing and manager.allowsInteraction():
            manager.cancel()
            self._refuse()

    @property
    def _is_writing(self) -> bool:
        return self._is_busy and (self._shown.is_unblocking or self._shown.flow.page is Page.UPGRADING)

    def _refuse(self) -> None:
        self._shown = replace(self._shown, is_refused=True)
        self._tell()
        is_upgrading = self._shown.flow.page is Page.UPGRADING
        why = cast("UpgradingPage", self._page).notice.text.text() if is_upgrading else ""
        announce(self, why or tr("Leave the card in the reader until everything is done."))


def _kind(page: Page) -> type[WizardPage]:
    if page is Page.INSERT:
        return InsertPage
    if page in {Page.HELP, Page.SUPPORT, Page.DIAGNOSIS}:
        from sithsup.ui.pages import early  # noqa: PLC0415  so the window is there sooner

        return early.PAGES[page]
    from sithsup.ui.pages import later  # noqa: PLC0415  so the window is there sooner

    return later.PAGES[page]
