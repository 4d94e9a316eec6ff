"""What the computer's own log is told of a run in the window: the same as of one at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.flow import Page
from tests.support.kept import everything_kept
from tests.ui.live import live

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.kept import Kept


def entries(kept: Kept) -> list[str]:
    """Each entry: its words, and the names of its facts."""
    told = [record for record in kept.records if record.name == "sithsup.system_log"]
    return [" ".join((record.getMessage(), *vars(record)["facts"])) for record in told]


def test_a_run_in_the_window_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with everything_kept() as kept, live(tmp_path, monkeypatch) as desk:
        desk.go_to(Page.DONE)
    assert entries(kept) == ["upgrade began version", "upgrade succeeded outcome case"]


def test_so_is_one_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with everything_kept() as kept, live(tmp_path, monkeypatch) as desk:
        desk.go_to(Page.INTERRUPTED)
    assert entries(kept) == ["upgrade began version", "upgrade failed outcome error case"]
