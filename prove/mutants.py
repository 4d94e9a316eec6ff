"""Faults planted on purpose, one at a time, in a copy of the program: what the proof is worth is what it catches."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from prove.case import scratch

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "mutants"
COPIED = ("src", "prove", "tests", "resources", "pyproject.toml")
UNTIL_WRONG = ("-m", "prove", "--only", "simulators", "--fast", "--until-wrong")
TIME_OUT = 1200
"""Seconds; only against hanging."""


class Verdict(NamedTuple):
    """What became of a planted fault."""

    name: str
    why: str
    """What is wrong with the program."""
    caught_by: str
    """The case that ended wrong; empty where none did."""


def patches() -> list[Path]:
    """Every planted fault: a patch whose first line says what it does."""
    return sorted(FOLDER.glob("*.patch"))


def plant(patch: Path, folder: Path) -> None:
    """Copy the program into an empty folder, with this fault in it."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True, capture_output=True, timeout=60)


def try_one(patch: Path) -> Verdict:
    """Play cases against a planted fault until one ends wrong. The program is proven without it elsewhere."""
    with scratch() as folder:
        plant(patch, folder)
        ended = subprocess.run(
            [sys.executable, *UNTIL_WRONG],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder / "src")},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_OUT,
        )
    wrong = [line for line in ended.stderr.splitlines() if line.startswith("WRONG: ")]
    if bool(wrong) is not bool(ended.returncode):
        raise RuntimeError(f"{patch.name}: {ended.stderr}")
    return Verdict(patch.stem, patch.read_text("utf-8").partition("\n")[0], wrong[0][7:] if wrong else "")
