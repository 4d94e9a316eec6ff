"""What was provoked is noted where the program raised it, in whatever process, and nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sithsup.catalogue import entries
from tools import provoked_gate

WATCH = Path(__file__).resolve().parents[1] / "provoked" / "sitecustomize.py"


@pytest.fixture
def watching(tmp_path: Path) -> Path:
    """Give a folder whose processes note into it: a copy, so that nothing is added to the notes of this run."""
    (tmp_path / "tests" / "provoked").mkdir(parents=True)
    shutil.copy(WATCH, tmp_path / "tests" / "provoked")
    return tmp_path


def run(folder: Path, source: str, name: str = "program") -> None:
    """Run some lines of Python as a module of this name, in a process that is watched; it says nothing."""
    (folder / f"{name}.py").write_text(source, "utf-8")
    source = f"import runpy; runpy.run_path({str(folder / name)!r} + '.py', run_name={name!r})"
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": str(folder / "tests" / "provoked")},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def noted(folder: Path) -> list[str]:
    """What all of them have noted."""
    notes = folder / ".provoked"
    return sorted(notes.read_text("utf-8").split()) if notes.exists() else []


RAISES = """
from sithsup.errors import {kind}
try:
    raise {kind}({arguments})
except {kind}:
    pass
"""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("sithsup.odd", ["NoCardError"]),
        ("sithsup.sim.odd", []),
        ("sithsup.demo.odd", []),
        ("tests.core.test_odd", []),
    ],
)
def test_an_error_counts_where_the_program_raises_it(watching: Path, name: str, found: list[str]) -> None:
    run(watching, RAISES.format(kind="NoCardError", arguments=""), name)
    assert noted(watching) == found


def test_an_error_that_nobody_raises_counts_for_nothing(watching: Path) -> None:
    """Whoever looks at its words provokes nothing."""
    run(
        watching,
        "from sithsup.errors import NoCardError\nassert NoCardError().what + str(NoCardError())",
        "sithsup.odd",
    )
    assert noted(watching) == []


THROUGH = """
from sithsup.card.session import choose_card
from sithsup.errors import NoCardError

class Cards:
    def __bool__(self):
        raise NoCardError

try:
    choose_card(Cards(), reader=None, number=None)
except NoCardError:
    pass
"""


def test_an_error_that_a_test_raises_through_the_program_is_the_test_s(watching: Path) -> None:
    """What stands for the world outside raises it; the program only lets it through."""
    run(watching, THROUGH, "tests.odd")
    assert noted(watching) == []


OF_A_FUTURE = """
from concurrent.futures import Future
from sithsup.errors import NoCardError
future = Future()
future.set_exception(NoCardError())
try:
    future.result()
except NoCardError:
    pass
"""


@pytest.mark.parametrize(("name", "found"), [("sithsup.odd", ["NoCardError"]), ("tests.odd", [])])
def test_an_error_out_of_a_library_s_hands_is_whose_frame_comes_next(
    watching: Path, name: str, found: list[str]
) -> None:
    """What another thread made comes out of a future, which raises it."""
    run(watching, OF_A_FUTURE, name)
    assert noted(watching) == found


A_PROBLEM = """
from sithsup.diagnostics.problem import Problem
from sithsup.errors import NotEligibleError
Problem(NotEligibleError(reasons=("PAUSED",)))
"""


@pytest.mark.parametrize(("name", "found"), [("sithsup.odd", ["NotEligibleError", "PAUSED"]), ("tests.odd", [])])
def test_what_the_diagnosis_tells_and_does_not_raise_counts_where_it_is_made(
    watching: Path, name: str, found: list[str]
) -> None:
    """A test that hands the diagnosis an error of its own has not provoked it."""
    run(watching, A_PROBLEM, name)
    assert noted(watching) == found


A_WARNING = """
from types import SimpleNamespace
from sithsup import preflight
from sithsup.eligibility import Stage
from sithsup.errors import NoCardError
preflight.WARNINGS = [row for row in preflight.WARNINGS if row.name == "AUTHORITY_UNREACHABLE"]
preflight.warnings(SimpleNamespace(stage=Stage.FRESH), preflight.Surroundings(unreachable=NoCardError()))
"""


def test_a_warning_is_noted_by_its_name(watching: Path) -> None:
    """Nobody raises it: that the program finds it is enough."""
    run(watching, A_WARNING)
    assert noted(watching) == ["AUTHORITY_UNREACHABLE"]


def test_a_refusal_is_noted_by_its_reasons(watching: Path) -> None:
    source = RAISES.format(kind="NotEligibleError", arguments="reasons=('PAUSED', 'PIN_LOCKED')")
    run(watching, source, "sithsup.odd")
    assert noted(watching) == ["NotEligibleError", "PAUSED", "PIN_LOCKED"]


CARD_PROCESS = """
from sithsup.card.process import CardProcess
from sithsup.errors import ModuleBrokenError
CardProcess(__file__).close()
"""


def test_the_card_process_is_watched_too(watching: Path) -> None:
    """What it was given is no library: it finds that out alone, and nobody asks it."""
    run(watching, CARD_PROCESS, "sithsup.odd")
    assert noted(watching) == ["ModuleBrokenError"]


def test_the_program_is_watched_wherever_it_is_started(watching: Path) -> None:
    broken = watching / "broken.so"
    broken.write_text("no library", "utf-8")
    environ = {"PYTHONPATH": watching / "tests" / "provoked", "SITHSUP_MODULE": broken}
    environ |= dict.fromkeys(("SITHSUP_DATA", "SITHSUP_LOGS"), watching)
    done = subprocess.run(
        [sys.executable, "-m", "sithsup", "check"],
        env={**os.environ, **{name: str(value) for name, value in environ.items()}},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 7
    assert "ModuleBrokenError" in noted(watching)


def test_a_process_that_may_not_write_notes_nothing_and_says_nothing(watching: Path) -> None:
    (watching / ".provoked").mkdir()
    run(watching, RAISES.format(kind="NoCardError", arguments=""), "sithsup.odd")
    run(watching, A_WARNING)


# ---------------------------------------------------------------------------------------------- the gate


def gate(folder: Path, names: set[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    notes = folder / "notes"
    notes.write_text("\n".join(names), "utf-8")
    return provoked_gate.main(notes), capsys.readouterr().out.splitlines()


def test_the_gate_names_what_was_never_provoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    every = {entry.name or entry.kind for entry in entries()}
    assert gate(tmp_path, every, capsys)[0] == 0
    code, told = gate(tmp_path, every - {"CardFullError", "PIN_LOCKED", "BATTERY_LOW"}, capsys)
    assert code == 1
    assert told == [
        "no test makes the program say SU-1012: CardFullError",
        "no test makes the program say SU-5001 (PIN_LOCKED): PIN_LOCKED",
        "no test makes the program say BATTERY_LOW: BATTERY_LOW",
        "provoked: 3 never were",
    ]


def test_the_gate_does_not_pass_where_nothing_was_watched(tmp_path: Path) -> None:
    assert provoked_gate.main(tmp_path / "none") == 1
