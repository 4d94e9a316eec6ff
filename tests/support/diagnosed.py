"""A diagnosis as a person runs it, in a process of its own, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IN_TIME = 20.0
"""Seconds that a diagnosis may take, whatever is wrong."""


class Diagnosed(NamedTuple):
    """What `sithsup diagnose --json` said, and how long that took."""

    data: dict[str, Any]
    seconds: float

    @property
    def problems(self) -> set[str]:
        """The names of whatever is wrong with the card's side."""
        return {name for probe in SIDE for name in self.named(probe)}

    def named(self, probe: str) -> list[str]:
        """The problems that one probe names."""
        return [problem["name"] for problem in self.probe(probe)["problems"]]

    def probe(self, name: str) -> dict[str, Any]:
        """What came of one probe."""
        return next(probe for probe in self.data["probes"] if probe["name"] == name)

    def groups(self, probe: str, name: str) -> list[dict[str, Any]]:
        """The groups of a kind in one probe."""
        return [group for group in self.probe(probe)["groups"] if group["name"] == name]

    def told(self, name: str) -> dict[str, str]:
        """What is told of a problem."""
        return next(problem for problem in self.data["problems"] if problem["name"] == name)


SIDE = ("readers", "modules", "card", "eligibility")


def diagnose(environ: Mapping[str, str], folder: Path) -> Diagnosed:
    """Run it with these variables, and folders of its own. It must end well, in time, with every probe answered."""
    folders = {f"SITHSUP_{name.upper()}": str(folder / name) for name in ("data", "state", "locks")}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    own = {"SITHSUP_LANGUAGE": "en", "XDG_CONFIG_HOME": "/dev/null", "LANG": "C.UTF-8"}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "sithsup", "diagnose", "--json"],
        env={**kept, **own, **folders, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
        encoding="utf-8",
    )
    seconds = time.monotonic() - begun
    assert done.returncode == 0, done.stderr
    found = Diagnosed(json.loads(done.stdout), seconds)
    assert seconds < IN_TIME
    assert not [probe["name"] for probe in found.data["probes"] if probe["name"] in SIDE and probe["is_late"]]
    assert not [probe["name"] for probe in found.data["probes"] if probe["name"] in SIDE and probe["fault"]]
    return found
