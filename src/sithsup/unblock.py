"""A locked code gets a new value by means of its PUK code, for the window and the command line alike.

Ordering rules:

* Everything that can be said without a code is said before one is asked: that no way is known here, that nothing is
  locked, that the PUK code is.
* The card is ours alone before a code is asked, and is seen to be the same card before one is sent.
* A new code that cannot be used costs nothing: it is refused here.
* The PUK code is sent once. Its last try is the source's to refuse (`PukSource`).
* A return code proves nothing. After the call, and after every error, the flags are read: a code that was locked and
  is not any more has its new value, whatever was answered. Where they tell nothing, `is_changed` is None.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol, Self

from sithsup.card.session import Card, role_named
from sithsup.card.unblocking import lengths, require_suitable, require_way
from sithsup.card_lock import CardLock
from sithsup.errors import (
    CardError,
    CodeChoiceError,
    CodeNotLockedError,
    ModuleCrashedError,
    ModuleHungError,
    PukIncorrectError,
    PukLockedError,
    PukNeededError,
    SecondInstanceError,
    SithsupError,
    UnblockRefusedError,
)
from sithsup.journal import Journal, card_key
from sithsup.model import CodeState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.card.pin import Code
    from sithsup.card.token import Token
    from sithsup.model import CardContents, Clock, KeyRole, TokenContents, TokenId, TokenInfo

_log = logging.getLogger(__name__)

INTERRUPTED = 4
"""The exit code of an error that leaves an upgrade to be recovered; here it leaves none."""


class PukSource(Protocol):
    """Who knows the PUK code and chooses the new code: a person, or a deployment's standard input."""

    def puk(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:
        """Ask for the PUK code of a token; None where the person does not want to go on.

        Sees `token.puk` and decides: the last try needs a clear yes (`PukLastTryError`).
        """

    def new_code(self, token: TokenInfo, roles: frozenset[KeyRole], allowed: range) -> Code | None:
        """Ask for a new code of so many digits, twice where a person types it; None as above."""


class Unblock:
    """One card, one of whose codes is to get a new value. Use as a context manager."""

    def __init__(
        self,
        token: Token,
        contents: CardContents,
        *,
        folder: Path,
        locks: Path | None,
        clock: Clock,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep every other process away from the card. Raises `SecondInstanceError`; no code is asked yet.

        `folder` is where journals are, `locks` where the locks are that all accounts of this computer share.
        """
        self._token = token
        self._card = Card(token, contents, _NoCodes(), pause=pause)
        key = card_key(contents)
        self._lock = CardLock(locks, key)
        if self._lock.is_taken:
            raise SecondInstanceError("by the lock of the card")
        self._journal = Journal(folder, key, clock, create=False)  # its lock, should there be one
        self.is_sent = False
        """Whether the PUK code was sent."""
        self.is_changed: bool | None = False
        """Whether the code has its new value; None where that cannot be told."""

    def __enter__(self) -> Self:
        """Hold the card for the length of the block."""
        self._lock.take()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it; the token belongs to the caller."""
        self._journal.close()
        self._lock.release()

    @property
    def contents(self) -> CardContents:
        """The card as it was last seen, which may need another look."""
        return self._card.contents

    @property
    def codes(self) -> tuple[TokenContents, ...]:
        """Every token with a code that keys are opened with, as it was last seen; authentication first."""
        return tuple(token for token in self.contents.tokens if token.roles)

    def choose(self, role: KeyRole | None) -> TokenContents:
        """The code that is meant: that of a role, else the only one that is locked.

        Raises `CodeChoiceError` where several are locked, and all that stands against unblocking it.
        """
        meant = [token for token in self.codes if role in token.roles or role is None]
        locked = [token for token in meant if token.info.code is CodeState.LOCKED]
        if role is None and not locked:
            raise CodeNotLockedError(role="-")
        if len(locked) > 1 or not meant:
            raise CodeChoiceError(role="-")
        chosen = (locked or meant)[0]
        with role_named(chosen):
            require_way(self._token.module(), chosen.info)
        return chosen

    def unblock(self, chosen: TokenContents, source: PukSource) -> None:
        """Ask for the PUK code and a new code, and send them, once."""
        roles = chosen.roles
        with role_named(chosen):
            puk = source.puk(chosen.info, roles)
            if puk is None:
                raise PukNeededError("no PUK code")
            with puk:
                code = source.new_code(chosen.info, roles, lengths(chosen.info))
                if code is None:
                    raise PukNeededError("no new code")
                with code as digits:
                    require_suitable(chosen.info, digits)
                    self._card.refresh()  # that it is still the same card
                    self._send(chosen.info, puk, code)

    def _send(self, before: TokenInfo, puk: Code, code: Code) -> None:
        self.is_sent, self.is_changed = True, None
        answer: CardError | None = None
        try:
            self._card.unblock(before.id, puk, code)
        except CardError as error:
            answer = error
            _log.info("%s", error)
        after = self._look(before.id, answer)
        self.is_changed = _is_changed(before, after, answer)
        if self.is_changed:
            return
        raise _told(answer or UnblockRefusedError("the flags say so", answer="CKR_OK (0x0)"))

    def _look(self, token: TokenId, answer: CardError | None) -> TokenInfo | None:
        """The token as it is now; None where that cannot be seen. What hung or crashed is started anew for it."""
        try:
            if isinstance(answer, ModuleHungError | ModuleCrashedError):
                self._token.renew()
            tokens = self._card.refresh().tokens
        except SithsupError as error:
            _log.info("%s", error)
            return None
        return next(each.info for each in tokens if each.info.id == token)


def _is_changed(before: TokenInfo, after: TokenInfo | None, answer: CardError | None) -> bool | None:
    """Whether the code has its new value, by its flags; where they tell nothing, by a plain yes or no of the module."""
    if isinstance(answer, PukIncorrectError | PukLockedError | UnblockRefusedError):
        return False
    if after is None:
        return None
    if after.code is CodeState.LOCKED:
        return False
    return True if before.code is CodeState.LOCKED or answer is None else None


def _told(error: CardError) -> CardError:
    """The error as it ends here: whatever interrupted this, it has interrupted no upgrade."""
    error.exit_code = CardError.exit_code if error.exit_code == INTERRUPTED else error.exit_code
    return error


class _NoCodes:
    """Nobody is asked for a code: the card is never opened here."""

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:  # noqa: ARG002  the protocol
        """Give none."""
        return None
