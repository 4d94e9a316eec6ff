#!/usr/bin/env python3
"""The translation gate: every text marked, extracted, translated into Swedish and compiled.

Without arguments it looks and says what is wrong (exit code 1); with --write it re-extracts and compiles, and
then says what a translator has left to do. The catalogue carries file names but no line numbers, and is only
rewritten when an entry came, went or moved to another file.
"""

from __future__ import annotations

import argparse
import ast
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

KEYWORDS = {"tr": None, "mark": None}
LOCALE = "sv"
_BORN = datetime(2026, 1, 1, tzinfo=UTC)  # a constant, so that extracting twice gives the same bytes


class Texts:
    """The sources and the three files of a catalogue under one root folder."""

    def __init__(self, root: Path) -> None:
        folder = root / "resources" / "i18n"
        self.source = root / "src"
        self.pot = folder / "sithsup.pot"
        self.po = folder / LOCALE / "LC_MESSAGES" / "sithsup.po"
        self.mo = self.po.with_suffix(".mo")


def main(arguments: list[str] | None = None) -> int:
    """Check, or write and check; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check the translations, or extract and compile them anew.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1])
    parser.add_argument("--write", action="store_true", help="extract and compile first")
    options = parser.parse_args(arguments)
    texts = Texts(options.root)
    if options.write:
        write(texts)
    complaints = check(texts)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"texts: {len(complaints)} complaint(s)" if complaints else "texts: complete")
    return 1 if complaints else 0


def check(texts: Texts) -> list[str]:
    """Tell everything that is wrong, most helpful first."""
    missing = [
        f"{path.name} is missing: run ./dev texts" for path in (texts.pot, texts.po, texts.mo) if not path.exists()
    ]
    if missing:
        return missing
    extracted, template, swedish = extract(texts.source), _read(texts.pot), _read(texts.po)
    return [
        *literal_complaints(texts.source),
        *extraction_complaints(texts.pot.name, extracted, template),
        *extraction_complaints(texts.po.name, extracted, swedish),
        *translation_complaints(swedish),
        *([] if texts.mo.read_bytes() == compiled(swedish) else ["sithsup.mo is not what sithsup.po compiles to"]),
    ]


def write(texts: Texts) -> None:
    """Bring the three files up to what the sources say; never guesses a translation."""
    template = extract(texts.source)
    swedish = _read(texts.po) if texts.po.exists() else _new_catalog(LOCALE)
    texts.po.parent.mkdir(parents=True, exist_ok=True)
    if not texts.pot.exists() or entries(_read(texts.pot)) != entries(template):
        _write_po(texts.pot, template)
    if not texts.po.exists() or entries(swedish) != entries(template) or swedish.obsolete:
        swedish.update(template, no_fuzzy_matching=True, update_creation_date=False)
        _write_po(texts.po, swedish)
    texts.mo.write_bytes(compiled(_read(texts.po)))


def extract(source: Path) -> Catalog:
    """Collect every message of `tr` and `mark` under a folder, with the files in which it stands."""
    catalog = _new_catalog(None)
    found = extract_from_dir(
        source, method_map=[("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",)
    )
    for name, line, message, comments, context in sorted(found, key=lambda entry: (entry[0], entry[1])):
        catalog.add(message, None, [(f"src/{Path(name).as_posix()}", line)], auto_comments=comments, context=context)
    return catalog


def entries(catalog: Catalog) -> dict[str, frozenset[str]]:
    """Map each message to the files that it is said to stand in."""
    return {_id(message): frozenset(name for name, _ in message.locations) for message in catalog if message.id}


def compiled(catalog: Catalog) -> bytes:
    """Give the bytes of the .mo file."""
    stream = BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def extraction_complaints(name: str, extracted: Catalog, written: Catalog) -> list[str]:
    """Tell what a new extraction would change in a file."""
    now, then = entries(extracted), entries(written)
    return [
        *(f"{name} lacks {text!r}: run ./dev texts" for text in now.keys() - then.keys()),
        *(f"{name} has {text!r}, which no source has: run ./dev texts" for text in then.keys() - now.keys()),
        *(
            f"{name} names other files for {text!r}: run ./dev texts"
            for text in now
            if text in then and now[text] != then[text]
        ),
        *(f"{name} keeps the obsolete {text!r}: run ./dev texts" for text in written.obsolete),
    ]


def translation_complaints(catalog: Catalog) -> list[str]:
    """Tell which entries are not translated, fuzzy, or lose a placeholder."""
    complaints = []
    for message in catalog:
        original, translated = _id(message), str(message.string)
        if not original:
            continue
        if message.fuzzy:
            complaints.append(f"fuzzy: {original!r}")
        elif not translated:
            complaints.append(f"not translated: {original!r}")
        elif placeholders(original) != placeholders(translated):
            complaints.append(f"other placeholders in the translation: {original!r}")
    return complaints


def placeholders(text: str) -> set[str] | None:
    """Name the placeholders of a text; None where it cannot be read as a format at all."""
    try:
        return {_plain(*field[1:]) for field in Formatter().parse(text) if field[1] is not None}
    except ValueError:
        return None


def literal_complaints(source: Path) -> list[str]:
    """Tell where a call to `tr` or `mark` holds a text that extraction cannot see, or not as a whole."""
    return [
        f"src/{path.relative_to(source).as_posix()}:{node.lineno}: {fault}"
        for path in sorted(source.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if isinstance(node, ast.Call | ast.JoinedStr) and (fault := _fault(node))
    ]


def _fault(node: ast.Call | ast.JoinedStr) -> str | None:
    if isinstance(node, ast.Call):
        return _fault_of(node)
    hidden = (name for each in ast.walk(node) if isinstance(each, ast.Call) and (name := _hidden(each)))
    return next((f"{name}() inside an f-string is not extracted" for name in hidden), None)


def _keyword(call: ast.Call) -> str | None:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", None)
    return name if name in KEYWORDS and call.args else None


def _hidden(call: ast.Call) -> str | None:
    """The keyword of a call whose text stands in it."""
    return _keyword(call) if call.args and isinstance(call.args[0], ast.Constant) else None


def _fault_of(call: ast.Call) -> str | None:
    name = _keyword(call)
    if name is None:
        return None
    message = call.args[0]
    if isinstance(message, ast.Constant) and isinstance(message.value, str):
        plain = placeholders(message.value) is not None
        return None if plain else f"{name}() takes plain placeholders: {{name}}"
    if name == "mark":
        return "mark() takes one plain literal"
    return next((fault for node in ast.walk(message) if (fault := _built(node))), None)


def _built(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "f-string inside tr()"
    if isinstance(node, ast.BinOp):
        return "text put together inside tr()"
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("format", "format_map", "join")
    ):
        return f".{node.func.attr}() inside tr()"
    return None


def _plain(name: str | None, specification: str | None, conversion: str | None) -> str:
    if specification or conversion or not (name or "").isidentifier():
        raise ValueError(name)
    return name or ""


def _id(message: object) -> str:
    identifier = getattr(message, "id", "")
    return identifier if isinstance(identifier, str) else identifier[0]


def _new_catalog(locale: str | None) -> Catalog:
    return Catalog(
        locale=locale,
        domain="sithsup",
        project="sithsup",
        version="0",
        copyright_holder="the sithsup authors",
        header_comment="# Texts of sithsup. GPL-3.0-or-later.",
        msgid_bugs_address="sithsup",
        last_translator="sithsup",
        language_team="Swedish",
        creation_date=_BORN,
        revision_date=_BORN,
        fuzzy=False,
    )


def _read(path: Path) -> Catalog:
    with path.open("rb") as stream:
        return read_po(stream, locale=None if path.suffix == ".pot" else LOCALE, domain="sithsup")


def _write_po(path: Path, catalog: Catalog) -> None:
    with path.open("wb") as stream:
        write_po(stream, catalog, width=100, include_lineno=False, ignore_obsolete=True, sort_by_file=True)


if __name__ == "__main__":
    sys.exit(main())
