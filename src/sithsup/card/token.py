"""The edge to PKCS#11, in a dozen verbs of our own.

What a caller must know (the laws of ARCHITECTURE.md, measured on real stacks):

* The card may vanish at any call. The answer to a call may be lost although its effect stands. A return code proves
  nothing: after every error, and after every re-insert, read the card again.
* A token is named by serial and label, an object by everything that was seen of it. Handles and slot ids stay inside.
* A code crosses as a `Code`, is wiped by the callee as soon as the module has it, and is never sent a second time by
  any layer: after a new start or a re-insert, `log_in` is called anew with a code that the person gave anew.
* No verb retries. No verb changes more than its name says.

Implementations: `card.pkcs11.Pkcs11Token` (the module itself), `card.process.CardProcess` (the same one process away),
`sim.token.SimulatedToken`. One contract suite runs on all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sithsup.card.pin import Code
    from sithsup.model import CardObject, KeyAlgorithm, ModuleInfo, TokenId, TokenInfo


class Token(Protocol):
    """One PKCS#11 module and whatever its readers hold. Every verb may raise `errors.CardError`."""

    def module(self) -> ModuleInfo:
        """Tell which module this is."""

    def readers(self) -> tuple[str, ...]:
        """Name every reader, with a card in it or not; an empty name where the module does not tell."""

    def unrecognized(self) -> tuple[str, ...]:
        """Name every reader with a card that shows no token: mute, the wrong way round, or of a kind unknown here."""

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Describe every token that is present and initialised; reads flags and mechanisms, needs no code."""

    def objects(self, token: TokenId) -> tuple[CardObject, ...]:
        """Read every object on a token as it is now, in as few calls as possible.

        Private keys are among them only after `log_in`. An object whose attributes cannot be read is still listed,
        with what could be read and an empty value.
        """

    def log_in(self, token: TokenId, code: Code | None) -> None:
        """Open a token with its code; None lets the reader's own PIN pad ask. Wipes the code in every case.

        Raises `CodeIncorrectError` (its `state` tells what the flags say now), `CodeLockedError`.
        A token that is open already stays open and the code is not sent.
        """

    def log_out(self, token: TokenId) -> None:
        """Close a token; one that is not open is left alone."""

    def unblock(self, token: TokenId, puk: Code, code: Code) -> None:
        """Give the code of a token a new value by means of its PUK code, and leave the token closed.

        Wipes both in every case. Before anything is sent: `UnblockElsewhereError` where no way is known that costs no
        try, `CodeNotLockedError`, `PukLockedError`, `CodeUnsuitableError`. After it: `PukIncorrectError` (its `state`
        tells what the flags say now), `PukLockedError`, `UnblockRefusedError`. Whatever it ends with, the flags are to
        be read again: the answer may have been lost.
        """

    def generate_key_pair(self, token: TokenId, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """Generate a pair on the card: sensitive, not extractable, with a public key object under the same id."""

    def sign(self, key: CardObject, data: bytes, code: Code | None = None) -> bytes:
        """Sign a message with a private key; the signature is as X.509 has it (see `model.Signer`).

        A key with CKA_ALWAYS_AUTHENTICATE needs its code once more for each signature: `CodeNeededError` is raised
        when it is missing (on a PIN pad the reader asks by itself).
        """

    def write_certificate(self, token: TokenId, certificate: bytes, key_id: bytes, label: str) -> None:
        """Write a certificate (DER) beside what is there."""

    def rename(self, found: CardObject, key_id: bytes, label: str) -> None:
        """Give an object another id and label."""

    def destroy(self, found: CardObject) -> None:
        """Destroy one object: the one that matches all of `found`. Raises `ObjectGoneError` when none does."""

    def renew(self) -> None:
        """Start the module anew: all that it remembers of a card is forgotten, and every token is closed."""

    def close(self) -> None:
        """Log out, let go of the module, and end the process that held it. Safe to call twice."""
