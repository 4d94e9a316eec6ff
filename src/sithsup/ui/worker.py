"""The worker: one thread that owns the card, the journal and the authority. The window sends orders and gets values.

While nothing is under way it looks every second which readers and cards there are. A run has it to itself: nothing
else is done until the run has ended, and the card process ends with it, so that no code outlives its use.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.request import getproxies

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from sithsup.card.session import choose_card, find_cards
from sithsup.connection import Connection
from sithsup.consent import NONE
from sithsup.contacts import OwnContacts
from sithsup.errors import CardRemovedError, SithsupError
from sithsup.flow import Act
from sithsup.in_force import Campaigns
from sithsup.model import Outcome
from sithsup.settings import refuse_unusable_proxies
from sithsup.start import start_card
from sithsup.ui.prompts import Prompts, Puks
from sithsup.ui.seen import Ending, Order, Progress, RowSeen, Sight, Unblocked, Unblocking
from sithsup.unblock import Unblock
from sithsup.upgrade import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sithsup.campaign import Campaign
    from sithsup.card.token import Token
    from sithsup.model import CardContents, ModuleInfo
    from sithsup.operation import Operation
    from sithsup.report import Report
    from sithsup.runner import StepEvent
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)

LOOK_EVERY = 1000
"""Milliseconds."""


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
        self._token: Token | None = None
        self._serials: tuple[str, ...] | None = None
        self._last: object = None
        self._timer: QTimer | None = None
        self._module: ModuleInfo | None = None
        self.prompts, self.puks = Prompts(self.asked.emit), Puks()

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
        """Let go of the card."""
        if self._timer:
            self._timer.stop()
            self._timer.deleteLater()
            self._timer = None
        self._close()

    # -------------------------------------------------------------------------------------------------- looking

    @Slot()
    def look(self) -> None:
        """Look anew, whether anything has changed or not."""
        self._last = None
        self.watch()

    @Slot(object)
    def choose(self, serials: tuple[str, ...]) -> None:
        """Look at this card from now on, where there are several."""
        self._serials = serials
        self.look()

    @Slot()
    def watch(self) -> None:
        """Look which readers and cards there are; tell it when that has changed."""
        try:
            token = self._open()
            present: object = (token.readers(), tuple((info.id, info.reader, info.code) for info in token.tokens()))
        except SithsupError as error:
            present = (type(error), str(error))
            self._close()
            if present != self._last:
                self._last = present
                self.looked.emit(self._sight(error=error))
            return
        if present != self._last:
            self._last = present
            self._tell(token)

    def _tell(self, token: Token) -> None:
        """Tell which card is there as soon as it is read, and what is to be said of it when that is known."""
        cards: tuple[CardContents, ...] = ()

        def choose(found: tuple[CardContents, ...]) -> CardContents:
            nonlocal cards
            cards = found
            card = next((card for card in found if card.serials == self._serials), None)
            card = card or choose_card(found, reader=None, number=None)
            self.looked.emit(self._sight(cards=found, card=card))
            return card

        try:
            self._module = token.module()
            with self._connection(token, choose, looks_around=True) as operation:
                report = operation.look()
                self.looked.emit(self._sight(cards=cards, card=report.contents, report=report))
        except SithsupError as error:
            _log.info("%s", error)
            if isinstance(error, CardRemovedError):
                self._last = None  # it went while it was read: look again
            self.looked.emit(self._sight(cards=cards, error=error))

    def _sight(
        self,
        *,
        cards: tuple[CardContents, ...] = (),
        card: CardContents | None = None,
        report: Report | None = None,
        error: SithsupError | None = None,
    ) -> Sight:
        readers = tuple(card.reader for card in cards)
        return Sight(self._campaign, self._own, readers, cards, card, report, error, self._module)

    # --------------------------------------------------------------------------------------------------- acting

    @Slot(object)
    def act(self, order: Order) -> None:
        """Do what was asked for on the card that was meant, and tell every row as it happens."""
        with self._acting():
            self.ended.emit(self._run(order))

    @Slot(object)
    def unblock(self, order: Unblocking) -> None:
        """Give a locked code of the card that was meant a new value, and tell what came of it."""
        with self._acting():
            self.unblocked.emit(self._unblock(order))

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """Nothing else is done meanwhile; afterwards no code is left, nor the process that had it."""
        if self._timer:
            self._timer.stop()
        try:
            yield
        finally:
            self.prompts.forget()
            self.puks.forget()
            self._close()
            self._last = None
            if self._timer:
                self._timer.start()

    def _run(self, order: Order) -> Ending:
        act, operation = order.act, None
        recovers = act is not Act.UPGRADE
        try:
            with self._connection(self._open(), partial(_meant, order.serials), recovers=recovers) as operation:
                operation.hold()
                for progress in self._walk(operation, order):
                    self.stepped.emit(progress)
                return _ending(act, operation)
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            return _ending(act, operation, _known(error))

    def _unblock(self, order: Unblocking) -> Unblocked:
        settings, unblock = self._settings, None
        try:
            token = self._open()
            contents = _meant(order.serials, find_cards(token))
            unblock = Unblock(token, contents, folder=settings.data, locks=settings.locks, clock=_now)
            with unblock:
                unblock.unblock(unblock.choose(min(order.roles)), self.puks)
                return _unblocked(order, unblock)
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            return _unblocked(order, unblock, _known(error))

    def _walk(self, operation: Operation, order: Order) -> Iterator[Progress]:
        rows = tuple(RowSeen(step.name, step.text, step.seconds) for step in table(operation.world))
        progress = Progress(order.act, rows)
        self.began.emit(progress)
        for event in _events(operation, order):
            if event.step.name not in {row.name for row in progress.rows}:
                rows = tuple(RowSeen(step.name, step.text, step.seconds) for step in table(operation.world))
                progress = Progress(order.act, rows)
            progress = progress.marked(event.step.name, event.mark)
            yield progress

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


def _known(error: Exception) -> SithsupError:
    """An error that people can be told of; anything else is a bug, and says so."""
    if isinstance(error, SithsupError):
        _log.info("%s", error)
        return error
    _log.error("bug", exc_info=error)
    return SithsupError(repr(error))


def _meant(serials: tuple[str, ...], cards: tuple[CardContents, ...]) -> CardContents:
    card = next((card for card in cards if card.serials == serials), None)
    if card is None:
        raise CardRemovedError("another card, or none, was there when the run began")
    return card


def _events(operation: Operation, order: Order) -> Iterator[StepEvent]:
    if order.act is Act.UPGRADE:
        return operation.upgrade(order.consent or NONE)
    return operation.resume() if order.act is Act.RESUME else operation.restore()


def _ending(act: Act, operation: Operation | None, error: SithsupError | None = None) -> Ending:
    if operation is None:
        return Ending(act, error=error)
    outcome = operation.outcome
    if error and outcome is None and operation.is_begun:
        outcome = Outcome.INTERRUPTED
    return Ending(
        act,
        outcome,
        operation.case_code,
        error,
        operation.can_log_in,
        operation.old_works,
        operation.keys_left,
        tuple(known.certificate.issuer_common_name for known in operation.world.given_up),
        operation.receipt,
        operation.saved,
    )


def _unblocked(order: Unblocking, unblock: Unblock | None, error: SithsupError | None = None) -> Unblocked:
    if unblock is None:
        return Unblocked(order.roles, error=error)
    card: CardContents | None = None
    with suppress(SithsupError):  # it may be gone
        card = unblock.contents
    return Unblocked(order.roles, unblock.is_sent, unblock.is_changed, card, error)
