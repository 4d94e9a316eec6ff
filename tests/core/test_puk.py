"""PUK codes and new codes at the command line: what is typed, what is refused, what is told."""

from __future__ import annotations

import io
import os
import sys
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import texts
from sithsup.campaign import Codes, Price, Text
from sithsup.cli import puk as cli_puk
from sithsup.cli import unblock as command
from sithsup.cli.locked import ELSEWHERE_TEXT, UNBLOCK_TEXT, Unlocking
from sithsup.cli.puk import NoPuk, StandardInputPuk, TerminalPuk, puk_source
from sithsup.cli.view import View
from sithsup.errors import (
    CodeChoiceError,
    CodeIncorrectError,
    CodeLengthError,
    CodeLockedError,
    NoCardError,
    NotEligibleError,
    PukLastTryError,
    PukNeededError,
    PukNotReadError,
    SithsupError,
)
from sithsup.locked import new_code_lines, order_text
from sithsup.model import CardContents, CodeState, KeyAlgorithm, KeyRole, TokenContents, TokenId, TokenInfo
from sithsup.sim.case import campaign
from tests.support.lab import START
from tests.support.standard_input import lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["lines"]

ROLES = frozenset({KeyRole.SIGNATURE})
ALLOWED = range(6, 9)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def token(puk: CodeState = CodeState.OK) -> TokenInfo:
    return TokenInfo(
        TokenId("1", "x (underskrift)"), "r", "m", "m", CodeState.LOCKED, False, False, frozenset(), None, puk=puk
    )


class TestStandardInput:
    def test_the_puk_code_comes_first(self, lines: Callable[[bytes], int]) -> None:
        """And the new code on the next line; nothing is read ahead."""
        lines(b"12345678\n246813\r\nmore")
        source = StandardInputPuk()
        puk, new = source.puk(token(), ROLES), source.new_code(token(), ROLES, ALLOWED)
        assert puk is not None
        assert new is not None
        with puk as first, new as second:
            assert (bytes(first), bytes(second)) == (b"12345678", b"246813")
        assert os.read(0, 9) == b"more"

    def test_an_empty_line_is_no_code(self, lines: Callable[[bytes], int]) -> None:
        lines(b"12345678\n\n")
        source = StandardInputPuk()
        assert source.puk(token(), ROLES)
        with pytest.raises(PukNotReadError):
            source.new_code(token(), ROLES, ALLOWED)

    def test_the_last_try_is_never_spent(self, lines: Callable[[bytes], int]) -> None:
        """Nobody is there to say yes; not even the line is read."""
        lines(b"12345678\n")
        with pytest.raises(PukLastTryError):
            StandardInputPuk().puk(token(CodeState.FINAL_TRY), ROLES)
        assert os.read(0, 9) == b"12345678\n"

    def test_what_is_neither_a_terminal_nor_announced_has_none(self, lines: Callable[[bytes], int]) -> None:
        """So a script that hangs is no risk."""
        source = puk_source(lambda _: True, lambda _: None, "", from_stdin=False)
        assert isinstance(source, NoPuk)
        with pytest.raises(PukNotReadError):
            source.puk(token(), ROLES)
        with pytest.raises(PukNotReadError):
            source.new_code(token(), ROLES, ALLOWED)


class Terminal:
    """A person who types these lines, unseen, and answers questions."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *typed: bytes, yes: bool = True) -> None:
        self.typed = [bytearray(line) for line in typed]
        self.buffers: list[bytearray] = []
        self.said: list[str] = []
        self.asked: list[str] = []
        monkeypatch.setattr(cli_puk, "read_hidden", self._read)
        self.source = TerminalPuk(self._ask if yes else lambda _: False, self.said.append, "Order it.")

    def _read(self, prompt: str) -> bytearray:
        self.asked.append(prompt)
        self.buffers.append(self.typed.pop(0))
        return self.buffers[-1]

    def _ask(self, question: str) -> bool:
        self.asked.append(question)
        return True


class TestTerminal:
    def test_who_has_no_puk_is_told_how_to_get_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before it is asked for; an empty line is none."""
        terminal = Terminal(monkeypatch, b"")
        assert terminal.source.puk(token(), ROLES) is None
        assert (terminal.said, terminal.asked) == (["Order it."], ["PUK code for signature: "])

    def test_the_last_try_needs_a_yes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without it nothing is asked for."""
        terminal = Terminal(monkeypatch, b"12345678", yes=False)
        with pytest.raises(PukLastTryError):
            terminal.source.puk(token(CodeState.FINAL_TRY), ROLES)
        assert terminal.asked == []
        terminal = Terminal(monkeypatch, b"12345678")
        assert terminal.source.puk(token(CodeState.FINAL_TRY), ROLES)
        assert "Only one try is left" in terminal.asked[0]

    def test_a_new_code_is_typed_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is not the same twice, or cannot be used, is asked for again and wiped; the last one is it."""
        typed = (b"246813", b"246831", b"2468", b"2468", b"24681x", b"24681x", b"135790", b"135790")
        terminal = Terminal(monkeypatch, *typed)
        code = terminal.source.new_code(token(), ROLES, ALLOWED)
        assert code is not None
        assert [bytes(buffer) for buffer in terminal.buffers] == [b""] * 6 + [b"135790", b""]
        assert terminal.said[0] == "Choose 6 to 8 digits. The two codes should differ."
        assert terminal.said[1:] == [
            "That was not the same twice. Nothing was sent to the card.",
            *["A code has 6 to 8 digits, and nothing but digits."] * 2,
        ]

    def test_who_types_nothing_gives_no_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert Terminal(monkeypatch, b"").source.new_code(token(), ROLES, ALLOWED) is None


CODES = Codes(price=Price(amount=150, currency="SEK"), order=Text(sv="Ring oss.", en="Call us."))
NEW_CODES = ("If you do not have your codes: Call us.", "Each new code costs 150 kr.")
ORDER = "Have you no PUK code? Call us. Price: 150 kr."


def said(
    error: SithsupError, capsys: pytest.CaptureFixture[str], *, may_unblock: bool, state: CodeState = CodeState.LOCKED
) -> list[str]:
    """What a person reads of an error about a card one of whose codes is in this state."""
    view = View("upgrade", as_json=False)
    view.unlocking = unlocking(may_unblock=may_unblock, state=state)
    view.error(error)
    return capsys.readouterr().err.splitlines()


def unlocking(*, may_unblock: bool, state: CodeState) -> Unlocking:
    """What is known of new codes, and of a card one of whose codes is in this state."""
    found, told = Unlocking(), campaign(START, KeyAlgorithm.P_256).model_copy(update={"codes": CODES})
    found.order, found.new_codes, found.may_unblock = order_text(told), new_code_lines(told), may_unblock
    return found.look(CardContents((TokenContents(replace(token(), code=state), ROLES, ()),), (), ()))


LOCKED = [
    CodeLockedError(role="signature"),
    CodeIncorrectError(role="signature", state=CodeState.LOCKED),
    NotEligibleError(reasons=("PIN_LOCKED",), reason="A code of this card is locked."),
]


@pytest.mark.parametrize("error", LOCKED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("may_unblock", [True, False])
def test_who_meets_a_locked_code_is_told_what_can_be_done(
    error: SithsupError, may_unblock: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """`unblock` only where it has a way, else the program that comes with the cards; and how to order a PUK code."""
    lines = said(error, capsys, may_unblock=may_unblock)
    assert (UNBLOCK_TEXT in lines, ELSEWHERE_TEXT in lines, ORDER in lines) == (may_unblock, not may_unblock, True)
    assert NEW_CODES[0] not in lines


@pytest.mark.parametrize("may_unblock", [True, False])
def test_so_is_who_only_checks(may_unblock: bool) -> None:
    """A card with a locked code, in `check`."""
    lines = unlocking(may_unblock=may_unblock, state=CodeState.LOCKED).lines
    assert lines == (UNBLOCK_TEXT if may_unblock else ELSEWHERE_TEXT, ORDER)
    assert unlocking(may_unblock=may_unblock, state=CodeState.UNSET).lines == NEW_CODES
    assert unlocking(may_unblock=may_unblock, state=CodeState.OK).lines == ()


@pytest.mark.parametrize(
    "error",
    [
        CodeIncorrectError(role="signature", state=CodeState.COUNT_LOW),
        CodeLengthError(role="signature", state=CodeState.OK),
    ],
)
def test_who_gives_a_wrong_code_is_told_how_new_ones_are_ordered(
    error: SithsupError, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what they cost: it may be the wrong one because it is forgotten."""
    lines = said(error, capsys, may_unblock=True, state=CodeState.COUNT_LOW)
    assert tuple(lines[-2:]) == NEW_CODES


def test_a_code_that_was_never_chosen_is_not_locked(capsys: pytest.CaptureFixture[str]) -> None:
    """The same reason stands against the card; there is nothing to unlock."""
    assert UNBLOCK_TEXT not in said(LOCKED[2], capsys, may_unblock=True, state=CodeState.UNSET)


def test_who_has_no_puk_code_is_told_the_price(capsys: pytest.CaptureFixture[str]) -> None:
    assert ORDER in said(PukNeededError(role="signature"), capsys, may_unblock=True)


@pytest.mark.parametrize(
    "error",
    [
        NoCardError(),
        CodeIncorrectError(role="signature", state=CodeState.OK),
        NotEligibleError(reasons=("READ_ONLY",), reason="-"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nobody_else_is_told(error: SithsupError, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(error, capsys, may_unblock=True)
    assert UNBLOCK_TEXT not in lines
    assert ORDER not in lines


def test_a_campaign_need_not_tell_of_codes() -> None:
    """Nor of a price."""
    plain = campaign(START, KeyAlgorithm.P_256)
    assert (order_text(None), order_text(plain)) == ("", "")
    assert (new_code_lines(None), new_code_lines(plain)) == ((), ())
    free = plain.model_copy(update={"codes": Codes(order=CODES.order)})
    assert order_text(free) == "Have you no PUK code? Call us."


class TestChoice:
    @pytest.mark.parametrize(("typed", "role"), [("1\n", KeyRole.AUTHENTICATION), (" 2 \n", KeyRole.SIGNATURE)])
    def test_whoever_sits_at_a_terminal_is_asked(
        self, typed: str, role: KeyRole, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where several codes are locked."""
        assert self.chosen(monkeypatch, typed, is_terminal=True) == [None, role]

    @pytest.mark.parametrize(
        ("typed", "is_terminal", "from_stdin"),
        [("1\n", False, False), ("1\n", True, True), ("both\n", True, False), ("", True, False)],
    )
    def test_nobody_is_guessed(
        self, typed: str, is_terminal: bool, from_stdin: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A script must say it, and whoever answers something else has not."""
        with pytest.raises(CodeChoiceError):
            self.chosen(monkeypatch, typed, is_terminal=is_terminal, from_stdin=from_stdin)

    def chosen(
        self, monkeypatch: pytest.MonkeyPatch, typed: str, *, is_terminal: bool, from_stdin: bool = False
    ) -> list[KeyRole | None]:
        """Which roles are asked for, where none is named."""
        asked: list[KeyRole | None] = []

        class Several:
            def choose(self, role: KeyRole | None) -> None:
                asked.append(role)
                if role is None:
                    raise CodeChoiceError(role="-")

        stdin: Any = io.StringIO(typed)
        stdin.isatty = lambda: is_terminal
        monkeypatch.setattr(sys, "stdin", stdin)
        context: Any = Namespace(arguments=Namespace(role=None, pin_stdin=from_stdin))
        command._chosen(context, Several())  # type: ignore[arg-type]
        return asked
