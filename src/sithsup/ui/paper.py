"""A receipt as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

from sithsup.receipt import as_html
from sithsup.receipt.words import heading
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.receipt import Receipt

MARGIN = 18
"""Millimetres on each side of an A4 page."""


def write_pdf(receipt: Receipt, path: Path) -> bool:
    """Write it whole, or not at all; whether it is written."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(heading())
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(MARGIN, MARGIN, MARGIN, MARGIN), QPageLayout.Unit.Millimeter)
    document = QTextDocument()
    document.setHtml(as_html(receipt))
    document.print_(writer)
    buffer.close()
    try:
        write_whole(path, bytes(buffer.data().data()))
    except OSError:
        return False
    return True
