"""Computers with many readers: several cards of one demo at one SoftHSM2, or several virtual cards at one pcscd."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.demo.card import Workshop
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.ledger import Card, Ledger
from sithsup.demo.people import PEOPLE, new_card_number
from sithsup.demo.server import LEDGER_FILE
from sithsup.demo.virtual import holder, service
from tests.support.virtual import short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sithsup.demo.issuing import DemoCard
    from sithsup.demo.kinds import Kind
    from sithsup.demo.virtual.memory import Memory
    from tests.support.demo import Demo

HALL = Path(__file__).with_name("hall_of_readers.py")


@dataclass(frozen=True)
class Made:
    """A card that was made: its number, the serial numbers of its tokens, and its codes."""

    kind: Kind
    number: str
    serials: tuple[str, ...]
    codes: tuple[str, ...]


def make_cards(demo: Demo, folder: Path, kinds: Sequence[Kind]) -> tuple[Made, ...]:
    """Make cards of a demo's authority, which knows them, at the one SoftHSM2 that a new folder leads to."""
    authority, now, made = demo.folder / "authority", datetime.now(UTC), []
    hierarchy = Hierarchy.load(authority)
    with Workshop(folder, Path(demo.module)) as workshop, closing(Ledger(authority / LEDGER_FILE)) as ledger:
        for kind in kinds:
            blank = workshop.blank_card(kind)
            number = new_card_number(hierarchy.scheme.fillings[kind].number_prefix)
            card = workshop.personalize(blank, number, PEOPLE[0], hierarchy, now)
            _enter(ledger, card)
            serials = tuple(token.serial for token in blank.tokens.result())
            made.append(Made(kind, number, serials, card.codes))
    return tuple(made)


def _enter(ledger: Ledger, card: DemoCard) -> None:
    parsed = [(name, Certificate.parse(der)) for name, der in card.certificates]
    with ledger.transaction():
        ledger.add_card(Card(card.number, card.holder, max(each.not_after for _, each in parsed)))
        for name, certificate in parsed:
            ledger.add_certificate(certificate.der, name, card.number, certificate.not_before)


@contextmanager
def virtual_readers(cards: Mapping[str, Memory | None]) -> Iterator[dict[str, str]]:
    """Run one pcscd with a reader for each of these cards, by what is the matter with it, which is its name too.

    A card that is `mute` or `unknown` is so by its answer to reset, one that is `hanging` by never answering again;
    None is no card. Gives the variables that lead OpenSC's module to them. Each reader has a second, empty slot.
    """
    with short_folder() as folder:
        for name, memory in cards.items():
            if memory is not None:
                holder.save(folder / f"{name}.json", memory)
        service.set_up(folder)
        configuration = folder / service.OPENSC_FILE
        slots = configuration.read_text("utf-8").replace("max_virtual_slots = 16", "max_virtual_slots = 64")
        configuration.write_text(slots, "utf-8")
        command = [*service.namespace(), sys.executable, str(HALL), str(folder), *cards]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as hall:
            try:
                assert hall.stdout
                assert hall.stdout.readline() == "ready\n"
                yield service.environment(folder)
            finally:
                hall.terminate()
