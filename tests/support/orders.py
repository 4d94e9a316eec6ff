"""Ordering at an authority that has the certificate ready at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.model import Issued

if TYPE_CHECKING:
    from sithsup.ca.authority import Authority
    from sithsup.model import Message


def issued_by(authority: Authority, message: Message) -> Issued:
    """Send an order or a poll; the answer must be a certificate."""
    answer = authority.order(message)
    assert isinstance(answer, Issued), answer
    return answer
