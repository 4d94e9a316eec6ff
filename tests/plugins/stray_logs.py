"""Fails a test that leaves a warning or an error in the log which it did not expect.

A test that expects one asks for `caplog`, looks at the record, and then says so with `caplog.clear()`:

    assert "cannot reach the reader" in caplog.text
    caplog.clear()
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PHASES = ("setup", "call", "teardown")


@pytest.fixture(autouse=True)
def _no_stray_logs(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    stray = [
        f"{record.levelname} {record.name}: {record.getMessage()}"
        for phase in PHASES
        for record in caplog.get_records(phase)  # type: ignore[arg-type] # the names are pytest's own literals
        if record.levelno >= logging.WARNING
    ]
    if stray:
        pytest.fail(
            "stray log records (look at them in caplog, then caplog.clear()):\n" + "\n".join(stray),
            pytrace=False,
        )
