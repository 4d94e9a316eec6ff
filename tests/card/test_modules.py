"""Finding the module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.card.modules import PLACES, every_place, find_module
from sithsup.errors import NoModuleError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_that_is_there(tmp_path: Path) -> None:
    """The order of the table decides; a folder is no module."""
    folder, first, second = tmp_path / "folder", tmp_path / "first.so", tmp_path / "second.so"
    folder.mkdir()
    first.touch()
    second.touch()
    places = tuple(str(place) for place in (tmp_path / "absent.so", folder, first, second))
    assert find_module(None, places) == str(first)


def test_a_named_one_is_not_replaced(tmp_path: Path) -> None:
    """When the named module is not there, no other is taken; the error names it."""
    other = tmp_path / "other.so"
    other.touch()
    with pytest.raises(NoModuleError) as caught:
        find_module(str(tmp_path / "named.so"), (str(other),))
    assert caught.value.values == {"places": str(tmp_path / "named.so")}
    assert find_module(str(other), ()) == str(other)


def test_home_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are under the person's home or under a variable of the system."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "module.so").touch()
    assert find_module(None, ("~/module.so",)) == find_module("$HOME/module.so")


def test_none_lists_every_place() -> None:
    """So that support can tell what to install, and where."""
    with pytest.raises(NoModuleError) as caught:
        find_module(None, ("/nowhere/a.so", "/nowhere/b.so"))
    assert caught.value.values == {"places": "/nowhere/a.so, /nowhere/b.so"}
    assert "/nowhere/b.so" in caught.value.why


def test_writing_modules_come_before_opensc() -> None:
    """OpenSC reads SITHS cards and cannot write to them: on every system it is the last resort."""
    for system, places in PLACES.items():
        kinds = ["opensc" in place.lower() for place in places]
        assert kinds == sorted(kinds), system
        assert any(kinds), system
        assert not all(kinds), system


def test_every_place_is_listed_once_the_named_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether anything is there or not."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", "/home/test")
    known = every_place(None)
    assert known[0] == "/home/test/.iid/lib/libiidp11.so"
    assert len(known) == len(PLACES["linux"])
    assert every_place("/named.so") == ("/named.so", *known)
    assert every_place(known[3]) == (known[3], *known[:3], *known[4:])
