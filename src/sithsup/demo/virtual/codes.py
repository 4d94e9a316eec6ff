"""The instructions about codes (ISO 7816-4, section 7.5): VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. Pure.

A counter goes down before a code is compared, so that no cut of the power gives a try for nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.demo.virtual.apdu import Refused, Status
from sithsup.demo.virtual.memory import StoredCode
from sithsup.demo.virtual.writes import stages

if TYPE_CHECKING:
    from sithsup.demo.virtual.apdu import Command
    from sithsup.demo.virtual.card import Answer, Card

LENGTH = 8
"""Bytes of a stored code."""
PADDING = b"\xff"


def padded(code: str) -> bytes:
    """A code as it is stored and sent."""
    return code.encode("ascii").ljust(LENGTH, PADDING)


def stored(code: str, unblocking: str, tries: int = 3, unblocking_tries: int = 10) -> StoredCode:
    """A code of a new card, with nothing tried yet."""
    return StoredCode(
        value=padded(code),
        tries=tries,
        tries_left=tries,
        unblocking=padded(unblocking),
        unblocking_tries_left=unblocking_tries,
    )


def verify(card: Card, command: Command) -> Answer:
    """VERIFY; without data it tells whether the code was given, or how many tries are left."""
    code = _code(card, command.p2)
    if not command.data:
        return _tell(card, command.p2, code)
    if not code.tries_left:
        raise Refused(Status.BLOCKED)
    counted = code.one_try_less()
    before, during = card.memory, card.memory.with_code(command.p2, counted)
    if command.data != code.value:
        return card.wrote(stages(before, during), _refusal(counted.tries_left), forget=command.p2)
    after = before.with_code(command.p2, code.but(tries_left=code.tries))
    return card.wrote(stages(before, during, after), verified=command.p2)


def _tell(card: Card, reference: int, code: StoredCode) -> Answer:
    if reference in card.volatile.verified:
        return card.answer()
    raise Refused(_refusal(code.tries_left) if code.tries_left else Status.BLOCKED)


def change_reference_data(card: Card, command: Command) -> Answer:
    """CHANGE REFERENCE DATA: the old code and the new one."""
    code = _code(card, command.p2)
    if not code.tries_left:
        raise Refused(Status.BLOCKED)
    given, chosen = _halves(command.data)
    counted = code.one_try_less()
    before, during = card.memory, card.memory.with_code(command.p2, counted)
    if given != code.value:
        return card.wrote(stages(before, during), _refusal(counted.tries_left), forget=command.p2)
    changed = before.with_code(command.p2, counted.but(value=chosen))
    after = before.with_code(command.p2, code.but(value=chosen, tries_left=code.tries))
    return card.wrote(stages(before, during, changed, after))


def reset_retry_counter(card: Card, command: Command) -> Answer:
    """RESET RETRY COUNTER: the unblocking code and a new code."""
    code = _code(card, command.p2)
    if not code.unblocking_tries_left:
        raise Refused(Status.BLOCKED)
    given, chosen = _halves(command.data)
    counted = code.but(unblocking_tries_left=code.unblocking_tries_left - 1)
    before, during = card.memory, card.memory.with_code(command.p2, counted)
    if given != code.unblocking:
        return card.wrote(stages(before, during), _refusal(counted.unblocking_tries_left))
    changed = before.with_code(command.p2, counted.but(value=chosen))
    after = before.with_code(command.p2, code.but(value=chosen, tries_left=code.tries))
    return card.wrote(stages(before, during, changed, after))


def logout(card: Card, command: Command) -> Answer:
    """Forget that a code was given; reference 0 is all of them."""
    kept = card.volatile.verified - {command.p2} if command.p2 else frozenset[int]()
    return card.answer(verified=kept)


def _code(card: Card, reference: int) -> StoredCode:
    if reference not in card.memory.codes:
        raise Refused(Status.NO_SUCH_REFERENCE)
    return card.memory.codes[reference]


def _halves(data: bytes) -> tuple[bytes, bytes]:
    if len(data) != 2 * LENGTH:
        raise Refused(Status.WRONG_LENGTH)
    return data[:LENGTH], data[LENGTH:]


def _refusal(tries_left: int) -> int:
    return Status.WRONG_CODE | tries_left
