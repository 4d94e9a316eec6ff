"""Probes side by side: each fails alone, and none is waited for longer than its time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sithsup.diagnostics.probe import Found, Probe, Result, Status, run
from sithsup.diagnostics.scene import Once, Scene
from sithsup.diagnostics.values import Fact
from sithsup.errors import NoReaderError
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable


def probe(name: str, ask: Callable[[Scene], Found]) -> Probe:
    return Probe(name, name, ask)


@pytest.fixture
def scene() -> Scene:
    return Scene(Settings.resolve({}, ()))


def ran(scene: Scene, *probes: Probe, each: float = 5.0) -> dict[str, Result]:
    return {result.probe.name: result for result in run(probes, scene, each=each)}


def test_every_probe_fails_alone(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    def refused(_: Scene) -> Found:
        raise NoReaderError

    def buggy(_: Scene) -> Found:
        raise ZeroDivisionError

    fact = Fact("is-well", "well", value=True)
    told = ran(scene, probe("refused", refused), probe("buggy", buggy), probe("well", lambda _: Found((fact,))))
    assert "a probe failed: buggy" in caplog.text
    caplog.clear()

    assert told["refused"].status is Status.PROBLEM
    assert [problem.code for problem in told["refused"].found.problems] == ["SU-1003"]
    assert (told["buggy"].status, told["buggy"].fault) == (Status.UNKNOWN, "ZeroDivisionError")
    assert (told["well"].status, told["well"].found.facts) == (Status.GOOD, (fact,))


def test_a_probe_that_hangs_is_left_behind(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    released = threading.Event()

    def hangs(_: Scene) -> Found:
        released.wait(60)
        return Found()

    begun = time.monotonic()
    told = ran(scene, probe("hangs", hangs), probe("well", lambda _: Found()), each=0.5)
    released.set()
    assert "takes too long: hangs" in caplog.text
    caplog.clear()

    assert time.monotonic() - begun < 10  # guards against waiting for it
    assert (told["hangs"].status, told["hangs"].is_late) == (Status.UNKNOWN, True)
    assert told["well"].status is Status.GOOD


def test_probes_run_side_by_side(scene: Scene) -> None:
    together = threading.Barrier(3, timeout=30)

    def meets(_: Scene) -> Found:
        together.wait()
        return Found()

    told = ran(scene, *(probe(name, meets) for name in "abc"), each=30)

    assert {result.status for result in told.values()} == {Status.GOOD}


def test_a_shared_part_is_found_out_once() -> None:
    asked = []

    def find() -> int:
        asked.append(1)
        time.sleep(0.1)
        raise NoReaderError

    once, caught = Once(find), []

    def ask() -> None:
        try:
            once()
        except NoReaderError as error:
            caught.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(asked), len(caught)) == (1, 3)
