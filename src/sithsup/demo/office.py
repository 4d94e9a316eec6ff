"""What the desks of the demo authority have in common: what they work with, and what one turn of theirs is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asn1crypto import x509

from sithsup.demo.messages import RefusedError

if TYPE_CHECKING:
    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.knobs import Knobs
    from sithsup.demo.ledger import Entry, Exchange, Ledger
    from sithsup.demo.messages import Request
    from sithsup.model import Clock


@dataclass(frozen=True, slots=True)
class Office:
    """The authority's means."""

    hierarchy: Hierarchy
    ledger: Ledger
    clock: Clock
    knobs: Knobs

    def reason(self, card: str) -> str:
        """Tell whether a card may be upgraded: ELIGIBLE, or one of the reasons why not."""
        return self.knobs.refuse or self.ledger.card(card).reason

    def certificate_named(self, issuer: x509.Name, serial: int) -> Entry | None:
        """Find a certificate by its issuer's whole name and its serial number."""
        common_name = issuer.native.get("common_name")
        entry = self.ledger.certificate_by(common_name, serial) if isinstance(common_name, str) else None
        return entry if entry and x509.Certificate.load(entry.der).issuer == issuer else None


class Sender(NamedTuple):
    """Who protected a message: with a certificate of a card, or with a secret shared for one."""

    name: str
    """By which the ledger keeps what was said."""
    card: str
    certificate: Entry | None


class Turn(NamedTuple):
    """A verified request, who sent it, what was said in its transaction before, what profile the address named."""

    request: Request
    sender: Sender
    said: tuple[Exchange, ...]
    label: str | None

    @property
    def transaction(self) -> tuple[str, bytes]:
        """The transaction's name in the ledger: two senders may have the same transactionID."""
        return self.sender.name, self.request.transaction_id

    def require_nonce(self, *given: bytes) -> None:
        """Check that recipNonce is the senderNonce of an answer that this must be a reply to."""
        if self.request.recipient_nonce not in given:
            raise RefusedError("badRecipientNonce", "the recipNonce is not the senderNonce of the last answer")
