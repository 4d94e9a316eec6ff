"""Codes (PIN): a buffer that can be wiped, and who is asked for one (law 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sithsup.model import KeyRole, TokenInfo


USUAL_LENGTHS = range(4, 65)
"""Bytes of a code, where a token does not say: no card takes a shorter one, and none needs a longer one."""


class Code:
    """A code in a wipeable buffer. It cannot be printed, pickled, copied or compared.

    Whoever receives a code owns it and wipes it; leaving a `with` block wipes it too.
    """

    __slots__ = ("_buffer",)

    def __init__(self, buffer: bytearray) -> None:
        """Take over the buffer (UTF-8); it is overwritten when the code is wiped."""
        self._buffer = buffer

    def __enter__(self) -> bytearray:
        """Lend the bytes for the length of the block."""
        return self._buffer

    def __exit__(self, *_: object) -> None:
        """Wipe."""
        self.wipe()

    def __len__(self) -> int:
        """How many bytes; 0 once wiped."""
        return len(self._buffer)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Code(***)"

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        message = "a code is never pickled"
        raise TypeError(message)

    def wipe(self) -> None:
        """Overwrite the code and forget it."""
        self._buffer[:] = bytes(len(self._buffer))
        del self._buffer[:]


class CodeSource(Protocol):
    """Who knows the codes: a person at a terminal or window, or a deployment's standard input."""

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Ask for the code of one token, which opens keys of these roles.

        Called once for each time that a code is sent; nobody keeps it. Never called for a token with a PIN pad,
        a locked code, or (unless the person said yes to it) a last try: the source sees `token.code` and decides.
        None means that the person does not want to go on.
        """


def code_lengths(token: TokenInfo) -> range:
    """How long a code of a token may be, by its own word (ulMinPinLen, ulMaxPinLen), where that makes sense."""
    said = token.code_lengths
    return said if said and said.start > 0 else USUAL_LENGTHS
