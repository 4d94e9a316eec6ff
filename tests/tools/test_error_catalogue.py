"""The pages of the catalogue: what is in them, and that a page that is not what the program would make fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sithsup.catalogue import entries
from tools import error_catalogue

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = {
    "sv": ["Felmeddelande", "Orsak", "Åtgärd", "Kontakt", "Slutkod"],
    "en": ["Error message", "Cause", "Remedy", "Contact", "Exit code"],
}


def sections(language: str) -> dict[str, list[list[str]]]:
    """The rows of the table under each label."""
    page = error_catalogue.text(language)
    parts = re.split(r"^### (.+)$", page, flags=re.MULTILINE)[1:]
    return {
        label: [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            for row in body.splitlines()
            if row.startswith("|")
        ]
        for label, body in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_label_has_a_table_with_the_four_headings(language: str) -> None:
    """And in it a row for each kind, with nothing left empty or to be filled in."""
    found = sections(language)
    every = entries()
    assert list(found) == list(dict.fromkeys(entry.label for entry in every))
    for label, (headings, _, *rows) in found.items():
        assert headings == HEADINGS[language]
        assert len(rows) == sum(entry.label == label for entry in every)
        assert all(cell and not re.search(r"[{}]", cell) for row in rows for cell in row), label


def test_a_row_has_both_interfaces_and_every_moment() -> None:
    found = sections("sv")
    (*_, remedy, contact, code) = found["SU-1006"][2]
    assert "”Försök igen”" in remedy
    assert "*På kommandoraden:* Sätt i samma kort igen och kör ”sithsup check”." in remedy
    assert (contact, code) == ("Din lokala it-support.", "4")
    moments = next(entry for entry in entries() if entry.label == "SU-1101").remedies
    assert found["SU-1101"][2][2].count("<br>") == len(moments) - 1 > 1
    assert "*På kommandoraden:*" not in found["SU-1003"][2][2]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_contents_lead_to_every_label(language: str) -> None:
    page = error_catalogue.text(language)
    assert re.findall(r"^  - \[(.+)\]\(#", page, re.MULTILINE) == list(sections(language))


def test_a_page_that_is_missing_or_stale_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_catalogue.main([], tmp_path) == 1
    assert capsys.readouterr().out == "catalogue of errors: errors.sv.md, errors.en.md: run ./dev texts\n"
    assert error_catalogue.main(["--write"], tmp_path) == 0
    assert error_catalogue.main([], tmp_path) == 0
    page = tmp_path / "errors.en.md"
    page.write_text(page.read_text("utf-8").replace("The card is full.", "The card is fuller."), "utf-8")
    capsys.readouterr()
    assert error_catalogue.main([], tmp_path) == 1
    assert capsys.readouterr().out == "catalogue of errors: errors.en.md: run ./dev texts\n"


def test_the_pages_are_up_to_date() -> None:
    assert error_catalogue.main([]) == 0
