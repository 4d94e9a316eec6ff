"""A card that lives on: its memory in a file, its power, the list of what it was told, and how slow it is."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from sithsup.demo.virtual import keys
from sithsup.demo.virtual.card import Card
from sithsup.demo.virtual.memory import Memory, Value
from sithsup.demo.virtual.power import supply, without_power

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.demo.virtual.memory import FileKind
    from sithsup.demo.virtual.power import Cut, Exchange


class Pace(Value):
    """Seconds that a card takes."""

    command: float = 0.0
    generation: float = 0.0


class Holder:
    """Everything that changes, behind one lock. The memory is on the disk before a command is answered."""

    def __init__(self, path: Path) -> None:
        """Take the card out of its file."""
        self._path = path
        self._lock = threading.Lock()
        self._pulled = threading.Event()
        self._card = Card(load(path), make_key=self._make_key)
        self._exchanges: list[Exchange] = []
        self._cuts: list[Cut] = []
        self._pace = Pace()

    def command(self, raw: bytes) -> bytes | None:
        """Give the card a command; None when power goes at it."""
        begin = time.monotonic()
        try:
            self._wait(self._pace.command)
            with self._lock:
                return self._command(raw, begin)
        except _PulledError:
            return None

    def _command(self, raw: bytes, begin: float) -> bytes | None:
        cut = self._cuts[0] if self._cuts else None
        outcome = supply(self._card, raw, len(self._exchanges) + 1, cut)
        if outcome.card.memory is not self._card.memory:
            save(self._path, outcome.card.memory)
        self._card = outcome.card
        self._exchanges.append(outcome.exchange.but(begin=begin, end=time.monotonic()))
        if outcome.struck:
            self._cuts.pop(0)
            self._exchanges = [] if self._cuts else self._exchanges
        return outcome.response

    def take_power(self) -> None:
        """Let power go now, whatever the card is doing: what it has not stored yet is lost."""
        self._pulled.set()

    def lose_power(self) -> None:
        """Forget what is forgotten without power. It is there again after this."""
        with self._lock:
            self._card = without_power(self._card)
            self._pulled.clear()

    def arm(self, cuts: tuple[Cut, ...]) -> None:
        """Count commands from here, and let power go at these; each later one counts from the cut before it."""
        with self._lock:
            self._cuts, self._exchanges = list(cuts), []

    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command since `arm`, or since the cut before the one that is still to come."""
        with self._lock:
            return tuple(self._exchanges)

    def memory(self) -> Memory:
        """What is stored now."""
        with self._lock:
            return self._card.memory

    def replace(self, memory: Memory) -> None:
        """Lay another memory into the card."""
        with self._lock:
            save(self._path, memory)
            self._card = Card(memory, make_key=self._make_key)

    def set_pace(self, pace: Pace) -> None:
        """Be that slow from now on."""
        self._pace = pace

    def _make_key(self, kind: FileKind, size: int) -> bytes:
        self._wait(self._pace.generation)
        return keys.new_key(kind, size)

    def _wait(self, seconds: float) -> None:
        """Take that long, unless power goes meanwhile."""
        if self._pulled.wait(seconds) if seconds else self._pulled.is_set():
            raise _PulledError


class _PulledError(Exception):
    """Power went in the middle of a command."""


def load(path: Path) -> Memory:
    """Read a card's file."""
    return Memory.model_validate_json(path.read_bytes())


def save(path: Path, memory: Memory) -> None:
    """Write a card's file, so that a reader finds the old memory or the new one. Only its owner reads it."""
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(memory.model_dump_json().encode())
    fresh.replace(path)
