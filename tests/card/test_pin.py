"""A code can be used and wiped, and nothing else."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import pytest

from sithsup.card.pin import USUAL_LENGTHS, Code, code_lengths
from sithsup.model import CodeState, TokenId, TokenInfo

TOKEN = TokenInfo(TokenId("1", "x"), "r", "m", "m", CodeState.OK, False, False, frozenset(), None)


class Watched(bytearray):
    """A buffer that tells what is written to it as a whole."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.written: list[bytes] = []

    def __setitem__(self, place: object, value: object) -> None:
        assert place == slice(None)
        assert isinstance(value, bytes)
        self.written.append(value)
        super().__setitem__(slice(None), value)


def test_wiping_overwrites_before_it_forgets() -> None:
    """Forgetting alone would leave the digits in memory that others get."""
    buffer = Watched(b"804917")
    code = Code(buffer)
    assert len(code) == 6
    code.wipe()
    assert buffer.written == [bytes(6)]
    assert len(code) == 0


def test_a_block_wipes_also_when_it_fails() -> None:
    """Whatever happens while the code is lent."""
    code = Code(bytearray(b"804917"))
    with pytest.raises(ZeroDivisionError), code as lent:
        assert 1 / (bytes(lent) != b"804917")
    assert len(code) == 0


@pytest.mark.parametrize("attempt", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_pickled_nor_copied(attempt: object) -> None:
    """So that it cannot get into a message, a file or another process by mistake."""
    assert callable(attempt)
    with pytest.raises(TypeError):
        attempt(Code(bytearray(b"804917")))


def test_it_is_not_printed() -> None:
    """Not even its length."""
    assert repr(Code(bytearray(b"804917"))) == str(Code(bytearray())) == "Code(***)"


@pytest.mark.parametrize("said", [range(4, 9), range(6, 7)])
def test_a_token_tells_how_long_its_code_is(said: range) -> None:
    assert code_lengths(replace(TOKEN, code_lengths=said)) == said


@pytest.mark.parametrize("said", [range(1), range(9), range(8, 5)])
def test_a_token_that_makes_no_sense_of_it_is_not_believed(said: range) -> None:
    """No code is refused for what a module left out."""
    assert code_lengths(replace(TOKEN, code_lengths=said)) == USUAL_LENGTHS
