"""What a person is told to do: a command at the command line, a button in the window, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from sithsup import cli, texts
from sithsup.catalogue import STAND_INS, matching
from sithsup.errors import (
    AuthorityBusyError,
    InterruptedByPersonError,
    InterruptedWayBackError,
    SithsupError,
    TermsNotAcceptedError,
    UpgradeError,
)
from sithsup.texts import tr
from sithsup.ways import WAYS, Interface, advise, set_interface

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).resolve().parents[2] / "src" / "sithsup"
OF_COMMANDS = re.compile(r"[“”]sithsup|(?<!\w)--\w|terminal|\bcommand\b|\bkommando\b")
NAMED = re.compile(r"[“”]([^“”]+)”")
"""In English quotation marks and in Swedish ones."""
IN_BOTH = {"Another window or command is busy with it, perhaps under another account on this computer."}
"""Names no command, but what else may be at work."""
OF_SETTINGS = "settings/table.py"
"""What the command `settings` shows; the window does not."""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    set_interface(Interface.COMMAND_LINE)
    texts.set_language(None)


def kinds(root: type[SithsupError] = SithsupError) -> Iterator[type[SithsupError]]:
    """Every kind of error, with a code of its own or not."""
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def texts_of(kind: type[SithsupError]) -> Iterator[str]:
    """Everything that an error of this kind may say, before it is filled in."""
    own = (getattr(kind, name, None) for name in dir(kind) if name.endswith("_text"))
    yield from (text for text in own if isinstance(text, str))


def marked(file: Path) -> Iterator[str]:
    """Every text of a file that is translated."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"tr", "mark", "advise"}:
            message = node.args[0]
            if isinstance(message, ast.Constant) and isinstance(message.value, str):
                yield message.value


def buttons() -> set[str]:
    """What the buttons of the window say, in the language in use: its texts that have a key of their own."""
    texts_there = (text for file in (SOURCE / "ui").rglob("*.py") for text in marked(file))
    return {tr(text).replace("&", "") for text in texts_there if "&" in text}


@pytest.mark.parametrize("language", ["en", "sv"])
def test_in_the_window_no_error_speaks_of_commands(language: str) -> None:
    texts.set_language(language)
    set_interface(Interface.WINDOW)
    values = STAND_INS | {"role": "-"}
    said = {advise(text, **values) for kind in kinds() for text in texts_of(kind)}
    said |= {advise(f"{{{name}}}", **values) for name in WAYS}
    assert {text for text in said - {tr(each) for each in IN_BOTH} if OF_COMMANDS.search(text)} == set()


@pytest.mark.parametrize("language", ["en", "sv"])
def test_every_button_that_a_way_names_is_there(language: str) -> None:
    texts.set_language(language)
    there = buttons()
    named = {name for way in WAYS.values() for name in NAMED.findall(tr(way.window))}
    assert len(named) > 2
    assert named <= there


def test_every_command_that_a_way_names_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Read off the program's own help, as are the options."""
    said = " ".join(way.command for way in WAYS.values())
    with pytest.raises(SystemExit):
        cli.run(["--help"])
    commands = set(re.findall(r"^ {4}(\w+) ", capsys.readouterr().out, re.MULTILINE))
    assert set(re.findall(r"“sithsup (\w+)”", said)) <= commands
    options = ""
    for command in ("upgrade", "unblock", "diagnose"):
        with pytest.raises(SystemExit):
            cli.run([command, "--help"])
        options += capsys.readouterr().out
    assert set(re.findall(r"--[\w-]+", said)) <= set(re.findall(r"--[\w-]+", options))


def test_nothing_else_that_both_show_speaks_of_commands() -> None:
    """Findings, warnings, contacts, the receipt: whatever stands outside of the command line and of the table."""
    files = (file.relative_to(SOURCE) for file in SOURCE.rglob("*.py"))
    shown = [
        file for file in files if file.parts[0] not in {"cli", "demo", "ways.py"} and file.as_posix() != OF_SETTINGS
    ]
    assert len(shown) > 100
    said = {text for file in shown for text in marked(SOURCE / file)} - IN_BOTH
    assert {text for text in said if OF_COMMANDS.search(text)} == set()


def test_every_way_is_taken_and_no_value_hides_one() -> None:
    advices = {text for kind in kinds() for text in texts_of(kind)}
    advices |= {text for file in (SOURCE / "errors").glob("*.py") for text in marked(file)}
    taken = {name for text in advices for _, name, _, _ in Formatter().parse(text) if name}
    assert set(WAYS) <= taken
    assert not set(WAYS) & set(STAND_INS)


def test_the_command_line_is_told_of_commands_until_a_window_opens() -> None:
    texts.set_language("en")
    assert UpgradeError().next_step.startswith("Run “sithsup check”")
    set_interface(Interface.WINDOW)
    assert UpgradeError().next_step.startswith("Press “Try again”")


def test_a_way_knows_the_values_of_its_advice() -> None:
    texts.set_language("en")
    assert "“--accept-terms 7”" in TermsNotAcceptedError(version="7").next_step
    (entry,) = matching(TermsNotAcceptedError.code)
    assert entry.remedies[0].command_line.endswith("with “--accept-terms VERSION”.")
    with pytest.raises(KeyError):
        advise("{accept}")


def test_a_value_is_not_read_as_a_way() -> None:
    assert advise("{reason}", reason="{see}") == "{see}"


def test_a_name_that_is_no_way_is_a_bug() -> None:
    with pytest.raises(KeyError):
        advise("{nowhere}")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthorityBusyError(retry_after=90), "Try again in 2 minutes. Press “Try again” to see"),
        (InterruptedByPersonError(works=True, may_restore=True), "go back with “Go back to the old”."),
        (InterruptedByPersonError(works=True, may_restore=False), "Press “Try again” and go on with “Continue”."),
        (InterruptedWayBackError(works=True, may_restore=True), "once more “Go back to the old”."),
        (InterruptedWayBackError(works=True, may_restore=False), "Press “Try again” to see what works now"),
    ],
)
def test_what_depends_on_the_moment_is_told_in_the_window_too(error: SithsupError, words: str) -> None:
    texts.set_language("en")
    set_interface(Interface.WINDOW)
    assert words in error.next_step
