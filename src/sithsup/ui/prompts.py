"""The person as a source of codes: the worker asks and waits, the window answers.

A code that was typed is handed over once and kept by nobody. None is an answer too: the person does not want to go on.
While an answer is waited for, the card is looked after: nobody is left with a question about a card that has gone.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.errors import PukLastTryError, role_text
from sithsup.model import CodeState
from sithsup.ui.seen import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.model import KeyRole, TokenId, TokenInfo


class Prompts:
    """A `card.pin.CodeSource`. `code` is called in the worker's thread, everything else in the window's."""

    def __init__(self, ask: Callable[[Wanted], None], look_after: Callable[[TokenId], float]) -> None:
        """`ask` makes a request reach the window.

        `look_after` raises when a token has gone, and tells after how many seconds it is to be looked after again.
        """
        self._ask, self._look_after = ask, look_after
        self._given: dict[TokenId, bytearray] = {}
        self._sure: frozenset[TokenId] = frozenset()
        self._lock = Lock()
        self._asked: SimpleQueue[bytearray | None] | None = None
        """Where the answer to the request under way goes; None while there is none."""

    def give(self, codes: dict[TokenId, bytearray], sure: frozenset[TokenId] = frozenset()) -> None:
        """Lay down what was typed before the run begins; `sure` are those whose last try the person agrees to."""
        self.forget()
        self._given, self._sure = codes, sure

    def answer(self, code: bytearray | None) -> None:
        """Answer the request that is under way; an answer that comes too late is wiped."""
        with self._lock:
            asked, self._asked = self._asked, None
        if asked is not None:
            asked.put(code)
        elif code:
            Code(code).wipe()

    def forget(self) -> None:
        """Wipe what nobody came for."""
        for buffer in self._given.values():
            Code(buffer).wipe()
        self._given, self._sure = {}, frozenset()

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Take what lies there for this token, once; else ask, and wait.

        What was typed before it was known that only one try is left is wiped, and asked for again.
        """
        typed = self._given.pop(token.id, None)
        if typed is not None and token.code is CodeState.FINAL_TRY and token.id not in self._sure:
            Code(typed).wipe()
            typed = None
        if typed is None:
            typed = self._answer_about(token, roles)
        return Code(typed) if typed else None

    def _answer_about(self, token: TokenInfo, roles: frozenset[KeyRole]) -> bytearray | None:
        asked: SimpleQueue[bytearray | None] = SimpleQueue()
        with self._lock:
            self._asked = asked
        self._ask(Wanted(token, roles))
        try:
            while True:
                with suppress(Empty):
                    return asked.get(timeout=self._look_after(token.id))
        finally:
            with self._lock:
                self._asked = None
            with suppress(Empty):
                if late := asked.get_nowait():  # given just as the card went
                    Code(late).wipe()


class Puks:
    """A `sithsup.unblock.PukSource`: gives what the window has laid down, once, and asks nobody.

    `lay` is called in the window's thread, before the order is sent; everything else in the worker's.
    """

    def __init__(self) -> None:
        self._puk, self._code, self._may_be_last = bytearray(), bytearray(), False

    def lay(self, puk: bytearray, code: bytearray, *, may_be_last: bool) -> None:
        """Lay down what was typed; `may_be_last` is the person's yes to the last try of the PUK code."""
        self.forget()
        self._puk, self._code, self._may_be_last = puk, code, may_be_last

    def forget(self) -> None:
        """Wipe what nobody came for, and the yes."""
        for buffer in (self._puk, self._code):
            Code(buffer).wipe()
        self._may_be_last = False

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Give the PUK code, if need be with the yes."""
        if token.puk is CodeState.FINAL_TRY and not self._may_be_last:
            raise PukLastTryError(role=role_text(roles))
        self._puk, given = bytearray(), self._puk
        return Code(given) if given else None

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:  # noqa: ARG002
        """Give the new code; whether it can be used is the caller's to see."""
        self._code, given = bytearray(), self._code
        return Code(given) if given else None
