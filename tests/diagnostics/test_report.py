"""The report: one file of data and a page, that holds what the schema says, and is saved or leaves nothing behind."""

from __future__ import annotations

import json
import os
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from sithsup import texts
from sithsup.diagnostics import report_file
from sithsup.diagnostics.diagnosis import Diagnosis
from sithsup.diagnostics.document import Document, finish
from sithsup.diagnostics.page import page
from sithsup.diagnostics.probe import Found, Group, Probe, Result, Status
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.report_file import DATA, PAGE, packed, save
from sithsup.diagnostics.scene import Scene
from sithsup.diagnostics.values import Fact, Foreign, Term, Word
from sithsup.errors import NoReaderError, ReportUnsavedError, SithsupError
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = '<script>alert("1")</script>'
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SCHEMA = json.loads((texts.resources() / "diagnosis.schema.json").read_bytes())


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def result(name: str, *facts: Fact, groups: tuple[Group, ...] = (), problems: tuple[SithsupError, ...] = ()) -> Result:
    probe = Probe(name, name.title(), lambda _: Found())
    status = Status.PROBLEM if problems else Status.GOOD
    return Result(probe, status, Found(facts, groups, tuple(map(Problem, problems))))


def document(*results: Result) -> Document:
    scene = Scene(Settings.resolve({}, ()), clock=lambda: NOW)
    return finish(results, scene, lambda _: "Helpdesk, 010-123 45 67")


def full() -> Document:
    """One with everything that there may be."""
    module = (
        Fact("is-taken", "Is used", value=True),
        Fact("description", "Calls itself", Foreign("Net iD Testversion")),
        Fact("version", "Version", Word("6.8.4")),
    )
    other = (Fact("is-taken", "Is used", value=False), Fact("version", "Version", Word("1.1.1")))
    modules = {"other": other, "taken": module}
    certificate = (
        Fact("serial", "Serial number", Word("abcdef")),
        Fact("not-after", "Valid until", datetime(2031, 1, 1, 12, tzinfo=UTC)),
        Fact("role", "For", Term("signature", "signature")),
        Fact("subject", "Names its holder by", Term("hsa-id", "HSA-id")),
    )
    return document(
        result("program", Fact("version", "Version", Word("1.2.3")), Fact("installed", "Installed", value=True)),
        result("modules", groups=tuple(Group("module", Foreign(f"/{name}"), said) for name, said in modules.items())),
        result(
            "card",
            groups=(
                Group("card", Foreign("Reader 1"), (Fact("number", "Number", Word("9752278000000000017")),)),
                Group("certificate", Foreign("TEST Issuer"), certificate),
            ),
            problems=(NoReaderError(),),
        ),
        Result(Probe("late", "Late", lambda _: Found()), Status.UNKNOWN, is_late=True, seconds=8),
        Result(Probe("buggy", "Buggy", lambda _: Found()), Status.UNKNOWN, fault="ZeroDivisionError"),
        result("empty", Fact("x", "X", None), Fact("y", "Y", 1.5)),
    )


# -------------------------------------------------------------------------------------------------- the schema


def complaints(data: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(data)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_everything_that_there_may_be_is_in_it() -> None:
    assert complaints(full().data()) == []


def test_a_diagnosis_of_this_computer_is_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The real probes, while they run and afterwards."""
    for name in ("DATA", "LOGS", "LOCKS"):
        monkeypatch.setenv(f"SITHSUP_{name}", str(tmp_path))
    diagnosis = Diagnosis()
    assert complaints(diagnosis.document().data()) == []
    whole = diagnosis.wait().data()
    assert complaints(whole) == []
    assert [probe["name"] for probe in whole["probes"] if probe["fault"] or probe["status"] == "running"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"case_code": "12345678"},
        {"at": "2030-01-01 12:00"},
        {"problems": [{"code": "SU-1", "name": "X", "what": "x", "cause": "", "remedy": "", "contact": ""}]},
        {"probes": []},
        {"holder": "Kanarie"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_else_there_is_is_not_in_it(change: dict[str, object]) -> None:
    assert complaints(full().data() | change)


SPOILT: dict[str, dict[str, object]] = {
    "a name": {"facts": {"Name": "x"}},
    "a list": {"facts": {"name": ["x"]}},
    "a long text": {"facts": {"name": "x" * 3000}},
    "a status": {"status": "fine"},
    "one more field": {"more": 1},
    "a group without facts": {"groups": [{"name": "x", "title": "x"}]},
    "a problem without a name": {"problems": [{"code": "SU-1003"}]},
}


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT)
def test_a_probe_that_is_not_as_it_should_be_is_not_in_it(change: dict[str, object]) -> None:
    data = full().data()
    data["probes"][0] |= change
    assert complaints(data)


# --------------------------------------------------------------------------------------------------- the page


class Outline(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


@pytest.mark.parametrize("language", ["sv", "en", "xx"])
def test_the_page_stands_alone_and_is_for_everybody(language: str) -> None:
    """Its language, one first heading, headings of columns and rows; no script, nothing that is fetched."""
    texts.set_language(language)
    outline = Outline(page(full()))
    names = [name for name, _ in outline.tags]
    assert dict(outline.tags)["html"]["lang"] == ("sv" if language == "sv" else "en")
    assert (names.count("h1"), names.count("title"), names.count("main")) == (1, 1, 1)
    assert set(names).isdisjoint({"script", "link", "img", "iframe", "a", "object", "form", "base"})
    assert not [a for _, attributes in outline.tags for a in attributes if a in {"src", "href"} or a.startswith("on")]
    scopes = [attributes.get("scope") for name, attributes in outline.tags if name == "th"]
    assert {"col", "row"} == set(scopes)


def test_the_case_code_is_on_its_face_and_the_first_screen_is_what_support_asks_for() -> None:
    """Number of the card, smart card program, how this program came here, certificates; then what is wrong."""
    made = full()
    words = Outline(page(made)).words
    assert words.count(f"Diagnosis {made.case_code}") == 2  # title and heading
    first = words[words.index("What support asks for") : words.index("What is wrong")]
    for asked in (
        "9752 2780 0000 0000 017",
        "Net iD Testversion",
        "6.8.4",
        "/taken",
        "1.2.3",
        "yes",
        "TEST Issuer",
        "signature",
    ):
        assert asked in first
    for not_asked in ("1.1.1", "/other", "abcdef"):
        assert not_asked not in first
    assert "The holder's HSA-id is not in the report. Support asks for it over the phone." in first
    assert "No card reader was found (SU-1003)" in words
    assert "Nothing wrong was found." not in words
    assert "A fault in the program: ZeroDivisionError" in words
    assert words[words.index("Late: could not be found out") + 1] == "It took too long."


def test_an_issuer_s_own_certificate_has_no_use() -> None:
    """It is on the card, for nothing that a person does: that is no question that was left open."""
    facts = (Fact("role", "For", None), Fact("not-after", "Valid until", Word("2040")))
    made = document(result("card", groups=(Group("certificate", Foreign("TEST Root"), facts),)))
    words = Outline(page(made)).words
    assert words[words.index("TEST Root") :][:3] == ["TEST Root", "-", "2040"]


def test_what_support_asks_for_is_read_aloud_too() -> None:
    lines = list(full().lines())
    assert "Card number: 9752 2780 0000 0000 017" in lines
    assert any(line.startswith("Certificate on the card: TEST Issuer, 2031-01-01") for line in lines)


def test_what_was_not_found_is_said_to_be_not_known() -> None:
    """A computer without a card has a first screen too."""
    words = Outline(page(document(result("program")))).words
    first = words[words.index("What support asks for") : words.index("What is wrong")]
    assert first.count("not known") == 8
    assert "Nothing wrong was found." in words


def test_values_cannot_write_the_page() -> None:
    """What a card, a reader or a campaign calls itself is text."""
    evil = Fact("number", "Number", Foreign(EVIL))
    text = page(document(result("card", evil, groups=(Group("card", Foreign(EVIL), (evil,)),))))
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 4


# --------------------------------------------------------------------------------------------------- the file


def test_the_file_has_the_data_and_the_page(tmp_path: Path) -> None:
    made = full()
    path = save(made, tmp_path / "report.zip")
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        assert file.namelist() == [DATA, PAGE]
        assert json.loads(file.read(DATA)) == made.data()
        assert file.read(PAGE).decode() == page(made)
    assert path.read_bytes() == packed(made)
    assert path.stat().st_mode & 0o777 == 0o600


def test_in_a_folder_it_gets_a_name_with_the_case_code(tmp_path: Path) -> None:
    made = full()
    assert save(made, tmp_path) == tmp_path / f"sithsup-{made.case_code}.zip"


@contextmanager
def refused(tmp_path: Path) -> Iterator[pytest.ExceptionInfo[ReportUnsavedError]]:
    """Nothing is left behind."""
    before = {path: path.stat().st_size for path in tmp_path.iterdir()}
    with pytest.raises(ReportUnsavedError) as caught:
        yield caught
    assert {path: path.stat().st_size for path in tmp_path.iterdir()} == before


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """It may be another report, or anything else."""
    (tmp_path / "there").write_text("mine")
    with refused(tmp_path) as caught:
        save(full(), tmp_path / "there")
    assert caught.value.why == f"{tmp_path / 'there'}: there is something else by this name already"
    assert "--out" in caught.value.next_step
    assert caught.value.exit_code == 2


def test_no_folder_is_made(tmp_path: Path) -> None:
    with refused(tmp_path) as caught:
        save(full(), tmp_path / "mistyped" / "report.zip")
    assert caught.value.why.endswith("there is no such file or folder")


def test_below_a_file_there_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with refused(tmp_path) as caught:
        save(full(), tmp_path / "file" / "report.zip")
    assert caught.value.exit_code == 2


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with refused(tmp_path) as caught:
        save(full(), tmp_path / "report.zip")
    assert caught.value.why == f"{tmp_path / 'report.zip'}: the disk is full"
    assert caught.value.exit_code == 5


def test_every_way_of_saying_that_there_is_no_room_is_one() -> None:
    assert {28, 27} <= report_file.FULL
