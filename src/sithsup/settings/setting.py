"""One row of the table of settings, and the names that it has in the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Setting(NamedTuple):
    """What is known of a setting besides its name, its type and its default."""

    read: Callable[[str], object]
    """Turns its text into a value, or raises ValueError, saying why not (and never showing a secret)."""
    help: str
    """One sentence about it, a message of the catalogue."""
    is_number: bool = False
    """Whether a layer may hold it as a number; every other setting is a text."""
    may_be_secret: bool = False
    """Whether a password may stand in it: then it is never shown."""


def variable_name(name: str) -> str:
    """Give a setting's environment variable: `card_timeout` is SITHSUP_CARD_TIMEOUT."""
    return f"SITHSUP_{name.upper()}"


def value_name(name: str) -> str:
    """Give a setting's name in the registry and in a property list: `card_timeout` is CardTimeout."""
    return "".join(word.capitalize() for word in name.split("_"))
