"""Around every command: whoever stops reading, settings that are broken, mistakes in the arguments, and bugs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sithsup import logs, texts
from sithsup.cli import commands, main
from sithsup.cli.parser import make_parser
from sithsup.settings import Level, Settings, sources
from sithsup.settings.sources import TomlFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
BROKEN = {"SITHSUP_CARD_TIMEOUT": "soon"}


@pytest.fixture(autouse=True)
def _a_computer_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No settings but those of a test, and no texts of the system's language afterwards."""
    for variable in [name for name in os.environ if name.startswith("SITHSUP_") or name in VARIABLES]:
        monkeypatch.delenv(variable)
    for name in ("data", "logs"):
        monkeypatch.setenv(f"SITHSUP_{name.upper()}", str(tmp_path / name))
    monkeypatch.setattr(sources, "of_this_computer", lambda: (TomlFile(Level.POLICY, tmp_path / "policy.toml"),))
    yield
    texts.set_language(None)
    logs.configure(None)


# ------------------------------------------------------------------------------------- nobody reads any more


@pytest.mark.parametrize("arguments", [["errors"], ["settings", "--json"], ["--help"]])
def test_whoever_stops_reading_is_told_nothing(arguments: list[str]) -> None:
    """`sithsup errors | head -1`: the pipe is closed before anything, or all, of it is read."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        command = [sys.executable, "-m", "sithsup", *arguments]
        ended = subprocess.run(command, check=False, stdout=closed, stderr=subprocess.PIPE, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_closed_terminal_stops_nothing(tmp_path: Path) -> None:
    """What is told on stderr is not read: the result comes all the same."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        command = [sys.executable, "-m", "sithsup", "history", "--json"]
        ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=closed, timeout=60)
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["history"] == []


# ----------------------------------------------------------------------------------------- broken settings


@pytest.mark.parametrize("command", ["errors", "history"])
def test_what_needs_no_broken_setting_runs(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks up SU-3002 is not told SU-3002."""
    monkeypatch.setenv(*next(iter(BROKEN.items())))
    assert main.run([command, "--json"]) == 0
    assert "error" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("broken", ["variable", "policy"])
def test_no_history_is_looked_for_where_its_folder_is_not_known(
    broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if broken == "variable":
        monkeypatch.setenv("SITHSUP_DATA", "not/absolute")
    else:
        (tmp_path / "policy.toml").write_text("not toml")
    assert main.run(["history", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "SU-3002"


def test_the_good_settings_are_taken_to_tell_of_a_broken_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the language that was set, with the local IT support that was named, in the text of the problem too."""
    monkeypatch.setenv("SITHSUP_LANGUAGE", "sv")
    monkeypatch.setenv("SITHSUP_LOCAL_IT", "Hjälpen, 000")
    monkeypatch.setenv("SITHSUP_CARD_TIMEOUT", "5000000")
    assert main.run(["check"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "En inställning saknas eller är fel. (SU-3002)",
        "SITHSUP_CARD_TIMEOUT (miljövariabel): ”5000000” är inte ett antal sekunder, högst 86400",
        "Rätta inställningen och försök igen.",
        "Din lokala it-support: Hjälpen, 000",
    ]


def test_nobody_is_told_to_correct_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.toml").write_text('card_timeout = "soon"\n')
    assert main.run(["check", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["error"]["next"]
    assert told.startswith("Ask your local IT support to correct the setting.")


def test_a_broken_language_leaves_the_system_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SITHSUP_LANGUAGE", "klingon")
    monkeypatch.setenv("LANG", "sv_SE.UTF-8")
    assert main.run(["check"]) == 2
    assert "En inställning saknas eller är fel." in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- the arguments


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the parser says before it ends the program."""
    with pytest.raises(SystemExit):
        main.run(arguments)
    return "".join(capsys.readouterr())


def test_help_and_mistakes_are_told_in_the_person_s_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What argparse says by itself, too; a mistake with what to do next."""
    monkeypatch.setenv("SITHSUP_LANGUAGE", "xx")
    for arguments in (["--help"], ["upgrade", "--help"], ["campaign", "--help"]):
        for word in ("usage: ", "options", "show this help message and exit"):
            assert f"⟦{word}⟧" in said(capsys, *arguments)
    for arguments in (["chek"], [], ["upgrade", "--card"], ["check", "--fast"], ["campaign", "sign"]):
        assert "--help” to see what can be given.⟧" in said(capsys, *arguments)


def test_the_parser_of_a_command_takes_what_is_documented() -> None:
    arguments = make_parser(["upgrade"]).parse_args(["upgrade", "--accept-terms", "1", "--mail-understood", "--yes"])
    assert (arguments.accept_terms, arguments.mail_understood, arguments.yes) == ("1", True, True)


# --------------------------------------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize(
    ("command", "outcome", "what"),
    [
        ("upgrade", None, "No upgrade was begun."),
        ("upgrade", "upgraded", "The upgrade was cancelled."),
        ("restore", None, "The upgrade was cancelled."),
    ],
)
def test_ctrl_c_before_anything_was_begun(
    command: str, outcome: str | None, what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said that nothing was begun, and that the card is as it was."""

    def interrupted(context: commands.Context) -> int:
        context.view.result["outcome"] = outcome
        raise KeyboardInterrupt

    monkeypatch.setitem(commands.COMMANDS, command, interrupted)
    arguments = make_parser([command]).parse_args([command, "--json"])
    assert commands.run(arguments, Settings(), None) == 130
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["what"]) == ("SU-5006", what)
    assert ("Nothing on the card was changed." in error["next"]) is (what == "No upgrade was begun.")


# ---------------------------------------------------------------------------------------------------- bugs


def test_a_bug_before_any_command_says_that_it_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """No traceback for an employee; it is in the log."""

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(main, "read", broken)
    assert main.run(["check"]) == 1
    told = capsys.readouterr().err
    assert "(SU-9001)" in told
    assert "Traceback" not in told
    assert [record.getMessage() for record in caplog.records] == ["bug"]
    caplog.clear()


# -------------------------------------------------------------------------------------- how long a card is waited for


@pytest.mark.parametrize(
    ("arguments", "set_to", "expected"),
    [(["check"], "60", 60), (["check", "--all-readers"], "60", 20), (["check", "--all-readers"], "5", 5)],
)
def test_a_card_among_many_is_not_waited_for_as_long(
    arguments: list[str], set_to: str, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the readers' own processes too: what is set goes on to them."""
    seen: list[Settings] = []

    def run(_: object, settings: Settings, __: object) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setenv("SITHSUP_CARD_TIMEOUT", set_to)
    monkeypatch.setattr(main, "start_card", seen.append)
    monkeypatch.setattr(commands, "run", run)
    assert main.run(arguments) == 0
    assert [settings.card_timeout for settings in seen] == [expected, expected]
