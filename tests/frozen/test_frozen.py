"""The frozen program: its card process is the same program started again, and holds what it promises (ADR 0007)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from sithsup.card.serving import ALARM_MARGIN
from tests.support.demo import CONSENT, NEW, NEW_ISSUERS, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", "gcc"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.slow,
]

UPGRADE = ("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin")
SLOW = 4.0
"""Seconds that a key generation takes, where it is to be met in the middle."""
TIME_OUT = 3.0
"""Seconds that the program gives a call, where it is not to wait for long."""
ALARM = TIME_OUT + ALARM_MARGIN
"""Seconds after which the card process ends a hanging call by itself, when nobody is left to do it."""
PATIENCE = 20.0
BINDING = "_LowLevel"


@pytest.fixture
def program(frozen: Path) -> tuple[str]:
    """The command."""
    return (str(frozen / "sithsup"),)


@pytest.fixture
def trouble(demo: Demo, troubled: Path) -> dict[str, str]:
    """The variables that put the module which misbehaves before the demo's card."""
    return {"SITHSUP_MODULE": str(troubled), "TROUBLED_MODULE": demo.module}


class Family:
    """A frozen program that runs, its card process, and the resource tracker that `multiprocessing` starts."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.running = running
        self.parent = psutil.Process(running.pid)
        deadline = time.monotonic() + PATIENCE
        while not (cards := self.cards()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(cards) == 1, f"{len(cards)} card processes; exit code {running.poll()}"
        self.card = cards[0]
        self.children: list[psutil.Process] = self.parent.children(recursive=True)

    def cards(self) -> list[psutil.Process]:
        """The card process, as soon as it has loaded the binding."""
        return [child for child in self.parent.children() if is_loaded(child)]

    def wait_for_the_key(self) -> None:
        """Wait until the card is in the middle of making the first key, which comes after the authority's yes."""
        self.wait_for("✓")
        time.sleep(SLOW / 4)

    def wait_for(self, text: str) -> None:
        """Read what the program tells a person, up to this."""
        assert self.running.stderr is not None
        for line in self.running.stderr:
            if text in line:
                return
        pytest.fail(f"the program ended without saying: {text}")


def is_loaded(process: psutil.Process) -> bool:
    """Whether a process has loaded PyKCS11."""
    try:
        return any(BINDING in each.path for each in process.memory_maps())
    except psutil.Error:
        return False


@contextmanager
def family(
    demo: Demo, program: tuple[str], arguments: tuple[str, ...], environ: dict[str, str], **options: Any
) -> Iterator[Family]:
    """Start the frozen program; nothing of it is left in the end."""
    running = demo.start(*arguments, program=program, environ=environ, **options)
    try:
        yield Family(running)
    finally:
        for process in demo.processes():
            psutil.Process(int(process.name)).kill()
        running.communicate()


def ends(processes: list[psutil.Process], within: float) -> bool:
    """Whether they are all gone soon enough; a zombie is, since nobody here is its parent."""
    deadline = time.monotonic() + within
    while any(is_alive(each) for each in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(process: psutil.Process) -> bool:
    """Whether a process is running."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def test_a_card_is_upgraded(demo: Demo, program: tuple[str]) -> None:
    """`check` says what it is, `upgrade` does it all; told by other programs, as everywhere."""
    checked = demo.run("check", "--json", program=program)
    assert (checked.code, checked.result.get("situation")) == (10, "fresh"), checked.err
    ended = demo.act("upgrade", program=program)
    assert (ended.code, ended.result["outcome"]) == (0, "upgraded"), ended.err
    assert {c["issuer"] for c in ended.result["card"]["certificates"]} >= NEW_ISSUERS
    assert demo.identity() == NEW


def test_its_texts_are_there(demo: Demo, program: tuple[str]) -> None:
    """The catalogue and the shipped campaign lie where the program looks for them."""
    told = demo.run("errors", program=program, environ={"SITHSUP_LANGUAGE": "sv"})
    assert (told.code, "Det finns inget kortprogram på datorn." in told.out) == (0, True)
    checked = demo.run("check", "--json", program=program, environ={"SITHSUP_CAMPAIGN": ""})
    assert (checked.code, checked.result.get("reasons", [])[:1]) == (3, ["FOREIGN_ISSUER"]), checked.err


def test_the_card_process_is_the_program_itself(demo: Demo, program: tuple[str]) -> None:
    """It and the resource tracker have no other executable; the binding is in the card process alone."""
    with family(demo, program, UPGRADE, {}, stdin=subprocess.PIPE) as found:
        found.wait_for("Telia")  # questions were answered, and now it waits for a code
        assert [child.exe() for child in found.children] == [*program, *program]
        assert found.parent.exe() == program[0]
        assert "--multiprocessing-fork" in found.card.cmdline()
        assert [is_loaded(each) for each in (found.parent, found.card)] == [False, True]


@pytest.mark.parametrize(
    ("kind", "call", "code", "error"),
    [
        ("HANG", "C_GetSlotList", 4, "SU-1007"),
        ("CRASH", "C_GetSlotList", 4, "SU-1008"),
        ("CRASH", "C_Initialize", 7, "SU-1002"),
    ],
)
def test_trouble_is_told(
    kind: str, call: str, code: int, error: str, demo: Demo, program: tuple[str], trouble: dict[str, str]
) -> None:
    """With the documented code, and nothing is left running: a module that hangs, crashes, crashes when loaded."""
    changes = {**trouble, f"TROUBLED_{kind}": call, "SITHSUP_CARD_TIMEOUT": str(TIME_OUT)}
    ended = demo.run("check", "--json", program=program, environ=changes)
    assert (ended.code, ended.error_code) == (code, error), ended.err
    assert not demo.processes()


def test_a_killed_card_process_is_seen(demo: Demo, program: tuple[str], trouble: dict[str, str]) -> None:
    """In a key generation: the program tells at once, ends with the documented code, and `resume` finishes."""
    changes = {**trouble, "TROUBLED_SLOW": str(int(SLOW * 1000))}
    with (demo.folder / "pins").open("rb") as pins, family(demo, program, UPGRADE, changes, stdin=pins) as found:
        found.wait_for_the_key()
        found.card.send_signal(signal.SIGKILL)
        out, _ = found.running.communicate(timeout=PATIENCE)
    assert found.running.returncode == 4
    assert '"SU-1008"' in out
    assert demo.act("resume", program=program).code == 0
    assert demo.identity() == NEW


def test_the_card_process_ends_with_a_killed_program(demo: Demo, program: tuple[str]) -> None:
    """Between two calls: within a second, and the resource tracker too."""
    with family(demo, program, UPGRADE, {}, stdin=subprocess.PIPE) as found:
        found.wait_for("Telia")
        found.running.kill()
        assert ends(found.children, within=1)


def test_a_call_is_finished_when_the_program_is_killed(
    demo: Demo, program: tuple[str], trouble: dict[str, str]
) -> None:
    """A key generation goes on to its end and no further: the key is on the card."""
    changes = {**trouble, "TROUBLED_SLOW": str(int(SLOW * 1000))}
    with (demo.folder / "pins").open("rb") as pins, family(demo, program, UPGRADE, changes, stdin=pins) as found:
        found.wait_for_the_key()
        found.running.kill()
        assert not ends([found.card], within=0.5)
        assert ends(found.children, within=PATIENCE)
    new = demo.card().objects - demo.before.objects
    assert sorted(each.kind for each in new.elements()) == ["Private Key", "Public Key"]


def test_a_hanging_call_does_not_outlive_a_killed_program_for_long(
    demo: Demo, program: tuple[str], trouble: dict[str, str]
) -> None:
    """Its own alarm ends it."""
    changes = {**trouble, "TROUBLED_HANG": "C_GenerateKeyPair", "SITHSUP_KEY_TIMEOUT": str(TIME_OUT)}
    with (demo.folder / "pins").open("rb") as pins, family(demo, program, UPGRADE, changes, stdin=pins) as found:
        found.wait_for_the_key()
        found.running.kill()
        assert not ends([found.card], within=0.5)
        assert ends(found.children, within=ALARM)
