"""The worker: one thread that owns the card, the journal and the authority. The window sends orders and gets values.

While nothing is under way it looks every second which readers and cards there are. A run has it to itself: nothing
else is done until the run has ended, and the card process ends with it, so that no code outlives its use.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.request import getproxies

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from sithsup import system_log
from sithsup.card.session import choose_card, find_cards
from sithsup.connection import Connection
from sithsup.consent import NONE
from sithsup.contacts import OwnContacts
from sithsup.errors import (
    CardRemovedError,
    ModuleCrashedError,
    ModuleHungError,
    SithsupError,
)
from sithsup.flow import Act
from sithsup.in_force import Campaigns
from sithsup.journal import unfinished
from sithsup.settings import refuse_unusable_proxies
from sithsup.situation import Outcome
from sithsup.start import start_card
from sithsup.steps import nothing
from sithsup.ui.endings import came_of, ending, known, stopped
from sithsup.ui.prompts import Prompts, Puks
from sithsup.ui.seen import Ending, Order, Progress, RowSeen, Sight, Unblocked, Unblocking
from sithsup.unblock import Unblock
from sithsup.upgrade import table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager

    from sithsup.campaign import Campaign
    from sithsup.card.process import CardProcess
    from sithsup.card.token import Token
    from sithsup.model import CardContents, CodeState, ModuleInfo, TokenId
    from sithsup.operation import Operation
    from sithsup.report import Report
    from sithsup.runner import StepEvent
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)

LOOK_EVERY = 1000
"""Milliseconds."""


RENEW_EVERY = 10
"""Looks without any card, after which another process looks."""


class Present(NamedTuple):
    """What there is: while it is the same, nothing is looked at."""

    readers: tuple[str, ...]
    tokens: tuple[tuple[TokenId, str, CodeState], ...]


class Worker(QObject):
    """Lives in a thread of its own. Everything it emits is frozen."""

    looked = Signal(object)  # Sight
    began = Signal(object)  # Progress
    stepped = Signal(object)  # Progress
    asked = Signal(object)  # Wanted
    ended = Signal(object)  # Ending
    unblocked = Signal(object)  # Unblocked

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._own = OwnContacts(settings.deputy_issuer, settings.local_it)
        self._campaigns: Campaigns | None = None
        self._token: CardProcess | None = None
        self._serials: tuple[str, ...] | None = None
        self._last: object = None
        self._timer: QTimer | None = None
        self._module: ModuleInfo | None = None
        self._is_acting = self._is_leaving = self._is_stopping = False
        self._empty = 0
        self.prompts, self.puks = Prompts(self.asked.emit, self._look_after), Puks()

    @Slot()
    def start(self) -> None:
        """Begin to look, in the worker's own thread."""
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self.watch)
        self._timer.start()
        self.watch()

    @Slot()
    def stop(self) -> None:
        """Let go of the card, and end the worker's thread."""
        if self._timer:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
        self._close()
        self.thread().quit()

    def hurry(self) -> None:
        """Let a look come to its end now, whatever hangs. Called in the window's thread; a run is left in peace."""
        self._is_leaving = True
        token = self._token
        if token is not None and not self._is_acting:
            token.kill()

    def stop_run(self) -> None:
        """Let the run stop before its next step. Called in the window's thread."""
        self._is_stopping = True

    # -------------------------------------------------------------------------------------------------- looking

    @Slot()
    def look(self) -> None:
        """Look anew, whether anything has changed or not."""
        self._last = None
        self.watch()

    @Slot(object)
    def choose(self, serials: tuple[str, ...] | None) -> None:
        """Look at this card from now on, where there are several; None lets the choice be made anew."""
        self._serials = serials
        self.look()

    @Slot()
    def watch(self) -> None:
        """Look which readers and cards there are; tell it when that has changed."""
        if self._is_leaving:
            return
        try:
            token, present = self._list()
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            self._close()
            if (type(error), str(error)) != self._last and not self._is_leaving:
                self._last = (type(error), str(error))
                self.looked.emit(self._sight(error=known(error)))
            return
        if present != self._last:
            self._last = present
            self._tell(token)

    def _list(self) -> tuple[Token, Present]:
        """What is there, by a process that can be believed.

        One that has ended while nothing was under way is started anew, once. And one that lists no card is, when the
        last card has gone and now and then afterwards: it may go on listing the readers of a service that has ended
        (measured: OpenSC without its pcscd).
        """
        is_new = self._token is None
        try:
            token, present = self._listed()
        except ModuleCrashedError:
            if self._is_leaving:
                raise
            token, present = self._listed_anew()
        self._empty = 0 if present.tokens else self._empty + 1
        if self._empty % RENEW_EVERY == 1 and not is_new:
            token, present = self._listed_anew()
        return token, present

    def _listed_anew(self) -> tuple[Token, Present]:
        self._close()
        return self._listed()

    def _listed(self) -> tuple[Token, Present]:
        token = self._open()
        return token, Present(token.readers(), tuple((info.id, info.reader, info.code) for info in token.tokens()))

    def _tell(self, token: Token) -> None:
        """Tell which card is there as soon as it is read, and what is to be said of it when that is known."""
        cards: tuple[CardContents, ...] = ()
        chosen: CardContents | None = None

        def choose(found: tuple[CardContents, ...]) -> CardContents:
            nonlocal cards, chosen
            cards = found
            card = next((card for card in found if card.serials == self._serials), None)
            chosen = card or choose_card(found, reader=None, number=None)
            self.looked.emit(self._sight(cards=found, card=chosen))
            return chosen

        try:
            self._module = token.module()
            with self._connection(token, choose, looks_around=True) as operation:
                report = operation.look()
                self.looked.emit(self._sight(cards=cards, card=report.contents, report=report))
        except Exception as error:  # noqa: BLE001  as above
            if isinstance(error, CardRemovedError):
                self._last = chosen = None  # it went while it was read: look again
            elif isinstance(error, ModuleCrashedError | ModuleHungError):
                self._close()  # what is said holds until something else is seen, with another process
            self.looked.emit(self._sight(cards=cards, card=chosen, error=known(error)))

    def _sight(
        self,
        *,
        cards: tuple[CardContents, ...] = (),
        card: CardContents | None = None,
        report: Report | None = None,
        error: SithsupError | None = None,
    ) -> Sight:
        readers = tuple(card.reader for card in cards)
        waiting = tuple(other.card for other in unfinished(self._settings.data))
        return Sight(self._campaign, self._own, readers, cards, card, report, error, self._module, waiting)

    # --------------------------------------------------------------------------------------------------- acting

    @Slot(object)
    def act(self, order: Order) -> None:
        """Do what was asked for on the card that was meant, and tell every row as it happens."""
        with self._acting():
            system_log.began(order.act)
            told = self._run(order)
            system_log.ended(order.act, told.outcome, told.error, told.case_code)
            self.ended.emit(told)

    @Slot(object)
    def unblock(self, order: Unblocking) -> None:
        """Give a locked code of the card that was meant a new value, and tell what came of it."""
        with self._acting():
            self.unblocked.emit(self._unblock(order))

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """Nothing else is done meanwhile; afterwards no code is left, nor the process that had it."""
        self._is_acting, self._is_stopping = True, False
        if self._timer:
            self._timer.stop()
        try:
            yield
        finally:
            self.prompts.forget()
            self.puks.forget()
            self._close()
            self._last = None
            self._is_acting = False
            if self._timer:
                self._timer.start()

    def _run(self, order: Order) -> Ending:
        """Open the card and act. What is told of the end is read while card and journal are open."""
        recovers = order.act is not Act.UPGRADE
        try:
            with self._connection(self._open(), partial(_meant, order.serials), recovers=recovers) as operation:
                error = self._stopped_by(operation, order)
                return ending(order, operation, error)
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            outcome = Outcome.INTERRUPTED if recovers else None  # it was seen to be, and nothing was done since
            return Ending(order.act, outcome, error=known(error), serials=order.serials)

    def _stopped_by(self, operation: Operation, order: Order) -> SithsupError | None:
        """Act to the end; the error that it came to, if any."""
        try:
            operation.hold()
            for progress in self._walk(operation, order):
                self.stepped.emit(progress)
        except KeyboardInterrupt:
            return stopped(operation, order.act)
        except Exception as error:  # noqa: BLE001  as above
            return known(error)
        return None

    def _unblock(self, order: Unblocking) -> Unblocked:
        settings, unblock = self._settings, None
        try:
            token = self._open()
            contents = _meant(order.serials, find_cards(token))
            unblock = Unblock(token, contents, folder=settings.data, locks=settings.locks, clock=_now)
            with unblock:
                unblock.unblock(unblock.choose(min(order.roles)), self.puks)
                return came_of(order, unblock)
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            return came_of(order, unblock, known(error))

    def _look_after(self, token: TokenId) -> float:
        """Raise when a token has gone for which a code is asked."""
        if token not in {info.id for info in self._open().tokens()}:
            raise CardRemovedError("while its code was asked for")
        return LOOK_EVERY / 1000

    def _walk(self, operation: Operation, order: Order) -> Iterator[Progress]:
        progress = Progress(order.act, _rows(operation, order.act))
        self.began.emit(progress)
        events = _events(operation, order)
        for event in events:
            if event.step.name not in {row.name for row in progress.rows}:
                progress = Progress(order.act, _rows(operation, order.act))
            progress = progress.marked(event.step.name, event.mark)
            yield progress
            if self._is_stopping:
                cast("Generator[StepEvent]", events).throw(KeyboardInterrupt)  # as Ctrl-C does at the command line

    # ------------------------------------------------------------------------------------------------ what it owns

    @property
    def _campaign(self) -> Campaign | None:
        """The campaign, as far as is known."""
        return self._campaigns.likely if self._campaigns else None

    def _open(self) -> Token:
        if self._campaigns is None:
            self._campaigns = Campaigns(self._settings)
        if self._token is None:
            self._token = start_card(self._settings)
        return self._token

    def _close(self) -> None:
        if self._token is not None:
            self._token.close()
            self._token = None

    def _connection(
        self,
        token: Token,
        choose: Callable[[tuple[CardContents, ...]], CardContents],
        *,
        recovers: bool = False,
        looks_around: bool = False,
    ) -> AbstractContextManager[Operation]:
        settings = self._settings
        self._campaigns = Campaigns(settings, recovers=recovers)
        if settings.proxy is None:
            refuse_unusable_proxies(getproxies())
        return Connection(
            settings,
            self._campaigns,
            token,
            choose,
            codes=self.prompts,
            clock=_now,
            looks_around=looks_around,
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _meant(serials: tuple[str, ...], cards: tuple[CardContents, ...]) -> CardContents:
    card = next((card for card in cards if card.serials == serials), None)
    if card is None:
        raise CardRemovedError("another card, or none, was there when the run began")
    return card


def _rows(operation: Operation, act: Act) -> tuple[RowSeen, ...]:
    """The rows of the table, from the top down; on the way back those that can be undone, from below."""
    steps = table(operation.world)
    if act is Act.RESTORE:
        steps = tuple(step for step in reversed(steps) if step.undo not in {None, nothing})
    return tuple(RowSeen(step.name, step.text, step.seconds) for step in steps)


def _events(operation: Operation, order: Order) -> Iterator[StepEvent]:
    if order.act is Act.UPGRADE:
        return operation.upgrade(order.consent or NONE)
    return operation.resume() if order.act is Act.RESUME else operation.restore()
