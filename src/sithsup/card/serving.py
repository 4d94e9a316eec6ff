"""The card process from inside: it loads the module, and answers what `process` asks, where the rules stand."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sithsup.card.pin import Code
from sithsup.errors import CardError, SithsupError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from sithsup.card.call import Call

END_TIME_OUT = 1.0
"""Seconds for the process to end by itself."""
ALARM_MARGIN = 2.0
"""Seconds that the process gives its parent to end it first."""
STANDARD_ERROR = 2
CODE_ROOM = 16385
"""Bytes of the message that carries a code. `Connection` copies shorter ones into a new, unwipeable buffer first."""


class SentError:
    """An error on its way through the pipe: by itself an exception with keyword data does not survive pickling."""

    def __init__(self, error: SithsupError) -> None:
        """Take it apart."""
        self._kind = type(error)
        self._data = dict(vars(error))

    def error(self) -> SithsupError:
        """Put it together again, data and all."""
        error = self._kind.__new__(self._kind, self._data["detail"])
        vars(error).update(self._data)
        return error


def serve(pipe: Connection, module_path: str, reader: str | None, time_out: float, is_told: bool) -> None:  # noqa: FBT001
    """The whole life of the card process."""
    _leave_the_terminal()
    _set_alarm(time_out + ALARM_MARGIN)
    from sithsup.card.pkcs11 import Pkcs11Token  # noqa: PLC0415  only this process ever loads PyKCS11

    def tell(call: Call) -> None:
        with suppress(OSError):  # nobody listens any more: the act goes on
            pipe.send(call)

    try:
        token = Pkcs11Token(module_path, reader, tell if is_told else None)
    except CardError as error:
        pipe.send(SentError(error))
        return
    _set_alarm(0)
    with suppress(EOFError, OSError):  # the parent is gone, or has closed
        pipe.send(None)
        while True:
            _serve_one(pipe, token)
    _set_alarm(END_TIME_OUT)
    token.close()
    os._exit(0)  # nothing else is to be put in order, and the parent waits


def _serve_one(pipe: Connection, token: Any) -> None:
    verb, arguments, codes, seconds = pipe.recv()
    arguments = (*arguments, *(_receive_code(pipe) for _ in range(codes)))
    if verb == "log_in" and not codes:
        arguments = (*arguments, None)
    _set_alarm(seconds + ALARM_MARGIN)
    try:
        answer = getattr(token, verb)(*arguments)
    except SithsupError as error:
        answer = SentError(error)
    except Exception as error:  # noqa: BLE001  a fault of ours: the parent reports it, this process goes on
        answer = SentError(SithsupError(f"{type(error).__name__} in {verb}: {error}"))
    _set_alarm(0)
    pipe.send(answer)


def _receive_code(pipe: Connection) -> Code:
    padded = bytearray(CODE_ROOM)
    pipe.recv_bytes_into(padded)
    with Code(padded):
        return Code(padded[: padded.index(0)])


def _set_alarm(seconds: float) -> None:
    """End this process then; 0 disarms. A thread without the interpreter lock does it, so it works during a C call."""
    if seconds:
        faulthandler.dump_traceback_later(seconds, exit=True, file=STANDARD_ERROR)
    else:
        faulthandler.cancel_dump_traceback_later()


def _leave_the_terminal() -> None:
    """No signals from it, nothing to read from it and nothing to print on it (modules print what they like)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, STANDARD_ERROR):
        os.dup2(nowhere, stream)
    _leave_the_session()


if sys.platform == "win32":

    def _leave_the_session() -> None:
        """Outlive the console's window; no dialogue and no memory dump, which would hold the codes, after a crash."""
        import ctypes  # noqa: PLC0415
        import msvcrt  # noqa: PLC0415

        ctypes.WinDLL("kernel32").FreeConsole()
        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX)

else:

    def _leave_the_session() -> None:
        """Outlive the terminal; no memory dump, which would hold the codes, after a crash."""
        import resource  # noqa: PLC0415  not on Windows

        with suppress(OSError):  # a group leader already
            os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
