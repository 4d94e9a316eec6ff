"""What the smart card service says of its readers, and what it is when it says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from sithsup.card import pcsc
from sithsup.card.pcsc import ReaderState, state_of
from sithsup.errors import CardServiceDeniedError, CardServiceMissingError, CardServiceStoppedError


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (0x10012, ReaderState.EMPTY),  # with the number of events above, as pcscd counts them
        (0x10022, ReaderState.CARD),
        (0x10222, ReaderState.MUTE),
        (0x100A2, ReaderState.EXCLUSIVE),
        (0x10122, ReaderState.IN_USE),
        (0x00422, ReaderState.UNPOWERED),
        (0x002A2, ReaderState.MUTE),
        (0x0000E, ReaderState.UNAVAILABLE),
        (0x00000, ReaderState.UNAVAILABLE),
    ],
)
def test_what_flags_say(flags: int, state: ReaderState) -> None:
    assert state_of(flags) is state


@pytest.mark.parametrize(
    ("value", "kind", "answer"),
    [
        (0x8010001D, CardServiceStoppedError, "SCARD_E_NO_SERVICE (0x8010001D)"),
        (0x8010001D - (1 << 32), CardServiceStoppedError, "SCARD_E_NO_SERVICE (0x8010001D)"),
        (0x8010001E, CardServiceStoppedError, "SCARD_E_SERVICE_STOPPED (0x8010001E)"),
        (0x80100013, CardServiceStoppedError, "unknown (0x80100013)"),
        (0x8010006A, CardServiceDeniedError, "SCARD_W_SECURITY_VIOLATION (0x8010006A)"),
        (0x00000005, CardServiceDeniedError, "ERROR_ACCESS_DENIED (0x00000005)"),
    ],
)
def test_what_return_codes_mean(value: int, kind: type[Exception], answer: str) -> None:
    """Whatever the width and the sign of a LONG."""
    with pytest.raises(kind) as caught:
        pcsc._require(value)
    assert answer in caught.value.why  # type: ignore[attr-defined]


def test_a_computer_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pcsc, "_HERE", pcsc._HERE._replace(library="libnowhere.so.9"))
    with pytest.raises(CardServiceMissingError, match=r"libnowhere\.so\.9"):
        pcsc.readers()


class Library:
    """A service that has just lost a reader."""

    def __init__(self, answer: int) -> None:
        self.answer = answer

    def SCardGetStatusChange(self, *_: Any) -> int:  # noqa: N802  the name is the standard's
        return self.answer

    SCardGetStatusChangeA = SCardGetStatusChange


def test_a_reader_that_goes_while_it_is_looked_at() -> None:
    """It is told as it is; any other answer ends the look."""
    gone = pcsc._look(Library(0x80100009), None, "Läsare 00 00".encode(pcsc._HERE.encoding))
    assert gone == pcsc.Reader("Läsare 00 00", ReaderState.UNAVAILABLE, b"")
    with pytest.raises(CardServiceStoppedError):
        pcsc._look(Library(0x8010001E), None, b"Reader")
