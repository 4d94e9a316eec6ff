"""Keep the computer awake and running while the card is written: a courtesy. What really protects is the journal.

Linux asks logind (org.freedesktop.login1, Inhibit); Windows says why it must not shut down, and stays awake; macOS
holds a power assertion. A system that cannot be asked is left alone, and one that takes its time is not waited for:
nothing of this may stop an upgrade, nor the window.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

_log = logging.getLogger(__name__)

WHAT = "sleep:shutdown:idle:handle-lid-switch"
TIMEOUT = 2000
"""Milliseconds that logind may take to answer."""


class Inhibitor:
    """Holds the computer awake between `hold` and `release`. Both may be called twice, and neither waits."""

    def __init__(self) -> None:
        self._held: object = None
        self._window = 0

    @property
    def is_held(self) -> bool:
        """Whether the system has agreed."""
        return self._held is not None and _is_given(self._held)

    def hold(self, window: int, reason: str) -> None:
        """Ask the system to stay up. `window` is its native handle, `reason` what a person reads who wants it down."""
        if self._held is not None:
            return
        self._window = window
        with suppress(OSError, AttributeError):
            self._held = _hold(window, reason)

    def release(self) -> None:
        """Let the computer sleep again."""
        _log.info("the computer was %s", "held awake" if self.is_held else "not held awake: the system does not answer")
        held, self._held = self._held, None
        if held is not None:
            with suppress(OSError, AttributeError):
                _release(self._window, held)


if sys.platform == "win32":  # never run here: needs a Windows
    import ctypes

    _AWAKE, _CONTINUOUS = 0x00000001, 0x80000000

    def _hold(window: int, reason: str) -> object:
        ctypes.windll.user32.ShutdownBlockReasonCreate(ctypes.c_void_p(window), ctypes.c_wchar_p(reason))
        return ctypes.windll.kernel32.SetThreadExecutionState(_CONTINUOUS | _AWAKE)

    def _release(window: int, held: object) -> None:  # noqa: ARG001  the other systems need it
        ctypes.windll.user32.ShutdownBlockReasonDestroy(ctypes.c_void_p(window))
        ctypes.windll.kernel32.SetThreadExecutionState(_CONTINUOUS)

    def _is_given(held: object) -> bool:
        return bool(held)

elif sys.platform == "darwin":  # never run here: needs a Mac
    import ctypes

    _ON, _UTF_8 = 255, 0x08000100

    def _hold(window: int, reason: str) -> object:  # noqa: ARG001  the other systems need it
        power = ctypes.CDLL("/System/Library/Frameworks/IOKit.framework/IOKit")
        core = ctypes.CDLL("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation")
        core.CFStringCreateWithCString.restype = ctypes.c_void_p
        kind, why = (
            ctypes.c_void_p(core.CFStringCreateWithCString(None, text.encode(), _UTF_8))
            for text in ("PreventUserIdleSystemSleep", reason)
        )
        number = ctypes.c_uint32()
        return None if power.IOPMAssertionCreateWithName(kind, _ON, why, ctypes.byref(number)) else number

    def _release(window: int, held: object) -> None:  # noqa: ARG001  the other systems need it
        ctypes.CDLL("/System/Library/Frameworks/IOKit.framework/IOKit").IOPMAssertionRelease(held)

    def _is_given(held: object) -> bool:  # noqa: ARG001  the other systems need it
        return True

else:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

    system_bus = QDBusConnection.systemBus

    def _hold(window: int, reason: str) -> object:  # noqa: ARG001  the other systems need it
        """The question and, once it has come, its answer: a file descriptor, which holds as long as it is open."""
        message = QDBusMessage.createMethodCall(
            "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "Inhibit"
        )
        message.setArguments([WHAT, "sithsup", reason, "block"])
        return QDBusPendingCallWatcher(system_bus().asyncCall(message, TIMEOUT))

    def _release(window: int, held: object) -> None:
        """Nothing to do: descriptor and question go with the last reference to them; a later answer is closed."""

    def _is_given(held: object) -> bool:
        return isinstance(held, QDBusPendingCallWatcher) and held.isFinished() and not held.isError()
