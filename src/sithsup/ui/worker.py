"""The worker: one thread that owns the card, the journal and the authority. The window sends orders and gets values.

While nothing is under way it looks every second which readers and cards there are. A run has it to itself: nothing
else is done until the run has ended, and the card process ends with it, so that no code outlives its use.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.campaign import Campaign
from sithsup.card.modules import find_module
from sithsup.card.process import CardProcess
from sithsup.card.session import choose_card, find_cards
from sithsup.errors import CardError, CardRemovedError, SithsupError
from sithsup.flow import Act
from sithsup.model import Outcome
from sithsup.operation import Operation
from sithsup.ui.prompts import Prompts
from sithsup.ui.seen import Ending, Order, Progress, RowSeen, Sight
from sithsup.upgrade import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.model import CardContents
    from sithsup.runner import StepEvent
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)

LOOK_EVERY = 1000
"""Milliseconds."""
PARALLEL = 4
"""How many messages are under way to the authority at once."""


class Worker(QObject):
    """Lives in a thread of its own. Everything it emits is frozen."""

    looked = Signal(object)  # Sight
    began = Signal(object)  # Progress
    stepped = Signal(object)  # Progress
    asked = Signal(object)  # Wanted
    ended = Signal(object)  # Ending

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._campaign: Campaign | None = None
        self._token: CardProcess | None = None
        self._last: object = None
        self._timer: QTimer | None = None
        self.prompts = Prompts(self.asked.emit)

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
        self._close()

    # -------------------------------------------------------------------------------------------------- looking

    @Slot()
    def look(self) -> None:
        """Look anew, whether anything has changed or not."""
        self._last = None
        self.watch()

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
                self.looked.emit(Sight(self._campaign, error=error))
            return
        if present != self._last:
            self._last = present
            self.looked.emit(self._sight(token))

    def _sight(self, token: CardProcess) -> Sight:
        cards: tuple[CardContents, ...] = ()
        try:
            cards = find_cards(token)
            card = choose_card(cards, reader=None, number=None)
            with self._operation(token, card) as operation:
                return Sight(self._campaign, token.readers(), cards, operation.look())
        except SithsupError as error:
            if isinstance(error, CardRemovedError):
                self._last = None  # it went while it was read: look again
            readers = () if isinstance(error, CardError) and not cards else tuple(card.reader for card in cards)
            return Sight(self._campaign, readers, cards, error=error)

    # --------------------------------------------------------------------------------------------------- acting

    @Slot(object)
    def act(self, order: Order) -> None:
        """Do what was asked for on the card that was meant, and tell every row as it happens."""
        if self._timer:
            self._timer.stop()
        try:
            self.ended.emit(self._run(order))
        finally:
            self.prompts.forget()
            self._close()
            self._last = None
            if self._timer:
                self._timer.start()

    def _run(self, order: Order) -> Ending:
        case_code, operation = "", None
        try:
            token = self._open()
            with self._operation(token, _meant(find_cards(token), order.serials)) as operation:
                operation.hold()
                for progress in self._walk(operation, order.act):
                    case_code = operation.case_code
                    self.stepped.emit(progress)
                return Ending(order.act, operation.outcome, operation.case_code)
        except SithsupError as error:
            _log.info("%s", error)
            return _ending(order.act, operation, case_code, error)
        except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
            _log.exception("bug")
            return _ending(order.act, operation, case_code, SithsupError(repr(error)))

    def _walk(self, operation: Operation, act: Act) -> Iterator[Progress]:
        rows = tuple(RowSeen(step.name, step.text, step.seconds) for step in table(operation.world))
        progress = Progress(act, rows)
        self.began.emit(progress)
        for event in _events(operation, act):
            if event.step.name not in {row.name for row in progress.rows}:
                rows = tuple(RowSeen(step.name, step.text, step.seconds) for step in table(operation.world))
                progress = Progress(act, rows)
            progress = progress.marked(event.step.name, event.mark)
            yield progress

    # ------------------------------------------------------------------------------------------------ what it owns

    def _open(self) -> CardProcess:
        if self._campaign is None:
            self._campaign = Campaign.load(self._settings.campaign)
        if self._token is None:
            settings = self._settings
            module = find_module(str(settings.module) if settings.module else None)
            self._token = CardProcess(module, time_out=settings.card_timeout, generation_time_out=settings.key_timeout)
        return self._token

    def _close(self) -> None:
        if self._token is not None:
            self._token.close()
            self._token = None

    def _operation(self, token: CardProcess, card: CardContents) -> _Held:
        assert self._campaign  # noqa: S101  it is loaded before any card is read
        return _Held(self._settings, self._campaign, token, card, self.prompts)


class _Held:
    """A context manager around an operation and the connection that it needs."""

    def __init__(
        self, settings: Settings, campaign: Campaign, token: CardProcess, card: CardContents, codes: Prompts
    ) -> None:
        self._what = (settings, campaign, token, card, codes)
        self._stack = ExitStack()

    def __enter__(self) -> Operation:
        settings, campaign, token, card, codes = self._what
        authority = campaign.authority
        with ExitStack() as stack:
            address = settings.authority or authority.address
            transport = stack.enter_context(
                HttpTransport(address, campaign.anchors, proxy=settings.proxy, seconds=settings.answer_timeout)
            )
            operation = Operation(
                token,
                card,
                authority=CmpAuthority(transport, campaign.anchors, authority.query_oid, _now),
                campaign=campaign,
                folder=settings.data,
                locks=settings.locks,
                codes=codes,
                clock=_now,
                executor=stack.enter_context(ThreadPoolExecutor(PARALLEL)),
            )
            stack.enter_context(operation)
            self._stack = stack.pop_all()
        return operation

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _meant(cards: tuple[CardContents, ...], serials: tuple[str, ...]) -> CardContents:
    card = next((card for card in cards if card.serials == serials), None)
    if card is None:
        raise CardRemovedError("another card, or none, was there when the run began")
    return card


def _events(operation: Operation, act: Act) -> Iterator[StepEvent]:
    return {Act.UPGRADE: operation.upgrade, Act.RESUME: operation.resume, Act.RESTORE: operation.restore}[act]()


def _ending(act: Act, operation: Operation | None, case_code: str, error: SithsupError) -> Ending:
    if operation is None:
        return Ending(act, None, case_code, error)
    outcome = operation.outcome
    if outcome is None and operation.is_begun:
        outcome = Outcome.INTERRUPTED
    return Ending(act, outcome, operation.case_code or case_code, error, operation.can_log_in)
