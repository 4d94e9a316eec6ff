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
    from sithsup.in_force import Campaigns
    from sithsup.model import Clock
    from sithsup.settings import Settings


PARALLEL = 4
"""How many messages are under way to the authority at once."""


class Connection:
    """A context manager that opens the chosen card and gives an `Operation` on it."""

    def __init__(  # noqa: PLR0913  everything that a run needs, each by name
        self,
        settings: Settings,
        campaigns: Campaigns,
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
        self._settings, self._campaigns, self._clock = settings, campaigns, clock
        self._started = started
        self._reader, self._number = reader, number
        self._codes = codes
        self._stack = ExitStack()

    def __enter__(self) -> Operation:
        """Read every card, choose one."""
        with ExitStack() as stack:
            settings = self._settings
            token = stack.enter_context(self._started or start_card(settings))
            executor = stack.enter_context(ThreadPoolExecutor(PARALLEL))
            likely, transport, preflight = self._campaigns.likely, None, None
            if likely:  # while the card is read
                transport = self._transport(stack, likely)
                if self._looks_around:
                    preflight = Preflight(likely, transport, settings.data, self._clock, executor)
                else:
                    executor.submit(transport.prepare)
            contents = choose_card(find_cards(token), reader=self._reader, number=self._number)
            campaign = self._campaigns.of(contents)
            if transport is None or campaign is not likely:
                transport = self._transport(stack, campaign)
            operation = Operation(
                token,
                contents,
                authority=CmpAuthority(transport, campaign.anchors, campaign.authority.query_oid, self._clock),
                campaign=campaign,
                folder=settings.data,
                locks=settings.locks,
                codes=self._codes,
                clock=self._clock,
                executor=executor,
                own=settings,
                preflight=preflight,
            )
            stack.enter_context(operation)
            self._stack = stack.pop_all()
        return operation

    def _transport(self, stack: ExitStack, campaign: Campaign) -> HttpTransport:
        settings, address = self._settings, campaign.authority.address
        transport = HttpTransport(
            settings.authority or address, campaign.anchors, proxy=settings.proxy, seconds=settings.answer_timeout
        )
        return stack.enter_context(transport)

    def __exit__(self, *_: object) -> None:
        """Let go of everything; the card process ends."""
        self._stack.close()
