"""A file that is whole or not there, whatever fails while it is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is there already."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def failing_at(call: int) -> Callable[[int], None]:
    """A sync that fails at this call, counted from 1: of the file first, then of its folder."""
    calls = iter(range(1, 3))

    def sync(_descriptor: int) -> None:
        if next(calls) == call:
            raise OSError(5, "Input/output error")

    return sync


def test_what_cannot_be_written_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing beside it."""
    monkeypatch.setattr(os, "fsync", failing_at(1))
    with pytest.raises(OSError, match="Input/output"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_synced_is_told_in_the_log(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The new content is in its place: whoever wrote it must not take it for not written."""
    monkeypatch.setattr(os, "fsync", failing_at(2))
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert f"cannot sync the folder {path.parent}" in caplog.text
    caplog.clear()
