"""When power goes: before a command, after it (its answer is lost), or in the middle of what it writes. Pure.

One cut is milder: another application resets the card before a command, which is served all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.demo.virtual.apdu import Refused, parse_command
from sithsup.demo.virtual.card import Volatile
from sithsup.demo.virtual.memory import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sithsup.demo.virtual.card import Answer, Card

SHOWN = 4
"""Bytes of a command that are kept in the list: the header, for some commands carry codes."""


class When(StrEnum):
    """How far a command came."""

    BEFORE = "before"
    AFTER = "after"
    TORN = "torn"
    RESET = "reset"


class Cut(Value):
    """Power goes at the `at`-th command from now, counted from 1; `step` tells how many steps a torn write does.

    A torn command that writes nothing, or has fewer steps than that, is a whole one whose answer is lost.
    """

    at: int
    when: When = When.BEFORE
    step: int = 0


class Exchange(Value):
    """One command as the card saw it. `steps` are those of its write: 0 for one that writes nothing."""

    number: int
    name: str
    header: str
    status: int
    """0 where power went and no answer came."""
    steps: int = 0
    path: str = ""
    """The file that was selected when the command came."""
    begin: float = 0.0
    """When it came, in seconds of the monotonic clock; `Holder` says it, and `end`."""
    end: float = 0.0

    @property
    def writes(self) -> bool:
        """Whether it changes the card."""
        return self.steps > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left of a command: the card, the response (None: power went), and its line in the list.

    `struck` tells whether the cut that was waiting is over.
    """

    card: Card
    response: bytes | None
    exchange: Exchange
    struck: bool = False


def supply(card: Card, raw: bytes, number: int, cut: Cut | None) -> Outcome:
    """Give one command to a card whose power may go at it."""
    if cut is None or cut.at != number:
        answer = card.exchange(raw)
        return Outcome(_left(card, answer), answer.response, _line(card, raw, number, answer))
    if cut.when is When.BEFORE:
        return Outcome(without_power(card), None, _line(card, raw, number, None), struck=True)
    if cut.when is When.RESET:
        return replace(supply(without_power(card), raw, number, None), struck=True)
    answer = card.exchange(raw)
    left = _left(card, answer)
    if cut.when is When.TORN and answer.write and cut.step < answer.write.steps:
        left = replace(left, memory=answer.write.after(cut.step))
    return Outcome(without_power(left), None, _line(card, raw, number, answer).but(status=0), struck=True)


def _left(card: Card, answer: Answer) -> Card:
    """The card after a whole command."""
    return replace(card, memory=answer.write.done if answer.write else card.memory, volatile=answer.volatile)


def without_power(card: Card) -> Card:
    """The card as it is when power comes back, or after a reset."""
    return replace(card, volatile=Volatile())


def cuts(exchanges: Iterable[Exchange], tears: int = 3) -> tuple[Cut, ...]:
    """Every cut that is worth a try: before each command; after each write; and torn at some points of it."""
    found: list[Cut] = []
    for exchange in exchanges:
        found.append(Cut(at=exchange.number))
        if exchange.writes:
            found += [Cut(at=exchange.number, when=When.TORN, step=step) for step in tear_points(exchange, tears)]
            found.append(Cut(at=exchange.number, when=When.AFTER))
    return tuple(found)


def tear_points(exchange: Exchange, most: int = 3) -> tuple[int, ...]:
    """Steps at which a write can be torn, evenly spread, the first and the last among them."""
    inner = range(1, exchange.steps)
    if len(inner) <= most:
        return tuple(inner)
    return tuple(sorted({inner[place * (len(inner) - 1) // max(most - 1, 1)] for place in range(most)}))


def _line(card: Card, raw: bytes, number: int, answer: Answer | None) -> Exchange:
    try:
        name = parse_command(raw).name
    except Refused:
        name = f"{raw[1]:02X}" if len(raw) > 1 else "-"
    return Exchange(
        number=number,
        name=name,
        header=raw[:SHOWN].hex().upper(),
        status=answer.status if answer else 0,
        steps=answer.write.steps if answer and answer.write else 0,
        path=card.volatile.selected,
    )
