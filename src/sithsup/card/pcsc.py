"""The system's smart card service (PC/SC): its readers, and how the card in each of them is.

Only states are asked for, with SCardGetStatusChange. No card is connected to, so that none of them is sent anything,
and whoever is at work with one is left in peace (measured: a card sees no command). A service that hangs holds the
caller up: call from a thread that can be left behind.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from ctypes import (
    byref,
    c_char_p,
    c_int32,
    c_long,
    c_size_t,
    c_ubyte,
    c_uint32,
    c_ulong,
    c_void_p,
    create_string_buffer,
)
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sithsup.errors import CardServiceDeniedError, CardServiceMissingError, CardServiceStoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator


class ReaderState(StrEnum):
    """How a reader is, by what matters most."""

    UNAVAILABLE = "unavailable"
    EMPTY = "empty"
    MUTE = "mute"  # there is a card that does not answer
    EXCLUSIVE = "exclusive"  # a program keeps the card to itself
    IN_USE = "in-use"  # programs share the card
    UNPOWERED = "unpowered"  # nobody uses the card, and its power is saved
    CARD = "card"


STATES = (
    (0x004 | 0x008, ReaderState.UNAVAILABLE),  # SCARD_STATE_UNKNOWN, SCARD_STATE_UNAVAILABLE
    (0x010, ReaderState.EMPTY),
    (0x200, ReaderState.MUTE),
    (0x080, ReaderState.EXCLUSIVE),
    (0x100, ReaderState.IN_USE),  # SCARD_STATE_INUSE
    (0x400, ReaderState.UNPOWERED),
    (0x020, ReaderState.CARD),  # SCARD_STATE_PRESENT
)
"""SCARD_STATE_*, by what matters most."""


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader. `atr` is the card's answer to reset, empty where there is none."""

    name: str
    state: ReaderState
    atr: bytes


def state_of(flags: int) -> ReaderState:
    """What the flags of a reader (dwEventState) say."""
    return next((state for flag, state in STATES if flags & flag), ReaderState.UNAVAILABLE)


def readers() -> tuple[Reader, ...]:
    """Every reader, with a card in it or not.

    Raises `CardServiceMissingError`, `CardServiceStoppedError` or `CardServiceDeniedError`.
    """
    with _context() as (library, context):
        return tuple(_look(library, context, name) for name in _names(library, context))


# ------------------------------------------------------------------------------------------------ the library


class _System(NamedTuple):
    """Where the library is, and how its types are (winscard.h differs from system to system)."""

    library: str
    word: type[c_uint32 | c_ulong]
    context: type[c_size_t | c_int32 | c_long]
    atr: int
    packing: int
    suffix: str
    encoding: str


_SYSTEMS = {
    "win32": _System("winscard.dll", c_uint32, c_size_t, 36, 0, "A", "mbcs"),
    "darwin": _System("/System/Library/Frameworks/PCSC.framework/PCSC", c_uint32, c_int32, 33, 1, "", "utf-8"),
}
_HERE = _SYSTEMS.get(sys.platform, _System("libpcsclite.so.1", c_ulong, c_long, 33, 0, "", "utf-8"))

_USER_SCOPE = 0  # SCARD_SCOPE_USER
_NO_READERS = 0x8010002E  # SCARD_E_NO_READERS_AVAILABLE
_UNKNOWN_READER = 0x80100009  # SCARD_E_UNKNOWN_READER: it has gone since it was listed
_DENIED = frozenset({0x00000005, 0x8010006A})  # ERROR_ACCESS_DENIED, SCARD_W_SECURITY_VIOLATION
_NAMES = {
    0x00000005: "ERROR_ACCESS_DENIED",
    0x8010001D: "SCARD_E_NO_SERVICE",
    0x8010001E: "SCARD_E_SERVICE_STOPPED",
    0x8010006A: "SCARD_W_SECURITY_VIOLATION",
}


class _ReaderState(ctypes.Structure):
    """SCARD_READERSTATE."""

    _pack_ = _HERE.packing
    _fields_ = (
        ("name", c_char_p),
        ("user_data", c_void_p),
        ("current_state", _HERE.word),
        ("event_state", _HERE.word),
        ("atr_size", _HERE.word),
        ("atr", c_ubyte * _HERE.atr),
    )


@contextmanager
def _context() -> Iterator[tuple[Any, Any]]:
    """The library, and a context in it for the length of the block."""
    library, context = _load(), _HERE.context()
    _require(library.SCardEstablishContext(_HERE.word(_USER_SCOPE), None, None, byref(context)))
    try:
        yield library, context
    finally:
        library.SCardReleaseContext(context)


def _load() -> Any:
    load: Any = getattr(ctypes, "WinDLL", ctypes.CDLL)
    try:
        return load(_HERE.library)
    except OSError as error:
        raise CardServiceMissingError(library=_HERE.library) from error


def _names(library: Any, context: Any) -> list[bytes]:
    """What every reader is called."""
    list_readers = getattr(library, f"SCardListReaders{_HERE.suffix}")
    size = _HERE.word()
    if _code(list_readers(context, None, None, byref(size))) == _NO_READERS:
        return []
    room = create_string_buffer(size.value)
    _require(list_readers(context, None, room, byref(size)))
    return [name for name in room.raw.split(b"\0") if name]


def _look(library: Any, context: Any, name: bytes) -> Reader:
    """Look at one reader; the state before is given as not known, so the answer comes at once."""
    seen = _ReaderState(name=name)
    get_status_change = getattr(library, f"SCardGetStatusChange{_HERE.suffix}")
    code = _code(get_status_change(context, _HERE.word(0), byref(seen), _HERE.word(1)))
    if code != _UNKNOWN_READER:
        _require(code)
    state = ReaderState.UNAVAILABLE if code == _UNKNOWN_READER else state_of(seen.event_state)
    return Reader(name.decode(_HERE.encoding, "replace"), state, bytes(seen.atr[: seen.atr_size]))


def _code(value: int) -> int:
    """A return code as winscard.h writes it, whatever the width and the sign of LONG."""
    return value & 0xFFFFFFFF


def _require(value: int) -> None:
    """Raise for every return code but SCARD_S_SUCCESS."""
    code = _code(value)
    if not code:
        return
    answer = f"{_NAMES.get(code, 'unknown')} (0x{code:08X})"
    raise (CardServiceDeniedError if code in _DENIED else CardServiceStoppedError)(answer, answer=answer)
