"""The catalogue has everything that a person may be told of, in both languages, in the words in which it is told."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import cli, errors, logs, texts
from sithsup.campaign import Text
from sithsup.catalogue import STAND_INS, Entry, entries, matching
from sithsup.catalogue.explained import REASONS, WARNINGS
from sithsup.eligibility import RULES, Reason
from sithsup.errors import (
    AuthorityBusyError,
    CampaignInvalidError,
    CardRemovedError,
    CodeError,
    CodeIncorrectError,
    Contact,
    InterruptedByPersonError,
    InterruptedWayBackError,
    NotEligibleError,
    PukIncorrectError,
    SettingsInvalidError,
    SithsupError,
    StoppedError,
    StoppedHalfwayError,
    kinds,
)
from sithsup.model import CodeState
from sithsup.preflight import WARNINGS as WARNED
from sithsup.ways import WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).resolve().parents[2] / "src" / "sithsup"
PARTS = {"what_text", "why_text", "next_text"}
BESIDES = {
    "bare_text": "why, where less is known; of a code, without its role: what the catalogue has",
    "file_text": "why, with less of the place than `why_text`",
    "line_text": "the same",
}
"""Texts of errors that are neither parts nor told in the place of one, and what they are."""


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def branches(root: type[SithsupError] = SithsupError) -> Iterator[type[SithsupError]]:
    """Every class of the tree."""
    yield root
    for kind in root.__subclasses__():
        yield from branches(kind)


def the_one(label: str) -> Entry:
    """The first entry of a label."""
    return next(entry for entry in entries() if entry.label == label)


# --------------------------------------------------------------------------------------------- everything is in it


def test_every_kind_of_error_is_in_it() -> None:
    """Whatever can be raised: each class of the tree but the branches, which nobody raises."""
    has_code = {kind.__name__ for kind in branches() if kind.code != SithsupError.code}
    assert {entry.kind for entry in entries() if not entry.name} == has_code | {"SithsupError"}
    assert len(has_code) > 70


def test_nobody_makes_a_branch() -> None:
    """A branch of the tree has no code, so it would be told as a bug; whatever has kinds below it may be one."""
    without_code = {kind for kind in branches() if kind.code == SithsupError.code} - {SithsupError}
    assert all(kind.__subclasses__() for kind in without_code)
    names = {kind.__name__ for kind in without_code}
    assert "CardError" in names
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            made = node.func if isinstance(node, ast.Call) else node.exc if isinstance(node, ast.Raise) else None
            assert not (isinstance(made, ast.Name) and made.id in names), file


def test_the_tree_that_is_drawn_is_the_tree() -> None:
    """Every class with its code, or the code of the one above it."""
    drawn = dict(re.findall(r"─ (\w+Error)(?: \(\w+\))? +(SU-\d{4})", errors.__doc__ or ""))
    assert drawn == {kind.__name__: kind.code for kind in kinds() if kind is not SithsupError}


def test_every_reason_and_every_warning_is_in_it() -> None:
    """A reason with SU-5001, the one warning that stops with the code of its error, the others by their names."""
    labels = {entry.label for entry in entries() if entry.name}
    of_warnings = {row.name for row in WARNED} - {"JOURNAL_UNWRITABLE"}
    assert labels == {f"SU-5001 ({reason})" for reason in Reason} | of_warnings | {"SU-4001 (JOURNAL_UNWRITABLE)"}


def test_a_reason_is_told_by_its_row() -> None:
    """Its contact and its exit code are those that a person gets."""
    for row in RULES:
        entry = the_one(f"SU-5001 ({row.reason})")
        assert (entry.message, entry.contact, entry.exit_code) == (row.text, row.contact, row.exit_code)


def test_nothing_is_explained_that_is_not_told() -> None:
    assert set(REASONS) == set(Reason)
    assert set(WARNINGS) == {row.name for row in WARNED}


@pytest.mark.parametrize("language", ["en", "sv"])
def test_every_entry_has_its_four_texts(language: str) -> None:
    """Whole sentences, with nothing left to be filled in."""
    texts.set_language(language)
    for entry in entries():
        said = [entry.message, entry.cause, *(text for remedy in entry.remedies for text in remedy)]
        assert len(said) >= 4, entry
        assert all(re.fullmatch(r"[^{}]+\.", text) and not text[0].islower() for text in said), entry
        assert entry.contact in {None, *Contact}


def test_every_entry_is_told_in_swedish_too() -> None:
    """No English is left in it, but for what both languages have."""
    english = entries()
    texts.set_language("sv")
    for one, other in zip(english, entries(), strict=True):
        assert one.label == other.label
        assert one.message != other.message
        assert one.cause != other.cause or one.cause.endswith("FILE: what is wrong."), one
        assert not set(one.remedies) & set(other.remedies)


def test_every_value_of_every_text_has_a_stand_in() -> None:
    """A new placeholder needs one, and an old one that is gone needs none."""
    said = {text for kind in kinds() for text in (kind.what_text, kind.next_text, *kind.other_texts)}
    said |= {kind.bare_text if issubclass(kind, CodeError) else kind.why_text for kind in kinds()}
    said |= {row.text for row in (*RULES, *WARNED)}
    names = placeholders(*said)
    ways = names & set(WAYS)
    assert set(STAND_INS) == names - ways | placeholders(*(text for name in ways for text in vars_of(name)))


def placeholders(*said: str) -> set[str]:
    return {name for text in said for _, name, _, _ in Formatter().parse(text) if name}


def vars_of(name: str) -> tuple[str, str]:
    return WAYS[name].command, WAYS[name].window


def test_no_error_says_what_the_catalogue_does_not_have() -> None:
    """A text of an error is one of its parts, or is told in the place of its remedy."""
    for kind in kinds():
        names = {name for name in dir(kind) if name.endswith("_text")} - PARTS - set(BESIDES)
        assert {getattr(kind, name) for name in names} >= set(kind.other_texts), kind
        of_own_class = {name for name in names if name in vars(kind)}
        assert {getattr(kind, name) for name in of_own_class} <= set(kind.other_texts), kind


OF_A_MOMENT = (
    *(CodeIncorrectError(state=state, role="signature") for state in CodeState),
    InterruptedByPersonError(works=True, may_restore=True),
    InterruptedByPersonError(works=True, may_restore=False),
    InterruptedWayBackError(works=True, may_restore=True),
    InterruptedWayBackError(works=True, may_restore=False),
    NotEligibleError(reason="-", contact=Contact.LOCAL_IT),
    NotEligibleError(reason="-"),
    NotEligibleError(reason="-", exit_code=0),
    StoppedError(reason="-"),
    StoppedError(reason="-", exit_code=0),
    StoppedHalfwayError(reason="-", exit_code=4),
    *(AuthorityBusyError(retry_after=seconds) for seconds in (None, 90)),
    *(PukIncorrectError(state=state, role="signature") for state in CodeState),
    *(SettingsInvalidError(name="-", problem="-", layer=layer) for layer in ("user", "policy")),
    CardRemovedError(),
)


def test_what_an_error_says_at_any_moment_is_in_the_catalogue() -> None:
    for error in OF_A_MOMENT:
        (entry,) = (entry for entry in entries() if entry.kind == type(error).__name__ and not entry.name)
        said = error.next_step.replace("2 minutes", STAND_INS["wait"])
        assert said in {remedy.command_line for remedy in entry.remedies}


def test_the_two_interfaces_are_told_apart() -> None:
    (remedy,) = the_one("SU-1006").remedies
    assert "“Try again”" in remedy.window
    assert "“sithsup check”" in remedy.command_line
    assert "sithsup" not in remedy.window


# ------------------------------------------------------------------------------------------------- to look one up


@pytest.mark.parametrize("typed", ["SU-1101", "su-1101", "1101", "SU 1101", "su1101", " SU-1101 "])
def test_a_code_is_found_however_it_is_typed(typed: str) -> None:
    assert [entry.kind for entry in matching(typed)] == ["CodeIncorrectError", "CodeLengthError"]


@pytest.mark.parametrize(
    "typed", ["PIN_LOCKED", "pin_locked", "pin-locked", "Pin locked", "SU-5001 (PIN_LOCKED)", "5001, PIN_LOCKED"]
)
def test_a_reason_is_found_by_its_name(typed: str) -> None:
    assert [entry.label for entry in matching(typed)] == ["SU-5001 (PIN_LOCKED)"]


def test_a_code_has_its_reasons_with_it_and_several_names_are_several() -> None:
    assert len(matching("SU-5001")) == 3 + len(Reason)
    assert [entry.name for entry in matching("SU-5001 (WINDOW_CLOSED, PAUSED)")] == ["WINDOW_CLOSED", "PAUSED"]
    assert [entry.label for entry in matching("clock_doubtful")] == ["CLOCK_DOUBTFUL"]
    assert [entry.label for entry in matching("SU-5001 CLOCK_DOUBTFUL")] == ["CLOCK_DOUBTFUL"]
    assert matching("SU-5001 (OUT_OF_PAPER)") == matching("SU-5001")


@pytest.mark.parametrize("typed", ["SU-1999", "SU-1999 (OUT_OF_PAPER)", "OUT_OF_PAPER", "13", "", "-", "11011"])
def test_what_is_not_there_is_not_found(typed: str) -> None:
    assert matching(typed) == ()


# ------------------------------------------------------------------------------------------------- the command


@pytest.fixture(autouse=True)
def _of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for variable in ("DATA", "LOGS"):
        monkeypatch.setenv(f"SITHSUP_{variable}", str(tmp_path / variable.lower()))
    monkeypatch.setenv("SITHSUP_LANGUAGE", "en")
    yield
    logs.configure(None)


def said(capsys: pytest.CaptureFixture[str], *typed: str) -> tuple[int, str, str]:
    """The exit code of `errors`, and what it says on stdout and stderr."""
    code = cli.run(["errors", *typed])
    out, err = capsys.readouterr()
    return code, out, err


def test_one_code_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "su-1009")
    assert (code, err) == (0, "")
    assert out == (
        "SU-1009\n"
        "  Error message: This is another card.\n"
        "  Cause: The card in the reader is not the one that the program is working on.\n"
        "  Remedy: Put back the card that you began with. No code was tried on this one.\n"
        "  Contact: Your local IT support.\n"
        "  Exit code: 7\n"
        "\n"
        "SU-1009\n"
        "  Error message: This is another card.\n"
        "  Cause: An upgrade of another card was begun on this computer and not finished: its number. Nothing was "
        "begun on the card in the reader, its number.\n"
        "  Remedy: Put the other card in and press “Try again”. No code was tried on this one.\n"
        "  At the command line: Put the other card in and run the command again. No code was tried on this one.\n"
        "  Contact: Nobody needs to be asked.\n"
        "  Exit code: 7\n"
        "\n"
    )


def test_it_is_told_in_swedish(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITHSUP_LANGUAGE", "sv")
    texts.set_language(None)
    _, out, _ = said(capsys, "SU-5001", "PIN_LOCKED")
    assert [line.partition(":")[0].strip() for line in out.splitlines()] == [
        "SU-5001 (PIN_LOCKED)",
        "Felmeddelande",
        "Orsak",
        "Åtgärd",
        "Kontakt",
        "Slutkod",
        "",
    ]


def test_whom_the_organisation_names_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITHSUP_LOCAL_IT", "Hjälpen, 000")
    _, out, _ = said(capsys, "SU-9001")
    assert "  Contact: Your local IT support: Hjälpen, 000\n" in out


def test_machines_get_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """One code, or all of them, in one form."""
    _, out, _ = said(capsys, "1006", "--json")
    (told,) = json.loads(out)["errors"]
    assert told == {
        "code": "SU-1006",
        "name": None,
        "kind": "CardRemovedError",
        "what": "Contact with the card was lost.",
        "why": "The card was taken out or lay loose in the reader, or the reader lost its power.",
        "next": "Put the same card back and run “sithsup check”: it tells what works now and how to go on.",
        "next_in_window": "Put the same card back and press “Try again” to see what works now and how to go on.",
        "contact": "local-it",
        "contact_text": "Your local IT support.",
        "exit_code": 4,
    }
    _, out, _ = said(capsys, "--json")
    every: list[dict[str, Any]] = json.loads(out)["errors"]
    assert [(one["code"], one["name"], one["kind"]) for one in every] == [
        (entry.code or None, entry.name or None, entry.kind or None) for entry in entries()
    ]
    assert all(one.keys() == told.keys() for one in every)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("SU-1999", "there is no such error code and no such reason. “sithsup errors” alone lists all that there are"),
        ("pin_lockd", "there is PIN_LOCKED"),
        ("card-revokd", "there is CARD_REVOKED"),
        ("2B426L72", "this is a case code, which tells one case from another."),
        ("2b426l72", "An error code is SU- and four digits"),
    ],
)
def test_what_is_no_code_is_told_helpfully(typed: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, typed)
    assert (code, out) == (2, "")
    assert err.startswith("An argument is wrong. (SU-3006)\nCODE: ")
    assert words in err
    code, out, _ = said(capsys, typed, "--json")
    assert (code, json.loads(out)["error"]["code"]) == (2, "SU-3006")


def test_a_code_of_the_card_that_is_typed_by_mistake_comes_to_rest_nowhere(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Law 11: neither in the log nor in what is said."""
    code, out, err = said(capsys, "482915", "--json")
    assert code == 2
    log = "".join(file.read_text("utf-8") for file in tmp_path.rglob("*") if file.is_file())
    assert "SU-3006" in log
    assert "482915" not in log + out + err


# ------------------------------------------------------------------------------------------------- the list


@pytest.mark.parametrize("language", ["en", "sv"])
def test_the_list_is_whole_sentences(
    language: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line for each code, reason and warning, without a brace, and with the exit code."""
    monkeypatch.setenv("SITHSUP_LANGUAGE", language)
    texts.set_language(None)
    _, out, _ = said(capsys)
    lines = out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == list(dict.fromkeys(entry.label for entry in entries()))
    for line in lines:
        assert not re.search(r"[{}]", line)
        assert re.search(r"(Exit code|Slutkod): \d+\.$", line)


def test_the_list_tells_why(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = said(capsys)
    lines = {line.partition("  ")[0]: line for line in out.splitlines()}
    assert "They were ordered on another computer" in lines["SU-2007"]
    assert "try again in so many minutes." in lines["SU-2007"]
    assert lines["SU-2007"].endswith("Exit code: 5.")
    assert "answered: the name of an error. Take the card out" in lines["SU-1010"]
    assert lines["SU-5001 (PAUSED)"].endswith("Exit code: 5.")


# ------------------------------------------------------------------------------------------------- what support hears


def test_a_refusal_names_its_reasons() -> None:
    """What stands on the window's page of an error, and what `errors` takes."""
    refused = NotEligibleError(reasons=("WINDOW_CLOSED", "PAUSED"), reason="-")
    assert refused.reference == "SU-5001 (WINDOW_CLOSED, PAUSED)"
    assert [entry.name for entry in matching(refused.reference)] == ["WINDOW_CLOSED", "PAUSED"]
    assert NotEligibleError(reason="-").reference == "SU-5001"
    assert CampaignInvalidError(path="-", problem=str(Text(sv="-", en="-"))).reference == "SU-3001"
