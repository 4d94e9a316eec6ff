"""The card's side as the probes share it: what the readers show, and what the module shows of the cards.

Ordering rules, so that nobody who is at work with a card is disturbed:

* Where a run of this program is at work on a card, whoever's it is, no module is loaded.
* The readers are looked at before any module: afterwards it is ourselves who use the card.
* The module is loaded in a process of its own, asked for what needs no code, and let go. Whatever hangs is left behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sithsup.card import pcsc
from sithsup.card.pcsc import ReaderState
from sithsup.card.process import CardProcess
from sithsup.card.session import find_cards
from sithsup.diagnostics.together import together
from sithsup.errors import (
    CardError,
    CardHeldError,
    CardMuteError,
    CardRemovedError,
    CardServiceHungError,
    CardServiceStoppedError,
    CardUnknownError,
    ModuleHungError,
    NoCardError,
    NoReaderError,
    ReaderHiddenError,
    SithsupError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.card.pcsc import Reader
    from sithsup.card.slot_info import SlotInfo
    from sithsup.model import CardContents, ModuleInfo

SERVICE_SECONDS = 2.0
"""That the smart card service gets."""
CALL_SECONDS = 6.0
"""That one call of a module gets, and its process two more to end in order: one that is killed in the middle of a
transaction has its card reset (measured), and somebody else's log-in with it."""


@dataclass(frozen=True, slots=True)
class ReadersSeen:
    """What the smart card service says, or why it says nothing."""

    readers: tuple[Reader, ...] = ()
    error: SithsupError | None = None

    def names(self, state: ReaderState) -> tuple[str, ...]:
        """The readers that are so."""
        return tuple(reader.name for reader in self.readers if reader.state is state)


@dataclass(frozen=True, slots=True)
class CardsSeen:
    """What a module shows, as far as it came, and the error that it came to."""

    path: str
    module: ModuleInfo | None = None
    slots: tuple[SlotInfo, ...] = ()
    cards: tuple[CardContents, ...] = ()
    error: SithsupError | None = None


def look_at_readers(
    find: Callable[[], tuple[Reader, ...]] = pcsc.readers, seconds: float = SERVICE_SECONDS
) -> ReadersSeen:
    """Look at every reader, and wait no longer than that."""
    try:
        answers = together({"readers": find}, seconds)
    except SithsupError as error:
        return ReadersSeen(error=error)
    if not answers:
        return ReadersSeen(error=CardServiceHungError(seconds=f"{seconds:g}"))
    return ReadersSeen(answers["readers"])


def look_at_cards(path: str, seconds: float) -> CardsSeen:
    """Ask a module for everything that it shows without a code."""
    seen = introduced(path, seconds, reads=True)
    is_empty = isinstance(seen.error, NoReaderError)  # the service says more about that
    return replace(seen, error=None) if is_empty else seen


def introduced(path: str, seconds: float, *, reads: bool = False) -> CardsSeen:
    """Load a module, and let it introduce itself; who `reads` asks for slots, tokens and cards too."""
    seen = CardsSeen(path)
    try:
        with CardProcess(path, time_out=CALL_SECONDS, in_all=round(seconds, 1)) as process:
            seen = replace(seen, module=process.module())
            if reads:
                seen = replace(seen, slots=process.slots())
                seen = replace(seen, cards=find_cards(process))
    except SithsupError as error:
        return replace(seen, error=error)
    return seen


def absence(seen: ReadersSeen, programs: Iterable[str], *, is_remote: bool) -> SithsupError | None:
    """Why no card can be read, by what the readers show; None where a card is there that answers."""
    if seen.error is not None:
        is_nothing_there = is_remote and isinstance(seen.error, CardServiceStoppedError)
        return ReaderHiddenError(str(seen.error)) if is_nothing_there else seen.error
    if not seen.readers:
        return ReaderHiddenError() if is_remote else NoReaderError()
    for found in trouble(seen, programs):
        return found
    is_empty = all(reader.state in {ReaderState.EMPTY, ReaderState.UNAVAILABLE} for reader in seen.readers)
    return NoCardError() if is_empty else None


def trouble(seen: ReadersSeen, programs: Iterable[str]) -> list[CardError]:
    """What is wrong with cards that are in a reader."""
    mute = [CardMuteError(reader=name) for name in seen.names(ReaderState.MUTE)]
    return [*mute, *(_held(name, programs) for name in seen.names(ReaderState.EXCLUSIVE))]


def unread(seen: ReadersSeen, cards: CardsSeen, programs: Iterable[str], *, is_remote: bool) -> SithsupError | None:
    """Why the module shows no card; None where it shows one."""
    if cards.cards:
        return None
    if isinstance(cards.error, ModuleHungError):  # it may wait for the service, a mute card, or whoever uses another
        hung = [seen.error] if isinstance(seen.error, CardServiceHungError) else []
        used = [_held(name, programs) for name in seen.names(ReaderState.IN_USE)]
        return next(iter([*hung, *trouble(seen, programs), *used]), cards.error)
    if cards.error is not None:
        return cards.error
    if any(slot.token for slot in cards.slots):
        return CardRemovedError("while it was read")
    answering = [reader.name for reader in seen.readers if reader.atr]
    return absence(seen, programs, is_remote=is_remote) or CardUnknownError(reader=answering[0] if answering else "-")


def _held(reader: str, programs: Iterable[str]) -> CardHeldError:
    return CardHeldError(reader=reader, programs=", ".join(programs))
