"""Codes on their way from the window to the run: handed over once, and wiped where nobody comes for them."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.errors import CardRemovedError
from sithsup.model import CodeState, KeyRole, TokenId, TokenInfo
from sithsup.ui.prompts import Prompts
from tests.ui.states import card

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ui.seen import Wanted

ROLES = frozenset({KeyRole.AUTHENTICATION})
WHILE = 0.01
"""Seconds between two looks at the card."""


def token(state: CodeState = CodeState.OK) -> TokenInfo:
    return replace(card().tokens[0].info, code=state)


def typed(code: bytes = b"123456") -> bytearray:
    return bytearray(code)


class Person:
    """Answers at once, with what is laid ready."""

    def __init__(self, *answers: bytearray, look_after: Callable[[TokenId], float] = lambda _: WHILE) -> None:
        self.asked: list[Wanted] = []
        self._answers = list(answers)
        self.prompts = Prompts(self._ask, look_after)

    def _ask(self, wanted: Wanted) -> None:
        self.asked.append(wanted)
        if self._answers:
            self.prompts.answer(self._answers.pop(0))

    def code(self, info: TokenInfo) -> bytes:
        given = self.prompts.code(info, ROLES)
        assert given
        with given as digits:
            return bytes(digits)


def test_what_lies_there_is_given_once() -> None:
    person = Person(typed(b"222222"))
    person.prompts.give({token().id: typed(b"111111")})
    assert [person.code(token()), person.code(token())] == [b"111111", b"222222"]
    assert len(person.asked) == 1


@pytest.mark.parametrize("when", ["before anything is asked", "after the card has gone"])
def test_an_answer_that_nobody_waits_for_is_wiped(when: str) -> None:
    """And is never the answer to what is asked later."""
    late, person = typed(), Person(typed(b"222222"))
    if "gone" in when:

        def gone(_: TokenId) -> float:
            raise CardRemovedError

        lost = Person(look_after=gone)
        with pytest.raises(CardRemovedError):
            lost.prompts.code(token(), ROLES)
        lost.prompts.answer(late)
    else:
        person.prompts.answer(late)
    assert late == bytes(len(late))
    assert person.code(token()) == b"222222"


def test_an_answer_that_comes_just_as_the_card_goes_is_wiped() -> None:
    late = typed()
    person = Person(late, look_after=lambda _: (_ for _ in ()).throw(CardRemovedError()))
    with pytest.raises(CardRemovedError):
        person.prompts.code(token(), ROLES)
    assert late == bytes(len(late))


def test_the_last_try_is_not_spent_on_what_was_typed_before_it_was_known() -> None:
    """It is asked for again, and the page wants a yes for it."""
    early, last = typed(b"111111"), token(CodeState.FINAL_TRY)
    person = Person(typed(b"222222"))
    person.prompts.give({last.id: early})
    assert person.code(last) == b"222222"
    assert early == bytes(len(early))
    assert [wanted.token.code for wanted in person.asked] == [CodeState.FINAL_TRY]


def test_the_last_try_is_spent_on_a_yes() -> None:
    last, person = token(CodeState.FINAL_TRY), Person()
    person.prompts.give({last.id: typed()}, frozenset({last.id}))
    assert person.code(last) == b"123456"
    person.prompts.give({last.id: typed()})  # a yes holds for one run
    thread = threading.Thread(target=person.prompts.code, args=(last, ROLES))
    thread.start()
    while not person.asked:
        pass
    person.prompts.answer(None)
    thread.join()
