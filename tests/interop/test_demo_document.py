"""What docs/demo.md tells people to type works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from sithsup.demo import start as life
from sithsup.demo.profiles import PROFILES
from sithsup.model import KeyAlgorithm

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/demo.md").read_text(encoding="utf-8")


@pytest.mark.needs("openssl", "softhsm2-util")
def test_the_command_lines_for_openssl(tmp_path: Path) -> None:
    """Three whole conversations with the authority of a demo that was just started."""
    (script,) = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    folder, work = tmp_path / "a demo", tmp_path / "work"
    work.mkdir()
    try:
        life.start(folder, key_algorithm=KeyAlgorithm.P_256)
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", script],
            cwd=work,
            env={**os.environ, "DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        log = (folder / "authority" / "authority.log").read_text()
    finally:
        life.stop(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("received PKICONF") == 2
    assert "revocation accepted" in done.stdout
    answered = re.findall(r"(ir|cr|rr) answered by (ip|cp|rp)", log)
    assert answered == [("ir", "ip"), ("cr", "cp"), ("rr", "rp")]


def test_the_profiles_are_those_that_are_issued() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", DOCUMENT, re.MULTILINE)
    named = set(rows) - set(life.Kind)  # the other table is of cards
    assert sorted(named) == sorted(name for name, profile in PROFILES.items() if profile.upgrades)
