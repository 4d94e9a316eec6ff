"""The PKCS#11 modules on this computer: where they are, which one is taken, whether they load, and what they show."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.card.libraries import made_for
from sithsup.card.modules import every_place
from sithsup.card.pcsc import ReaderState
from sithsup.diagnostics.card_side import CardsSeen, introduced, unread
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.screen import is_remote
from sithsup.diagnostics.values import Fact, Term, Word, foreign, place, version
from sithsup.eligibility import RULES, Facts, Reason
from sithsup.errors import SithsupError
from sithsup.model import CardContents, CodeState
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.slot_info import SlotInfo
    from sithsup.diagnostics.scene import Scene
    from sithsup.eligibility import Finding
    from sithsup.model import ModuleInfo, TokenInfo

LEAST_SECONDS = 1.0
"""Without so much time left a module is not tried."""
NO_CARD = CardContents((), (), ())
CODE_TEXTS = {
    CodeState.OK: mark("works"),
    CodeState.COUNT_LOW: mark("was entered wrong"),
    CodeState.FINAL_TRY: mark("one try left"),
    CodeState.LOCKED: mark("locked"),
    CodeState.UNSET: mark("not chosen yet"),
}
MECHANISMS = frozenset(
    {
        "CKM_RSA_PKCS_KEY_PAIR_GEN",
        "CKM_EC_KEY_PAIR_GEN",
        "CKM_ECDSA_KEY_PAIR_GEN",
        "CKM_RSA_PKCS",
        "CKM_SHA256_RSA_PKCS",
        "CKM_ECDSA",
    }
)
"""Those that keys are made and signatures are signed with."""


def modules(scene: Scene) -> Found:
    """Every known place; the module that is taken with slots and tokens; the others only as they introduce themselves.

    The others are left alone as long as any program uses a card: some of them read it as soon as they are loaded.
    """
    named = str(scene.settings.module) if scene.settings.module else None
    places, problems = every_place(named), []
    try:
        taken = scene.cards()
    except SithsupError as error:
        taken, problems = None, [Problem(error)]
    tried = _tried(scene, [path for path in places if Path(path).is_file()], taken)
    groups = tuple(_module(path, tried, taken) for path in places)
    facts = (
        Fact("places", mark("Known places for smart card programs"), len(places)),
        Fact("found", mark("Smart card programs found"), sum(Path(path).is_file() for path in places)),
        Fact("taken", mark("The one that is used"), place(taken.path) if taken else None),
        Fact("slots", mark("Slots"), len(taken.slots) if taken and taken.module else None),
    )
    if taken is None:
        return Found(facts, groups, tuple(problems))
    shown = (_slot(slot) for slot in taken.slots if slot.has_token)
    return Found(facts, (*groups, *shown), tuple(_problems(scene, taken)))


def _problems(scene: Scene, taken: CardsSeen) -> Iterator[Problem]:
    if taken.error:
        told = unread(scene.readers(), taken, scene.programs() or (), is_remote=is_remote())
        yield Problem(told or taken.error)
    if taken.module and (old := too_old(scene, taken.module)):
        yield Problem(old)


def too_old(scene: Scene, module: ModuleInfo) -> Finding | None:
    """That the campaign wants a newer module, which holds whatever card is in."""
    if scene.campaign is None:
        return None
    facts = Facts(NO_CARD, scene.campaign, scene.clock(), module=module)
    (row,) = (row for row in RULES if row.reason is Reason.MIDDLEWARE_TOO_OLD)
    told = row.holds(facts)
    return row.finding(told) if told else None


def _tried(scene: Scene, found: list[str], taken: CardsSeen | None) -> dict[str, CardsSeen]:
    """What came of the modules that were loaded, by their paths."""
    if taken is None:
        return {}
    others = [path for path in found if path != taken.path]
    is_in_use = any(reader.state in {ReaderState.IN_USE, ReaderState.EXCLUSIVE} for reader in scene.readers().readers)
    seconds = scene.left
    if is_in_use or seconds < LEAST_SECONDS or not others:
        return {taken.path: taken}
    with ThreadPoolExecutor(len(others)) as executor:
        came = executor.map(lambda path: introduced(path, seconds), others)
        return {seen.path: seen for seen in (taken, *came)}


def _module(path: str, tried: dict[str, CardsSeen], taken: CardsSeen | None) -> Group:
    is_there, seen = Path(path).is_file(), tried.get(path)
    facts = [Fact("is-there", mark("Is there"), is_there)]
    if is_there:
        kinds = ", ".join(sorted(made_for(Path(path))))
        facts += [
            Fact("is-taken", mark("Is used"), taken is not None and taken.path == path),
            Fact("made-for", mark("Made for"), Word(kinds) if kinds else None),
            Fact("loads", mark("Works"), seen.module is not None if seen else None),
        ]
    if seen and seen.error and not seen.module:
        facts.append(Fact("error", mark("What came of it"), Word(f"{seen.error.code} {type(seen.error).__name__}")))
    if seen and seen.module:
        facts += _introduction(seen.module)
    return Group("module", place(path), tuple(facts))


def _introduction(module: ModuleInfo) -> list[Fact]:
    return [
        Fact("manufacturer", mark("Made by"), foreign(module.manufacturer)),
        Fact("description", mark("Calls itself"), foreign(module.description)),
        Fact("version", mark("Version"), version(module.version)),
    ]


def _slot(slot: SlotInfo) -> Group:
    needed = [name for name in slot.mechanisms if name in MECHANISMS]
    facts = [
        Fact("is-known", mark("The program knows the card"), slot.token is not None),
        Fact("mechanisms", mark("Mechanisms"), len(slot.mechanisms)),
        Fact("needed-mechanisms", mark("Those that an upgrade may need"), Word(", ".join(needed)) if needed else None),
    ]
    if slot.answer:
        facts.append(Fact("answer", mark("The program's answer"), foreign(slot.answer)))
    return Group("slot", foreign(slot.reader), (*facts, *(_token(slot.token) if slot.token else ())))


def _token(token: TokenInfo) -> tuple[Fact, ...]:
    """What the flags of a token say. Its label may hold a name, and is not told."""
    lengths = token.code_lengths
    return (
        Fact("manufacturer", mark("Made by"), foreign(token.manufacturer)),
        Fact("model", mark("Model"), foreign(token.model)),
        Fact("code", mark("The code"), Term(token.code.value, CODE_TEXTS[token.code])),
        Fact("puk", mark("The PUK code"), Term(token.puk.value, CODE_TEXTS[token.puk])),
        Fact("shortest-code", mark("Shortest code"), lengths.start),
        Fact("longest-code", mark("Longest code"), lengths.stop - 1),
        Fact("has-pin-pad", mark("The code is typed on the reader"), token.pin_pad),
        Fact("is-read-only", mark("Write-protected"), token.read_only),
        Fact("algorithms", mark("Keys that can be made"), Word(", ".join(sorted(token.algorithms)) or "-")),
        Fact("free", mark("Free memory (bytes)"), token.free_public_memory),
    )
