"""A receipt as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPdfWriter, QTextDocument

from sithsup.receipt import as_html
from sithsup.receipt.words import heading
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.receipt import Receipt

MARGIN = 18
"""Millimetres on each side of an A4 page."""
BODY = 10
"""Points."""
STYLE = "h1 { font-size: 18pt } h2 { font-size: 12pt } th { text-align: left } td, th { padding: 4px }"
"""What Qt does not take from the style of the page."""


def document(receipt: Receipt) -> QTextDocument:
    """The receipt, laid out for paper."""
    made = QTextDocument()
    made.setDefaultFont(QFont("", BODY))
    made.setDefaultStyleSheet(STYLE)
    made.setHtml(as_html(receipt))
    return made


def write_pdf(receipt: Receipt, path: Path) -> bool:
    """Write it whole, or not at all; whether it is written."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(heading())
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(MARGIN, MARGIN, MARGIN, MARGIN), QPageLayout.Unit.Millimeter)
    document(receipt).print_(writer)
    buffer.close()
    try:
        write_whole(path, bytes(buffer.data().data()))
    except OSError:
        return False
    return True
