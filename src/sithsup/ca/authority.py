"""The edge to the certification authority, as the upgrade needs it.

Every message that changes something is *composed* (and signed) first and *sent* after, so that the journal can hold
the complete bytes before they leave (law 5). A message is sent again only byte for byte: a lost answer is fetched by
repeating the question, never by asking anew.

Implementations: `ca.cmp.CmpAuthority` (RFC 9810 over any `ca.transport.Transport`), `sim.authority.SimulatedAuthority`.
One contract suite runs on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.certificate import Certificate
    from sithsup.model import CertificateStatus, Issued, Message, Permission, Signer, Target, Waiting


class Authority(Protocol):
    """A certification authority that issues, waits for a confirmation, and answers for its certificates.

    Sending verbs raise `errors.AuthorityError` leaves: out of reach, busy (`retry_after`), refused (with the reason
    that the authority signed), or an answer that is not to be trusted.
    """

    def query(self, card_number: str, signer: Signer) -> Permission:
        """Ask whether this card may be upgraded. Changes nothing at the authority."""

    def compose_order(
        self,
        target: Target,
        old: Certificate,
        public_key: bytes,
        prove: Callable[[bytes], bytes],
        signer: Signer,
    ) -> Message:
        """Compose an order for one target: a fresh transaction, protected by `signer`.

        `old` suggests the subject; `prove` signs the proof of possession with the key to be certified.
        """

    def order(self, message: Message) -> Issued | Waiting:
        """Send an order or a poll, or send it again. The answer is verified as the authority's, not judged."""

    def compose_poll(self, waiting: Message, signer: Signer) -> Message:
        """Compose the question whether what was `waiting` is ready now; `signer` as in its order."""

    def read_issued(self, asked: Message, answer: Message) -> Issued:
        """Read a journalled answer to an order or a poll again, verifying it as `order` did. Sends nothing."""

    def compose_confirmation(self, order: Message, issued: Issued, signer: Signer, *, accept: bool) -> Message:
        """Compose the confirmation (or the rejection) of an issued certificate; `signer` as in its order."""

    def confirm(self, confirmation: Message) -> Message:
        """Send a confirmation or a rejection, or send it again. Returns the authority's signed acknowledgement.

        Raises `TransactionUnknownError` when the authority says that it knows no such transaction (any more).
        """

    def compose_revocation(self, certificate: Certificate, signer: Signer) -> Message:
        """Compose the request to revoke a certificate because another took its place (superseded)."""

    def revoke(self, message: Message) -> Message:
        """Send a request to revoke, or send it again. Returns the authority's signed acknowledgement.

        Raises `AuthorityRefusedError` with certRevoked among its `fail_info` when it says that it was revoked before.
        """

    def status(self, certificate: bytes, issuer: bytes) -> CertificateStatus:
        """Ask the status service about a certificate (both DER), never from a cache."""
