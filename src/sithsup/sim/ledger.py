"""What the simulated authority remembers: cards, certificates, transactions, answers, and its policy."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from sithsup.certificate import Certificate
from sithsup.sim.pki import Person  # noqa: TC001  pydantic reads annotations at run time
from sithsup.sim.state import State


class Retire(StrEnum):
    """When the authority revokes the old certificates of a card."""

    EACH = "each"  # the one that a confirmed certificate takes the place of, as with kur
    FIRST = "first"  # at the first confirmation
    LAST = "last"  # when every profile is confirmed
    NEVER = "never"


class RecordState(StrEnum):
    """The life of a certificate at its authority."""

    ISSUED = "issued"
    CONFIRMED = "confirmed"
    REVOKED = "revoked"


class Policy(State):
    """How the authority is disposed. A test changes it at any time."""

    permission: str = "ELIGIBLE"
    """The answer to a query; anything but ELIGIBLE also refuses orders."""
    retire: Retire = Retire.LAST
    implicit_confirm: bool = False
    """Certificates are confirmed as they are issued."""
    unconfirmed_is_good: bool = False
    """The status service calls a certificate good before it is confirmed."""
    status_lag: timedelta = timedelta()
    """How far behind the ledger the status service is."""
    polls: int = 0
    """How often an order is to be asked for before it is ready."""
    busy: float | None = None
    """Seconds after which to come back; while it is set nothing else is answered."""
    unreachable: bool = False


class Record(State):
    """A certificate of the ledger."""

    der: bytes
    card_number: str
    profile: str = ""
    """Empty for an old one."""
    source: bool = False
    """Whether it is retired when the new ones are confirmed."""
    state: RecordState
    issued_at: datetime
    confirmed_at: datetime | None = None
    revoked_at: datetime | None = None


class Transaction(State):
    """An order that waits for its confirmation, or has it."""

    signer: bytes
    """The certificate that protects all of its messages, DER."""
    serial: int
    confirm_by: datetime | None
    closed: bool = False


class Unready(State):
    """An order that is asked for so many times before it is ready."""

    order: bytes
    signer: bytes
    polls: int


class Ledger(State):
    """Everything that outlives the authority's process. Certificates are found by their serial number."""

    founded: datetime
    policy: Policy = Field(default_factory=Policy)
    people: dict[str, Person] = Field(default_factory=dict)
    certificates: dict[int, Record] = Field(default_factory=dict)
    transactions: dict[str, Transaction] = Field(default_factory=dict)
    unready: dict[str, Unready] = Field(default_factory=dict)
    """Orders that were taken and are not ready, by their transaction."""
    answers: dict[str, bytes] = Field(default_factory=dict)
    """By the digest of the request: a message that comes again gets the same bytes again."""
    late: list[bytes] = Field(default_factory=list)
    """Messages on their way that nobody waits for any more."""

    def enrol(self, person: Person, old: tuple[bytes, ...], kept: tuple[bytes, ...] = ()) -> None:
        """Get to know a card: the certificates to be replaced, and others that stay."""
        self.people[person.card_number] = person
        for der in (*old, *kept):
            parsed = Certificate.parse(der)
            self.certificates[parsed.serial_number] = Record(
                der=der,
                card_number=person.card_number,
                source=der in old,
                state=RecordState.CONFIRMED,
                issued_at=parsed.not_before,
                confirmed_at=parsed.not_before,
            )

    def next_serial(self) -> int:
        """Tell a serial number that was never used, 15 bytes."""
        count = len(self.certificates)
        return int.from_bytes(hashlib.sha256(f"serial {count}".encode()).digest()[:15])

    def find(self, der: bytes) -> Record | None:
        """Find the record of exactly these bytes."""
        return next((record for record in self.certificates.values() if record.der == der), None)

    def state(self, serial: int) -> RecordState:
        """Tell how a certificate stands; KeyError for one that was never issued."""
        return self.certificates[serial].state

    def valid_certificates(self) -> tuple[bytes, ...]:
        """List every certificate that is confirmed and not revoked, oldest first."""
        return tuple(r.der for r in self.certificates.values() if r.state is RecordState.CONFIRMED)

    def revoke(self, record: Record, at: datetime) -> None:
        """Revoke a certificate; one that is revoked already keeps its time."""
        if record.state is not RecordState.REVOKED:
            record.state, record.revoked_at = RecordState.REVOKED, at
