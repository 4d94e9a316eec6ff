"""What whoever meets a locked code at the command line is told: where it is unlocked, and how new codes are ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import PukNeededError
from sithsup.locked import tells_of_a_locked_code
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from sithsup.errors import SithsupError
    from sithsup.model import CardContents

UNBLOCK_TEXT = mark("If you have the PUK code, “sithsup unblock” gives the locked code a new value.")
ELSEWHERE_TEXT = mark("If you have the PUK code, your organisation's smart card program unlocks the code.")


class Unlocking:
    """What the program can do about a locked code here, and what the campaign says of new codes."""

    def __init__(self) -> None:
        """Nothing is known before the card is read."""
        self.may_unblock = False
        """Whether `unblock` has a way with the module of this computer."""
        self.order = ""
        """How new codes are ordered."""
        self._is_locked = False

    def look(self, contents: CardContents) -> Unlocking:
        """See whether a code of the card is locked: what stands against it may also be that there is none."""
        self._is_locked = bool(contents.locked)
        return self

    @property
    def lines(self) -> tuple[str, ...]:
        """To be told of a card."""
        return (self._where,) if self._is_locked else ()

    def error_lines(self, error: SithsupError) -> tuple[str, ...]:
        """To be told with an error."""
        if isinstance(error, PukNeededError):
            return (self.order,)
        return (self._where, self.order) if tells_of_a_locked_code(error, is_locked=self._is_locked) else ()

    @property
    def _where(self) -> str:
        return tr(UNBLOCK_TEXT if self.may_unblock else ELSEWHERE_TEXT)
