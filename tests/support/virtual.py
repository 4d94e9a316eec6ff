"""A virtual card for tests: its own pcscd in its own namespace, and a hand that can do anything to it.

    with VirtualBench(folder, memory) as bench:     # 0.2 s until the card lies in its reader
        bench.arm()                                 # count from here
        with bench.card_process() as token: ...     # or any program, with bench.environment
        for exchange in bench.exchanges(): ...      # each command, and how many steps it writes
        bench.lay(memory)                           # back to the first day: 0.7 s
        bench.arm(Cut(at=17, when=When.TORN, step=3))

Costs on two cores: a start 0.2 s, a stop 0.1 s, `lay` and `insert` 0.5 to 0.7 s (pcscd looks for cards every 0.4 s), a
card process 0.4 s. A whole upgrade is about 400 commands, 114 of which write, and takes 1.2 s; one case (upgrade, cut,
insert, resume, judge) takes 2.5 to 3 s.

Several can run beside each other. OpenSC's module reads where its pcscd is only once in a process, so whoever works on
the card must be a process of its own (`CardProcess`, or the program).
"""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sithsup.card.process import CardProcess
from sithsup.demo.virtual import holder, service
from sithsup.demo.virtual.power import Cut, Exchange, When, cuts, tear_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.demo.virtual.holder import Pace
    from sithsup.demo.virtual.memory import Memory

__all__ = ["NEEDED", "Cut", "Exchange", "VirtualBench", "When", "cuts", "short_folder", "tear_points"]

NEEDED = ("pcscd", "vpcd-config", "unshare", "pkcs11-tool")
"""Programs that a test on a virtual card needs (the marker `needs`)."""


@contextmanager
def surroundings(environment: dict[str, str]) -> Iterator[None]:
    """Environment variables for the length of a block."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class BenchProcess(CardProcess):
    """A card process on a bench, which finds the bench again when it is started anew."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        super().__init__(environment["SITHSUP_MODULE"])

    def renew(self) -> None:
        with surroundings(self._environment):
            super().renew()


class VirtualBench:
    """A card in a reader. Use as a context manager, or call `close`. The folder's name must be short (`short_folder`).

    Nothing is left running after it, whatever happened to the card.
    """

    def __init__(self, folder: Path, memory: Memory | None = None) -> None:
        """Put a card into the reader: this one, or the one that lies in the folder already."""
        self.folder = folder
        if memory is not None:
            holder.save(folder / service.CARD_FILE, memory)
        service.set_up(folder)
        self.environment = service.environment(folder)
        """What leads OpenSC's module, and the program, to this card."""
        self._door = service.start(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything."""
        service.stop(self.folder)

    def card_process(self) -> CardProcess:
        """A card process on this bench: a spawned process takes its environment from the one that starts it."""
        with surroundings(self.environment):
            return BenchProcess(self.environment)

    @property
    def is_in(self) -> bool:
        """Whether the card is in the reader: after a cut it is not."""
        return self._door.is_in()

    def arm(self, *cuts_to_come: Cut) -> None:
        """Count commands from now on, and cut power at these; each later one counts from the one before it."""
        self._door.arm(*cuts_to_come)

    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command since `arm`."""
        return self._door.exchanges()

    def pull(self) -> None:
        """Take the card out, in the middle of a command too."""
        self._door.pull()

    def insert(self) -> None:
        """Put the card (back) in; pcscd has seen it when this returns."""
        assert self._door.insert(), "the reader does not see the card"

    def reset(self) -> None:
        """Reset the card, as another application may: it forgets which codes were given."""
        self._door.reset()

    def memory(self) -> Memory:
        """What is stored on the card now."""
        return self._door.memory()

    def lay(self, memory: Memory) -> None:
        """Take the card out and put another memory in. Nothing is armed any more."""
        self.pull()
        self.arm()
        self._door.replace(memory)
        self.insert()

    def set_pace(self, pace: Pace) -> None:
        """Make the card slow."""
        self._door.set_pace(pace)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's, in memory where the system has such a place."""
    in_memory = Path("/dev/shm")  # noqa: S108  a folder of one's own is made in it
    where = in_memory if os.access(in_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sithsup-", dir=where) as name:
        yield Path(name)
