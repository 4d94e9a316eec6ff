"""What is to be said where the card that is meant is not there, and what is to be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import CardChoiceError, NoCardError, NoReaderError
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.errors import SithsupError
    from sithsup.ui.shown import Shown


def has_failed(shown: Shown) -> bool:
    """Whether something else went wrong than that a card or a choice is missing, which is found by itself."""
    error = shown.sight.error
    return error is not None and not isinstance(error, NoReaderError | NoCardError | CardChoiceError)


def absence(error: SithsupError, *, names_it: bool = True) -> tuple[str, str]:
    """Why no card is looked at, unless that is said already, and what to do; and the sign before it."""
    if isinstance(error, NoCardError):
        return tr("Put the card into the reader, with the chip up and in the direction of the arrow."), "info"
    if isinstance(error, NoReaderError):
        return tr("No card reader is connected. Connect one; it will be found by itself."), "info"
    if isinstance(error, CardChoiceError):
        return tr("There are several cards. Which one is to be upgraded?"), "warning"
    told = (error.what if names_it else "", error.next_step, f"({error.code})")
    return " ".join(filter(None, told)), "warning"
