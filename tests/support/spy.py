"""OpenSC's spy: a module that stands between the program and the card's own, and writes down every call."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.demo import Demo, Ended

SPIES = tuple(Path("/").glob("usr/lib*/**/pkcs11-spy.so"))
"""Debian has it in the package opensc-pkcs11."""


class Spied(NamedTuple):
    """How a run ended, and every call that it made of the module, with what went in."""

    ended: Ended
    calls: list[tuple[str, str]]

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.calls}

    @property
    def sessions(self) -> list[int]:
        """The flags of each session that was opened."""
        opened = [said for name, said in self.calls if name == "C_OpenSession"]
        return [int(flags, 16) for said in opened for flags in re.findall(r"flags = 0x([0-9a-f]+)", said)[:1]]


def spied(demo: Demo, *arguments: str, environ: Mapping[str, str] | None = None) -> Spied:
    """Run the program with the spy between it and the card."""
    if not SPIES:
        pytest.skip("missing tool: pkcs11-spy.so")
    log = demo.folder / "spy.log"
    watched: dict[str, str | Path] = {"SITHSUP_MODULE": SPIES[0], "PKCS11SPY": demo.module, "PKCS11SPY_OUTPUT": log}
    ended = demo.run(*arguments, codes=demo.pins, environ={**watched, **(environ or {})})
    said = log.read_text("utf-8", "replace")
    log.unlink()  # the codes are in it
    return Spied(ended, re.findall(r"^\d+: (C_\w+)\n(.*?)(?=^\d+: C_|\Z)", said, re.MULTILINE | re.DOTALL))
