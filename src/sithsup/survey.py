"""Every card in every reader, judged without a code: for whoever looks after many computers.

* Each reader is read by a card process of its own, so that a card that hangs, or crashes the module, costs its reader
  alone. Where the module asks every card before it lists any reader, as OpenSC does, all wait for the one that hangs.
* Whatever goes wrong with a card is told of that card. They are judged side by side: a status service that does not
  answer for one holds up no other.
* No code is asked for, nothing is written to a card nor to a journal, and nobody is kept from either.
"""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sithsup.ca.cmp import CmpAuthority
from sithsup.card.contents import group_cards
from sithsup.card.session import Card
from sithsup.card_lock import CardLock
from sithsup.connection import PARALLEL, open_way
from sithsup.errors import CardRemovedError, NoReaderError, SecondInstanceError, SithsupError, bug
from sithsup.evidence import World
from sithsup.journal import Journal, card_key, unfinished
from sithsup.preflight import Preflight
from sithsup.recovery import assess, look
from sithsup.report import make_report
from sithsup.upgrade import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.card.token import Token
    from sithsup.in_force import Campaigns
    from sithsup.journal import Unfinished
    from sithsup.model import CardContents, CardObject, Clock, TokenInfo
    from sithsup.report import Report
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)


class State(StrEnum):
    """What there is in a reader."""

    EMPTY = "empty"
    UNRECOGNIZED = "unrecognized"
    """A card that cannot be read: mute, the wrong way round, or of a kind that the module does not know."""
    CARD = "card"
    ERROR = "error"
    """Something went wrong with this reader, or with the card in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A reader, and what is in it. A card that shows its tokens in several readers is in all of them."""

    readers: tuple[str, ...]
    state: State
    contents: CardContents | None = None
    campaign: Campaign | None = None
    report: Report | None = None
    is_busy: bool = False
    """Whether the program is at work on the card just now, so that nothing can be said of it."""
    error: SithsupError | None = None


class Survey(NamedTuple):
    """All of it."""

    places: tuple[Place, ...]
    waiting: tuple[Unfinished, ...]
    """Upgrades that were begun on this computer of cards that are in no reader."""


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Looks at all readers. `start` gives the module one process away, with an eye for one reader alone."""

    settings: Settings
    campaigns: Campaigns
    start: Callable[[str], AbstractContextManager[Token]]
    codes: CodeSource
    clock: Clock

    def look(self, token: Token) -> Survey:
        """Look now; `token` names the readers. Raises `NoReaderError`, and whatever costs all of them."""
        names = token.readers()
        if not names:
            raise NoReaderError
        with ThreadPoolExecutor(PARALLEL) as pool:
            readers = tuple(pool.map(self._read, names))
            cards = group_cards(each for reader in readers for each in reader.tokens)
            begun = [self._begin(card) for card in cards]
            judged = tuple(pool.map(lambda place: self._judge(place, token), begun))
        others = (_without_card(reader) for reader in readers if not reader.tokens)
        places = sorted((*judged, *others), key=lambda place: names.index(place.readers[0]))
        waiting = unfinished(self.settings.data, besides={card_key(card) for card in cards})
        return Survey(tuple(places), waiting)

    # ------------------------------------------------------------------------------------------- reading

    def _read(self, name: str) -> _Read:
        if not name:  # there is no other reason not to name it
            return _Read(name, is_unrecognized=True)
        try:
            with self.start(name) as token:
                return _read(name, token)
        except Exception as error:  # noqa: BLE001  each reader fails alone
            return _Read(name, error=_known(error))

    # ------------------------------------------------------------------------------------------- judging

    def _begin(self, card: CardContents) -> Place:
        """A card with its campaign: one after the other, for the first may have to be waited for."""
        readers = tuple(dict.fromkeys(token.info.reader for token in card.tokens))
        place = Place(readers, State.CARD, card)
        try:
            return replace(place, campaign=self.campaigns.of(card))
        except Exception as error:  # noqa: BLE001  each card fails alone
            return replace(place, state=State.ERROR, error=_known(error))

    def _judge(self, place: Place, token: Token) -> Place:
        if place.contents is None or place.campaign is None:
            return place
        try:
            return replace(place, report=self._report(token, place.contents, place.campaign))
        except SecondInstanceError as error:
            _log.info("%s", error)
            return replace(place, is_busy=True)
        except Exception as error:  # noqa: BLE001  each card fails alone
            return replace(place, state=State.ERROR, error=_known(error))

    def _report(self, token: Token, card: CardContents, campaign: Campaign) -> Report:
        settings, key = self.settings, card_key(card)
        if CardLock(settings.locks, key).is_taken:
            raise SecondInstanceError("by the lock of the card")
        with ExitStack() as stack:
            executor = stack.enter_context(ThreadPoolExecutor(PARALLEL))
            way = open_way(stack, settings, campaign)
            around = Preflight(campaign, way, settings.data, self.clock, executor, locks=settings.locks)
            journal = Journal(settings.data, key, self.clock, create=False, only_looks=True)
            stack.enter_context(closing(journal))
            authority = CmpAuthority(way, campaign.anchors, campaign.authority.query_oid, self.clock)
            opened = Card(token, card, self.codes)
            world = World(opened, authority, journal, campaign, self.clock, executor, time.sleep)
            rows = table(world)
            module = token.module() if campaign.middleware else None
            return make_report(world, assess(rows, look(rows, world)), around.look(card), module, ())


class _Read(NamedTuple):
    """What was read of one reader."""

    name: str
    tokens: tuple[tuple[TokenInfo, tuple[CardObject, ...]], ...] = ()
    is_unrecognized: bool = False
    error: SithsupError | None = None


def _read(name: str, token: Token) -> _Read:
    infos = token.tokens()
    try:
        tokens = tuple((info, token.objects(info.id)) for info in infos)
    except CardRemovedError:
        return _Read(name)
    return _Read(name, tokens, is_unrecognized=not infos and name in token.unrecognized())


def _without_card(reader: _Read) -> Place:
    if reader.error:
        return Place((reader.name,), State.ERROR, error=reader.error)
    return Place((reader.name,), State.UNRECOGNIZED if reader.is_unrecognized else State.EMPTY)


def _known(error: Exception) -> SithsupError:
    """An error that people can be told of; anything else is a bug, and says so."""
    if isinstance(error, SithsupError):
        _log.info("%s", error)
        return error
    _log.error("bug", exc_info=error)
    return bug(error)
