"""What the computer's own log is told of a run: that it began, and how it ended.

It is for whoever watches many computers, and read by others than the person: no name, no number of a card, but the
outcome, the error code and the case code, by which support finds the rest. Where nobody listens nothing is lost.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from sithsup import __version__, logs
from sithsup.system_log.event import Event

if TYPE_CHECKING:
    from sithsup.errors import SithsupError

__all__ = ["Event", "attach", "began", "ended"]

_log = logging.getLogger(__name__)


def attach() -> None:
    """Let the computer's own log have what is told from now on; the program's own has it anyway."""
    logs.close(_log)
    _log.addHandler(logs.dressed(_handler(), line="%(message)s"))


def began(act: str) -> None:
    """Tell that a run begins."""
    _tell(Event.BEGAN, f"{act} began", version=__version__)


def ended(act: str, outcome: str | None, error: SithsupError | None, case_code: str) -> None:
    """Tell how it ended: what became of the card, and which error stopped the run, if any."""
    facts = {"outcome": outcome, "error": error.code if error else None, "case": case_code}
    event = Event.of(error)
    _tell(event, f"{act} {event.word}", **{name: str(fact) for name, fact in facts.items() if fact})


def _tell(event: Event, what: str, **facts: str) -> None:
    _log.info(what, extra={"event": event, "facts": facts})


def _handler() -> logging.Handler:
    if sys.platform == "win32":
        from sithsup.system_log.event_log import EventLog, advapi32  # noqa: PLC0415  only Windows has it

        return EventLog(advapi32())
    from sithsup.system_log.syslog import Syslog  # noqa: PLC0415  Windows has none

    return Syslog()
