"""From settings to an open card: module, card process, reader, authority."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.card.session import choose_card, find_cards
from sithsup.cli.start import start_card
from sithsup.operation import Operation
from sithsup.preflight import Preflight

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.card.process import CardProcess
    from sithsup.model import Clock
    from sithsup.settings import Settings


PARALLEL = 4
"""How many messages are under way to the authority at once."""


class Connection:
    """A context manager that opens the chosen card and gives an `Operation` on it."""

    def __init__(  # noqa: PLR0913  everything that a run needs, each by name
        self,
        settings: Settings,
        campaign: Campaign,
        started: CardProcess | None,
        *,
        reader: str | None,
        number: str | None,
        codes: CodeSource,
        clock: Clock,
        looks_around: bool = False,
    ) -> None:
        """Remember what to open. `started` is a card process that loads its module already.

        `looks_around` has network and computer looked at while the card is read.
        """
        self._looks_around = looks_around
        self._settings, self._campaign, self._clock = settings, campaign, clock
        self._started = started
        self._reader, self._number = reader, number
        self._codes = codes
        self._stack = ExitStack()

    def __enter__(self) -> Operation:
        """Read every card, choose one."""
        with ExitStack() as stack:
            settings = self._settings
            token = stack.enter_context(self._started or start_card(settings))
            authority = self._campaign.authority
            transport = stack.enter_context(
                HttpTransport(
                    settings.authority or authority.address,
                    self._campaign.anchors,
                    proxy=settings.proxy,
                    seconds=settings.answer_timeout,
                )
            )
            executor = stack.enter_context(ThreadPoolExecutor(PARALLEL))
            preflight = None
            if self._looks_around:  # while the card is read
                preflight = Preflight(self._campaign, transport, settings.data, self._clock, executor)
            else:
                executor.submit(transport.prepare)
            contents = choose_card(find_cards(token), reader=self._reader, number=self._number)
            operation = Operation(
                token,
                contents,
                authority=CmpAuthority(transport, self._campaign.anchors, authority.query_oid, self._clock),
                campaign=self._campaign,
                folder=settings.data,
                locks=settings.locks,
                codes=self._codes,
                clock=self._clock,
                executor=executor,
                preflight=preflight,
            )
            stack.enter_context(operation)
            self._stack = stack.pop_all()
        return operation

    def __exit__(self, *_: object) -> None:
        """Let go of everything; the card process ends."""
        self._stack.close()
