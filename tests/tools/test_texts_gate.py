"""The translation gate: each fault alone makes it fail, and a sound catalogue passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.texts_gate import Texts, check, main, write

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = 'TITLE = mark("Card {number}")\ntr("Next")\n'
TRANSLATIONS = {"Card {number}": "Kort {number}", "Next": "Nästa"}


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    """A small program whose texts are complete."""
    texts = Texts(tmp_path)
    texts.source.mkdir()
    put(texts, SOURCE)
    write(texts)
    translate(texts, TRANSLATIONS)
    write(texts)
    return texts


def put(texts: Texts, source: str) -> None:
    (texts.source / "page.py").write_text(source, encoding="utf-8")


def translate(texts: Texts, translations: dict[str, str]) -> None:
    po = texts.po.read_text(encoding="utf-8")
    for original, translated in translations.items():
        po = po.replace(f'msgid "{original}"\nmsgstr ""', f'msgid "{original}"\nmsgstr "{translated}"')
    texts.po.write_text(po, encoding="utf-8")


def test_a_complete_catalogue_passes(texts: Texts) -> None:
    assert check(texts) == []


def test_writing_twice_changes_no_byte(texts: Texts) -> None:
    files = (texts.pot, texts.po, texts.mo)
    before = [file.read_bytes() for file in files]
    write(texts)
    assert [file.read_bytes() for file in files] == before


def test_a_moved_line_changes_nothing(texts: Texts) -> None:
    put(texts, f"\n\n{SOURCE}")
    assert check(texts) == []


def test_the_catalogue_names_no_line_and_no_folder_of_this_computer(texts: Texts, tmp_path: Path) -> None:
    po = texts.po.read_text(encoding="utf-8")
    assert "#: src/page.py\n" in po
    assert str(tmp_path) not in po


def test_an_untranslated_entry_fails(texts: Texts) -> None:
    put(texts, SOURCE + 'tr("Back")\n')
    write(texts)
    assert check(texts) == ["not translated: 'Back'"]


def test_nothing_is_guessed_from_a_similar_text(texts: Texts) -> None:
    put(texts, SOURCE.replace("Next", "Next!"))
    write(texts)
    assert check(texts) == ["not translated: 'Next!'"]


def test_a_fuzzy_entry_fails(texts: Texts) -> None:
    po = texts.po.read_text(encoding="utf-8")
    texts.po.write_text(po.replace('msgid "Next"', '#, fuzzy\nmsgid "Next"'), encoding="utf-8")
    assert "fuzzy: 'Next'" in check(texts)


def test_a_lost_placeholder_fails(texts: Texts) -> None:
    po = texts.po.read_text(encoding="utf-8")
    texts.po.write_text(po.replace("Kort {number}", "Kort {nummer}"), encoding="utf-8")
    assert "other placeholders in the translation: 'Card {number}'" in check(texts)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (SOURCE + 'tr("Back")\n', "lacks 'Back'"),
        ('mark("Card {number}")\n', "has 'Next', which no source has"),
    ],
)
def test_an_extraction_with_a_difference_fails(texts: Texts, source: str, complaint: str) -> None:
    put(texts, source)
    assert [f"sithsup.{kind} {complaint}: run ./dev texts" for kind in ("pot", "po")] == check(texts)


def test_a_text_that_moved_to_another_file_fails(texts: Texts) -> None:
    (texts.source / "page.py").rename(texts.source / "other.py")
    assert "sithsup.po names other files for 'Next': run ./dev texts" in check(texts)


def test_a_stale_compiled_catalogue_fails(texts: Texts) -> None:
    po = texts.po.read_text(encoding="utf-8")
    texts.po.write_text(po.replace("Nästa", "Vidare"), encoding="utf-8")
    assert check(texts) == ["sithsup.mo is not what sithsup.po compiles to"]


@pytest.mark.parametrize("name", ["pot", "po", "mo"])
def test_a_missing_file_fails(texts: Texts, name: str) -> None:
    getattr(texts, name).unlink()
    assert check(texts) == [f"sithsup.{name} is missing: run ./dev texts"]


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ('tr(f"Card {number}")', "f-string inside tr()"),
        ('tr("Card " + number)', "text put together inside tr()"),
        ('tr("Card %s" % number)', "text put together inside tr()"),
        ('tr("Card {}".format(number))', ".format() inside tr()"),
        ('texts.tr(f"Card")', "f-string inside tr()"),
        ('tr(choose(f"Card"))', "f-string inside tr()"),
        ("""f'{card}: {tr("Card")}'""", "tr() inside an f-string is not extracted"),
        ("""f'{choose(texts.mark("Card"))}'""", "mark() inside an f-string is not extracted"),
        ('mark(f"Card")', "mark() takes one plain literal"),
        ("mark(TITLE)", "mark() takes one plain literal"),
        ('tr("Card {number:>3}")', "tr() takes plain placeholders: {name}"),
        ('tr("Card {}")', "tr() takes plain placeholders: {name}"),
        ('mark("Card {")', "mark() takes plain placeholders: {name}"),
    ],
)
def test_a_text_that_is_built_in_the_call_fails(texts: Texts, call: str, fault: str) -> None:
    put(texts, f"{SOURCE}{call}\n")
    assert f"src/page.py:3: {fault}" in check(texts)


@pytest.mark.parametrize(
    "call",
    ['tr(TITLE, number=f"{n}")', 'f"{tr(TITLE)}, {tr()}"', "tr(error.text)", 'tr("Next")', 'tr("Ne" "xt")', "tr()"],
)
def test_a_constant_or_a_formatted_value_passes(texts: Texts, call: str) -> None:
    put(texts, f"{SOURCE}{call}\n")
    assert check(texts) == []


def test_the_command_tells_and_fails(texts: Texts, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 0
    put(texts, SOURCE + 'tr("Back")\n')
    assert main(["--root", str(tmp_path)]) == 1
    assert main(["--root", str(tmp_path), "--write"]) == 1
    assert "not translated: 'Back'" in capsys.readouterr().err
