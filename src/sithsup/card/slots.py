"""A slot of a module as it describes itself, also one with a card that the module does not know: for support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sithsup.card import native
from sithsup.card.attributes import text
from sithsup.errors import CardError
from sithsup.model import SlotInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.model import TokenInfo

TOKEN_PRESENT = 0x1  # CKF_TOKEN_PRESENT


def describe(
    library: Any,
    slot: int,
    token: Callable[[int], TokenInfo | None],
    mechanisms: Callable[[int], Iterable[int]],
) -> SlotInfo:
    """Describe a slot. What the module refuses to tell of the token in it is told by the module's answer."""
    with native.errors():
        found = library.getSlotInfo(slot)
    reader = text(found.slotDescription)
    if not found.flags & TOKEN_PRESENT:
        return SlotInfo(reader, has_token=False)
    try:
        with native.errors():
            known = tuple(map(native.mechanism_name, sorted(mechanisms(slot))))
            return SlotInfo(reader, has_token=True, token=token(slot), mechanisms=known)
    except CardError as error:
        return SlotInfo(reader, has_token=True, answer=error.detail)
