"""A receipt as text, as a page, and as data. What people read comes from `words`: text and page never differ."""

from __future__ import annotations

import textwrap
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from sithsup.receipt.words import heading, sections
from sithsup.sheet import page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.receipt.receipt import Entry, Receipt
    from sithsup.sheet import Section, Table

FORMAT = 1
"""Of the data; it rises when something that is there changes its meaning."""
WIDTH = 100


def as_text(receipt: Receipt) -> str:
    """For a terminal."""
    parts = [heading().upper()]
    parts += ["\n".join(_section_lines(section)) for section in sections(receipt)]
    return "\n\n".join(parts) + "\n"


def _section_lines(section: Section) -> Iterator[str]:
    yield section.title.upper()
    for sentence in section.sentences:
        for paragraph in sentence.splitlines():
            yield from textwrap.wrap(paragraph, WIDTH)
    if section.table:
        yield from _table_lines(section.table)
    yield from section.copied


def _table_lines(table: Table) -> Iterator[str]:
    rows = (table.heads, *table.rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def as_html(receipt: Receipt) -> str:
    """For a web browser and a printer."""
    return page(heading(), sections(receipt))


def as_data(receipt: Receipt) -> dict[str, Any]:
    """For a machine: docs/it.en.md tells every name. Times are ISO 8601 in UTC."""
    return {
        "format": FORMAT,
        "case_code": receipt.case_code,
        "finished": receipt.at.isoformat(),
        "card_number": receipt.card_number,
        "campaign": {"id": receipt.campaign, "version": receipt.campaign_version},
        "level": {"before": receipt.level_before, "after": receipt.level_after},
        "written": [_entry(each) for each in receipt.written],
        "removed": [_entry(each) for each in receipt.removed],
        "removed_is_known": receipt.removed_is_known,
        "kept": [_entry(each) for each in receipt.kept],
        "mail_kept": [each.serial_number for each in receipt.mail_kept],
        "terms": _terms(receipt),
        "has_terms": receipt.has_terms,
        "log_in_with": receipt.log_in_with.serial_number if receipt.log_in_with else None,
        "works": receipt.works,
        "tests": [
            {
                "serial_number": each.serial_number,
                "signs": test.signs,
                "is_trusted": test.is_trusted,
                "status": test.status.value,
            }
            for each, test in receipt.tested
        ],
        "alt_security_identities": [
            {"serial_number": mapping.entry.serial_number, "value": mapping.value} for mapping in receipt.mappings
        ],
        "old_keys_left": receipt.old_keys_left,
        "given_up": list(receipt.given_up),
        "local_it": receipt.local_it,
    }


def _terms(receipt: Receipt) -> dict[str, Any] | None:
    if receipt.terms is None:
        return None
    text = str(receipt.terms_text) if receipt.terms_text else None
    return {"version": receipt.terms.version, "accepted": receipt.terms.at.isoformat(), "text": text}


def _entry(each: Entry) -> dict[str, Any]:
    values = {field.name: getattr(each, field.name) for field in fields(each)}
    dates = {name: values[name].isoformat() for name in ("not_before", "not_after")}
    return values | {"role": each.role, "subject": each.subject} | dates
