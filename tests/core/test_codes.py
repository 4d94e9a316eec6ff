"""Codes at a terminal: nothing that is typed is seen, and nothing that is typed is lost."""

from __future__ import annotations

import os
import termios
from typing import TYPE_CHECKING, Any

from sithsup.cli import codes
from sithsup.cli.view import View

if TYPE_CHECKING:
    import pytest


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
