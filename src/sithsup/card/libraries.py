"""For which system and processor a library is made, read off its first bytes (ELF, PE, Mach-O). It is not loaded."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from sithsup.errors import ModuleBrokenError, ModuleOfOtherKindError

ENOUGH = 4096
"""Bytes of a file that tell."""
ELF = {0x03: "x86", 0x28: "ARM", 0x3E: "x86-64", 0xB7: "ARM64"}
"""By e_machine."""
PE = {0x014C: "x86", 0x01C4: "ARM", 0x8664: "x86-64", 0xAA64: "ARM64"}
"""By Machine of the COFF header."""
MACH = {0x00000007: "x86", 0x01000007: "x86-64", 0x0100000C: "ARM64"}
"""By cputype."""
MOST = 16
"""Processors that one file is made for."""


def broken(path: str, answer: str) -> ModuleBrokenError:
    """The error for a module that does not load: it may be made for another computer than this program."""
    theirs, ours = made_for(Path(path)), made_for(Path(sys.executable))
    if theirs and ours and theirs.isdisjoint(ours):
        return ModuleOfOtherKindError(answer, path=path, theirs=_listed(theirs), ours=_listed(ours))
    return ModuleBrokenError(answer, path=path)


def made_for(path: Path) -> frozenset[str]:
    """The systems and processors that a library or a program is made for; empty where it does not tell."""
    with suppress(OSError), path.open("rb") as file:
        return read(file.read(ENOUGH))
    return frozenset()


def read(head: bytes) -> frozenset[str]:
    """The same, of the first bytes."""
    if head.startswith(b"\x7fELF"):
        return _named("Linux", ELF.get(_little(head, 18, 2)))
    if head.startswith(b"MZ"):
        start = _little(head, 0x3C, 4)
        return _named("Windows", PE.get(_little(head, start + 4, 2)) if head[start : start + 4] == b"PE\0\0" else None)
    if head.startswith((b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")):
        return _named("macOS", MACH.get(_little(head, 4, 4)))
    if head.startswith(b"\xca\xfe\xba\xbe"):  # several in one
        places = range(8, 8 + 20 * min(_big(head, 4, 4), MOST), 20)
        return frozenset().union(*(_named("macOS", MACH.get(_big(head, place, 4))) for place in places))
    return frozenset()


def _named(system: str, processor: str | None) -> frozenset[str]:
    return frozenset({f"{system} ({processor})"}) if processor else frozenset()


def _little(head: bytes, place: int, size: int) -> int:
    return int.from_bytes(head[place : place + size], "little")


def _big(head: bytes, place: int, size: int) -> int:
    return int.from_bytes(head[place : place + size])


def _listed(kinds: frozenset[str]) -> str:
    return ", ".join(sorted(kinds))
