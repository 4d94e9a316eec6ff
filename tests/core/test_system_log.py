"""What the computer's own log is told of a run, and by which calls; from end to end: tests/e2e/test_log.py."""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import __version__, logs, system_log
from sithsup.errors import (
    CardRemovedError,
    CodeIncorrectError,
    InterruptedByPersonError,
    NotBegunError,
    NotEligibleError,
    SithsupError,
)
from sithsup.model import CodeState
from sithsup.situation import Outcome
from sithsup.system_log import Event
from sithsup.system_log.event_log import EventLog

if TYPE_CHECKING:
    from collections.abc import Iterator

CASE = "TESTTEST"
ENDINGS = [
    pytest.param(Outcome.UPGRADED, None, CASE, f"upgrade succeeded outcome=upgraded case={CASE}", id="done"),
    pytest.param(None, None, "", "upgrade succeeded", id="nothing to do"),
    pytest.param(
        None, NotEligibleError(exit_code=0, reasons=()), "", "upgrade succeeded error=SU-5001", id="upgraded already"
    ),
    pytest.param(
        Outcome.INTERRUPTED,
        CardRemovedError("Testa Åkesson"),
        CASE,
        f"upgrade failed outcome=interrupted error=SU-1006 case={CASE}",
        id="pulled",
    ),
    pytest.param(
        None, CodeIncorrectError(state=CodeState.OK), CASE, f"upgrade failed error=SU-1101 case={CASE}", id="wrong code"
    ),
    pytest.param(
        Outcome.INTERRUPTED,
        InterruptedByPersonError(works=True, may_restore=True),
        CASE,
        f"upgrade failed outcome=interrupted error=SU-5007 case={CASE}",
        id="stopped half-way",
    ),
    pytest.param(None, SithsupError("Testa Åkesson"), "", "upgrade failed error=SU-9001", id="a bug"),
    pytest.param(None, NotBegunError(), "", "upgrade cancelled error=SU-5006", id="not wanted"),
]
KINDS = {"succeeded": Event.SUCCEEDED, "failed": Event.FAILED, "cancelled": Event.CANCELLED}


class Kept(logging.Handler):
    """Every entry: what happened, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[Event, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.entries.append((Event.in_record(record), self.format(record)))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Give a computer's log that keeps what it is told."""
    handler, log = Kept(), logging.getLogger("sithsup.system_log")
    monkeypatch.setattr(system_log, "_handler", lambda: handler)
    log.setLevel(logging.INFO)
    system_log.attach()
    yield handler
    logs.close(log)
    log.setLevel(logging.NOTSET)


@pytest.mark.parametrize(("outcome", "error", "case", "text"), ENDINGS)
def test_how_a_run_ended(kept: Kept, outcome: Outcome | None, error: SithsupError | None, case: str, text: str) -> None:
    """The outcome, the error code and the case code, as far as there are any; no detail of an error."""
    system_log.ended("upgrade", outcome, error, case)
    assert kept.entries == [(KINDS[text.split()[1]], text)]


def test_that_a_run_began(kept: Kept) -> None:
    system_log.began("restore")
    assert kept.entries == [(Event.BEGAN, f"restore began version={__version__}")]


def test_practice_is_told_to_nobody(kept: Kept) -> None:
    thread = threading.Thread(target=system_log.began, args=("upgrade",), name=f"{logs.PRACTICE}_0")
    thread.start()
    thread.join()
    assert kept.entries == []


def test_attached_twice_it_is_told_once(kept: Kept) -> None:
    system_log.attach()
    system_log.began("upgrade")
    assert len(kept.entries) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no syslog")
def test_which_calls_syslog_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure stands out; who writes is said first."""
    import syslog  # noqa: PLC0415  not on Windows

    called: list[tuple[object, ...]] = []
    for name in ("openlog", "syslog"):
        monkeypatch.setattr(syslog, name, lambda *arguments, name=name: called.append((name, *arguments)))
    handler = logs.dressed(system_log._handler(), line="%(message)s")
    for event in Event:
        handler.handle(record(event))
    assert called == [
        ("openlog", "sithsup", syslog.LOG_PID, syslog.LOG_USER),
        *(("syslog", syslog.LOG_WARNING if event is Event.FAILED else syslog.LOG_INFO, TEXT) for event in Event),
    ]


TEXT = "upgrade … 100 %"


def record(event: Event) -> logging.LogRecord:
    """What is told of an event."""
    return logging.makeLogRecord({"msg": TEXT, "event": event, "levelno": logging.INFO, "levelname": "INFO"})


class FakeAdvapi32:
    """Windows' event log, or one that refuses everything."""

    def __init__(self, handle: int | None = 77) -> None:
        self.handle = handle
        self.entries: list[tuple[Any, ...]] = []
        self.opened: list[str] = []
        self.closed: list[int] = []

    def RegisterEventSourceW(self, server: None, source: str, /) -> int | None:  # noqa: N802
        self.opened.append(source)
        return self.handle

    def ReportEventW(self, source: int, /, *arguments: Any) -> int:  # noqa: N802
        kind, category, event, user, count, size, texts, data = arguments
        assert isinstance(texts, ctypes.Array)
        assert (source, category, user, size, data) == (77, 0, None, 0, None)
        self.entries.append((kind, event, list(texts)[:count]))
        return 0

    def DeregisterEventSource(self, source: int, /) -> int:  # noqa: N802
        self.closed.append(source)
        return 1


def test_which_calls_the_event_log_gets() -> None:
    """Numbers and kinds by which a rule finds them (winnt.h), and one text."""
    library = FakeAdvapi32()
    handler = logs.dressed(EventLog(library), line="%(message)s")
    for event in Event:
        handler.handle(record(event))
    assert library.entries == [(4, 1, [TEXT]), (4, 2, [TEXT]), (2, 3, [TEXT]), (4, 4, [TEXT])]
    assert library.opened == ["sithsup"] * 4
    assert library.closed == [77] * 4


def test_an_event_log_that_refuses_is_nobody_s_trouble(capsys: pytest.CaptureFixture[str]) -> None:
    library = FakeAdvapi32(handle=None)
    logs.dressed(EventLog(library), line="%(message)s").handle(record(Event.FAILED))
    assert (library.entries, library.closed) == ([], [])
    assert capsys.readouterr() == ("", "")
