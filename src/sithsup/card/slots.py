"""The slots of a module and the readers that they belong to: who is there, and who holds what nobody recognises.

* A real card lies in one reader, which shows a slot for each of its codes; all are described by the reader's name.
* OpenSC does not even describe the slot of a card that is mute: such a reader has an empty name here.
* A token that was never initialised is nobody's card, and one that is recognised.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import PyKCS11 as P11  # noqa: N814  as in `pkcs11`

from sithsup.card import native
from sithsup.card.attributes import text
from sithsup.card.slot_info import SlotInfo
from sithsup.errors import CardError, CardRemovedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.model import TokenInfo


class Slots:
    """The slots of a loaded module, or those of one reader alone: then no card elsewhere is asked for anything."""

    def __init__(self, library: Any, reader: str | None) -> None:
        """`library` is PyKCS11's; `reader` is the name of the only one that is looked into."""
        self._library, self._reader = library, reader

    def listed(self, *, present: bool = False) -> list[int]:
        """The slots of this moment; with `present`, those in which there is a token."""
        slots = self._all(present=present)
        return slots if self._reader is None else [slot for slot in slots if self._is_ours(slot)]

    def _all(self, *, present: bool) -> list[int]:
        """C_GetSlotList; PyKCS11 asks for the length first, and a card may come in between."""
        with suppress(P11.PyKCS11Error):
            return list(self._library.getSlotList(tokenPresent=present))
        with native.errors():
            return list(self._library.getSlotList(tokenPresent=present))

    def _is_ours(self, slot: int) -> bool:
        with suppress(P11.PyKCS11Error):
            return self.reader_of(slot) == self._reader
        return False

    def reader_of(self, slot: int) -> str:
        """The name of a slot's reader, by C_GetSlotInfo."""
        return text(self._library.getSlotInfo(slot).slotDescription)

    def readers(self) -> tuple[str, ...]:
        """Every reader once, however many slots it shows. A slot whose card goes at this moment is left out."""
        names = []
        for slot in self.listed():
            try:
                with native.errors():
                    names.append(self.reader_of(slot))
            except CardRemovedError:
                continue
            except CardError:
                names.append("")
        return tuple(dict.fromkeys(names))

    def unrecognized(self) -> tuple[str, ...]:
        """Every reader that says that it holds a card, and of which no slot shows a token."""
        known: list[str] = []
        others: list[str] = []
        for slot in self.listed():
            with suppress(P11.PyKCS11Error):
                info = self._library.getSlotInfo(slot)
                if info.flags & P11.CKF_TOKEN_PRESENT:
                    (known if self._is_recognized(slot) else others).append(text(info.slotDescription))
        return tuple(dict.fromkeys(name for name in others if name not in known))

    def described(
        self, token: Callable[[int], TokenInfo | None], mechanisms: Callable[[int], Iterable[int]]
    ) -> tuple[SlotInfo, ...]:
        """Describe every slot for support; one whose card goes at this moment is left out."""
        found = []
        for slot in self.listed():
            with suppress(CardError):
                found.append(_described(self._library, slot, token, mechanisms))
        return tuple(found)

    def _is_recognized(self, slot: int) -> bool:
        """Whether a slot shows a token; also when that is gone again."""
        try:
            with native.errors():
                self._library.getTokenInfo(slot)
        except CardError as error:
            return isinstance(error, CardRemovedError)
        return True


def _described(
    library: Any,
    slot: int,
    token: Callable[[int], TokenInfo | None],
    mechanisms: Callable[[int], Iterable[int]],
) -> SlotInfo:
    """Describe a slot. What the module refuses to tell of its token is told by the module's answer."""
    with native.errors():
        found = library.getSlotInfo(slot)
    reader = text(found.slotDescription)
    if not found.flags & P11.CKF_TOKEN_PRESENT:
        return SlotInfo(reader, has_token=False)
    try:
        with native.errors():
            known = tuple(map(native.mechanism_name, sorted(mechanisms(slot))))
            return SlotInfo(reader, has_token=True, token=token(slot), mechanisms=known)
    except CardError as error:
        return SlotInfo(reader, has_token=True, answer=error.detail)
