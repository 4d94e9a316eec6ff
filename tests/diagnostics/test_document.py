"""A diagnosis as it is handed on: what is wrong, each once and first; nothing in it that is nobody else's to read."""

from __future__ import annotations

import getpass
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.diagnostics.document import Document, finish
from sithsup.diagnostics.private import of_account
from sithsup.diagnostics.probe import Found, Group, Probe, Result, Status
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.scene import Scene
from sithsup.diagnostics.values import BLOT, Fact, Foreign, Term, Word
from sithsup.eligibility import Finding, Severity
from sithsup.errors import (
    CampaignUnreachableError,
    Contact,
    JournalUnwritableError,
    NoReaderError,
    SettingsInvalidError,
    SithsupError,
)
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    Wrong = SithsupError | Finding

WHO = {Contact.LOCAL_IT: "Kanarie Hjälp, 010-123 45 67", Contact.DEPUTY_ISSUER: "Utgivare, 0771-11 22 33"}
PRIVATE = {"Kanarie", "Testperson", "SE1655616161-K4N4R13"}


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def whom(contact: Contact) -> str:
    return WHO[contact]


def made(
    *problems: SithsupError | Finding, found: Found | None = None, environ: dict[str, str] | None = None
) -> Document:
    """A diagnosis of two probes that have found these problems, the same ones."""
    scene = Scene(Settings.resolve(environ or {}, ()), private=set(PRIVATE))
    named = tuple(map(Problem, problems))
    probes = [Probe(name, name.title(), lambda _: Found()) for name in ("first", "second")]
    results = [Result(probe, Status.PROBLEM, Found(problems=named)) for probe in probes]
    if found:
        results.append(Result(Probe("third", "Third", lambda _: found), Status.GOOD, found))
    return finish(results, scene, whom)


# ------------------------------------------------------------------------------------------------ what is wrong


def test_whatever_is_wrong_is_told_once() -> None:
    """Two probes that stumble over the same thing name one problem; two broken settings are two."""
    broken = [SettingsInvalidError(name=name, problem="x") for name in ("SITHSUP_DATA", "SITHSUP_MODULE")]
    document = made(NoReaderError(), *broken)
    assert [each.code for each in document.problems] == ["SU-1003", "SU-3002", "SU-3002"]
    assert [each["cause"] for each in document.data()["problems"][1:]] == ["SITHSUP_DATA: x", "SITHSUP_MODULE: x"]
    assert [each["problems"] for each in document.data()["probes"]] == [
        [
            {"code": "SU-1003", "name": "NoReaderError"},
            *2 * [{"code": "SU-3002", "name": "SettingsInvalidError"}],
        ]
    ] * 2


def test_what_is_wrong_comes_first_and_is_numbered() -> None:
    """So that two people on the phone speak of the same thing."""
    finding = Finding("CLOCK_DOUBTFUL", Severity.WARNS, "The clock may be wrong.", contact=Contact.LOCAL_IT)
    lines = list(made(NoReaderError(), finding).lines())
    assert lines[0].startswith("Case code: ")
    first = lines.index("1. No card reader was found (SU-1003)")
    second = lines.index("2. The clock may be wrong (SU-5001 CLOCK_DOUBTFUL)")
    assert first < second < next(number for number, line in enumerate(lines) if line.startswith("Card number"))
    assert lines[first + 2] == f"   {NoReaderError().next_step}"
    cause, remedy, whom = lines[second + 1 : second + 4]
    assert (cause.startswith("   A server told"), remedy.startswith("   You may go on")) == (True, True)
    assert whom == f"   {BLOT} Hjälp, 010-123 45 67"
    assert "Nothing wrong was found." not in lines


def test_that_nothing_is_wrong_is_said() -> None:
    assert list(made().lines())[1:3] == ["", "Nothing wrong was found."]


# ----------------------------------------------------------------------------------------------- what is blotted


@pytest.mark.parametrize(
    ("error", "is_told", "secrets"),
    [
        (
            JournalUnwritableError(path="/srv/Kanarie/SE1655616161-K4N4R13/191212121212", problem="738291"),
            "/srv/",
            ("Kanarie", "K4N4R13", "19121212", "738291"),
        ),
        (
            CampaignUnreachableError(address="https://ca.example/738291?who=hemlig", problem="Testperson said no"),
            "https://ca.example",
            ("738291", "hemlig", "Testperson"),
        ),
        (
            SettingsInvalidError(name="SITHSUP_DATA", problem="“hemlig mapp” is not an absolute path"),
            "SITHSUP_DATA",
            ("hemlig",),
        ),
        (
            SettingsInvalidError(name="SITHSUP_DATA", problem="”hemlig mapp” är ingen absolut sökväg"),
            "SITHSUP_DATA",
            ("hemlig",),
        ),
        (
            Finding("LOCKS_UNUSABLE", Severity.WARNS, "See {path}.", {"path": "/home/hemlig/x"}),
            "See /home/",
            ("hemlig",),
        ),
    ],
)
def test_the_words_of_a_problem_are_blotted(
    error: SithsupError | Finding, is_told: str, secrets: tuple[str, ...]
) -> None:
    """Paths, settings and answers are quoted in them."""
    document = made(error)
    handed_on = " ".join((*document.lines(), str(document.data())))
    assert is_told in handed_on
    assert not [secret for secret in secrets if secret in handed_on]
    told = " ".join(document.told(document.problems[0])[:3])
    assert not [secret for secret in secrets if secret in told]


def test_what_the_program_itself_quotes_is_left() -> None:
    """A command in quotation marks is its own."""
    error = SithsupError(problem="“hemligt”")
    assert "Run “sithsup check”" in made(error).data()["problems"][0]["remedy"]


def test_facts_are_blotted_and_words_are_not() -> None:
    facts = (
        Fact("foreign", "Foreign", Foreign("Kanarie 738291")),
        Fact("word", "Word", Word("9752278000000000017")),
        Fact("term", "Term", Term("in-use", "used")),
        Fact("nothing", "Nothing", None),
        Fact("truth", "Truth", value=True),
    )
    document = made(found=Found(facts, (Group("group", Foreign("Testperson"), facts[:1]),)))
    third = document.data()["probes"][2]
    assert third["facts"] == {
        "foreign": f"{BLOT} {BLOT}",
        "word": "9752278000000000017",
        "term": "in-use",
        "nothing": None,
        "truth": True,
    }
    assert third["groups"] == [{"name": "group", "title": BLOT, "facts": {"foreign": f"{BLOT} {BLOT}"}}]
    assert list(document.lines_of(document.results[2])) == [
        f"Foreign: {BLOT} {BLOT}",
        "Word: 9752278000000000017",
        "Term: used",
        "Nothing: not known",
        "Truth: yes",
        BLOT,
        f"  Foreign: {BLOT} {BLOT}",
    ]


def test_what_an_organisation_says_of_itself_is_for_the_person_at_the_screen() -> None:
    """People may be named in it; a campaign is public, and so are its telephones."""
    error = SithsupError()
    assert error.contact is Contact.LOCAL_IT
    public, own = made(error), made(error, environ={"SITHSUP_LOCAL_IT": "hemlig"})
    assert public.data()["problems"][0]["contact"] == f"{BLOT} Hjälp, 010-123 45 67"
    assert own.data()["problems"][0]["contact"] == "Your local IT support, as your organisation has set it up."
    assert "010-123 45 67" not in "".join(own.lines())
    for document in (public, own):
        assert document.told(document.problems[0]).contact == WHO[Contact.LOCAL_IT]
    assert made(NoReaderError()).own == frozenset()
    assert replace(own, own=frozenset()).data() == public.data() | {"at": own.data()["at"], "case_code": own.case_code}


# ------------------------------------------------------------------------------------------- whose computer it is


def test_account_and_computer_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "hemlig")
    monkeypatch.setattr(platform, "node", lambda: "dator.region.example")
    document = made(found=Found((Fact("x", "X", Foreign("hemlig at dator, dator.region.example")),)))
    assert document.data()["probes"][2]["facts"]["x"] == f"{BLOT} at {BLOT}, {BLOT}"


def test_an_account_that_is_called_like_everything_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the names of issuers would be blotted."""
    monkeypatch.setattr(getpass, "getuser", lambda: "root")
    monkeypatch.setattr(platform, "node", lambda: "localhost")
    monkeypatch.setattr(Path, "home", lambda: Path("/root"))
    assert of_account() == set()


def test_an_account_that_the_system_does_not_know_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> str:
        raise KeyError("getpwuid(): uid not found")

    def homeless(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(getpass, "getuser", unknown)
    monkeypatch.setattr(Path, "home", homeless)
    assert list(made(NoReaderError()).lines())
