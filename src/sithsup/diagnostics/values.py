"""The whitelist: the kinds of values that a diagnosis may hold.

A value is a number, a yes or no, a time, a `Word` (a text whose every character this program has chosen or checked; a
`Term` is one that people are shown in their language), or `Foreign`: text from a card, a reader, a system or an
authority. Foreign text is cut short and printable, and what could be a code, an identity or a name is blotted from it.
A bare `str` is refused where a `Fact` is made.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from sithsup.logs import mask

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOT = "•••"
LONGEST = 120
"""Characters of a text from outside."""
SHORTEST_NAME = 3
"""Characters: a shorter part of a name is in too many words that are none."""
_VERSION = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,4}(?:[-+.]?[a-z]{1,8}[0-9]{0,4}){0,3}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_DIGITS = re.compile(
    r"""
    (?<![0-9])(?<![0-9]-)(?<!\b0x)                     # from its beginning; a return code in hex is none
    (?!(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](?![0-9]))  # a day is none
    [0-9](?:[ \u00a0-]?[0-9]){4,}
    """,
    re.VERBOSE,
)
"""Five digits or more in a row, however they are parted: a code, or part of a number that tells who somebody is."""
_HSA_ID = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[A-Z0-9]{0,12}[0-9]{6}[-\u2010-\u2013\u2212][A-Z0-9]+", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s“”\"'<>]+", re.IGNORECASE)
_SOMEBODYS_FOLDER = re.compile(r"(/(?:home|Users)/)[^/\s]+|([A-Z]:\\Users\\)[^\\]+", re.IGNORECASE)
_CARD_NUMBER = re.compile(r"[0-9]{16,20}")


class Word(str):
    """Text that is safe by itself."""

    __slots__ = ()


class Term(Word):
    """A word that is stable for machines, and that people are shown in another one: `label`, of the catalogue."""

    __slots__ = ("label",)
    label: str

    def __new__(cls, word: str, label: str) -> Self:
        """Keep what people are shown beside it."""
        made = super().__new__(cls, word)
        made.label = label
        return made


class Foreign(str):
    """Text from outside. `Blotter` makes it safe."""

    __slots__ = ()


Value = bool | int | float | datetime | Word | Foreign | None
"""None is not known."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found out. `name` is stable, `label` a message of the catalogue."""

    name: str
    label: str
    value: Value

    def __post_init__(self) -> None:
        """Refuse text of which nobody has said what it is."""
        if type(self.value) is str:
            raise TypeError(f"{self.name}: a bare text")


def version(text: str) -> Word | None:
    """A version number; None where it does not look like one."""
    found = _VERSION.match(text.strip())
    return Word(found[0]) if found else None


def foreign(text: str) -> Foreign:
    """Text from outside, printable and cut short."""
    return Foreign(printable(text[: 4 * LONGEST]).strip()[:LONGEST])


def printable(text: str) -> str:
    """A text that cannot steer a terminal, on one line."""
    return "".join(char if char.isprintable() else " " for char in text)


def one_of(text: str, known: Iterable[str]) -> Word:
    """A text that the program knows; of any other nothing is told but that it is another one."""
    return Word(text) if text in known else Word("other")


def host(address: str) -> Word | None:
    """Where an address leads, without path and password; None where that cannot be told."""
    try:
        parts = urlsplit(address)
        name = (parts.hostname or "").lower()
    except ValueError:  # brackets that are none of an IPv6 address
        return None
    return Word(f"{parts.scheme}://{name}") if _HOST.fullmatch(name) and parts.scheme in {"http", "https"} else None


def card_number(text: str | None) -> Word | None:
    """The number that is printed on the card: what the issuer's support knows it by."""
    return Word(text) if text and _CARD_NUMBER.fullmatch(text) else None


def hexadecimal(number: int) -> Word:
    """A serial number as certificates have them."""
    return Word(f"{number:x}")


def place(path: PurePath | str) -> Foreign:
    """A file or folder; what lies in somebody's home is told from there."""
    return foreign(_without_home(str(path)))


def iso(moment: datetime) -> str:
    """A time as a machine reads it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _without_home(text: str) -> str:
    try:
        home = str(Path.home())
    except RuntimeError:  # an account without one
        return text
    return text.replace(home, "~") if len(home) > 1 else text


@dataclass(frozen=True, slots=True)
class Blotter:
    """Makes text safe. `private` are names and numbers that must not be told, of the holder and of the account."""

    private: frozenset[str] = field(default=frozenset(), repr=False)

    def text(self, text: str) -> str:
        """Blot what could be a code, an identity, or a name that is known. Of an address the host is left."""
        return _DIGITS.sub(BLOT, self.identities(_ADDRESS.sub(_host, text)))

    def identities(self, text: str) -> str:
        """Blot names and numbers that tell who somebody is, and leave all others alone."""
        plain = unicodedata.normalize("NFC", printable(text))
        clean = _SOMEBODYS_FOLDER.sub(rf"\1\2{BLOT}", _without_home(plain))
        clean = mask(_HSA_ID.sub(BLOT, clean))
        return self._names.sub(BLOT, clean) if self.private else clean

    def value(self, value: Value) -> Value:
        """The same of a fact's value, where it comes from outside."""
        return Foreign(self.text(value)) if isinstance(value, Foreign) else value

    @property
    def _names(self) -> re.Pattern[str]:
        known = {unicodedata.normalize("NFC", name) for name in self.private}
        words = {part for name in known for part in (name, *name.split()) if len(part) >= SHORTEST_NAME}
        longest_first = sorted(words, key=len, reverse=True)
        joined = "|".join(map(re.escape, longest_first)) or "(?!)"
        return re.compile(rf"(?<![^\W\d_])(?:{joined})(?![^\W\d_])", re.IGNORECASE)


def _host(address: re.Match[str]) -> str:
    return host(address[0]) or BLOT
