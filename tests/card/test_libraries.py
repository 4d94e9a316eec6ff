"""For which computer a library is made, by its first bytes."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from sithsup.card.libraries import broken, made_for, read
from sithsup.errors import ModuleBrokenError, ModuleOfOtherKindError


def elf(machine: int) -> bytes:
    return b"\x7fELF".ljust(18, b"\x02") + struct.pack("<H", machine) + bytes(40)


def pe(machine: int) -> bytes:
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0" + struct.pack("<H", machine)


def fat(*processors: int) -> bytes:
    each = (struct.pack(">5I", processor, 0, 0, 0, 0) for processor in processors)
    return b"\xca\xfe\xba\xbe" + struct.pack(">I", len(processors)) + b"".join(each)


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        (elf(0x3E), {"Linux (x86-64)"}),
        (elf(0x03), {"Linux (x86)"}),
        (elf(0xB7), {"Linux (ARM64)"}),
        (elf(0x1234), set()),
        (pe(0x8664), {"Windows (x86-64)"}),
        (pe(0x014C), {"Windows (x86)"}),
        (b"MZ" + bytes(200), set()),
        (b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C), {"macOS (ARM64)"}),
        (fat(0x01000007, 0x0100000C), {"macOS (x86-64)", "macOS (ARM64)"}),
        (b"\xca\xfe\xba\xbe\xff\xff\xff\xff", set()),
        (b"", set()),
        (b"#!/bin/sh", set()),
    ],
)
def test_what_the_first_bytes_say(head: bytes, kinds: set[str]) -> None:
    assert read(head) == kinds


@pytest.mark.skipif(sys.platform != "linux", reason="reads its own head")
def test_this_program_and_the_c_library_are_of_one_kind() -> None:
    """So that two real files are compared too."""
    with Path("/proc/self/maps").open() as maps:
        library = next(line.split()[-1] for line in maps if "libc.so.6" in line)
    assert made_for(Path(library)) == made_for(Path(sys.executable))
    assert made_for(Path(library))


def test_a_file_that_is_not_there_is_of_no_kind(tmp_path: Path) -> None:
    assert made_for(tmp_path / "none") == frozenset()


def test_a_module_for_several_computers_is_of_ours_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them is enough; then something else is wrong with it."""
    module, program = tmp_path / "module", tmp_path / "program"
    module.write_bytes(fat(0x01000007, 0x0100000C))
    program.write_bytes(fat(0x0100000C))
    monkeypatch.setattr(sys, "executable", str(program))
    assert type(broken(str(module), "CKR_GENERAL_ERROR")) is ModuleBrokenError


def test_only_another_kind_is_called_one(tmp_path: Path) -> None:
    """What does not tell, and what is of our kind and broken, is broken."""
    module = tmp_path / "module"
    for head in (Path(sys.executable).read_bytes()[:4096], b""):
        module.write_bytes(head)
        assert type(broken(str(module), "CKR_GENERAL_ERROR")) is ModuleBrokenError
    module.write_bytes(fat(7))
    error = broken(str(module), "CKR_GENERAL_ERROR")
    assert type(error) is ModuleOfOtherKindError
    assert str(module) in error.why
    assert "macOS (x86)" in error.why
    assert str(error.values["ours"]) in error.next_step
