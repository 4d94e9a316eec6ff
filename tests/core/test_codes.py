"""Codes at a terminal: nothing that is typed is seen or lost, and the last try is never spent without a clear yes."""

from __future__ import annotations

import os
import termios
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import texts
from sithsup.cli import codes
from sithsup.cli.codes import StandardInputCodes, TerminalCodes
from sithsup.cli.view import View
from sithsup.errors import CodeNotReadError, LastTryError
from sithsup.model import CodeState, KeyRole, TokenId, TokenInfo
from tests.support.standard_input import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["lines"]

ROLES = frozenset({KeyRole.SIGNATURE})


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def token(state: CodeState = CodeState.OK) -> TokenInfo:
    """A token whose code is in this state."""
    return TokenInfo(TokenId("1", "x (underskrift)"), "r", "m", "m", state, False, False, frozenset(), None)


def test_nothing_is_asked_before_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who has the code in the clipboard answers in the same moment."""
    master, slave = os.openpty()
    asked: list[bool] = []

    def ask(prompt: str) -> None:
        asked.append(bool(termios.tcgetattr(slave)[3] & termios.ECHO))
        os.write(master, b"123456\n")
        assert prompt == "Code: "

    before = os.dup(0)
    os.dup2(slave, 0)
    monkeypatch.setattr(codes, "_ask", ask)
    try:
        assert bytes(codes.read_hidden("Code: ")) == b"123456"
    finally:
        os.dup2(before, 0)
        for descriptor in (before, master, slave):
            os.close(descriptor)
    assert asked == [False]


def test_what_others_wrote_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A card's certificates and an authority's words are shown without their control characters."""
    View("check", as_json=False).say("Kort\x1b[2J \x07\u202eÅsa")
    assert capsys.readouterr().err == "Kort[2J Åsa\n"


def test_progress_is_wiped_before_anything_else_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A case code that is read over the phone has no tail of what stood there before."""
    view: Any = View("check", as_json=False)
    view.say("  … something long", end="\r")
    view.say("ABC")
    view.say("DEF")
    assert capsys.readouterr().err == "  … something long\r\x1b[KABC\nDEF\n"


# ------------------------------------------------------------------------------------------- the last try (law 7)


def test_from_standard_input_the_last_try_is_never_spent(lines: Callable[[bytes], int]) -> None:
    """Nobody is there to say yes; not even the line is read."""
    lines(b"123456\n")
    with pytest.raises(LastTryError) as caught:
        StandardInputCodes().code(token(CodeState.FINAL_TRY), ROLES)
    assert caught.value.why.startswith("One more wrong code for signature locks it")
    assert os.read(0, 9) == b"123456\n"


def test_from_standard_input_a_code_is_a_line(lines: Callable[[bytes], int]) -> None:
    """An empty one is none; what comes after stays there for the next."""
    lines(b"123456\n\nmore")
    given = StandardInputCodes().code(token(CodeState.COUNT_LOW), ROLES)
    assert given is not None
    with given as digits:
        assert bytes(digits) == b"123456"
    with pytest.raises(CodeNotReadError):
        StandardInputCodes().code(token(), ROLES)
    assert os.read(0, 9) == b"more"


@pytest.mark.parametrize("is_sure", [True, False])
def test_at_a_terminal_the_last_try_needs_a_yes(is_sure: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it no code is asked for; of any other try nothing is asked."""
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return is_sure

    def typed(prompt: str) -> bytearray:
        asked.append(prompt)
        return bytearray(b"123456")

    monkeypatch.setattr(codes, "read_hidden", typed)
    source = TerminalCodes(ask)
    assert source.code(token(CodeState.COUNT_LOW), ROLES)
    assert asked == ["Code for signature: "]
    asked.clear()
    if is_sure:
        assert source.code(token(CodeState.FINAL_TRY), ROLES)
    else:
        with pytest.raises(LastTryError):
            source.code(token(CodeState.FINAL_TRY), ROLES)
    assert [line.partition(" ")[0] for line in asked] == (["Only", "Code"] if is_sure else ["Only"])
