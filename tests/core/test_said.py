"""What a person is told of how a run ended, on the simulators: it must be true, all of it together."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from sithsup import texts
from sithsup.cli import commands
from sithsup.errors import CardRemovedError
from sithsup.settings import Settings
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from tests.support.lab import OLD, Lab

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
        self._monkeypatch.setattr(commands, "_connected", lambda _: lab.operation())
        consent = {"accept_terms": None, "mail_understood": True}
        arguments = Namespace(command=command, json=True, yes=True, all_readers=False, **consent)
        code = commands.run(arguments, Settings(), None)
        said = self._capsys.readouterr()
        return Ended(code, said.err.splitlines(), json.loads(said.out))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Give somebody a terminal."""
    return Terminal(monkeypatch, capsys)


KILL = Mishap(Failure.PROCESS_KILLED, When.BEFORE)
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


WORKS = "The old certificates work."


def test_expired_certificates_are_not_said_to_work(terminal: Terminal, tmp_path: Path) -> None:
    """Not where nothing was begun, nor where it was undone too late."""
    fresh, late = Lab(tmp_path / "fresh"), interrupted(tmp_path / "late")
    ended = terminal.run(fresh, "restore")
    assert (ended.code, ended.said[-1]) == (0, WORKS)
    for lab in (fresh, late):
        lab.wait(days=9999)
        ended = terminal.run(lab, "restore")
        assert ended.code == 0
        assert WORKS not in " ".join(ended.said)
    assert "Your card is as it was before." in ended.said
    assert "The certificates on the card have expired." in " ".join(terminal.run(fresh, "restore").said)


def interrupted(folder: Path) -> Lab:
    """A lab whose upgrade was interrupted when a key was announced, and before it was made."""
    lab = Lab(folder, faults=Faults(Fault(KILL, 1, frozenset({"generate_key_pair"}))))
    lab.run("upgrade")
    lab.mend()
    return lab


@pytest.mark.parametrize(
    ("reason", "code", "said"),
    [
        (
            "CARD_REVOKED",
            3,
            [
                "Your card is as it was before.",
                "The upgrade was stopped, and what was begun was undone. (SU-5001, CARD_REVOKED)",
                "This card is revoked. Order a new card from your deputy issuer.",
                "Contact your deputy issuer if you think that this is wrong.",
            ],
        ),
        (
            "NO_NEED",
            0,
            [
                f"Your card is as it was before. {WORKS}",
                "This card does not need to be upgraded.",
                "Nothing needs to be done.",
            ],
        ),
    ],
)
def test_a_refusal_after_the_beginning(
    reason: str, code: int, said: list[str], terminal: Terminal, tmp_path: Path
) -> None:
    """What was begun is undone; the sentences are true together."""
    lab = interrupted(tmp_path)
    lab.authority.ledger.policy.permission = reason
    ended = terminal.run(lab, "resume")
    assert (ended.code, ended.result["outcome"]) == (code, "restored")
    assert [line for line in ended.said if line in said] == said
    assert "No upgrade was begun" not in " ".join(ended.said)
    assert lab.end() == OLD


def test_a_refusal_that_cannot_be_followed_by_an_undo(terminal: Terminal, tmp_path: Path) -> None:
    """The first confirmation was sent, and a torn directory hides all that is ours."""
    lab = Lab(tmp_path, faults=Faults(Fault(KILL, 2, frozenset({"confirm"}))))
    lab.run("upgrade")
    lab.mend()
    ours = {record.der for record in lab.authority.ledger.certificates.values() if record.profile}
    for token in lab.card.tokens:
        token.objects[:] = [o for o in token.objects if o.value not in ours and not o.label.startswith("simulated ")]
    lab.authority.ledger.policy.permission = "NO_NEED"
    ended = terminal.run(lab, "resume")
    assert (ended.code, ended.result["outcome"]) == (4, "interrupted")
    assert "The upgrade cannot go on now. (SU-5001, NO_NEED)" in ended.said
    assert "No upgrade was begun" not in " ".join(ended.said)
