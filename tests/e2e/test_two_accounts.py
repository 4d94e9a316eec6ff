"""Two accounts of one computer at one card: each has a data folder of its own, and the card has one lock."""

from __future__ import annotations

import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.demo import CONSENT, NEW, Demo

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

KEYS_MADE = "Make a new key for signatures on the card"
BUSY = "The program is at work on this card now. Wait until it is done, then run “sithsup check” again.\n"


@pytest.fixture
def second(demo: Demo) -> Iterator[dict[str, str | Path]]:
    """Give the variables of the second account."""
    yield {"SITHSUP_DATA": demo.folder / "second", "SITHSUP_LOGS": demo.folder / "second-logs"}
    for name in ("second", "second-logs"):
        shutil.rmtree(demo.folder / name, ignore_errors=True)


def read_until(text: str, running: subprocess.Popen[str]) -> None:
    """Read what a person sees until a row is done."""
    assert running.stderr
    for line in running.stderr:
        if text in line:
            return
    raise AssertionError(text)


def test_the_second_waits_for_the_first(demo: Demo, second: dict[str, str | Path]) -> None:
    """No command of the second asks for a code or offers anything while the first is at work; killed, it is free."""
    with (demo.folder / "pins").open("rb") as pins:
        first = demo.start("upgrade", *CONSENT, "--yes", "--pin-stdin", stdin=pins)
    read_until(KEYS_MADE, first)
    first.send_signal(signal.SIGSTOP)
    ended = demo.act("resume", second)
    assert (ended.code, ended.error_code) == (5, "SU-4002")
    for account in (second, {}):
        looked = demo.run("check", "--json", environ=account)
        assert (looked.code, looked.result) == (5, {"command": "check", "busy": True, "exit_code": 5})
        assert looked.err == BUSY
    assert first.poll() is None
    first.kill()
    first.communicate()
    assert demo.run("check", "--json", environ=second).result["busy"] is False
    assert demo.act("resume", second).code == 0
    assert demo.identity() == NEW
