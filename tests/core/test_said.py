"""What a person is told of how a run ended, on the simulators: it must be true, all of it together."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sithsup import texts
from sithsup.cli import commands
from sithsup.errors import CardRemovedError
from tests.support.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    said: list[str]
    result: dict[str, Any]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


class Terminal:
    """Gives commands to a lab's card."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Remember how to lead the commands to the lab, and how to hear what they say."""
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def run(self, lab: Lab, command: str) -> Ended:
        """Run a command as somebody at the lab's computer does."""
        self._monkeypatch.setattr(commands, "_connect", lambda _: lab.operation())
        code = commands.run(Namespace(command=command, json=True, yes=True), None, None)  # type: ignore[arg-type]
        said = self._capsys.readouterr()
        return Ended(code, said.err.splitlines(), json.loads(said.out))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Give somebody a terminal."""
    return Terminal(monkeypatch, capsys)


NOTHING_BEGUN = "Nothing was begun, and nothing on the card was changed."


@pytest.mark.parametrize("verb", ["query", "log_in"])
def test_a_card_that_is_pulled_before_anything_was_begun(
    verb: str, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as an error of the card, not as an interruption: `check` says 10 afterwards."""
    lab = Lab(tmp_path)

    def pull(*_: object) -> None:
        lab.token.pull()
        raise CardRemovedError

    with monkeypatch.context() as loose:
        loose.setattr(lab.authority if verb == "query" else lab.token, verb, pull)
        ended = terminal.run(lab, "upgrade")
    assert (ended.code, ended.result["error"]["code"], ended.result["outcome"]) == (7, "SU-1006", None)
    assert NOTHING_BEGUN in ended.said
    lab.mend()
    assert terminal.run(lab, "check").code == 10


def test_a_card_that_is_pulled_later_is_interrupted(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key was announced: 4, as `check` says."""
    lab = Lab(tmp_path)

    def pull(*_: object) -> None:
        lab.token.pull()
        raise CardRemovedError

    with monkeypatch.context() as loose:
        loose.setattr(lab.token, "generate_key_pair", pull)
        ended = terminal.run(lab, "upgrade")
    assert (ended.code, ended.result["outcome"]) == (4, "interrupted")
    assert NOTHING_BEGUN not in ended.said
    lab.mend()
    assert terminal.run(lab, "check").code == 4


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_ctrl_c_in_the_middle_of_going_back(
    is_elsewhere: bool, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the way back that was interrupted; `check` agrees, and both ways are open."""
    lab = Lab(tmp_path)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr(lab.authority, "order", stop)
        assert terminal.run(lab, "upgrade").said[-4] == "You interrupted the upgrade. (SU-5007)"
    if is_elsewhere:
        lab.lose_journal()
    with monkeypatch.context() as pressed:
        pressed.setattr(lab.token, "destroy", stop)
        ended = terminal.run(lab, "restore")
    assert ended.code == 4
    assert ended.said[-4:-1] == [
        "You interrupted the way back to the old certificates. (SU-5007)",
        "The card still works.",
        "Run “sithsup restore” again. Or run “sithsup resume” to finish the upgrade instead.",
    ]
    assert terminal.run(lab, "check").result["choices"] == ["continue", "restore"]
    ended = terminal.run(lab, "restore")
    assert (ended.code, ended.result["outcome"]) == (0, "restored")
