"""Protection by a shared secret: the password-based MAC (RFC 9810, section 5.1.3.1; RFC 9481, section 6.1.1).

It is for a client that has no certificate yet. Its senderKID is the reference under which the secret is known.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sithsup.demo.messages import RefusedError

if TYPE_CHECKING:
    from sithsup.demo.pbm_asn1 import PBMParameter

ITERATIONS = range(100, 100_001)
"""Fewer protect nothing, more are an attack (RFC 4211, section 4.4)."""
SHORTEST_SALT = 8

_ONE_WAY = {"sha256", "sha384", "sha512"}
_MACS = {"hmac_sha1": "sha1", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512"}


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret that the holder of a card got on paper."""

    reference: bytes
    secret: bytes = field(repr=False)
    card: str

    @property
    def name(self) -> str:
        """By which the ledger knows who sent a message."""
        return f"secret {self.reference.hex()}"

    def mac(self, parameter: PBMParameter, message: bytes) -> bytes:
        """Make the MAC of a message's protected part; refuses parameters that are too weak or too costly."""
        salt, rounds = parameter["salt"].native, parameter["iterationCount"].native
        owf, mac = parameter["owf"]["algorithm"].native, parameter["mac"]["algorithm"].native
        if owf not in _ONE_WAY or mac not in _MACS or rounds not in ITERATIONS or len(salt) < SHORTEST_SALT:
            raise RefusedError("badAlg", "these parameters of a password-based MAC are not accepted here")
        key = self.secret + salt
        for _ in range(rounds):
            key = hashlib.new(owf, key).digest()
        return hmac.digest(key, message, _MACS[mac])
