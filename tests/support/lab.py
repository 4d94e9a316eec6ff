"""One simulated card, one simulated authority, and as many computers as a test needs.

A `Lab` runs whole operations (the ones that the window and the command line run) and judges the end by what is really
on the card and in the authority's ledger, never by what the program says of itself.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sithsup.campaign import EncryptedMail, OldCertificates, OldKeys
from sithsup.card.session import choose_card, find_cards
from sithsup.certificate import Certificate
from sithsup.consent import Consent
from sithsup.errors import SithsupError
from sithsup.model import KeyRole, ObjectKind, RequestBody, SubjectKind
from sithsup.operation import Operation
from sithsup.sim import pki
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.card import Desk
from sithsup.sim.case import CONFIRM_WAIT, CardKind, Case, HonestHolder, old_card
from sithsup.sim.faults import Faults, ProcessKilled
from sithsup.sim.keys import public_half
from sithsup.sim.ledger import RecordState
from sithsup.sim.token import SimulatedToken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.runner import StepEvent
    from sithsup.sim.card import StoredObject
    from sithsup.situation import Outcome

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
OLD, NEW = "old", "new"


class Inline(Executor):
    """Does at once what it is given, so that the calls of a run always come in the same order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  as every executor does
            future.set_exception(error)
        return future


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Lab:
    """Everything outside the program. `folder` holds one data folder per computer."""

    folder: Path
    kind: CardKind = CardKind.SHARED
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    computer: str = "A"
    campaign: Campaign | None = None
    events: list[str] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    skew: timedelta = timedelta()
    """How far the computer's clock is ahead of the authority's."""
    jump: timedelta = timedelta()
    """What `skew` becomes once the first run has ended."""
    make: Callable[..., Operation] = Operation
    """What opens the card."""

    def __post_init__(self) -> None:
        self.case: Case = old_card(self.kind, START)
        self.campaign = self.campaign or self.case.campaign
        self.holder = HonestHolder()
        self.broken: list[str] = []
        """The calls before which no identity worked."""
        self.token = SimulatedToken(Desk(cards=[self.case.card]), self.faults)
        self.authority = SimulatedAuthority.for_cases(self.case, clock=self.clock, faults=self.faults)
        self.others, self.old_keys = self._others(), self._old_keys()
        self.faults.watch = self._watch

    def certify_again(self, role: KeyRole, subject: SubjectKind, policy: str = "") -> bytes:
        """Give the card one more old certificate, which lives longest, and the room for it; its DER."""
        token, stored = next(
            (t, o)
            for t in self.card.tokens
            for o in t.objects
            if o.value in self.case.old and Certificate.parse(o.value).role is role
        )
        life = (START - pki.AGE, START + pki.AGE + timedelta(days=1))
        body = pki.Body(self.case.person, role, subject, 4712, *life, policy)
        public_key = Certificate.parse(stored.value).public_key
        der = pki.Hierarchy.found(START).issue(pki.OLD_PERSONS, body, public_key)
        if self.card.room_for_certificates is not None:
            self.card.room_for_certificates += len(der)
        self.card.add_certificate(token, der, stored.key_id, f"one more {stored.label}")
        self.case = replace(self.case, old=(*self.case.old, der))
        self.authority.ledger.enrol(self.case.person, (der,))
        return der

    # ------------------------------------------------------------------------------------------------ acting

    def run(self, action: str) -> Outcome | SithsupError | ProcessKilled | None:
        """Run `upgrade`, `resume` or `restore` as a fresh process of the present computer would."""
        try:
            return self._run(action)
        except (SithsupError, ProcessKilled) as error:
            return error

    def _run(self, action: str) -> Outcome | None:
        with self.operation() as operation:
            event: StepEvent
            for event in acts(operation, action):
                self.events += [f"{event.step.name}: {event.mark.value}"]
            return operation.outcome

    def operation(self) -> Operation:
        """Open the card as a fresh process does."""
        contents = choose_card(find_cards(self.token), reader=None, number=None)
        assert self.campaign
        return self.make(
            self.token,
            contents,
            authority=self.authority,
            campaign=self.campaign,
            folder=self.folder / self.computer,
            locks=self.folder / "locks",
            codes=self.holder,
            clock=lambda: self.clock() + self.skew,
            executor=Inline(),
            pause=self.pause,
        )

    def mend(self, faults: Faults | None = None) -> None:
        """Put the card back, start the module anew, reach the authority again; go on with another script."""
        self.skew = self.jump
        self.faults = faults or Faults()
        self.faults.watch = self._watch
        self.authority.ledger.policy.unreachable = False
        self.token.insert()
        self.token.restart(self.faults)
        self.authority.restart(self.faults)

    def lose_journal(self) -> None:
        """Go on at another computer."""
        self.computer += "'"

    def pause(self, seconds: float) -> None:
        """What the program does when it waits: the clock goes on."""
        self.pauses.append(seconds)
        self.clock.now += timedelta(seconds=seconds)

    def wait(self, **spans: float) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**spans)

    # ----------------------------------------------------------------------------------------------- judging

    @property
    def card(self) -> Any:
        return self.token.desk.cards[0]

    def certificates(self) -> set[bytes]:
        """Every certificate that is on the card, DER."""
        return {o.value for t in self.card.tokens for o in t.objects if o.kind is ObjectKind.CERTIFICATE}

    def working_keys(self) -> set[bytes]:
        """The public keys of every private key on the card that can sign."""
        return {
            public_half(o.secret)
            for t in self.card.tokens
            for o in t.objects
            if o.kind is ObjectKind.PRIVATE_KEY and o.secret and not o.phantom
        }

    def identity_works(self) -> bool:
        """Whether somebody can log in now: an authentication certificate that the authority holds good, and its key."""
        good = set(self.authority.ledger.valid_certificates())
        keys = self.working_keys()
        found = (Certificate.parse(der) for der in self.certificates() & good if der not in self.case.kept)
        return any(c.role is KeyRole.AUTHENTICATION and c.public_key in keys for c in found)

    def _watch(self) -> None:
        """Look at the card and the ledger before a call of the program."""
        if not self.identity_works():
            self.broken.append(f"before call {len(self.faults.calls) + 1} of a run")

    def wrong(self) -> str:
        """What must never be so, at whatever end; empty when nothing is wrong. Every confirmation wait passes."""
        if self.broken:
            return f"NEITHER {self.broken[0]}"
        if self.token.codes_sent > self.holder.given:
            return f"{self.token.codes_sent} codes sent, {self.holder.given} given"
        if (self.folder / self.computer).exists() and list((self.folder / self.computer).glob("journal-*")):
            return "the journal is left open"
        self.wait(minutes=CONFIRM_WAIT.total_seconds() // 60 + 1)
        self.authority.expire()
        valid, on_card = set(self.authority.ledger.valid_certificates()), self.certificates()
        records = self.authority.ledger.certificates.values()
        if any(r.profile and r.der in valid and r.der not in on_card for r in records):
            return "a valid certificate that is not on the card"
        return "" if self.identity_works() else "NEITHER after the wait"

    def end(self) -> str:
        """`old`, `new`, or what is wrong with the card."""
        on_card, keys = self.certificates(), self.working_keys()
        ledger = self.authority.ledger
        confirmed = {r.der for r in ledger.certificates.values() if r.state is RecordState.CONFIRMED and r.profile}
        new = {der for der in on_card if der in confirmed and Certificate.parse(der).public_key in keys}
        ours = {r.der for r in ledger.certificates.values() if r.profile}
        old_alive = set(self.case.old) <= on_card and set(self.case.old) <= set(ledger.valid_certificates())
        if self._others() != self.others:
            return "what was not ours has changed"
        if old_alive and not on_card & ours and not self._new_keys():
            return OLD if self._old_keys() == self.old_keys else "an old key has changed"
        assert self.campaign
        carried = {Certificate.parse(der).public_key for der in on_card}
        changed = {key for key, _ in set(self.old_keys) ^ set(self._old_keys())}
        if changed & carried or (changed and self.campaign.old_keys is OldKeys.KEEP):
            return "an old key has changed"
        made = {Certificate.parse(der).public_key for der in new} - self._old_public_keys()
        if len(new) == len(self.campaign.wanted) and on_card == new | self._stays() and self._new_keys() == made:
            return NEW
        return f"TORN old={old_alive} new={len(new)} ours={len(on_card & ours)} keys={len(self._new_keys())}"

    def _stays(self) -> set[bytes]:
        """What is on the card in the end besides the new certificates: what is not ours, and old ones that are kept."""
        assert self.campaign
        old = map(Certificate.parse, self.case.old)
        keeps_all = self.campaign.old_certificates is OldCertificates.KEEP
        keeps_mail = self.campaign.encrypted_mail is EncryptedMail.KEEP
        kept = {c.der for c in old if keeps_all or (keeps_mail and "key_encipherment" in c.key_usage)}
        return kept | set(self.case.kept)

    def _new_keys(self) -> set[bytes]:
        return self.working_keys() - self._old_public_keys()

    def _old_public_keys(self) -> set[bytes]:
        return {Certificate.parse(der).public_key for der in self.case.old}

    def _others(self) -> list[str]:
        """Everything on the card that the campaign does not target, as it is stored."""
        kept = set(self.case.kept)
        carried = {Certificate.parse(der).public_key for der in kept}
        return sorted(o.model_dump_json() for o in self._stored() if o.value in kept or _public_key(o) in carried)

    def _old_keys(self) -> list[tuple[bytes, str]]:
        """The halves of the old keys, as they are stored, each with its public key."""
        old = self._old_public_keys()
        return sorted((key, o.model_dump_json()) for o in self._stored() if (key := _public_key(o)) in old)

    def _stored(self) -> list[StoredObject]:
        return [o for t in self.card.tokens for o in t.objects]


def acts(operation: Operation, action: str) -> Iterator[StepEvent]:
    """What a person who agrees to everything lets it do."""
    terms = operation.world.campaign.terms
    agreed = Consent(terms.version if terms else None, mail_understood=True)
    return operation.upgrade(agreed) if action == "upgrade" else getattr(operation, action)()


def retarget(campaign: Campaign, **changes: Any) -> Campaign:
    """A campaign whose targets are otherwise: `changes` by field, for all, or by a function of each target."""
    targets = (
        target.model_copy(update={name: value(target) if callable(value) else value for name, value in changes.items()})
        for target in campaign.targets
    )
    return campaign.model_copy(update={"targets": tuple(targets)})


def update_campaign(campaign: Campaign, *more: tuple[KeyRole, SubjectKind]) -> Campaign:
    """A campaign that updates each of the two old certificates (kur), and more of these kinds."""
    targets = tuple(
        target.model_copy(update={"body": RequestBody.KUR})
        for target in campaign.targets
        if target.subject is SubjectKind.HSA_ID or (target.role, target.subject) in more
    )
    return campaign.model_copy(update={"targets": targets})


def _public_key(stored: StoredObject) -> bytes:
    """Whose half an object is; empty for a certificate and for a key that is none any more."""
    if stored.secret:
        return public_half(stored.secret)
    return stored.value if stored.kind is not ObjectKind.CERTIFICATE else b""


def every_call(run: Callable[[Faults], object]) -> list[str]:
    """The names of the calls of a run without faults, in order."""
    faults = Faults()
    run(faults)
    return faults.calls


def numbered(calls: list[str]) -> list[tuple[int, str]]:
    """Calls with their numbers, counted from 1 as faults count them."""
    return list(zip(itertools.count(1), calls, strict=False))
