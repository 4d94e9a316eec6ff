"""Where the command line gets codes from. Each is read into a buffer that can be wiped, and kept by nobody."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.errors import CodeNotReadError, LastTryError, role_text
from sithsup.model import CodeState
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.card.pin import CodeSource
    from sithsup.model import KeyRole, TokenInfo

LONGEST = 64
"""No code is longer than this many bytes."""

_END_OF_LINE = (b"\n", b"\r", b"")
_INTERRUPT, _BACKSPACE = 3, (8, 127)


class StandardInputCodes:
    """One code a line on standard input: authentication first. Nobody is there to answer, so no last try is spent."""

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Read the next line."""
        if token.code is CodeState.FINAL_TRY:
            raise LastTryError(role=role_text(roles))
        buffer = read_line()
        if not buffer:
            raise CodeNotReadError("an empty line, or none", role=role_text(roles))
        return Code(buffer)


class TerminalCodes:
    """A person at a terminal, who sees what is asked and types unseen."""

    def __init__(self, ask: Callable[[str], bool]) -> None:
        """`ask` puts a yes-or-no question."""
        self._ask = ask

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Ask for a code; the last try needs a yes of its own."""
        role = tr(role_text(roles))
        if token.code is CodeState.FINAL_TRY and not self._ask(
            tr("Only one try is left for the {role} code. Are you sure that you know it?", role=role)
        ):
            raise LastTryError(role=role_text(roles))
        buffer = read_hidden(tr("Code for {role}: ", role=role))
        print(file=sys.stderr)
        return Code(buffer) if buffer else None


class NoCodes:
    """For commands that need no code, and for a standard input that is neither a terminal nor announced."""

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:  # noqa: ARG002  the protocol
        """Say that a code is needed."""
        raise CodeNotReadError(role=role_text(roles))


def code_source(ask: Callable[[str], bool], *, from_stdin: bool) -> CodeSource:
    """Standard input where that was said, else the terminal where there is one."""
    if from_stdin:
        return StandardInputCodes()
    return TerminalCodes(ask) if sys.stdin.isatty() else NoCodes()


def read_line() -> bytearray:
    """Read a line of standard input, byte by byte: nothing is read ahead into a buffer that nobody wipes."""
    buffer = bytearray()
    while (char := os.read(0, 1)) not in _END_OF_LINE and len(buffer) < LONGEST:
        buffer += char
    if char == b"\r":
        os.read(0, 1)
    return buffer


def read_hidden(prompt: str, longest: int = LONGEST) -> bytearray:
    """Read a line from the terminal without showing it, straight into a buffer (getpass makes a str of it).

    Nothing is asked before nothing is shown: whoever answers at once must not see the code.
    """
    if sys.platform == "win32":
        import msvcrt

        _ask(prompt)
        return _collect(lambda: msvcrt.getwch().encode(), longest)
    import termios

    before = termios.tcgetattr(0)
    silent = [*before]
    silent[3] = before[3] & ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(0, termios.TCSAFLUSH, silent)
    try:
        _ask(prompt)
        return _collect(lambda: os.read(0, 1), longest)
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def _ask(prompt: str) -> None:
    print(prompt, end="", file=sys.stderr, flush=True)


def _collect(read: Callable[[], bytes], longest: int) -> bytearray:
    buffer = bytearray()
    while (char := read()) not in _END_OF_LINE:
        if char[0] == _INTERRUPT:
            raise KeyboardInterrupt
        if char[0] in _BACKSPACE:
            del buffer[-1:]
        elif len(buffer) < longest:
            buffer += char
    return buffer
