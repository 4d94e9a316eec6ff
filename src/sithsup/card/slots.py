"""Every slot of a module as it describes itself, also those with a card that it does not know: for support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sithsup.card import native
from sithsup.card.attributes import text
from sithsup.errors import CardError
from sithsup.model import SlotInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TOKEN_PRESENT = 0x1  # CKF_TOKEN_PRESENT
TOKEN_INITIALIZED = 0x400  # CKF_TOKEN_INITIALIZED


def describe(library: Any, slot: int, mechanisms: Callable[[int], Iterable[int]]) -> SlotInfo:
    """Describe one slot; whatever the module refuses to tell of its token is told by the module's answer."""
    with native.errors():
        found = library.getSlotInfo(slot)
    reader, has_token = text(found.slotDescription), bool(found.flags & TOKEN_PRESENT)
    if not has_token:
        return SlotInfo(reader, has_token)
    try:
        with native.errors():
            token, known = library.getTokenInfo(slot), sorted(mechanisms(slot))
    except CardError as error:
        return SlotInfo(reader, has_token, answer=error.detail)
    return SlotInfo(
        reader,
        has_token,
        is_initialized=bool(token.flags & TOKEN_INITIALIZED),
        firmware=".".join(map(str, token.firmwareVersion)),
        mechanisms=tuple(map(native.mechanism_name, known)),
    )
