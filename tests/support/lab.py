"""One simulated card, one simulated authority, and as many computers as a test needs.

A `Lab` runs whole operations (the ones that the window and the command line run) and judges the end by what is really
on the card and in the authority's ledger, never by what the program says of itself.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sithsup.card.session import choose_card, find_cards
from sithsup.certificate import Certificate
from sithsup.errors import SithsupError
from sithsup.model import KeyRole, ObjectKind, Outcome, RequestBody, SubjectKind
from sithsup.operation import Operation
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.card import Desk
from sithsup.sim.case import CardKind, Case, HonestHolder, old_card
from sithsup.sim.faults import Faults, ProcessKilled
from sithsup.sim.keys import public_half
from sithsup.sim.ledger import RecordState
from sithsup.sim.token import SimulatedToken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.runner import StepEvent

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

    def __post_init__(self) -> None:
        self.case: Case = old_card(self.kind, START)
        self.campaign = self.campaign or self.case.campaign
        self.token = SimulatedToken(Desk(cards=[self.case.card]), self.faults)
        self.authority = SimulatedAuthority.for_cases(self.case, clock=self.clock, faults=self.faults)
        self.others = self._others()

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
            for event in getattr(operation, action)():
                self.events += [f"{event.step.name}: {event.mark.value}"]
            return operation.outcome

    def operation(self) -> Operation:
        """Open the card as a fresh process does."""
        contents = choose_card(find_cards(self.token), reader=None, number=None)
        assert self.campaign
        return Operation(
            self.token,
            contents,
            authority=self.authority,
            campaign=self.campaign,
            folder=self.folder / self.computer,
            codes=HonestHolder(),
            clock=self.clock,
            executor=Inline(),
            pause=self.pause,
        )

    def mend(self, faults: Faults | None = None) -> None:
        """Put the card back, start the module anew, reach the authority again; go on with another script."""
        self.faults = faults or Faults()
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

    def end(self) -> str:
        """`old`, `new`, or what is wrong with the card."""
        on_card, keys = self.certificates(), self.working_keys()
        ledger = self.authority.ledger
        confirmed = {r.der for r in ledger.certificates.values() if r.state is RecordState.CONFIRMED and r.profile}
        new = {der for der in on_card if der in confirmed and Certificate.parse(der).public_key in keys}
        others_untouched = self._others() == self.others
        ours = {r.der for r in ledger.certificates.values() if r.profile}
        old_alive = set(self.case.old) <= on_card and set(self.case.old) <= set(ledger.valid_certificates())
        if not others_untouched:
            return "what was not ours has changed"
        if old_alive and not on_card & ours and not self._new_keys():
            return OLD
        assert self.campaign
        if len(new) == len(self.campaign.wanted) and on_card == new | set(self.case.kept):
            return NEW
        return f"TORN old={old_alive} new={len(new)} ours={len(on_card & ours)} keys={len(self._new_keys())}"

    def _new_keys(self) -> set[bytes]:
        old = {Certificate.parse(der).public_key for der in self.case.old}
        return self.working_keys() - old

    def _others(self) -> list[str]:
        """Everything on the card that the campaign does not target, as it is stored."""
        old_keys = {Certificate.parse(der).public_key for der in self.case.old}
        kept = set(self.case.kept)
        stored = (o for t in self.card.tokens for o in t.objects)
        return sorted(
            o.model_dump_json()
            for o in stored
            if (o.kind is ObjectKind.CERTIFICATE and o.value in kept)
            or (o.kind is not ObjectKind.CERTIFICATE and (o.value in old_keys or _is_old(o, old_keys)))
        )


def update_campaign(campaign: Campaign) -> Campaign:
    """A campaign that updates each of the two old certificates (kur)."""
    targets = tuple(
        target.model_copy(update={"body": RequestBody.KUR})
        for target in campaign.targets
        if target.subject is SubjectKind.HSA_ID
    )
    return campaign.model_copy(update={"targets": targets})


def _is_old(stored: Any, old_keys: set[bytes]) -> bool:
    return bool(stored.secret) and public_half(stored.secret) in old_keys


def every_call(run: Callable[[Faults], object]) -> list[str]:
    """The names of the calls of a run without faults, in order."""
    faults = Faults()
    run(faults)
    return faults.calls


def numbered(calls: list[str]) -> list[tuple[int, str]]:
    """Calls with their numbers, counted from 1 as faults count them."""
    return list(zip(itertools.count(1), calls, strict=False))
