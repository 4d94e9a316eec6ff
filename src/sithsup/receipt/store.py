"""Receipts on the disk: one page and one file of data for each case, for their owner only.

Each is written beside its place, synced and moved there, so that a receipt is whole or not there. A disk that is full
costs the receipt and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from sithsup.receipt.views import as_data, as_html

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.receipt.receipt import Receipt

_log = logging.getLogger(__name__)
FOLDER = "receipts"
"""In the data folder."""


class Saved(NamedTuple):
    """Where a receipt lies, or why it lies nowhere."""

    page: Path | None
    problem: str = ""


def save(receipt: Receipt, folder: Path) -> Saved:
    """Write a receipt into a folder, which is made where it is not there."""
    page = folder / f"{receipt.case_code}.html"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(page.with_suffix(".json"), json.dumps(as_data(receipt), ensure_ascii=False, indent=2) + "\n")
        _write(page, as_html(receipt))
    except OSError as error:
        _log.info("receipt not written: %s", error)
        return Saved(None, error.strerror or str(error))
    return Saved(page)


def saved_page(data: Path, case_code: str) -> Path | None:
    """The page of a case that was finished here; None where there is none (any more)."""
    page = data / FOLDER / f"{case_code}.html"
    return page if page.is_file() else None


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105  atomic on every system
        _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too; Windows does that by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
