"""Faults planted on purpose, one at a time, in a copy of the program: what the proof is worth is what it catches.

Each fault leaves an upgrade to which nothing happens as it was: only an interruption shows it. The second line of its
patch names the part of the matrix that is played against it: a kind of card, a custom, and the verb at whose calls
things go wrong, in every way, with every way to recover. What catches it is played on the program without it too, and
must end well there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from prove.case import scratch

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "mutants"
COPIED = ("src", "prove", "tests", "resources", "docs", "pyproject.toml")
TIME_OUT = 1200
"""Seconds; only against hanging."""
_PLAYED = re.compile(r"^Played: (.+)$", re.MULTILINE)
_WRONG = re.compile(r"^WRONG: (?P<ending>.+)\n +\./dev prove --case '(?P<case>.+)'$", re.MULTILINE)


class Verdict(NamedTuple):
    """What became of a planted fault."""

    name: str
    why: str
    """What is wrong with the program."""
    caught_by: str
    """The name of the case that ended wrong; empty where none did."""
    ending: str
    """How it ended."""


def patches() -> list[Path]:
    """Every planted fault: a patch whose first line says what it does."""
    return sorted(FOLDER.glob("*.patch"))


def played(patch: Path) -> list[str]:
    """What is played against a planted fault: a kind of card, a custom and a verb."""
    found = _PLAYED.search(patch.read_text("utf-8"))
    if found is None:
        raise ValueError(patch.name)
    return found[1].split()


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
    """Play cases against a planted fault until one ends wrong, and that one without the fault too."""
    with scratch() as folder:
        plant(patch, folder)
        ended = _prove(folder, "--until-wrong", "--at", *played(patch))
    wrong = _WRONG.search(ended.stderr)
    if bool(wrong) is not bool(ended.returncode):
        raise RuntimeError(f"{patch.name}: {ended.stderr}")
    why, caught_by, ending = patch.read_text("utf-8").partition("\n")[0], "", ""
    if wrong:
        caught_by, ending = wrong["case"], wrong["ending"]
        if _prove(ROOT, "--case", caught_by).returncode:
            raise RuntimeError(f"{patch.name}: {caught_by} ends wrong without the fault too")
    return Verdict(patch.stem, why, caught_by, ending)


def _prove(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the proof on the program in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "prove", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_OUT,
    )
