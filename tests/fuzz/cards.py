"""Mutated card contents: python -m tests.fuzz.cards [CASES] [SEED].

A card is what its module shows: tokens with their flags, and objects with their attributes. Of five sorts, in turn:

* *raw*: one or two certificates, changed in one to four places each.
* *tree*: one to three certificates whose elements are changed, with every length around them mended.
* *objects*: attributes (ids, labels, kinds, keys) that are dropped, swapped, repeated or replaced; objects that are
  missing, there fifty times, or on another token.
* *tokens*: what the flags and names of tokens say.
* *all*: everything at once.

Whatever comes, the program reads the card, judges it and reports on it: no object is lost, no error is raised, no probe
of the diagnosis fails, and the report is of bounded size, printable, and without the holder's numbers. Prints the
counts.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from asn1crypto import keys

from sithsup.card import attributes
from sithsup.card.attributes import CLASSES, Attribute
from sithsup.card.contents import group_cards
from sithsup.card.session import find_cards
from sithsup.card.slot_info import SlotInfo
from sithsup.cli.view import card_data, card_lines
from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.document import finish
from sithsup.diagnostics.probe import Probe, Result, _asked
from sithsup.diagnostics.probes.card import card
from sithsup.diagnostics.probes.eligibility import eligibility
from sithsup.diagnostics.probes.modules import modules
from sithsup.model import CodeState, KeyAlgorithm, ModuleInfo, ObjectKind, TokenId
from sithsup.sim.case import CardKind, old_card
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from tests.fuzz import trees
from tests.fuzz.answers import mutate
from tests.support.lab import START, Lab
from tests.support.scenes import scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.card.attributes import Attributes
    from sithsup.model import CardContents, TokenInfo

LARGEST = 300_000
"""Bytes of a report. An honest one has ten thousand."""
SLOWEST = 5.0
"""Seconds of the processor's; a hundred times what most cases take."""
MODULE = ModuleInfo("/module.so", "TEST module", "TEST", "1.0")
EAST = "TST-14"
"""A time zone in which every day begins early: the last days that a computer knows do not fit into it."""
PROBES = (Probe("card", "card", card), Probe("eligibility", "eligibility", eligibility), Probe("modules", "m", modules))

STRANGE_BYTES = (b"", b"\0", b"\xff" * 9, b"\xff" * 600, bytes(20_000), b"\x1b[2J\xc3\xa5\xff", b"1", b"\1" * 8)
STRANGE_TEXTS = (
    "", "\0", "\x1b[2J", "\udcff\udcc3", "(", ")", "((((", "x (", "SITHS (Legitim", "å" * 5000, "{answer}", "\u202e",
    "9" * 60,
)  # fmt: skip
STRANGE_NUMBERS = (None, 0, -1, 1, 1 << 63, 10**30)


@dataclass(frozen=True)
class Token:
    """A token as a module shows it."""

    info: TokenInfo
    objects: tuple[Attributes, ...]


@dataclass(frozen=True)
class Deck:
    """A true card, the campaign for it, and its holder's numbers."""

    tokens: tuple[Token, ...]
    campaign: Campaign
    numbers: tuple[str, ...]


# --------------------------------------------------------------------------------------------------- true cards


@cache
def decks(folder: Path) -> tuple[Deck, ...]:
    """Old cards of each kind of key, an upgraded one, and one whose upgrade was cut."""
    return (
        *(_deck(_lab(folder / f"{kind}-{algorithm}", kind, algorithm)) for kind, algorithm in OLD),
        _deck(_ran(folder / "upgraded", Faults())),
        _deck(_ran(folder / "halfway", Faults(Fault(PULLED, 2, frozenset({"write_certificate"}))))),
    )


OLD = (
    (CardKind.SHARED, KeyAlgorithm.RSA_2048),
    (CardKind.TWO_PINS, KeyAlgorithm.P_256),
    (CardKind.ONE_PIN, KeyAlgorithm.P_384),
)
PULLED = Mishap(Failure.CARD_PULLED, When.BEFORE)


def _lab(folder: Path, kind: CardKind, algorithm: KeyAlgorithm) -> Lab:
    lab = Lab(folder, kind=kind)
    case = old_card(kind, START, algorithm)
    lab.token.desk.cards[:] = [case.card]
    return lab


def _ran(folder: Path, faults: Faults) -> Lab:
    lab = Lab(folder, faults=faults)
    lab.run("upgrade")
    lab.mend()
    return lab


def _deck(lab: Lab) -> Deck:
    (contents,) = find_cards(lab.token)
    told = {c.certificate.subject_serial for c in contents.certificates if c.certificate.identity}
    tokens = tuple(Token(each.info, tuple(map(_shown, each.objects))) for each in contents.tokens)
    assert lab.campaign
    return Deck(tokens, lab.campaign, tuple(told))


def _shown(found: Any) -> Attributes:
    """What a module would show of an object."""
    kind = CLASSES.get(found.kind, 0)
    shown = {
        Attribute.CLASS: kind.to_bytes(8, sys.byteorder),
        Attribute.ID: found.key_id,
        Attribute.LABEL: found.label.encode(),
    }
    if found.kind is ObjectKind.CERTIFICATE:
        return shown | {Attribute.VALUE: found.value}
    key = keys.PublicKeyInfo.load(found.value)
    if key.algorithm == "rsa":
        numbers = key["public_key"].parsed
        return shown | {
            Attribute.MODULUS: numbers["modulus"].native.to_bytes(256),
            Attribute.PUBLIC_EXPONENT: b"\1\0\1",
            Attribute.KEY_TYPE: bytes(8),
        }
    point = key["public_key"].native
    return shown | {Attribute.EC_PARAMS: key["algorithm"]["parameters"].dump(), Attribute.EC_POINT: point}


# ------------------------------------------------------------------------------------------------------- changes


def _certificates(deck: Deck, change: Callable[[Random, bytes], bytes], most: int) -> Callable[[Random], Deck]:
    def changed(random: Random) -> Deck:
        places = [
            (token, number)
            for token, each in enumerate(deck.tokens)
            for number, shown in enumerate(each.objects)
            if Attribute.VALUE in shown
        ]
        chosen = random.sample(places, min(len(places), random.randint(1, most)))
        return replace(
            deck,
            tokens=tuple(
                replace(
                    each,
                    objects=tuple(
                        shown | {Attribute.VALUE: change(random, shown[Attribute.VALUE])}
                        if (token, number) in chosen
                        else shown
                        for number, shown in enumerate(each.objects)
                    ),
                )
                for token, each in enumerate(deck.tokens)
            ),
        )

    return changed


def _objects(deck: Deck, random: Random) -> Deck:
    held = [list(token.objects) for token in deck.tokens]
    for _ in range(random.randint(1, 5)):
        objects = random.choice(held)
        if objects:
            random.choice(OBJECT_CHANGES)(random, objects, held)
    tokens = zip(deck.tokens, held, strict=True)
    return replace(deck, tokens=tuple(replace(token, objects=tuple(objects)) for token, objects in tokens))


def _strange_attribute(random: Random, objects: list[Attributes], _: list[list[Attributes]]) -> None:
    place = random.randrange(len(objects))
    objects[place] = objects[place] | {random.choice(list(Attribute)): random.choice(STRANGE_BYTES)}


def _lost_attribute(random: Random, objects: list[Attributes], _: list[list[Attributes]]) -> None:
    place = random.randrange(len(objects))
    lost = random.choice(list(objects[place]) or [None])
    objects[place] = {name: value for name, value in objects[place].items() if name is not lost}


def _another_s_attribute(random: Random, objects: list[Attributes], held: list[list[Attributes]]) -> None:
    other = random.choice([each for each in held if each])
    name = random.choice(list(Attribute))
    place, theirs = random.randrange(len(objects)), random.choice(other)
    if name in theirs:
        objects[place] = objects[place] | {name: theirs[name]}


def _another_kind(random: Random, objects: list[Attributes], _: list[list[Attributes]]) -> None:
    place = random.randrange(len(objects))
    kind = random.choice((0, 1, 2, 3, 4, 5, 9, 1 << 31))
    objects[place] = objects[place] | {Attribute.CLASS: kind.to_bytes(8, sys.byteorder)}


def _lost(random: Random, objects: list[Attributes], _: list[list[Attributes]]) -> None:
    del objects[random.randrange(len(objects))]


def _repeated(random: Random, objects: list[Attributes], held: list[list[Attributes]]) -> None:
    random.choice(held).extend([random.choice(objects)] * random.choice((1, 1, 2, 50)))


OBJECT_CHANGES = (
    _strange_attribute,
    _strange_attribute,
    _lost_attribute,
    _another_s_attribute,
    _another_kind,
    _lost,
    _repeated,
)


def _tokens(deck: Deck, random: Random) -> Deck:
    tokens = list(deck.tokens)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(tokens))
        tokens[place] = replace(tokens[place], info=_strange_info(random, tokens[place].info))
    if random.random() < 0.1:
        tokens += [random.choice(tokens)] * random.choice((1, 30))
    return replace(deck, tokens=tuple(tokens))


def _strange_info(random: Random, info: TokenInfo) -> TokenInfo:
    text = attributes.text(random.choice(STRANGE_TEXTS))
    shortest = random.choice((0, 1, 4, 300))
    changes: tuple[dict[str, Any], ...] = (
        {"id": TokenId(text, info.id.label)},
        {"id": TokenId(info.id.serial, text)},
        {"reader": text},
        {"manufacturer": text},
        {"model": text},
        {"code": random.choice(list(CodeState)), "puk": random.choice(list(CodeState))},
        {"pin_pad": True},
        {"read_only": True},
        {"algorithms": frozenset(random.sample(list(KeyAlgorithm), random.randint(0, 4)))},
        {"free_public_memory": random.choice(STRANGE_NUMBERS)},
        {"code_lengths": range(shortest, random.choice((0, 9, 10**12)))},
    )
    return replace(info, **random.choice(changes))


def _all(deck: Deck, random: Random) -> Deck:
    for sort in ("raw", "tree", "objects", "tokens"):
        if random.random() < 0.6:
            deck = SORTS[sort](deck, random)
    return deck


SORTS: dict[str, Callable[[Deck, Random], Deck]] = {
    "raw": lambda deck, random: _certificates(deck, mutate, 2)(random),
    "tree": lambda deck, random: _certificates(deck, _tree, 3)(random),
    "objects": _objects,
    "tokens": _tokens,
    "all": _all,
}


def _tree(random: Random, der: bytes) -> bytes:
    try:
        return trees.change(random, der)
    except ValueError:  # it was changed before, and is no tree any more
        return mutate(random, der)


# ------------------------------------------------------------------------------------------------------ the drive


def drive(deck: Deck, folder: Path) -> str:
    """Read, judge and report; what came of the certificates."""
    read = [(token.info, _read(token)) for token in deck.tokens]
    cards = group_cards(read)
    assert sum(len(token.objects) for each in cards for token in each.tokens) == sum(len(each) for _, each in read)
    for contents in cards:
        json.dumps(card_data(contents))
        assert all(isinstance(line, str) for line in card_lines(contents))
    report = _report(deck, cards, folder)
    assert not [number for number in deck.numbers if number in report], "the holder's number is in the report"
    return f"{sum(len(each.unreadable) for each in cards) or 'none'} unreadable"


def _read(token: Token) -> tuple[Any, ...]:
    """What the card process makes of what a module shows."""
    stored = [shown for shown in token.objects if attributes.is_stored(shown)]
    known = attributes.exponents(stored)
    return tuple(attributes.card_object(token.info.id, shown, known) for shown in stored)


def _report(deck: Deck, cards: tuple[CardContents, ...], folder: Path) -> str:
    """The report as both are handed on: for a machine, for a person."""
    slots = tuple(SlotInfo(token.info.reader, has_token=True, token=token.info) for token in deck.tokens)
    seen = CardsSeen(MODULE.path, module=MODULE, slots=slots, cards=cards)
    made = scene(folder, seen, campaign=deck.campaign)
    made.deadline -= 60  # no other module is loaded
    results = [_asked(probe, made) for probe in PROBES]
    assert [result.fault for result in results] == [""] * len(PROBES)
    document = finish([Result(result.probe, result.status, result.found) for result in results], made, str)
    data, lines = json.dumps(document.data(), ensure_ascii=False), list(document.lines())
    assert len(data) < LARGEST
    assert sum(map(len, lines)) < LARGEST
    assert all(line.isprintable() for line in lines), [line for line in lines if not line.isprintable()]
    return "\n".join((data, *lines))


def fuzz(cases: int, seed: int, folder: Path) -> Counter[str]:
    """Run the cases; raises a finding, with the seed of its case among the notes."""
    counts: Counter[str] = Counter()
    true = decks(folder)
    for number in range(cases):
        sort = list(SORTS)[number % len(SORTS)]
        random = Random(f"{seed}/{number}")  # noqa: S311  cases, not secrets
        deck = SORTS[sort](random.choice(true), random)
        begun = time.process_time()
        try:
            came = drive(deck, folder)
            assert time.process_time() - begun < SLOWEST, "it took too long"
        except BaseException as error:
            error.add_note(f"{sort}: case {number} of seed {seed}")
            raise
        counts[f"{sort}: {'all readable' if came.startswith('none') else 'some unreadable'}"] += 1
    return counts


def main(cases: int = 100_000, seed: int = 1) -> None:
    """Run and print."""
    os.environ["TZ"] = EAST
    time.tzset()
    with tempfile.TemporaryDirectory() as folder:
        counts = fuzz(cases, seed, Path(folder))
    print(dict(counts), f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
