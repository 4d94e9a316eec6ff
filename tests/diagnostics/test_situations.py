"""The whole program where something is wrong with network or clock: a report within 20 seconds, and it names that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.demo import start as life
from tests.ca.test_passage import FORBIDS, WANTS, closed_port, silent, swallowing
from tests.ca.test_tls import PAGES, ROOT, saying, server_certificate, speaking
from tests.support.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "sithsup")
IN_NO_NETWORK = ("unshare", "--map-root-user", "--net")
LONGEST = 20.0
"""Seconds that a diagnosis may take."""


def diagnosed(
    folder: Path, environ: dict[str, str], *before: str, program: tuple[str, ...] = PROGRAM
) -> dict[str, Any]:
    """Run `sithsup diagnose` with these settings and no others; what it tells."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "TMPDIR") if name in os.environ}
    own = {"SITHSUP_DATA": str(folder / "data"), "SITHSUP_LOGS": str(folder / "state"), "SITHSUP_LANGUAGE": "en"}
    begun = time.monotonic()
    ended = subprocess.run(
        [*before, *program, "diagnose", "--json"],
        env={**kept, **own, "XDG_CONFIG_HOME": str(folder / "config"), **environ},
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
    )
    assert (ended.returncode, time.monotonic() - begun < LONGEST) == (0, True), ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def problems(told: dict[str, Any], probe: str) -> set[str]:
    """What a probe has named. It must have come to its end by itself."""
    (found,) = (each for each in told["probes"] if each["name"] == probe)
    assert (found["is_late"], found["fault"]) == (False, "")
    return {problem["name"] for problem in found["problems"]}


@contextmanager
def at(port: AbstractContextManager[int], **more: str) -> Iterator[dict[str, str]]:
    """An authority on a port of this computer."""
    with port as number:
        yield {"SITHSUP_AUTHORITY": f"http://127.0.0.1:{number}/cmp", **more}


@contextmanager
def through(page: bytes, scheme: str = "https") -> Iterator[dict[str, str]]:
    """An authority behind a proxy that says always the same."""
    with saying(page) as port:
        yield {"SITHSUP_AUTHORITY": f"{scheme}://authority.example/cmp", "SITHSUP_PROXY": f"http://127.0.0.1:{port}"}


@contextmanager
def intercepted(folder: Path) -> Iterator[dict[str, str]]:
    with speaking(folder, server_certificate(), above=(ROOT,)) as (address, _):
        yield {"SITHSUP_AUTHORITY": address}


SITUATIONS: dict[str, tuple[Callable[[Path], AbstractContextManager[dict[str, str]]], str]] = {
    "nobody listens": (lambda _: at(nullcontext(closed_port())), "ConnectionRejectedError"),
    "a firewall that swallows": (lambda _: at(swallowing()), "ConnectionTimedOutError"),
    "a silent server": (lambda _: at(silent()), "ServerSilentError"),
    "a guest network": (lambda _: at(saying(PAGES["a redirect"])), "PortalError"),
    "a guest network's page": (lambda _: at(saying(PAGES["a page"])), "PortalError"),
    "an interceptor": (intercepted, "InterceptedError"),
    "a proxy that wants a log-in": (lambda _: through(WANTS), "ProxyRefusedError"),
    "the same over http": (lambda _: through(WANTS, "http"), "ProxyRefusedError"),
    "a proxy that forbids it": (lambda _: through(FORBIDS), "ProxyFailedError"),
    "a proxy that is not there": (
        lambda _: at(nullcontext(9), SITHSUP_PROXY=f"http://127.0.0.1:{closed_port()}"),
        "ProxyUnreachableError",
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_in_the_way_is_named(situation: str, tmp_path: Path) -> None:
    """With all four texts, under the network's probe."""
    make, name = SITUATIONS[situation]
    with make(tmp_path) as environ:
        told = diagnosed(tmp_path, environ)
    assert problems(told, "network") == {name}
    (problem,) = (each for each in told["problems"] if each["name"] == name)
    assert all(problem[text] for text in ("what", "cause", "remedy"))


@pytest.mark.needs("unshare")
def test_without_any_network_that_is_named(tmp_path: Path) -> None:
    """In a network of its own, that leads nowhere."""
    if subprocess.run([*IN_NO_NETWORK, "true"], check=False, capture_output=True, timeout=60).returncode:
        pytest.skip("this system lets nobody have a network of their own")
    told = diagnosed(tmp_path, {"SITHSUP_AUTHORITY": "https://authority.example/cmp"}, *IN_NO_NETWORK)
    assert problems(told, "network") == {"NoNetworkError"}
    assert any(problem["what"].startswith("This computer has no network") for problem in told["problems"])


CLOCK = (
    sys.executable,
    "-c",
    "import datetime as d, runpy\n"  # noqa: ISC004  one program
    "from sithsup.diagnostics import scene\n"
    "now = classmethod(lambda kind, zone: d.datetime.now(zone) + d.timedelta(hours=3))\n"
    "scene.datetime = type('Moved', (d.datetime,), {'now': now})\n"
    "runpy.run_module('sithsup', run_name='__main__')",
)
"""The program on a computer whose clock is three hours ahead."""


@pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")
def test_a_clock_that_is_three_hours_off_is_named(tmp_path: Path) -> None:
    """And only then; nothing is wrong with the network."""
    try:
        demo = Demo.make(tmp_path / "demo", life.Kind.ORDINARY)
        told = diagnosed(tmp_path, demo.environment, program=CLOCK)
        right = diagnosed(tmp_path, demo.environment)
    finally:
        life.stop(tmp_path / "demo")
    assert problems(told, "clock") == {"CLOCK_WRONG"}
    (problem,) = (each for each in told["problems"] if each["name"] == "CLOCK_WRONG")
    assert "is 3 h ahead" in problem["what"]
    assert problems(right, "clock") == problems(right, "network") == problems(right, "status") == set()
