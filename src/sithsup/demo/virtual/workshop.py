"""Makes virtual cards that look like real old SITHS cards, as `demo.card` makes SoftHSM2 ones."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Self

from sithsup.demo.issuing import BlankCard, MadeToken, finish
from sithsup.demo.kinds import FILLINGS, plan_tokens
from sithsup.demo.virtual import holder as cards
from sithsup.demo.virtual import service
from sithsup.demo.virtual.keys import new_key, public_half
from sithsup.demo.virtual.memory import FileKind
from sithsup.demo.virtual.personalize import ROOM, CertificateOnCard, CodePlan, KeyOnCard, blank, personalize
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.issuing import DemoCard, WrittenCertificate
    from sithsup.demo.kinds import KeyPlan, Kind, TokenPlan
    from sithsup.demo.profiles import Holder
    from sithsup.demo.virtual.memory import Memory

RSA_BITS = 2048
SERIAL_LENGTH = 10


class MadeCard(NamedTuple):
    """The plans of a card's tokens, and the private key (PKCS#8) of each planned key."""

    plans: tuple[TokenPlan, ...]
    secrets: dict[bytes, bytes]


class VirtualWorkshop:
    """A folder with one card in it. Use as a context manager."""

    def __init__(self, folder: Path, *, room: int | None = ROOM) -> None:
        """Write the configurations; raises `NoModuleError`, `NoReaderError` where something is not installed."""
        service.require_tools()
        service.set_up(folder)
        self._folder, self._room = folder, room
        self._threads = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        """Make keys in the background for the length of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End that."""
        self._threads.shutdown(cancel_futures=True)

    @property
    def environment(self) -> dict[str, str]:
        """What leads the module to the card, and the program to the module."""
        return service.environment(self._folder)

    def blank_card(self, kind: Kind) -> BlankCard:
        """Begin the card: its keys are made in the background."""
        return BlankCard(kind, self._threads.submit(_make_keys, plan_tokens(kind)))

    def personalize(
        self, blank_card: BlankCard, number: str, holder: Holder, hierarchy: Hierarchy, now: datetime
    ) -> DemoCard:
        """Issue the holder's certificates and make the card of it all."""
        made: MadeCard = blank_card.tokens.result()
        tokens = tuple(MadeToken(plan, plan.label, _public_keys(plan, made.secrets)) for plan in made.plans)
        card, certificates = finish(blank_card.kind, number, holder, hierarchy, tokens, now)
        memory = _memory(made, certificates, self._room, FILLINGS[blank_card.kind].maker)
        cards.save(self._folder / service.CARD_FILE, memory)
        return card


def _make_keys(plans: tuple[TokenPlan, ...]) -> MadeCard:
    keys = {key.key_id: new_key(FileKind.RSA_KEY, RSA_BITS) for plan in plans for key in plan.keys}
    return MadeCard(plans, keys)


def _public_keys(plan: TokenPlan, made: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {key.key_id: public_half(made[key.key_id]) for key in plan.keys}


def _memory(made: MadeCard, certificates: tuple[WrittenCertificate, ...], room: int | None, maker: str) -> Memory:
    stem = made.plans[0].label.partition(" (")[0]
    codes = [
        CodePlan(plan.label.partition("(")[2].rstrip(")"), plan.code, plan.puk, is_locked=not plan.has_code)
        for plan in made.plans
    ]
    keys = [_key(place, key, made) for place, plan in enumerate(made.plans) for key in plan.keys]
    own = {key.key_id for key in keys}
    written = [CertificateOnCard(each.key_id, each.label, each.der, each.key_id not in own) for each in certificates]
    card = blank(stem, secrets.token_bytes(SERIAL_LENGTH), codes, room=room, maker=maker)
    return personalize(card, keys, written)


def _key(place: int, key: KeyPlan, made: MadeCard) -> KeyOnCard:
    """The authentication key opens encrypted e-mail too."""
    deciphers = key.role is KeyRole.AUTHENTICATION
    return KeyOnCard(place, key.key_id, key.label, made.secrets[key.key_id], deciphers=deciphers)
