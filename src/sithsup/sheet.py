"""What people read on a sheet: sections of sentences and tables, the same on a screen and as a page.

The page stands alone: no script, nothing fetched, its style within. It has a language, one heading of the first level,
headings of columns and rows, and grows with the reader's letters; it prints black on white.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from sithsup.texts import PSEUDO, language, resources

if TYPE_CHECKING:
    from collections.abc import Iterable

_PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{sections}
</main>
</body>
</html>
"""
_FIRST = 2
"""The level of a section's heading; those of its parts are one lower."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings, if there are any; every row has as many cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names_rows: bool = False
    """Whether the first cell of a row is its heading."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, perhaps a table, lines that are copied letter by letter, and parts of its own."""

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    copied: tuple[str, ...] = ()
    parts: tuple[Section, ...] = ()


def page(title: str, sections: Iterable[Section]) -> str:
    """For a web browser and a printer."""
    lang = "en" if language() == PSEUDO else language()
    style = (resources() / "style" / "sheet.css").read_text("utf-8")
    body = "\n".join(_section(section, _FIRST) for section in sections)
    return _PAGE.format(lang=lang, title=escape(title), style=style, sections=body)


def _section(section: Section, level: int) -> str:
    parts = [f"<h{level}>{escape(section.title)}</h{level}>"]
    parts += [f"<p>{escape(p)}</p>" for sentence in section.sentences for p in sentence.splitlines() if p]
    parts += [_table(section.table, section.title)] if section.table else []
    parts += [f"<p><code>{escape(line)}</code></p>" for line in section.copied]
    parts += [_section(part, level + 1) for part in section.parts]
    return "<section>\n" + "\n".join(parts) + "\n</section>"


def _table(table: Table, caption: str) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table.heads)
    head = f"<thead><tr>{heads}</tr></thead>\n" if heads else ""
    rows = "".join(f"<tr>{_cells(row, names_row=table.names_rows)}</tr>\n" for row in table.rows)
    region = f'<div class="wide" role="region" aria-label="{escape(caption)}" tabindex="0">'
    return f"{region}<table>\n{head}<tbody>\n{rows}</tbody>\n</table></div>"


def _cells(row: tuple[str, ...], *, names_row: bool) -> str:
    first = f'<th scope="row">{escape(row[0])}</th>' if names_row else f"<td>{escape(row[0])}</td>"
    return first + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
