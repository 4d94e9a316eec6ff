"""Who else uses smart cards: processes by the libraries that they have loaded."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sithsup.card.programs import Program, at_cards, besides, listed, mapping

if TYPE_CHECKING:
    from pathlib import Path

TASKS = (
    '"svchost.exe","1072","WINSCARD.DLL"\r\n"netid.exe","4820","WINSCARD.DLL"\r\n"Test, med komma.exe","77","x"\r\n'
    "INFO: No tasks are running which match the specified criteria.\r\n\r\n"
)


def process(root: Path, pid: int, name: str, *libraries: str) -> None:
    folder = root / str(pid)
    folder.mkdir()
    lines = (f"7f0000000000-7f0000001000 r-xp 00000000 08:01 42  /usr/lib/{library}\n" for library in libraries)
    (folder / "maps").write_text("".join(lines))
    (folder / "comm").write_text(f"{name}\n")


def test_who_has_a_library_loaded(tmp_path: Path) -> None:
    """By the service's library or the module; one that is gone again, or is not ours to look into, is left out."""
    process(tmp_path, 11, "firefox", "libc.so.6", "libpcsclite.so.1.0.0")
    process(tmp_path, 12, "editor", "libc.so.6")
    process(tmp_path, 13, "netid", "libiidp11.so")
    (tmp_path / "14").mkdir()
    (tmp_path / "self").mkdir()

    found = set(mapping(["libpcsclite.so", "libiidp11.so"], tmp_path))

    assert found == {Program(11, "firefox"), Program(13, "netid")}


def test_ours_are_no_others() -> None:
    found = [Program(1, "b"), Program(2, "a"), Program(3, "a"), Program(4, "ours")]
    assert besides(found, {4}) == ("a", "b")


def test_the_list_of_windows() -> None:
    assert list(listed(TASKS)) == [
        Program(1072, "svchost.exe"),
        Program(4820, "netid.exe"),
        Program(77, "Test, med komma.exe"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.needs("gcc")
def test_a_program_is_found_and_our_own_child_is_not(tmp_path: Path) -> None:
    """Both are called the same and have the module loaded; only the one that somebody else has started is told."""
    module, program = tmp_path / "libtestmodule.so", tmp_path / "netid-stand-in"
    (tmp_path / "source.c").write_text(SOURCE)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", module, tmp_path / "source.c"], check=True, timeout=60)
    subprocess.run(["gcc", "-o", program, tmp_path / "source.c", "-ldl"], check=True, timeout=60)
    with subprocess.Popen([program, module], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert set(mapping([module.name])) == {Program(child.pid, program.name)}
        assert program.name not in (at_cards(str(module)) or ())
        child.kill()
    with subprocess.Popen(["setsid", "-f", program, module], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        starter.stdout.readline()
        assert program.name in (at_cards(str(module)) or ())
        starter.communicate()


SOURCE = """
#include <dlfcn.h>
#include <stdio.h>

int main(int count, char **arguments)
{
    if (count == 2 && dlopen(arguments[1], RTLD_NOW)) {
        puts("loaded");
        fflush(stdout);
    }
    return getchar();
}
"""
