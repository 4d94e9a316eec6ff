"""What a module says of a slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sithsup.model import TokenInfo


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """One slot as the module describes it, with whatever card in it: for support."""

    reader: str
    has_token: bool  # CKF_TOKEN_PRESENT
    answer: str = ""
    """The module's return code where it does not describe the token, such as CKR_TOKEN_NOT_RECOGNIZED."""
    token: TokenInfo | None = None
    """None also where it is not initialised."""
    mechanisms: tuple[str, ...] = ()
    """CKM_*; one that has no name is a number."""
