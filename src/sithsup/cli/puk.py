"""Where the command line gets a PUK code and a new code from. Each is read into a buffer that can be wiped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.card.unblocking import is_suitable
from sithsup.cli.codes import read_hidden, read_line
from sithsup.errors import PukLastTryError, PukNotReadError, role_text
from sithsup.model import CodeState
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.model import KeyRole, TokenInfo
    from sithsup.unblock import PukSource


class StandardInputPuk:
    """The PUK code, then the new code, one a line. Nobody is there to answer, so no last try is spent."""

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Read the first line."""
        if token.puk is CodeState.FINAL_TRY:
            raise PukLastTryError(role=role_text(roles))
        return _line(roles)

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:  # noqa: ARG002
        """Read the second line."""
        return _line(roles)


class TerminalPuk:
    """A person at a terminal, who sees what is asked and types unseen."""

    def __init__(self, ask: Callable[[str], bool], say: Callable[[str], None], order: str) -> None:
        """`ask` puts a yes-or-no question; `order` tells who has no PUK code how to get one."""
        self._ask, self._say, self._order = ask, say, order

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Ask for the PUK code; the last try needs a yes of its own."""
        role = tr(role_text(roles))
        if token.puk is CodeState.FINAL_TRY and not self._ask(
            tr("Only one try is left for the PUK code ({role}). Are you sure that you know it?", role=role)
        ):
            raise PukLastTryError(role=role_text(roles))
        if self._order:
            self._say(self._order)
        buffer = _typed(tr("PUK code for {role}: ", role=role))
        return Code(buffer) if buffer else None

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:  # noqa: ARG002
        """Ask for a new code, twice; one that cannot be used, or is repeated wrong, is asked for again."""
        role = tr(role_text(roles))
        self._say(tr("Choose {shortest} to {longest} digits. The two codes should differ.", **_counts(allowed)))
        while buffer := _typed(tr("New code for {role}: ", role=role)):
            with Code(_typed(tr("The new code once more: "))) as again:
                is_same = again == buffer
            if is_same and is_suitable(buffer, allowed):
                return Code(buffer)
            Code(buffer).wipe()
            if is_same:
                self._say(tr("A code has {shortest} to {longest} digits, and nothing but digits.", **_counts(allowed)))
            else:
                self._say(tr("That was not the same twice. Nothing was sent to the card."))
        return None


class NoPuk:
    """For a standard input that is neither a terminal nor announced."""

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:  # noqa: ARG002  the protocol
        """Say that it is needed."""
        raise PukNotReadError(role=role_text(roles))

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:  # noqa: ARG002
        """Say that it is needed."""
        raise PukNotReadError(role=role_text(roles))


def puk_source(ask: Callable[[str], bool], say: Callable[[str], None], order: str, *, from_stdin: bool) -> PukSource:
    """Standard input where that was said, else the terminal where there is one."""
    if from_stdin:
        return StandardInputPuk()
    return TerminalPuk(ask, say, order) if sys.stdin.isatty() else NoPuk()


def _typed(prompt: str) -> bytearray:
    buffer = read_hidden(prompt)
    print(file=sys.stderr)  # the end of the line was not shown either
    return buffer


def _line(roles: frozenset[KeyRole]) -> Code:
    buffer = read_line()
    if not buffer:
        raise PukNotReadError("an empty line, or none", role=role_text(roles))
    return Code(buffer)


def _counts(allowed: range) -> dict[str, int]:
    return {"shortest": allowed.start, "longest": allowed.stop - 1}
