"""The program, frozen on this computer."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.contract.conftest import troubled
from tests.e2e.conftest import demo, demos

__all__ = ["demo", "demos", "frozen", "troubled"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frozen program's folder; built by whichever worker comes first, the others wait for it."""
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        pytest.skip("missing: this Python as a library, which PyInstaller freezes")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of this run, and common to its workers
    with (folder / "frozen.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "frozen").exists():
            freeze(folder)
    return folder / "frozen" / "sithsup"


def freeze(folder: Path) -> None:
    """Run PyInstaller; the result gets its name when it is complete."""
    command = [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR"]
    places = ["--distpath", str(folder / "fresh"), "--workpath", str(folder / "scratch")]
    environment = {**os.environ, "PYINSTALLER_CONFIG_DIR": str(folder / "cache")}  # nothing of an earlier run
    done = subprocess.run(
        [*command, *places, str(ROOT / "installers" / "sithsup.spec")],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        encoding="utf-8",
        timeout=240,
    )
    assert done.returncode == 0, done.stdout
    (folder / "fresh").rename(folder / "frozen")
