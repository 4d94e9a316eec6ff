"""The documents say what the program does: names, numbers and links are held against the code and one another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix
from platformdirs.windows import Windows

from sithsup import cli
from sithsup.cli import exit_codes
from sithsup.demo.kinds import Kind
from sithsup.eligibility import RULES
from sithsup.errors import CancelledError, kinds
from sithsup.logs import LEVELS
from sithsup.preflight import WARNINGS
from sithsup.settings import Level, Settings, value_name, variable_name
from sithsup.settings.sources import of_system
from sithsup.sim.case import campaign
from sithsup.system_log import Event
from sithsup.system_log.event_log import KINDS
from sithsup.upgrade import UPGRADE, rows
from tests.support.lab import START
from tests.support.registry import FakeRegistry

ROOT = Path(__file__).resolve().parents[2]
FOR_SUPPORT = ("docs/support.sv.md", "docs/support.en.md")
FOR_IT = ("docs/it.sv.md", "docs/it.en.md")
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path.is_file()
)


def read(document: str) -> str:
    """Give the text of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def table(document: str, *first_heads: str) -> list[tuple[str, ...]]:
    """Give the rows of the one table whose first column has one of these heads, without head and rule."""
    lines = [*read(document).splitlines(), ""]
    starts = [number for number, line in enumerate(lines) if line.startswith(tuple(f"| {h} |" for h in first_heads))]
    assert len(starts) == 1, f"{document}: {len(starts)} tables begin with {first_heads}"
    rows = lines[starts[0] + 2 :]
    end = next(number for number, line in enumerate(rows) if not line.startswith("|"))
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[:end]]


def column(rows: list[tuple[str, ...]]) -> list[str]:
    """Give the first column, without its code marks."""
    return [row[0].strip("`") for row in rows]


def slugs(document: str) -> set[str]:
    """Give the anchors of a document's headings, as its readers' programs make them."""
    headings = re.findall(r"^#+ (.+)$", read(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", ["README.md", *FOR_IT])
def test_every_command_of_the_help_is_documented(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The table of commands has those that `sithsup --help` has, in the same order."""
    with pytest.raises(SystemExit):
        cli.run(["--help"])
    commands = re.findall(r"^ {4}(\w+) ", capsys.readouterr().out, re.MULTILINE)
    assert commands
    assert column(table(document, "command", "kommando")) == commands


def test_the_exit_codes_are_the_same_in_every_document() -> None:
    """README and the English document say it in the same words; the Swedish one has the same codes."""
    codes = table("README.md", "exit code")
    assert table("docs/it.en.md", "exit code") == codes
    assert column(table("docs/it.sv.md", "slutkod")) == column(codes)


def test_the_exit_codes_are_the_program_s() -> None:
    """Every code that an error, a reason or an ending has is documented, and no other."""
    of_endings = {0, exit_codes.TO_BE_UPGRADED, exit_codes.INTERRUPTED, CancelledError.exit_code}
    of_code = {kind.exit_code for kind in kinds()} | {row.exit_code for row in RULES} | of_endings
    assert {int(code) for code in column(table("README.md", "exit code"))} == of_code


@pytest.mark.parametrize("document", ["docs/support.sv.md", "docs/support.en.md"])
def test_every_reason_and_every_warning_is_documented(document: str) -> None:
    """For support, in the order in which they are told."""
    assert column(table(document, "reason", "orsak")) == [row.reason.value for row in RULES]
    assert column(table(document, "warning", "varning")) == [row.name for row in WARNINGS]


def test_every_kind_of_card_is_documented() -> None:
    assert set(column(table("docs/demo.md", "kind"))) == set(Kind)


def test_the_architecture_has_the_steps_of_the_table() -> None:
    """The same names in the same order, and the point of no return between the same two."""
    names = column(table("ARCHITECTURE.md", "step"))
    line = next(number for number, step in enumerate(UPGRADE) if step.undo is None)
    assert names[line] == "**point of no return**"
    assert [*names[:line], *names[line + 1 :]] == [step.name for step in UPGRADE]


def test_the_readme_shows_the_demo_as_it_is() -> None:
    """The lines of the steps are those that a person sees, in their order; the demo asks for nothing more."""
    shown = re.findall(r"^  ✓ (.+) \(.+\)$", read("README.md"), re.MULTILINE)
    usual = [step.text for step in rows(UPGRADE, campaign(START))]
    assert shown[: len(usual)] == usual


@pytest.mark.parametrize("document", FOR_IT)
def test_every_setting_is_documented(document: str) -> None:
    """Every setting stands in the table of settings by all its names, in the order of the program, and no other."""
    names = [tuple(f"`{kind(name)}`" for kind in (str, variable_name, value_name)) for name in Settings.table()]
    assert [row[:3] for row in table(document, "setting", "inställning")] == names


@pytest.mark.parametrize("document", FOR_IT)
def test_every_layer_is_documented(document: str) -> None:
    """The layers in their order, and for each system the places that the program reads."""
    rows = table(document, "layer", "lager")
    assert len(rows) == len(Level)
    of_level = dict(zip(Level, rows, strict=True))
    for cell, (system, registry) in enumerate((("linux", None), ("darwin", None), ("win32", FakeRegistry())), 1):
        for layer in (place.read(()) for place in of_system(system, Path("/own"), registry)):
            place = "settings.toml" if layer.level is Level.USER else layer.place
            assert f"{place}`" in of_level[layer.level][cell]


@pytest.mark.parametrize("document", [*FOR_IT, *FOR_SUPPORT, "README.md"])
def test_where_the_log_lies_is_documented(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each system the place that platformdirs knows; in the guides for IT as a row."""
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Windows, "user_data_dir", property(lambda _: r"%LOCALAPPDATA%\sithsup"))
    unix, mac, windows = (kind("sithsup", appauthor=False).user_log_dir for kind in (Unix, MacOS, Windows))
    home = str(Path.home())
    places = [f"`{place.replace(home, '~')}`" for place in (unix, mac)] + [f"`{windows.replace('/', chr(92))}`"]
    assert all(place in read(document) for place in places)
    assert (f"| {' | '.join(places)} |" in read(document)) is (document in FOR_IT)


@pytest.mark.parametrize("document", FOR_IT)
def test_every_event_is_documented(document: str) -> None:
    """The numbers that rules go by, and which of them is a warning."""
    rows = table(document, "event ID", "händelse-id")
    assert [int(row[0]) for row in rows] == list(Event)
    assert [row[2].startswith(("warning", "varning")) for row in rows] == [event in KINDS for event in Event]


@pytest.mark.parametrize("document", FOR_IT)
def test_every_level_of_the_log_is_documented(document: str) -> None:
    assert column(table(document, "level", "nivå")) == ["INFO", *reversed(LEVELS)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_somewhere(document: str) -> None:
    """Files exist, and so do the headings that a link names."""
    for link in re.findall(r"\]\(([^)\s]+)\)", read(document)):
        if link.startswith(("https:", "http:")):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        assert target.is_file(), f"{document}: {link}"
        if anchor:
            assert anchor in slugs(str(target.resolve().relative_to(ROOT))), f"{document}: {link}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_error_code_exists(document: str) -> None:
    """A code that a document names is one of the program's."""
    known = {kind.code for kind in kinds()}
    assert set(re.findall(r"SU-\d{4}", read(document))) <= known


@pytest.mark.parametrize("document", FOR_SUPPORT)
def test_support_knows_every_error_of_an_upgrade(document: str) -> None:
    """Whatever a card or an upgrade ends with stands in the table; what names its own remedy on the screen need not."""
    rows = table(document, "error code", "felkod")
    listed = {code for row in rows for code in re.findall(r"SU-\d{4}", row[0])}
    assert {"SU-1006", "SU-1010", "SU-1012", "SU-5002", "SU-5005", "SU-5007", "SU-5010", "SU-5011", "SU-5012"} <= listed


@pytest.mark.parametrize("document", ["README.md", *FOR_SUPPORT])
def test_the_one_exception_is_told(document: str) -> None:
    """Nobody is promised what a torn card cannot keep."""
    assert "OpenSC" in read(document)
    assert re.search(r"\btorn\b|innehållsförteckning", read(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_codes_are_called_by_their_names(document: str) -> None:
    """A code is for authentication or for signature; nobody should have to know which of them is the first."""
    assert not re.findall(r"PIN ?[12]\b|PIN-?kod", read(document), re.IGNORECASE)


def test_the_table_of_cmp_names_code_and_tests_that_exist() -> None:
    """Each row leads to a module of ours and to a test that somebody can run."""
    rows = table("docs/cmp.md", "what must be")
    assert len(rows) >= 40
    for must, clause, code, test in rows:
        assert must
        assert re.fullmatch(r"RFC (9483|9810|9811), [\d.]+", clause), clause
        module = ROOT / "src/sithsup" / f"{code.strip('`')}.py"
        assert module.is_file(), module
        file, name = test.strip("`").split("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), test
