"""The log: where it is, whether it can be written, and the end of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sithsup import os_words
from sithsup.diagnostics.log_lines import told
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Word, foreign, place
from sithsup.errors import LogUnwritableError
from sithsup.logs import FILE
from sithsup.texts import mark
from sithsup.whole_file import nearest, try_to_write

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.diagnostics.scene import Scene

LINES = 40
"""How many are told, the last ones."""
BYTES = 64 * 1024
"""As much of the end of the file is read."""


def log(scene: Scene) -> Found:
    """Where the log is, and its last lines as far as they may be told."""
    path = scene.settings.logs / FILE
    end, size, changed = _end(path)
    lines = list(told(end.splitlines()))[-LINES:]
    cannot = _problem(path.parent)
    facts = (
        Fact("file", mark("File"), place(path)),
        Fact("is-there", mark("Is there"), changed is not None),
        Fact("bytes", mark("Size in bytes"), size),
        Fact("changed", mark("Written last"), changed),
        Fact("is-writable", mark("Can be written to"), cannot is None),
    )
    said = tuple(Fact(f"line-{number}", mark("Line"), foreign(line)) for number, line in enumerate(lines, 1))
    groups = (Group("last-lines", Word(path.name), said),) if said else ()
    return Found(facts, groups, (Problem(cannot),) if cannot else ())


def _end(path: Path) -> tuple[str, int | None, datetime | None]:
    """The end of the file, its size, and when it was written last."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - BYTES))
            text = file.read().decode("utf-8", "replace")
        return text, size, datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return "", None, None


def _problem(folder: Path) -> LogUnwritableError | None:
    there = nearest(folder)
    try:
        try_to_write(there)
    except OSError as error:
        return LogUnwritableError(str(error), path=str(there), problem=os_words.reason(error))
    return None
