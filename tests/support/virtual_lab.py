"""A whole upgrade on a virtual card: real stack, simulated authority, a clock that a test moves, a judge that reads
the card's memory and not what anybody says of it.

    first = first_day()                                       # made once in each process
    with short_folder() as folder, VirtualBench(folder, first.memory) as bench:
        lab = VirtualLab(folder, bench, first)
        bench.arm(Cut(at=120))
        lab.run("upgrade")                                    # ends with an error, the card is out
        assert lab.identity_works()
        lab.put_back()
        assert lab.run("resume") is Outcome.UPGRADED
        assert lab.end() == NEW

On the same bench the next case begins with `bench.lay(first.memory)` and a new `VirtualLab` in another folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm

from sithsup.card.pin import Code
from sithsup.card.session import choose_card, find_cards
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.demo.virtual import keys as card_keys
from sithsup.demo.virtual import personalize
from sithsup.demo.virtual.apdu import Refused
from sithsup.errors import SithsupError
from sithsup.model import CardObject, KeyAlgorithm, KeyRole, ObjectKind
from sithsup.operation import Operation
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.case import CODES, CardKind, Case, HonestHolder, campaign, old_card
from sithsup.sim.ledger import RecordState
from tests.support.lab import NEW, OLD, START, Clock, Inline, acts

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.card.process import CardProcess
    from sithsup.demo.virtual.memory import File, Memory
    from sithsup.runner import StepEvent
    from sithsup.situation import Outcome
    from tests.support.virtual import VirtualBench

__all__ = ["NEW", "OLD", "FirstDay", "Found", "VirtualLab", "find", "first_day"]

PUK = "38194720"
FILE_OF_ENTRY = re.compile(rb"\x04\x06\x3f\x00\x50\x15(..)", re.DOTALL)
"""The path in an entry of a PKCS #15 directory, whoever wrote the entry."""


class FirstDay(NamedTuple):
    """An old card, the person and the authorities around it, and the campaign that upgrades it."""

    case: Case
    memory: Memory
    campaign: Campaign


@cache
def first_day(
    kind: CardKind = CardKind.SHARED,
    algorithm: KeyAlgorithm = KeyAlgorithm.P_256,
    room: int | None = personalize.ROOM,
) -> FirstDay:
    """An old card of RSA keys; `algorithm` is that of the new ones, `room` the bytes on it."""
    case = old_card(kind, START, KeyAlgorithm.RSA_2048)
    return FirstDay(case, _memory(case, room), campaign(START, algorithm))


def _memory(case: Case, room: int | None) -> Memory:
    """The same card as the simulated one of the case."""
    tokens = case.card.tokens
    plans = [
        personalize.CodePlan(token.label.partition("(")[2].rstrip(")"), code.decode(), PUK)
        for token, code in zip(tokens, CODES.values(), strict=False)
    ]
    stored = [(place, each) for place, token in enumerate(tokens) for each in token.objects]
    on_card = [
        personalize.KeyOnCard(place, each.key_id, each.label, each.secret)
        for place, each in stored
        if each.kind is ObjectKind.PRIVATE_KEY
    ]
    certificates = [
        personalize.CertificateOnCard(each.key_id, each.label, each.value)
        for _, each in stored
        if each.kind is ObjectKind.CERTIFICATE
    ]
    blank = personalize.blank(tokens[0].label.partition(" (")[0], bytes(10), plans, room=room)
    return personalize.personalize(blank, on_card, certificates)


class Found(NamedTuple):
    """What lies on a card, by what its directories list."""

    certificates: frozenset[bytes]
    keys: frozenset[bytes]
    """Public halves of the private keys that can sign."""
    orphans: frozenset[str]
    """Files that no directory lists: room that is lost."""
    codes: tuple[int, ...]
    """Tries left."""


def find(memory: Memory) -> Found:
    """Read a card's memory as PKCS #15 has it."""
    certificates = _listed(memory, personalize.CERTIFICATES)
    private = _listed(memory, personalize.PRIVATE_KEYS)
    public = _listed(memory, personalize.PUBLIC_KEYS)
    listed = {*certificates, *private, *public}
    of_objects = {path for path in memory.files if path[-4:-2] in ("43", "4B", "55")}
    return Found(
        frozenset(memory.files[path].content for path in certificates),
        frozenset(half for path in private if (half := _signs(memory.files[path]))),
        frozenset(of_objects - listed),
        tuple(code.tries_left for code in memory.codes.values()),
    )


def _listed(memory: Memory, directory: str) -> list[str]:
    found = FILE_OF_ENTRY.findall(memory.files[directory].content)
    paths = [personalize.APPLICATION + name.hex().upper() for name in found]
    return [path for path in paths if path in memory.files]


def _signs(file: File) -> bytes:
    """The public half of a key that can sign; empty for what is torn."""
    try:
        return card_keys.public_half(file.secret)
    except (Refused, ValueError, UnsupportedAlgorithm):
        return b""


@dataclass
class VirtualLab:
    """One card on one bench, one authority, and as many computers as a test needs (a folder each)."""

    folder: Path
    bench: VirtualBench
    first: FirstDay
    clock: Clock = field(default_factory=Clock)
    computer: str = "A"
    events: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authority = SimulatedAuthority.for_cases(self.first.case, clock=self.clock)

    # ------------------------------------------------------------------------------------------------ acting

    def run(self, action: str) -> Outcome | SithsupError | None:
        """Run `upgrade`, `resume` or `restore` as a fresh process of the present computer would."""
        try:
            with self.bench.card_process() as token:
                return self._run(token, action)
        except SithsupError as error:
            return error

    def _run(self, token: CardProcess, action: str) -> Outcome | None:
        contents = choose_card(find_cards(token), reader=None, number=None)
        operation = Operation(
            token,
            contents,
            authority=self.authority,
            campaign=self.first.campaign,
            folder=self.folder / self.computer,
            locks=self.folder / "locks",
            codes=HonestHolder(),
            clock=self.clock,
            executor=Inline(),
        )
        with operation:
            event: StepEvent
            for event in acts(operation, action):
                self.events.append(f"{event.step.name}: {event.mark.value}")
            return operation.outcome

    def put_back(self) -> None:
        """What a person does when told to."""
        if not self.bench.is_in:
            self.bench.insert()

    def lose_journal(self) -> None:
        """Go on at another computer."""
        self.computer += "'"

    # ----------------------------------------------------------------------------------------------- judging

    def found(self) -> Found:
        """What lies on the card."""
        return find(self.bench.memory())

    def identity_works(self) -> bool:
        """Whether somebody can log in now: an authentication certificate that the authority holds good, and its key."""
        found, good = self.found(), set(self.authority.ledger.valid_certificates())
        if not found.codes[0]:
            return False
        parsed = (_parsed(der) for der in found.certificates & good - set(self.first.case.kept))
        return any(c and c.role is KeyRole.AUTHENTICATION and c.public_key in found.keys for c in parsed)

    def wrong(self) -> str:
        """What must never be so, at whatever end; empty when nothing is wrong. Every confirmation wait passes."""
        if (self.folder / self.computer).exists() and list((self.folder / self.computer).glob("journal-*")):
            return "the journal is left open"
        self.clock.now += 2 * self.first.campaign.confirm_wait_max
        self.authority.expire()
        valid, on_card = set(self.authority.ledger.valid_certificates()), self.found().certificates
        records = self.authority.ledger.certificates.values()
        if any(record.profile and record.der in valid and record.der not in on_card for record in records):
            return "a valid certificate that is not on the card"
        return "" if self.identity_works() else "NEITHER after the wait"

    def shown(self) -> list[CardObject]:
        """What the module shows to whoever gives the codes. The card must be in; commands are counted for it."""
        with self.bench.card_process() as token:
            infos = token.tokens()
            for info, right in zip(infos, CODES.values(), strict=True):
                token.log_in(info.id, Code(bytearray(right)))
            return [each for info in infos for each in token.objects(info.id)]

    def hidden(self) -> int:
        """How many stored certificates the module does not show."""
        return len(self.found().certificates - {each.value for each in self.shown()})

    def settled_end(self) -> str:
        """The same as `end`, but that new keys which the module does not show are lost room and no more."""
        found, old = self.found(), self._old_keys()
        shown = sum(each.kind is ObjectKind.PRIVATE_KEY for each in self.shown())
        return self._end(found._replace(keys=found.keys & old) if shown == len(old) else found)

    def end(self) -> str:
        """`old`, `new`, or what is wrong with the card, by what is stored on it; `hidden` tells the rest."""
        return self._end(self.found())

    def _end(self, found: Found) -> str:
        case, old_keys, new = self.first.case, self._old_keys(), self._new(found)
        ours = {record.der for record in self.authority.ledger.certificates.values() if record.profile}
        if not set(case.kept) <= found.certificates or not old_keys <= found.keys:
            return "what was not ours has changed"
        good = set(self.authority.ledger.valid_certificates())
        old_alive = set(case.old) <= found.certificates & good
        if old_alive and not found.certificates & ours and found.keys == old_keys:
            return OLD
        if len(new) == len(self.first.campaign.wanted) and found.certificates == new | set(case.kept):
            return NEW
        return f"TORN old={old_alive} new={len(new)} ours={len(found.certificates & ours)} keys={len(found.keys)}"

    def is_new_stored(self) -> bool:
        """Whether the new identity is stored and what is not ours too, whatever of the old is left."""
        found = self.found()
        is_whole = len(self._new(found)) == len(self.first.campaign.wanted)
        return is_whole and set(self.first.case.kept) <= found.certificates

    def _new(self, found: Found) -> set[bytes]:
        """The confirmed certificates that are stored with their keys, DER."""
        records = self.authority.ledger.certificates.values()
        confirmed = {record.der for record in records if record.profile and record.state is RecordState.CONFIRMED}
        return {der for der in found.certificates & confirmed if Certificate.parse(der).public_key in found.keys}

    def _old_keys(self) -> set[bytes]:
        return {Certificate.parse(der).public_key for der in self.first.case.old}


def _parsed(der: bytes) -> Certificate | None:
    try:
        return Certificate.parse(der)
    except UnreadableCertificateError:
        return None
