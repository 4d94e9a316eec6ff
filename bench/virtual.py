"""The virtual card at the speed of real ones, behind pcscd and OpenSC: wall time, commands, and how much it idles.

The card itself is slow and writes down when each command came and when it was answered, so what stands between the
card and a program is not counted as the card's work.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.measure import run
from bench.rounds import WrongEndError
from bench.slow import Call, Idle
from bench.stage import Stage
from sithsup.certificate import Certificate
from sithsup.demo import start as life
from sithsup.demo.campaign import Wishes
from sithsup.demo.knobs import Knobs
from sithsup.demo.virtual.holder import Pace
from sithsup.model import KeyAlgorithm
from tests.support.demo import OLD_ISSUER, Demo, Seen
from tests.support.virtual_lab import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.stage import Command

PACE = Pace(command=0.02, generation=12)
"""20 ms for each command, 12 s for a key."""
AT_ONCE = Pace()
ALGORITHM = KeyAlgorithm.P_256
PUBLIC_KEY = "55"
"""How the identifiers of files with public keys begin."""


class VirtualDemo(Demo):
    """A demo whose card lies in a virtual reader; its files are those of the card's memory."""

    def keep_card(self) -> None:
        """Keep the card's memory of the first day."""
        self.door = life.card_door(self.folder)
        self.first_day = self.door.memory()

    def lay_card(self) -> None:
        """Lay that memory in; the reader sees that the card was out."""
        self.door.set_pace(AT_ONCE)
        self.door.pull()
        self.door.replace(self.first_day)
        assert self.door.insert(), "the reader does not see the card"

    def card(self) -> Seen:
        """Look at the card, with its codes and without the program, and into its memory."""
        files = {path: file.content for path, file in self.door.memory().files.items()}
        return Seen(super().card().objects, files)


class VirtualStage(Stage):
    """The same ways to the same end, judged by other programs and by the card's own memory."""

    demo: VirtualDemo

    def _by_hand(self, name: str, *more: str) -> Command:
        """OpenSC takes one certificate for each id."""
        command = super()._by_hand(name, *more)
        return command._replace(environment={**command.environment, "ONE_PER_ID": "1"})

    def _missing(self, card: Seen, gone: set[int]) -> list[str]:
        """What the memory says. OpenSC shows certificates without a key now on one token, now on the other."""
        del card, gone
        memory = self.demo.door.memory()
        before, now = find(self.demo.first_day), find(memory)
        old = {row.der for row in self.demo.ledger() if row.issuer == OLD_ISSUER}
        new = self.demo.upgraded()
        wrong = [f"{row.profile} is not stored" for row in new if row.der not in now.certificates]
        wrong += [f"{row.profile} has no key" for row in new if Certificate.parse(row.der).public_key not in now.keys]
        wrong += ["an old certificate is still stored" for _ in old & now.certificates]
        wrong += ["another certificate is gone" for _ in before.certificates - old - now.certificates]
        wrong += ["an old key is gone" for _ in before.keys - now.keys]
        halves = [path for path in {*memory.files} - {*self.demo.first_day.files} if path[-4:-2] == PUBLIC_KEY]
        wrong += [] if len(halves) == len(self.demo.codes) else [f"{len(halves)} new public keys are stored"]
        return wrong + [f"{path} is listed nowhere" for path in sorted(now.orphans)]


class Attempt(NamedTuple):
    """One run: seconds by the clock, how many commands the card was given, and when."""

    wall: float
    commands: int
    idle: Idle

    @property
    def share(self) -> float:
        """Which part of the time from the first code to the end the card stood idle."""
        return self.idle.share(self.idle.opened)

    def as_data(self) -> dict[str, Any]:
        """Give it all for a machine: seconds and shares."""
        return {"wall": self.wall, "commands": self.commands, "card": self.idle.as_data()}


@dataclass
class OnTheCard:
    """Every run of one way."""

    attempts: list[Attempt] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """The median, in seconds."""
        return median(each.wall for each in self.attempts)

    @property
    def commands(self) -> float:
        """The median."""
        return median(each.commands for each in self.attempts)

    @property
    def share(self) -> float:
        """The median of the shares of time in which the card stood idle."""
        return median(each.share for each in self.attempts)

    def as_data(self) -> dict[str, Any]:
        """Give it all for a machine."""
        medians = {"wall": self.wall, "commands": self.commands, "idle": self.share}
        return {"median": medians, "all": [each.as_data() for each in self.attempts]}


def attempt(stage: VirtualStage, command: Command, pace: Pace = PACE) -> Attempt:
    """Run one way on the card of the first day; raises `WrongEndError` when it is not upgraded."""
    stage.reset()
    door = stage.demo.door
    door.set_pace(pace)
    door.arm()  # count from here
    begun = time.monotonic()
    measured = run(command)
    ended = time.monotonic()
    exchanges = door.exchanges()
    door.set_pace(AT_ONCE)
    if wrong := stage.wrong():
        raise WrongEndError(f"{command.name}: {'; '.join(wrong)}")
    calls = tuple(
        Call("login" if each.name == "VERIFY" and each.writes else each.name, each.begin, each.end)
        for each in exchanges
    )
    return Attempt(measured.wall, len(calls), Idle(calls, begun, ended))


def compare_on_card(
    stage: VirtualStage, count: int, tell: Callable[[str], None], pace: Pace = PACE
) -> dict[str, OnTheCard]:
    """Run every way so many times, each round in the other order."""
    commands = [stage.sithsup, stage.typed, stage.checked]
    measured = {command.name: OnTheCard() for command in commands}
    for number in range(count):
        for command in commands if number % 2 == 0 else reversed(commands):
            measured[command.name].attempts.append(attempt(stage, command, pace))
        tell(" : ".join(f"{each.attempts[-1].wall:.1f} s" for each in measured.values()))
    return measured


@contextmanager
def virtual_stage(folder: Path, *, ca_delay: float = 0.0) -> Iterator[VirtualStage]:
    """Start a demo with a virtual card for the length of a block. The folder's name must be short."""
    life.start(
        folder,
        knobs=Knobs(delay=ca_delay),
        wishes=Wishes(key=ALGORITHM),
        key_algorithm=KeyAlgorithm.P_256,
        card=life.CardType.VIRTUAL,
    )
    try:
        yield VirtualStage(VirtualDemo(folder, life.Kind.ORDINARY), ALGORITHM)
    finally:
        life.stop(folder)
