"""Scenes for probes whose parts a test has chosen: nothing is looked for on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sithsup.diagnostics.card_side import CardsSeen, ReadersSeen
from sithsup.diagnostics.scene import Once, Scene
from sithsup.settings import Settings
from tests.support.lab import START

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeVar

    from sithsup.campaign import Campaign
    from sithsup.card.pcsc import Reader
    from sithsup.errors import SithsupError
    from sithsup.in_force import Campaigns
    from sithsup.model import CardContents

    T = TypeVar("T")


class OneCampaign(NamedTuple):
    """The campaign of every card."""

    likely: Campaign

    def of(self, contents: CardContents) -> Campaign:
        return self.likely


def scene(
    folder: Path,
    cards: CardsSeen | SithsupError,
    *,
    campaign: Campaign | None = None,
    readers: tuple[Reader, ...] | SithsupError = (),
    programs: tuple[str, ...] | None = (),
    **variables: str,
) -> Scene:
    """A scene of these parts, with folders of its own."""
    names = {f"SITHSUP_{name.upper()}": str(folder / name) for name in ("data", "state", "locks")}
    made = Scene(Settings.resolve(names | variables, ()), clock=lambda: START)
    seen = ReadersSeen(readers) if isinstance(readers, tuple) else ReadersSeen(error=readers)
    made.readers = Once(lambda: seen)
    made.programs = Once(lambda: programs)
    made.cards = Once(lambda: given(cards))
    if campaign is not None:
        made.campaigns = Once(lambda: one(campaign))
    return made


def given(value: T | SithsupError) -> T:
    """What was found, or what was raised."""
    if isinstance(value, Exception):
        raise value
    return value


def one(campaign: Campaign) -> Campaigns:
    """Whatever card there is, its campaign."""
    return OneCampaign(campaign)  # type: ignore[return-value]
