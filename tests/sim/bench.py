"""A simulated card, its authority and one shared script of faults, and the moves of an upgrade made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate
from sithsup.model import KeyAlgorithm, KeyRole, ObjectKind, Signer
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.card import Desk, SimulatedCard
from sithsup.sim.case import CardKind, Case, HonestHolder, old_card
from sithsup.sim.faults import Faults
from sithsup.sim.token import SimulatedToken
from tests.support.orders import issued_by

if TYPE_CHECKING:
    from sithsup.model import CardObject, Issued, Message, Target, TokenId

NOW = datetime(2031, 5, 17, 9, 30, tzinfo=UTC)
ROLES = tuple(KeyRole)


@dataclass
class Bench:
    """Everything that an upgrade needs, and a clock that a test can move."""

    case: Case
    faults: Faults = field(default_factory=Faults)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.token = SimulatedToken(Desk(cards=[self.case.card]), self.faults)
        self.authority = SimulatedAuthority.for_cases(self.case, clock=lambda: self.now, faults=self.faults)

    @classmethod
    def make(cls, kind: CardKind = CardKind.TWO_PINS, number: int = 1) -> Bench:
        """A fresh card of a kind."""
        return cls(old_card(kind, NOW, number=number))

    def script(self, faults: Faults) -> None:
        """From here on, count and break by this script."""
        self.faults = self.token.faults = self.authority.faults = faults

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)

    # -- the card --------------------------------------------------------------------------------------------

    @property
    def card(self) -> SimulatedCard:
        """The card as it lies on the desk."""
        return self.token.desk.cards[0]

    def token_id(self, role: KeyRole) -> TokenId:
        """The token for a role."""
        return self.card.id_of(self.card.tokens[ROLES.index(role) % len(self.card.tokens)])

    def log_in(self) -> None:
        """Open every token."""
        for role in KeyRole:
            info = next(info for info in self.token.tokens() if info.id == self.token_id(role))
            self.token.log_in(info.id, HonestHolder().code(info, frozenset({role})))

    def objects(self, role: KeyRole, kind: ObjectKind) -> tuple[CardObject, ...]:
        """The objects of a kind on the token for a role."""
        return tuple(o for o in self.token.objects(self.token_id(role)) if o.kind is kind)

    def find(self, role: KeyRole, kind: ObjectKind, key_id: bytes) -> CardObject:
        """The first object of a kind under an id."""
        return next(o for o in self.objects(role, kind) if o.key_id == key_id)

    def old_key(self, role: KeyRole) -> CardObject:
        """The old private key of a role."""
        return self.objects(role, ObjectKind.PRIVATE_KEY)[0]

    def generate(self, role: KeyRole, key_id: bytes) -> bytes:
        """Generate a pair and tell its public key."""
        self.token.generate_key_pair(self.token_id(role), KeyAlgorithm.P_256, key_id, "new")
        return self.find(role, ObjectKind.PUBLIC_KEY, key_id).value

    # -- the authority ---------------------------------------------------------------------------------------

    def signer(self) -> Signer:
        """Whoever holds the old authentication key."""
        key = self.old_key(KeyRole.AUTHENTICATION)
        return Signer(self.case.old[0], (), lambda data: self.token.sign(key, data))

    def target(self, name: str = "hsa-id-authentication") -> Target:
        """A target of the campaign."""
        return next(target for target in self.case.campaign.wanted if target.name == name)

    def compose(self, target: Target, key_id: bytes) -> Message:
        """Compose an order for a key that was generated under this id."""
        private = self.find(target.role, ObjectKind.PRIVATE_KEY, key_id)
        public = self.find(target.role, ObjectKind.PUBLIC_KEY, key_id).value
        old = Certificate.parse(self.case.old[ROLES.index(target.role)])
        return self.authority.compose_order(
            target, old, public, lambda data: self.token.sign(private, data), self.signer()
        )

    def ordered(self, name: str = "hsa-id-authentication") -> tuple[Message, Issued]:
        """Log in, generate a key and order one certificate for it."""
        self.log_in()
        target = self.target(name)
        self.generate(target.role, name.encode())
        order = self.compose(target, name.encode())
        return order, issued_by(self.authority, order)

    def confirm(self, order: Message, issued: Issued, *, accept: bool = True) -> Message:
        """Confirm or reject."""
        composed = self.authority.compose_confirmation(order, issued, self.signer(), accept=accept)
        return self.authority.confirm(composed)

    def upgrade(self) -> None:
        """Go through a whole upgrade with the calls that a real one makes."""
        self.token.module()
        self.token.readers()
        self.token.unrecognized()
        self.log_in()
        number = self.case.person.card_number
        self.authority.query(number, self.signer())
        for role in KeyRole:
            self.generate(role, role.value.encode())
        done = []
        for target in self.case.campaign.wanted:
            key_id = target.role.value.encode()
            order = self.compose(target, key_id)
            issued = issued_by(self.authority, order)
            self.token.write_certificate(self.token_id(target.role), issued.certificate, key_id, target.name)
            done.append((order, issued))
        for order, issued in done:
            self.confirm(order, issued)
            self.authority.status(issued.certificate, issued.extra_certificates[0])
        for role in KeyRole:
            old = self.objects(role, ObjectKind.CERTIFICATE)[0]
            self.token.rename(old, old.key_id, "old")
            self.token.destroy(self.objects(role, ObjectKind.CERTIFICATE)[0])
            self.token.log_out(self.token_id(role))
