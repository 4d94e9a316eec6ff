"""What the probes look at together. Whoever needs a part first finds it out, and the others wait for the same."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from sithsup.card import programs
from sithsup.card.modules import find_module
from sithsup.card_lock import at_work
from sithsup.diagnostics import card_side, passages, statuses
from sithsup.diagnostics.together import together
from sithsup.errors import SecondInstanceError, new_case_code
from sithsup.in_force import Campaigns
from sithsup.journal import kept_cards
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.card_side import CardsSeen
    from sithsup.model import CardContents, Clock
    from sithsup.settings import Resolution

T = TypeVar("T")
LONGEST = 6.0
"""Seconds that the parts may take, from the beginning: less than a probe has, so that it can say what went wrong."""


class Once(Generic[T]):
    """Something that is found out once, by whoever asks first. What that raises, everybody gets."""

    def __init__(self, find: Callable[[], T]) -> None:
        self._find, self._lock, self._future = find, threading.Lock(), Future[T]()
        self._is_begun = False

    def __call__(self) -> T:
        """The answer; the second who asks waits for the first."""
        with self._lock:
            is_first, self._is_begun = not self._is_begun, True
        if is_first:
            try:
                self._future.set_result(self._find())
            except BaseException as error:  # noqa: BLE001  it is raised below, to everybody
                self._future.set_exception(error)
        return self._future.result()


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Scene:
    """The parts of one diagnosis."""

    resolution: Resolution
    """The settings, layer by layer, with whatever is wrong with them."""
    clock: Clock = _now
    case_code: str = field(default_factory=new_case_code)
    deadline: float = field(default_factory=lambda: time.monotonic() + LONGEST)
    private: set[str] = field(default_factory=set, repr=False)
    """Names and numbers that were come across and must not be told."""

    def __post_init__(self) -> None:
        """Say how each part is found out; nothing is, yet."""
        self.settings = Settings.usable(self.resolution)
        self.campaigns = Once(lambda: Campaigns(self.settings, recovers=True))
        self.readers = Once(card_side.look_at_readers)
        self.programs = Once(lambda: programs.at_cards(self._named_module))
        self.cards = Once(self._look_at_cards)
        self.passages = Once(lambda: passages.tried(self))
        self.statuses = Once(lambda: statuses.told(self))

    @property
    def left(self) -> float:
        """Seconds until whatever takes long must have come to an end."""
        return self.deadline - time.monotonic()

    @property
    def _named_module(self) -> str | None:
        return str(self.settings.module) if self.settings.module else None

    def _look_at_cards(self) -> CardsSeen:
        """What the module shows. Raises `SecondInstanceError` where a run is at work on a card, `NoModuleError`."""
        if at_work(self.settings.locks, kept_cards(self.settings.data)):
            raise SecondInstanceError("a run is at work on a card")
        path = find_module(self._named_module)
        self.readers()  # before anything of ours uses a card
        return card_side.look_at_cards(path, self.left)

    def cards_within(self, seconds: float) -> tuple[CardContents, ...]:
        """The cards, as far as they are known by then; why there are none is told by the card's own probes."""
        with suppress(Exception):
            return together({"cards": self.cards}, seconds)["cards"].cards
        return ()

    @property
    def campaign(self) -> Campaign | None:
        """The campaign, as far as is known; None where there is none that can be used."""
        with suppress(Exception):  # the probe of the campaign tells why
            return self.campaigns().likely
        return None
