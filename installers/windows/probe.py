r"""The frozen program's card process, looked at from outside: spawned, spoken to, hung, crashed, killed, orphaned.

    python probe.py SITHSUP.EXE MODULE.DLL

Wants psutil and the module of module.c. Run by probe.sh under Wine; nothing in it is Wine's, so that it can be run on
Windows too. Prints a line for each thing that it looks at; the exit code is how many were not as they should be.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    Start = Callable[..., "Run"]

READ = "C_FindObjectsInit"
"""The call that misbehaves: by then module, readers and tokens have been asked for and answered."""
TIME_OUT = 4.0
"""Seconds that the program gives a call, where it is not to wait for long."""
ALARM = TIME_OUT + 2.0
"""Seconds after which a card process whose parent is gone ends a hanging call by itself."""
IN_CALL = 1.5
"""Seconds after which the card process has loaded its module and is in the call."""
SLACK = 3.0
"""Seconds that this computer may be late."""
PATIENCE = 20.0
"""Seconds for the card process to be there."""
UNUSABLE, INTERRUPTED, NO_CARD_PROGRAM = 3, 4, 7
"""Documented exit codes of the program."""


class Run:
    """A run of the program, with its card process."""

    def __init__(self, program: Path, module: Path, arguments: tuple[str, ...], changes: dict[str, str]) -> None:
        folder = tempfile.mkdtemp(prefix="sithsup-probe-")
        settings = {"SITHSUP_MODULE": str(module), "SITHSUP_LOGS": folder, "SITHSUP_DATA": folder}
        self.program, self.begun = program, time.monotonic()
        self.process = subprocess.Popen(
            [program, *arguments],
            env={**os.environ, **settings, **changes},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def card_process(self) -> psutil.Process:
        """Wait for the card process, and until it is in its call."""
        while not (found := self.card_processes()):
            if self.process.poll() is not None or self.seconds() > PATIENCE:
                raise AssertionError(f"no card process; exit code {self.process.poll()}")
            time.sleep(0.1)
        (child,) = found
        time.sleep(IN_CALL)
        assert child.is_running(), "the card process has ended early"
        return child

    def card_processes(self) -> list[psutil.Process]:
        """The children that multiprocessing has started, as far as they can be asked already."""
        found = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if "--multiprocessing-fork" in child.cmdline():
                    found.append(child)
        return found

    def end(self) -> tuple[int, dict[str, object]]:
        """Wait for the end: exit code, and what `--json` wrote."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, json.loads(out)

    def end_with(self, code: int, error: str) -> str:
        """Wait for an end with this exit code and this error."""
        ended, result = self.end()
        told = result.get("error")
        assert isinstance(told, dict), result
        assert (ended, told["code"]) == (code, error), (ended, told)
        return f"exit code {ended}, {error}, after {self.seconds():.1f} s"

    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.begun


def starts(start: Start) -> str:
    """How long the program needs to do nothing."""
    run = start("--version")
    out, _ = run.process.communicate(timeout=60)
    assert run.process.returncode == 0, run.process.returncode
    return f"{out.decode().strip()}, {run.seconds():.1f} s"


def exchanges(start: Start) -> str:
    """The card process loads the module, and questions and answers cross the pipe."""
    run = start()
    code, result = run.end()
    card = result.get("card")
    assert isinstance(card, dict), result
    assert (code, card["reader"], card["serials"]) == (UNUSABLE, "Probe reader", ["0123456789ABCDEF"]), result
    return f"the empty card is seen, exit code {code}, {run.seconds():.1f} s"


def is_spawned(start: Start) -> str:
    """The card process is the frozen program, and ends with it."""
    run = start(PROBE_SLOW=READ)
    child = run.card_process()
    command = child.cmdline()  # the file itself is something that Wine does not tell psutil
    assert Path(command[0]).samefile(run.program), command
    code, _ = run.end()
    assert not child.is_running()
    assert code == UNUSABLE, code
    return f"{Path(command[0]).name} {command[1]}, gone with its parent"


def hang_is_ended(start: Start) -> str:
    """A call that never comes back is killed after its time."""
    run = start(PROBE_HANG=READ, SITHSUP_CARD_TIMEOUT=str(TIME_OUT))
    child = run.card_process()
    told = run.end_with(INTERRUPTED, "SU-1007")
    assert not child.is_running()
    return told


def kill_is_seen(start: Start) -> str:
    """Somebody ends the card process: the program tells at once."""
    run = start(PROBE_HANG=READ)
    run.card_process().kill()
    killed = run.seconds()
    told = run.end_with(INTERRUPTED, "SU-1008")
    assert run.seconds() - killed < SLACK
    return f"{told}, {run.seconds() - killed:.2f} s after the kill"


def crash_is_seen(start: Start) -> str:
    """An access violation in the module."""
    return start(PROBE_CRASH=READ).end_with(INTERRUPTED, "SU-1008")


def broken_module_is_told(start: Start) -> str:
    """A crash while the module is loaded."""
    return start(PROBE_CRASH="C_Initialize").end_with(NO_CARD_PROGRAM, "SU-1002")


def orphan_finishes_its_call(start: Start) -> str:
    """The program is killed: the card process is not cut, and ends after its call of three seconds."""
    return orphan(start(PROBE_SLOW=READ), longest=3 + SLACK)


def orphan_does_not_hang(start: Start) -> str:
    """The same in a call that never comes back: its own alarm ends it."""
    return orphan(start(PROBE_HANG=READ, SITHSUP_CARD_TIMEOUT=str(TIME_OUT)), longest=ALARM + SLACK)


def orphan(run: Run, longest: float) -> str:
    """Kill the program, and see its card process go on and then end."""
    child = run.card_process()
    run.process.kill()
    run.process.communicate()
    killed = time.monotonic()
    time.sleep(0.2)
    assert child.is_running(), "the card process was cut"
    child.wait(longest)
    return f"the card process outlived it by {time.monotonic() - killed:.1f} s"


LOOKS = (
    starts,
    exchanges,
    is_spawned,
    hang_is_ended,
    kill_is_seen,
    crash_is_seen,
    broken_module_is_told,
    orphan_finishes_its_call,
    orphan_does_not_hang,
)


def main(program: str, module: str) -> int:
    """Look at everything; how often it was not as it should be."""
    failed = 0

    def start(*arguments: str, **environment: str) -> Run:
        return Run(Path(program), Path(module), arguments or ("check", "--json"), environment)

    for look in LOOKS:
        try:
            print(f"ok      {look.__name__}: {look(start)}", flush=True)
        except (AssertionError, psutil.Error, subprocess.TimeoutExpired, ValueError) as error:
            failed += 1
            print(f"FAILED  {look.__name__}: {type(error).__name__} {error}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
