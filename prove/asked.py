"""What `./dev prove --real` asks of the person at the terminal, or reads from a pipe in their place: word by word.

Everything is read from standard input byte by byte: nothing is read ahead, so a code is never in a buffer of Python's.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.cli.codes import code_source
from sithsup.errors import CodeNeededError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sithsup.card.pin import CodeSource
    from sithsup.model import KeyRole, TokenId, TokenInfo

LONGEST = 200
"""Bytes of an answer."""


def ask(question: str) -> str:
    """Put a question; the line that is answered, empty when nobody is there."""
    print(question, end="", file=sys.stderr, flush=True)
    answer = bytearray()
    while (char := os.read(0, 1)) not in (b"\n", b"") and len(answer) < LONGEST:
        answer += char
    return answer.decode("utf-8", "replace").strip()


def agrees(question: str) -> bool:
    """Whether the answer to a question is yes."""
    return ask(f"{question} [y/N] ").lower() in {"y", "yes"}


def wait_for(act: str) -> None:
    """Wait until the person says that they did something with their hands."""
    ask(f"{act}, then press Enter. ")


class KeptCodes:
    """Asks for each code once and keeps it for the runs of the program, in memory alone. `wipe` them at the end.

    Whoever finds that a code was refused must not go on: it would be sent again.
    """

    def __init__(self, source: CodeSource | None = None) -> None:
        """Ask the terminal where there is one; else the codes are the next lines of standard input."""
        self._source = source or code_source(agrees, from_stdin=not sys.stdin.isatty())
        self._kept: dict[TokenId, bytearray] = {}

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """A copy of the code of a token; None when the person does not want to give one."""
        if token.id not in self._kept:
            try:
                asked = self._source.code(token, roles)
            except CodeNeededError:
                asked = None
            if asked is None:
                return None
            with asked as digits:
                self._kept[token.id] = bytearray(digits)
        return Code(bytearray(self._kept[token.id]))

    def pipe(self, tokens: Iterable[TokenId]) -> int:
        """The end of a pipe from which `--pin-stdin` reads the codes of these tokens, one a line."""
        reading, writing = os.pipe()
        for token in tokens:
            if token in self._kept:
                os.write(writing, self._kept[token])
                os.write(writing, b"\n")
        os.close(writing)
        return reading

    def wipe(self) -> None:
        """Overwrite every code and forget it."""
        for kept in self._kept.values():
            Code(kept).wipe()
        self._kept.clear()
