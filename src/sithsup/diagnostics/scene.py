"""What the probes look at together. Whoever needs a part first finds it out, and the others wait for the same."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from sithsup.diagnostics import passages, statuses
from sithsup.errors import new_case_code
from sithsup.in_force import Campaigns
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.model import Clock
    from sithsup.settings import Resolution

T = TypeVar("T")


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
    private: set[str] = field(default_factory=set, repr=False)
    """Names and numbers that were come across and must not be told."""

    def __post_init__(self) -> None:
        """Say how each part is found out; nothing is, yet."""
        self.settings = Settings.usable(self.resolution)
        self.campaigns = Once(lambda: Campaigns(self.settings, recovers=True))
        self.passages = Once(lambda: passages.tried(self))
        self.statuses = Once(lambda: statuses.told(self))

    @property
    def campaign(self) -> Campaign | None:
        """The campaign, as far as is known; None where there is none that can be used."""
        with suppress(Exception):  # the probe of the campaign tells why
            return self.campaigns().likely
        return None
