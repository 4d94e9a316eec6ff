"""How a locked code gets a new value by means of a PUK code: a table by what a module says of itself, and its rules.

PKCS#11 (v2.40, sections 5.5 and 5.6) knows no PUK code, and each module has a way of its own. Measured:

* SoftHSM2 takes it for the security officer's: C_Login (CKU_SO), C_InitPIN.
* OpenSC takes it in C_SetPIN while nobody is logged in, where opensc.conf says
  `user_pin_unblock_style = set_pin_in_unlogged_session`. Where it does not, 0.23 takes the same call for a change of
  the code and the PUK code for a wrong old one: on a code that is not locked that costs one of *its* tries, on a locked
  one nothing. So it is done on locked codes only. C_Login (CKU_SO) would cost a try of its SO PIN.
* Of any other module (Net iD and SafeNet have extensions of their own) no way is known that costs no try for nothing.
  Nothing is sent: the person is led to the module's own program.

The module's own words (C_GetInfo) choose the row, never the card's ATR or model.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sithsup.card.return_codes import INCORRECT, error_for
from sithsup.errors import (
    CodeNotLockedError,
    CodeUnsuitableError,
    PukIncorrectError,
    PukLockedError,
    UnblockElsewhereError,
    UnblockOnPadError,
    UnblockRefusedError,
)
from sithsup.model import CodeState

if TYPE_CHECKING:
    from sithsup.errors import CardError
    from sithsup.model import ModuleInfo, TokenInfo


class Way(StrEnum):
    """Which calls give a code a new value."""

    SECURITY_OFFICER = "security-officer"  # C_Login (CKU_SO) with the PUK code, C_InitPIN
    SET_PIN = "set-pin"  # C_SetPIN with the PUK code as the old one, nobody being logged in


class Row(NamedTuple):
    """What C_GetInfo says of a module, and the way that it has."""

    manufacturer: str
    description: str
    way: Way


TABLE = (
    Row("SoftHSM", "Implementation of PKCS11", Way.SECURITY_OFFICER),
    Row("OpenSC Project", "OpenSC smartcard framework", Way.SET_PIN),
    Row("sithsup", "Simulated cards", Way.SET_PIN),
)

USUAL_LENGTHS = range(6, 9)
"""Digits of a code of a SITHS card; a token that allows fewer or more is not asked to."""
REFUSALS = frozenset({"CKR_PIN_LOCKED", "CKR_FUNCTION_NOT_SUPPORTED"})


def way_of(module: ModuleInfo) -> Way | None:
    """The way of a module; None where none is known."""
    said = (module.manufacturer, module.description)
    return next((row.way for row in TABLE if said == (row.manufacturer, row.description)), None)


def needs_locked(way: Way | None) -> bool:
    """Whether the way costs a try of a code that is not locked, should the module not be set up for it."""
    return way is not Way.SECURITY_OFFICER


def lengths(token: TokenInfo) -> range:
    """How many digits a new code must have: what the token takes of the usual lengths, else what the token says."""
    said = token.code_lengths
    both = range(max(said.start, USUAL_LENGTHS.start), min(said.stop, USUAL_LENGTHS.stop))
    return both or said or USUAL_LENGTHS


def is_suitable(digits: bytearray, allowed: range) -> bool:
    """Whether a code is made of digits, and of as many as are allowed."""
    return len(digits) in allowed and all(0x30 <= digit <= 0x39 for digit in digits)  # noqa: PLR2004  "0" to "9"


def require_way(module: ModuleInfo, token: TokenInfo) -> Way:
    """Refuse what cannot be done here, before anything is asked or sent."""
    way = way_of(module)
    if way is None or token.pin_pad:
        program = module.description or module.manufacturer or module.path
        kind = UnblockOnPadError if token.pin_pad else UnblockElsewhereError
        raise kind("no way is known", role=token.id.label, program=program)
    if token.puk is CodeState.LOCKED:
        raise PukLockedError("by the token's flags", role=token.id.label)
    if token.code is not CodeState.LOCKED and needs_locked(way):
        raise CodeNotLockedError("by the token's flags", role=token.id.label)
    return way


def require_suitable(token: TokenInfo, chosen: bytearray) -> None:
    """Refuse a new code that no card should get."""
    allowed = lengths(token)
    if not is_suitable(chosen, allowed):
        raise CodeUnsuitableError(role=token.id.label, shortest=allowed.start, longest=allowed.stop - 1)


def error_for_puk(name: str, value: int, state: CodeState, role: str) -> CardError:
    """The error for a return code of such a call; `state` is what the flags say of the PUK code now.

    The length of the new code has been seen to: what is too short or too long is the PUK code.
    """
    answer = f"{name} (0x{value:X})"
    if state is CodeState.LOCKED:
        return PukLockedError(answer, role=role)
    if name in INCORRECT:
        return PukIncorrectError(answer, state=state, role=role)
    if name in REFUSALS:  # it is locked and no flag tells, or the module is not set up for this
        return UnblockRefusedError(answer, answer=answer, role=role)
    return error_for(name, value, role)
