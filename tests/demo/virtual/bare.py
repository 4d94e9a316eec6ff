"""A bare virtual card for tests of its heart: two codes, one key, commands by name, and no reader."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sithsup.demo.virtual import personalize
from sithsup.demo.virtual.apdu import Status, data_object
from sithsup.demo.virtual.card import Answer, Card
from sithsup.demo.virtual.codes import padded
from sithsup.demo.virtual.memory import FileKind
from sithsup.model import KeyAlgorithm
from sithsup.sim.keys import KeyPool, derived_key

if TYPE_CHECKING:
    from sithsup.demo.virtual.memory import Memory

FIRST, SECOND = "804917", "715093"
PUK = "38194720"
POOL = KeyPool()
APPLICATION = personalize.APPLICATION
PRIVATE_KEYS, KEY, PUBLIC_KEY = personalize.PRIVATE_KEYS, f"{APPLICATION}4B01", f"{APPLICATION}5501"
KEY_RIGHTS = bytes.fromhex("1111FF")


def memory() -> Memory:
    """A card of two codes with an RSA key after the first."""
    plans = [personalize.CodePlan("legitimering", FIRST, PUK), personalize.CodePlan("underskrift", SECOND, PUK)]
    blank = personalize.blank("TEST kort", bytes(range(10)), plans)
    key = personalize.KeyOnCard(0, b"IdentificationC", "Legitimering", POOL.key(KeyAlgorithm.RSA_2048, "old"))
    return personalize.personalize(blank, [key], [])


def make_key(kind: FileKind, size: int) -> bytes:
    """Always the same key of a kind."""
    if kind is FileKind.RSA_KEY:
        return POOL.key(KeyAlgorithm.RSA_2048, "new")
    return derived_key(KeyAlgorithm(f"p-{size}"), "new")


class Session:
    """A card under power, and what is said to it. `last` is the last answer."""

    def __init__(self, stored: Memory | None = None) -> None:
        self.card = Card(stored or memory(), make_key=make_key)
        self.last = Answer(self.card.volatile)

    @property
    def memory(self) -> Memory:
        return self.card.memory

    def send(self, raw: bytes) -> int:
        """Send an APDU and let all of it be written; the status."""
        self.last = self.card.exchange(raw)
        stored = self.last.write.done if self.last.write else self.card.memory
        self.card = replace(self.card, memory=stored, volatile=self.last.volatile)
        return self.last.status

    def select(self, path: str) -> int:
        return self.send(apdu("A4", 0x08, 0x00, bytes.fromhex(path[4:])) + b"\0")

    def verify(self, reference: int, code: str) -> int:
        return self.send(apdu("20", 0, reference, padded(code)))

    def tries_left(self, reference: int) -> int:
        return self.memory.codes[reference].tries_left

    def create(self, name: str, size: int, descriptor: int, rights: bytes) -> int:
        """CREATE FILE in the application's folder."""
        assert self.select(APPLICATION) == Status.OK
        return self.send(creation(name, size, descriptor, rights))


def creation(name: str, size: int, descriptor: int, rights: bytes) -> bytes:
    """The command CREATE FILE."""
    parameters = {
        0x80 if descriptor == 1 else 0x81: size.to_bytes(2),
        0x82: bytes([descriptor]),
        0x83: bytes.fromhex(name),
        0x86: rights,
    }
    return apdu("E0", 0, 0, data_object(0x62, b"".join(data_object(*each) for each in parameters.items())))


def apdu(instruction: str, p1: int, p2: int, data: bytes = b"", kind: int = 0) -> bytes:
    """A short command without an expected length."""
    body = bytes([len(data)]) + data if data else b""
    return bytes([kind, int(instruction, 16), p1, p2]) + body
