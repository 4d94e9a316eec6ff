"""A card as its owner holds it, and what a person types: for the tests of `./dev prove --real`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prove.reading import RealCard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.demo import Demo


@contextmanager
def typed(*lines: str) -> Iterator[None]:
    """What lies on standard input: byte by byte, as from a person, whatever pytest has put there."""
    before, (reading, writing) = os.dup(0), os.pipe()
    os.write(writing, "".join(f"{line}\n" for line in lines).encode())
    os.close(writing)
    os.dup2(reading, 0)
    os.close(reading)
    try:
        yield
    finally:
        os.dup2(before, 0)
        os.close(before)


class Held:
    """A demo's card as its owner holds it: a serial number and a module, and no word of the demo."""

    def __init__(self, demo: Demo) -> None:
        self.demo, self.codes = demo, demo.codes
        self.serial = demo.tool.serials()[0]
        self.named = ["--real", self.serial, "--module", demo.module]

    @property
    def card(self) -> RealCard:
        return RealCard(self.demo.module, self.serial)

    def files(self) -> dict[str, bytes]:
        """Everything that SoftHSM2 keeps of a card, but the files in which it notes each log-in."""
        paths = (path for path in self.demo.tokens.rglob("*") if path.is_file() and path.name != "token.object")
        return {str(path.relative_to(self.demo.tokens)): path.read_bytes() for path in paths}
