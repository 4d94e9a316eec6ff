"""From settings to an open card: module, card process, reader, authority."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.card.modules import find_module
from sithsup.card.process import CardProcess
from sithsup.card.session import choose_card, find_cards
from sithsup.cli.codes import NoCodes, StandardInputCodes, TerminalCodes
from sithsup.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.model import Clock
    from sithsup.settings import Settings


PARALLEL = 4
"""How many messages are under way to the authority at once."""


class Connection:
    """A context manager that opens the chosen card and gives an `Operation` on it."""

    def __init__(
        self,
        settings: Settings,
        campaign: Campaign,
        *,
        reader: str | None,
        number: str | None,
        from_stdin: bool,
        ask: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        """Remember what to open; nothing is opened yet."""
        self._settings, self._campaign, self._clock = settings, campaign, clock
        self._reader, self._number = reader, number
        self._codes = _code_source(ask, from_stdin=from_stdin)
        self._stack = ExitStack()

    def __enter__(self) -> Operation:
        """Start the card process, read every card, choose one."""
        with ExitStack() as stack:
            settings = self._settings
            module = find_module(str(settings.module) if settings.module else None)
            token = stack.enter_context(
                CardProcess(module, time_out=settings.card_timeout, generation_time_out=settings.key_timeout)
            )
            contents = choose_card(find_cards(token), reader=self._reader, number=self._number)
            authority = self._campaign.authority
            transport = stack.enter_context(HttpTransport(settings.authority or authority.address))
            operation = Operation(
                token,
                contents,
                authority=CmpAuthority(transport, self._campaign.anchors, authority.query_oid, self._clock),
                campaign=self._campaign,
                folder=settings.data,
                codes=self._codes,
                clock=self._clock,
                executor=stack.enter_context(ThreadPoolExecutor(PARALLEL)),
            )
            stack.enter_context(operation)
            self._stack = stack.pop_all()
        return operation

    def __exit__(self, *_: object) -> None:
        """Let go of everything; the card process ends."""
        self._stack.close()


def _code_source(ask: Callable[[str], bool], *, from_stdin: bool) -> CodeSource:
    if from_stdin:
        return StandardInputCodes()
    return TerminalCodes(ask) if sys.stdin.isatty() else NoCodes()
