"""The C library's syslog(3): journald on Linux, the unified log on macOS. Where nobody listens it does nothing."""

from __future__ import annotations

import logging
import syslog

from sithsup.system_log.event import Event

IDENTITY = "sithsup"
PRIORITIES = {Event.FAILED: syslog.LOG_WARNING}
"""Of all others it is LOG_INFO."""


class Syslog(logging.Handler):
    """Writes what is told of a run; `journalctl --identifier sithsup` shows it."""

    def __init__(self) -> None:
        """Say who writes."""
        super().__init__()
        syslog.openlog(IDENTITY, syslog.LOG_PID, syslog.LOG_USER)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry."""
        syslog.syslog(PRIORITIES.get(Event.in_record(record), syslog.LOG_INFO), self.format(record))
