"""Several questions at once: whoever is late is left behind, and what is raised is raised where it is waited for."""

from __future__ import annotations

import threading
import time

import pytest

from sithsup.diagnostics.together import together


def test_they_are_asked_at_once_and_answered_in_their_order() -> None:
    meet = threading.Barrier(3, timeout=30)
    assert together({name: lambda: meet.wait() < 3 for name in "cab"}, 30) == {"c": True, "a": True, "b": True}


def test_whoever_is_late_is_left_behind() -> None:
    done, begun = threading.Event(), time.monotonic()
    assert together({"late": lambda: done.wait(30), "soon": lambda: True}, 0.3) == {"soon": True}
    assert time.monotonic() - begun < 10
    done.set()


def test_what_one_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        together({"wrong": lambda: 1 // 0, "right": lambda: 1}, 30)
