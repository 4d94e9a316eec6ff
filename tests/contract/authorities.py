"""Authorities to run the contract of `ca.authority.Authority` on: simulated, and the demo's over CMP, near and far."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sithsup.ca.cmp import CmpAuthority
from sithsup.ca.transport import HttpTransport
from sithsup.certificate import Certificate
from sithsup.demo import profiles
from sithsup.demo.authority import DemoAuthority
from sithsup.demo.hierarchy import Hierarchy
from sithsup.demo.knobs import QUERY_OID, Knobs
from sithsup.demo.ledger import Card, Ledger
from sithsup.demo.people import PEOPLE
from sithsup.demo.server import DemoServer
from sithsup.demo.status import DemoStatus
from sithsup.model import KeyAlgorithm, Message, Signer, Target
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.case import CardKind, old_card
from sithsup.sim.keys import derived_key
from sithsup.sim.keys import sign as simulated_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sithsup.ca.authority import Authority

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
CARD_NUMBER = "9752000000000000001"
OLD = "old-authentication"


class MovingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class NewKey:
    """A key pair such as a card makes."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass
class Bench:
    """An authority that knows one old card. `start` opens a client anew, as another process would."""

    start: Callable[[], Authority]
    clock: MovingClock
    targets: tuple[Target, ...]
    card_number: str
    signer: Signer
    issuers: tuple[bytes, ...]
    """Of the targets' certificates, and above them; the last one is the anchor."""
    permit: Callable[[str], None]
    """Sets the answer to the query."""
    cut: Callable[[], None]
    """Cuts the line to the authority."""

    @property
    def old(self) -> Certificate:
        return Certificate.parse(self.signer.certificate)

    def compose(self, authority: Authority, target: Target, key: NewKey) -> Message:
        """Compose an order."""
        return authority.compose_order(target, self.old, key.public_key, key.sign, self.signer)

    def issuer(self, certificate: bytes) -> bytes:
        """The certificate of the authority that issued this one."""
        name = Certificate.parse(certificate).issuer
        return next(der for der in self.issuers if Certificate.parse(der).subject == name)


@contextmanager
def simulated(folder: Path, *, is_slow: bool = False) -> Iterator[Bench]:
    """The simulator."""
    clock, case = MovingClock(), old_card(CardKind.TWO_PINS, START)
    first = SimulatedAuthority.for_cases(case, clock=clock)
    first.ledger.policy.polls = 2 if is_slow else 0
    secret = derived_key(KeyAlgorithm.P_256, f"{case.card.serial}/1")

    def permit(reason: str) -> None:
        first.ledger.policy.permission = reason

    def cut() -> None:
        first.ledger.policy.unreachable = True

    yield Bench(
        start=lambda: SimulatedAuthority(first.ledger, clock),
        clock=clock,
        targets=case.campaign.wanted,
        card_number=case.person.card_number,
        signer=Signer(case.old[0], (), lambda data: simulated_sign(secret, data)),
        issuers=case.campaign.issuers,
        permit=permit,
        cut=cut,
    )


class Near:
    """A `Transport` within this process."""

    address = "http://near.invalid/cmp"

    def __init__(self, authority: DemoAuthority, status: DemoStatus) -> None:
        self._authority, self._status = authority, status
        self.is_cut = False

    def exchange(self, body: bytes) -> bytes:
        if self.is_cut:
            raise ConnectionResetError
        return self._authority.answer(body)

    def fetch(self, address: str, question: bytes | None = None) -> bytes:
        if self.is_cut or question is None:
            raise ConnectionResetError
        assert address.endswith("/ocsp")
        return self._status.ocsp(question)


class Demo:
    """The demo authority with one card, and all that a client needs to know of it."""

    def __init__(self, folder: Path, url: str, *, is_slow: bool) -> None:
        self.clock, self.key = MovingClock(), NewKey()
        self.hierarchy = Hierarchy.make(folder, self.clock, url, KeyAlgorithm.P_256)
        self.ledger = Ledger(folder / "ledger.sqlite3")
        card, validity = Card(CARD_NUMBER, PEOPLE[0], START + timedelta(days=600)), (START - timedelta(days=900), START)
        self.old = self.hierarchy.issue(
            profiles.PROFILES[OLD], self.key.public_key, card.holder, card.number, (validity[0], card.expires)
        )
        self.ledger.add_card(card)
        self.ledger.add_certificate(self.old, OLD, card.number, validity[0])
        knobs = Knobs(poll=50, check_after=30) if is_slow else Knobs()
        self.authority = DemoAuthority(self.hierarchy, self.ledger, self.clock, knobs)
        self.status = DemoStatus(self.hierarchy, self.ledger, self.clock)

    def permit(self, reason: str) -> None:
        self.ledger.add_card(replace(self.ledger.card(CARD_NUMBER), reason=reason))

    def client(self, transport: Near | HttpTransport) -> CmpAuthority:
        return CmpAuthority(transport, (self.hierarchy.anchor,), QUERY_OID, self.clock, sleep=lambda _: None)

    def bench(self, start: Callable[[], Authority], cut: Callable[[], None]) -> Bench:
        names = (profiles.HSA_ID_3, profiles.PERSON_ID_3, profiles.ROOT_2)
        return Bench(
            start=start,
            clock=self.clock,
            targets=tuple(
                Target(p.name, p.role, p.subject, p.issuer, p.name, KeyAlgorithm.P_256)
                for p in profiles.PROFILES.values()
                if p.upgrades
            ),
            card_number=CARD_NUMBER,
            signer=Signer(self.old, (), self.key.sign),
            issuers=tuple(self.hierarchy.authorities[name].der for name in names),
            permit=self.permit,
            cut=cut,
        )


@contextmanager
def near(folder: Path, *, is_slow: bool = False) -> Iterator[Bench]:
    """CMP with the demo authority in this process."""
    demo = Demo(folder, "http://127.0.0.1:9", is_slow=is_slow)
    transport = Near(demo.authority, demo.status)

    def cut() -> None:
        transport.is_cut = True

    yield demo.bench(lambda: demo.client(transport), cut)
    demo.ledger.close()


@contextmanager
def far(folder: Path, *, is_slow: bool = False) -> Iterator[Bench]:
    """CMP with the demo authority over HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    demo = Demo(folder, f"http://127.0.0.1:{port}", is_slow=is_slow)
    server = DemoServer(port, demo.authority, demo.status, demo.hierarchy)
    with server, HttpTransport(f"{server.url}/.well-known/cmp") as transport:
        yield demo.bench(lambda: demo.client(transport), server.__exit__)
    demo.ledger.close()


AUTHORITIES = {"simulated": simulated, "cmp": near, "cmp-over-http": far}
