"""Windows' event log, through advapi32: the entries stand under “Application”, by the source `sithsup`.

Whoever has not registered the source with a file of messages (an installer's work) sees Windows' own remark before the
text; the text itself, the number and the kind are there all the same.
"""

from __future__ import annotations

import ctypes
import logging
import sys
from ctypes import c_uint16, c_uint32, c_void_p, c_wchar_p
from typing import Protocol

from sithsup.system_log.event import Event

SOURCE = "sithsup"
WARNING, INFORMATION = 2, 4
"""EVENTLOG_WARNING_TYPE and EVENTLOG_INFORMATION_TYPE."""
KINDS = {Event.FAILED: WARNING}
"""Of all others it is INFORMATION."""


class Advapi32(Protocol):
    """The calls that are needed; a handle is None where there is none."""

    def RegisterEventSourceW(self, server: None, source: str, /) -> int | None: ...  # noqa: N802  Windows' own names

    def ReportEventW(self, source: int, /, *arguments: object) -> int: ...  # noqa: N802

    def DeregisterEventSource(self, source: int, /) -> int: ...  # noqa: N802


class EventLog(logging.Handler):
    """Writes what is told of a run; a refusal is nobody's trouble."""

    def __init__(self, library: Advapi32) -> None:
        """Nothing is opened yet."""
        super().__init__()
        self._library = library

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry."""
        source = self._library.RegisterEventSourceW(None, SOURCE)
        if not source:
            return
        event = Event.in_record(record)
        texts = (c_wchar_p * 1)(self.format(record))
        self._library.ReportEventW(source, KINDS.get(event, INFORMATION), 0, event, None, 1, 0, texts, None)
        self._library.DeregisterEventSource(source)


if sys.platform == "win32":

    def advapi32() -> Advapi32:
        """Load it, and tell ctypes how wide its handles are."""
        library = ctypes.WinDLL("advapi32")
        library.RegisterEventSourceW.argtypes = (c_wchar_p, c_wchar_p)
        library.RegisterEventSourceW.restype = c_void_p
        library.DeregisterEventSource.argtypes = (c_void_p,)
        library.ReportEventW.argtypes = (
            *(c_void_p, c_uint16, c_uint16, c_uint32, c_void_p),
            *(c_uint16, c_uint32, ctypes.POINTER(c_wchar_p), c_void_p),
        )
        return library
