"""From settings to an open card, for the window and the command line alike: campaign, reader, authority."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sithsup.account_registry import of_this_account
from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.card.session import find_cards
from sithsup.last_outcome import LastOutcomes
from sithsup.preflight import Preflight
from sithsup.recorded_operation import RecordedOperation

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.card.token import Token
    from sithsup.in_force import Campaigns
    from sithsup.model import CardContents, Clock
    from sithsup.operation import Operation
    from sithsup.settings import Settings


PARALLEL = 4
"""How many messages are under way to the authority at once."""


class Connection:
    """A context manager that opens the chosen card and gives an `Operation` on it."""

    def __init__(
        self,
        settings: Settings,
        campaigns: Campaigns,
        token: Token,
        choose: Callable[[tuple[CardContents, ...]], CardContents],
        *,
        codes: CodeSource,
        clock: Clock,
        looks_around: bool = False,
    ) -> None:
        """Remember what to open. `choose` tells which of the cards is meant, or raises a `CardError`.

        `looks_around` has network and computer looked at while the card is read. The token belongs to the caller.
        """
        self._looks_around = looks_around
        self._settings, self._campaigns, self._clock = settings, campaigns, clock
        self._token, self._choose = token, choose
        self._codes = codes
        self._stack = ExitStack()

    def __enter__(self) -> Operation:
        """Read every card, choose one."""
        with ExitStack() as stack:
            settings, token = self._settings, self._token
            executor = stack.enter_context(ThreadPoolExecutor(PARALLEL))
            likely = self._campaigns.likely
            way = self._way(stack, likely, executor) if likely else None  # tried while the card is read
            contents = self._choose(find_cards(token))
            campaign = self._campaigns.of(contents)
            if way is None or campaign is not likely:
                way = self._way(stack, campaign, executor)
            transport, preflight = way
            operation = RecordedOperation(
                LastOutcomes(settings.data, of_this_account()),
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

    def _way(self, stack: ExitStack, campaign: Campaign, executor: Executor) -> tuple[HttpTransport, Preflight | None]:
        """The way to a campaign's authority, which is tried at once, and what looks at it and at the computer."""
        settings = self._settings
        transport = open_way(stack, settings, campaign)
        if self._looks_around:
            around = Preflight(campaign, transport, settings.data, self._clock, executor, locks=settings.locks)
            return transport, around
        executor.submit(transport.prepare)
        return transport, None

    def __exit__(self, *_: object) -> None:
        """Let go of everything but the token."""
        self._stack.close()


def open_way(stack: ExitStack, settings: Settings, campaign: Campaign) -> HttpTransport:
    """The way to a campaign's authority, until the end of the stack."""
    address = settings.authority or campaign.authority.address
    transport = HttpTransport(address, campaign.anchors, proxy=settings.proxy, seconds=settings.answer_timeout)
    return stack.enter_context(transport)
