"""Receipts on the disk: one page and one file of data for each case, for their owner only.

A receipt is whole or not there. A disk that is full costs the receipt and nothing else.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from sithsup import os_words
from sithsup.receipt.views import as_data, as_html
from sithsup.whole_file import write_whole

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
        data = json.dumps(as_data(receipt), ensure_ascii=False, indent=2) + "\n"
        write_whole(page.with_suffix(".json"), data.encode())
        write_whole(page, as_html(receipt).encode())
    except OSError as error:
        _log.info("receipt not written: %s", error)
        return Saved(None, os_words.reason(error))
    return Saved(page)


def saved_page(data: Path, case_code: str) -> Path | None:
    """The page of a case that was finished here; None where there is none (any more)."""
    page = data / FOLDER / f"{case_code}.html"
    return page if page.is_file() else None
