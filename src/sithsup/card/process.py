"""The card process: the PKCS#11 module one spawned process away, behind the same `Token` protocol.

Why a process (measured): the binding holds the interpreter lock during every call, so a key generation would freeze
the window; a vendor's module may hang or crash; and a module keeps a copy of the code in its memory until its process
ends. The rules of the two sides:

* Frozen values cross, pickled, in strict turns of question and answer. Errors cross as themselves. Where the log is
  to have each call (TRAFFIC), any number of calls crosses before an answer; what is in them, `traffic` decides.
* A code crosses as raw bytes beside the question, never pickled, and is wiped at both ends.
* A verb has a time. When it is over the process is killed, and the proxy says `ModuleHungError` for ever after. A
  process that ends by itself is seen as end-of-file: `ModuleCrashedError`.
* The process ends with its parent: end-of-file on its pipe ends it, after the call that it is in. A call that never
  comes back is ended by the process's own alarm, since nobody else may be left to end it.
* It is deaf to the terminal and to requests to end: a Ctrl-C must not cut a write to the card in two.
* In a frozen program the process is the program itself, sent here by `freeze_support` (docs/adr/0007).
"""

from __future__ import annotations

import atexit
import logging
import math
import multiprocessing
import threading
import time
from contextlib import ExitStack, suppress
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, Self

from sithsup.card.call import Call
from sithsup.card.pin import Code
from sithsup.card.serving import CODE_ROOM, END_TIME_OUT, SentError, serve
from sithsup.errors import (
    CardError,
    ModuleCrashedError,
    ModuleCrashesError,
    ModuleHungError,
    ModuleNotStartingError,
    SithsupError,
)
from sithsup.logs import TRAFFIC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sithsup.card.slot_info import SlotInfo
    from sithsup.model import CardObject, KeyAlgorithm, ModuleInfo, TokenId, TokenInfo

_log = logging.getLogger(__name__)

TIME_OUT = 60.0
"""Seconds for any verb but one. A PIN pad gives up before."""
GENERATION_TIME_OUT = 360.0
"""Seconds: an old card needs minutes for an RSA key."""


class CardProcess:
    """A `Token` in a process of its own. Use it as a context manager, or call `close`."""

    def __init__(
        self,
        module_path: str,
        *,
        reader: str | None = None,
        time_out: float = TIME_OUT,
        generation_time_out: float = GENERATION_TIME_OUT,
        in_all: float = math.inf,
    ) -> None:
        """Start the process, which loads the module by itself: `wait` for that, or ask the first question.

        With a `reader`, no card in another one is asked for anything. `in_all` is how many seconds all questions
        together may take, for somebody who only looks: the process is then left behind, and ends when its call does, or
        its own time is over.
        """
        self._module_path, self._reader = module_path, reader
        self._in_all, self._deadline = in_all, time.monotonic() + in_all
        self._time_out = time_out
        self._generation_time_out = generation_time_out
        self._turn = threading.RLock()  # one question at a time, whoever asks
        self._start()

    def _start(self) -> None:
        self._is_loaded = False
        self._outstanding = 0.0  # the time of a verb whose answer was never fetched, as after a Ctrl-C
        self._death: CardError | None = None
        self._call: Call | None = None  # the one that is under way, where calls are told of
        self._is_told = _log.isEnabledFor(TRAFFIC)
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._module_path, self._reader, self._time_out, self._is_told)
        self._process = context.Process(target=serve, args=arguments, name="card", daemon=True)
        self._process.start()
        theirs.close()  # else its end would never be seen as end-of-file
        atexit.register(self.close)

    def __enter__(self) -> Self:
        """Give the token, with its module loaded."""
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id, for the support report and for tests."""
        return self._process.pid

    # ---------------------------------------------------------------------------------------- the verbs

    def module(self) -> ModuleInfo:
        """Tell which module this is."""
        found: ModuleInfo = self._ask("module")
        return found

    def readers(self) -> tuple[str, ...]:
        """Name every reader."""
        found: tuple[str, ...] = self._ask("readers")
        return found

    def slots(self) -> tuple[SlotInfo, ...]:
        """Describe every slot, for support."""
        found: tuple[SlotInfo, ...] = self._ask("slots")
        return found

    def unrecognized(self) -> tuple[str, ...]:
        """Name every reader with a card of which no token is shown."""
        found: tuple[str, ...] = self._ask("unrecognized")
        return found

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Describe every token."""
        found: tuple[TokenInfo, ...] = self._ask("tokens")
        return found

    def objects(self, token: TokenId) -> tuple[CardObject, ...]:
        """Read every object on a token."""
        found: tuple[CardObject, ...] = self._ask("objects", token)
        return found

    def log_in(self, token: TokenId, code: Code | None) -> None:
        """Open a token."""
        self._ask_with_code("log_in", code, token)

    def log_out(self, token: TokenId) -> None:
        """Close a token."""
        self._ask("log_out", token)

    def unblock(self, token: TokenId, puk: Code, code: Code) -> None:
        """Give a token's code a new value."""
        self._ask_with_codes("unblock", (puk, code), token)

    def generate_key_pair(self, token: TokenId, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """Generate a pair on the card; the one verb with a longer time."""
        self._ask("generate_key_pair", token, algorithm, key_id, label, time_out=self._generation_time_out)

    def sign(self, key: CardObject, data: bytes, code: Code | None = None) -> bytes:
        """Sign with a private key."""
        signature: bytes = self._ask_with_code("sign", code, key, data)
        return signature

    def write_certificate(self, token: TokenId, certificate: bytes, key_id: bytes, label: str) -> None:
        """Write a certificate."""
        self._ask("write_certificate", token, certificate, key_id, label)

    def rename(self, found: CardObject, key_id: bytes, label: str) -> None:
        """Give an object another id and label."""
        self._ask("rename", found, key_id, label)

    def destroy(self, found: CardObject) -> None:
        """Destroy one object."""
        self._ask("destroy", found)

    def renew(self) -> None:
        """End the process and start another one."""
        with self._turn:
            self.close()
            self._start()

    def close(self) -> None:
        """End the process: it sees end-of-file and logs out. One that is at fault is killed.

        A call that a Ctrl-C left behind is never cut: its process ends by itself when the call is done.
        """
        atexit.unregister(self.close)
        if self._is_told and self._is_loaded and not (self._death or self._outstanding):
            with suppress(SithsupError):  # so that the last calls are told of too
                self._ask("close", time_out=END_TIME_OUT)
        self._pipe.close()
        self._process.join(END_TIME_OUT)
        if self._process.is_alive() and not self._outstanding:
            self._process.kill()
            self._process.join()
        self._death = self._death or ModuleCrashedError("the card process was closed")

    def kill(self) -> None:
        """End the process at once, from any thread; whoever waits for an answer gets `ModuleCrashedError`."""
        self._process.kill()

    # --------------------------------------------------------------------------------- question and answer

    def wait(self) -> None:
        """Wait until the module is loaded; raises `ModuleBrokenError` or `ModuleNotStartingError`."""
        if self._is_loaded:
            return
        self._require_alive()
        try:
            self._answer(self._time_out)
        except ModuleCrashedError as error:
            self.close()
            raise self._dead(ModuleCrashesError(error.detail, path=self._module_path)) from error
        except ModuleHungError as error:
            self.close()
            raise self._dead(ModuleNotStartingError(error.detail, path=self._module_path, **error.values)) from error
        except BaseException:
            self.close()
            raise
        self._is_loaded = True

    def _ask_with_code(self, verb: str, code: Code | None, *arguments: object) -> Any:
        return self._ask_with_codes(verb, () if code is None else (code,), *arguments)

    def _ask_with_codes(self, verb: str, codes: tuple[Code, ...], *arguments: object) -> Any:
        with ExitStack() as wiped:
            lent = [wiped.enter_context(code) for code in codes]
            padded = [wiped.enter_context(Code(bytearray(CODE_ROOM))) for _ in codes]
            for digits, room in zip(lent, padded, strict=True):
                room[: len(digits)] = digits
            return self._ask(verb, *arguments, codes=padded)

    def _ask(
        self, verb: str, *arguments: object, codes: Sequence[bytearray] = (), time_out: float | None = None
    ) -> Any:
        """Ask one question and wait for its answer."""
        with self._turn:
            return self._exchange(verb, arguments, codes, self._time_out if time_out is None else time_out)

    def _exchange(self, verb: str, arguments: tuple[object, ...], codes: Sequence[bytearray], seconds: float) -> Any:
        self.wait()
        self._require_alive()
        if self._outstanding:
            with suppress(SithsupError):  # the answer to a question that was given up: the card is read again anyway
                self._answer(self._outstanding)
        self._outstanding = seconds
        try:
            self._pipe.send((verb, arguments, len(codes), seconds))
            for code in codes:
                self._pipe.send_bytes(code)
        except OSError as error:
            raise self._dead(ModuleCrashedError(f"{verb}: exit code {self._end()}")) from error
        return self._answer(seconds)

    def _require_alive(self) -> None:
        if self._death is not None:
            raise type(self._death)(self._death.detail, **self._death.values) from None

    def _answer(self, seconds: float) -> Any:
        limit = time.monotonic() + seconds
        try:
            while isinstance(answer := self._receive(limit, seconds), Call):
                self._call = None if answer.answer else answer
                if answer.answer:
                    answer.tell(_log)
        except (EOFError, OSError) as error:
            raise self._dead(ModuleCrashedError(f"exit code {self._end()}")) from error
        self._outstanding = 0.0
        if isinstance(answer, SentError):
            raise answer.error()
        return answer

    def _receive(self, limit: float, seconds: float) -> Any:
        """What comes next before `limit`. Raises `ModuleHungError`; EOFError or OSError when the process has ended."""
        ends = min(limit, self._deadline)
        if not connection.wait((self._pipe, self._process.sentinel), max(0.0, ends - time.monotonic())):
            raise self._hung(seconds, is_killed=limit <= self._deadline)
        if not self._pipe.poll():  # it ended before it took its end of the pipe, which Windows keeps open for it
            raise EOFError
        return self._pipe.recv()

    def _hung(self, seconds: float, *, is_killed: bool) -> CardError:
        """End the process, unless somebody only looked: one that is killed in a transaction has its card reset."""
        given = f"{min(seconds, self._in_all):g}"
        death = self._dead(ModuleHungError(f"no answer in {given} s", seconds=given))
        if is_killed:
            self._process.kill()
            self._process.join()
        else:
            self._outstanding = seconds  # it ends by itself, in order, after the call that it is in
        return death

    def _end(self) -> int | None:
        """Wait for the end of a process that has closed its pipe; its exit code, negative for a signal."""
        self._process.join(END_TIME_OUT)
        return self._process.exitcode

    def _dead(self, death: CardError) -> CardError:
        self._outstanding = 0.0
        self._death = death
        if self._call:  # it hangs, or has ended the process
            self._call.tell(_log)
            self._call = None
        return death
