"""Keeps what this computer and this account have set away from the tests.

In the test's own process no layer but the environment is there; `places` of a test's own are given to `Settings.load`.
Programs that are started find no settings of this account. Those of the whole computer cannot be hidden from a program,
and must not be (a policy would be worth nothing): where there are any, no test is run.
"""

from __future__ import annotations

import os

import pytest

from sithsup.settings import Level, Settings, sources

NOWHERE = "/dev/null"
"""No file can be in it."""


def pytest_configure() -> None:
    os.environ["XDG_CONFIG_HOME"] = NOWHERE
    layers = [place.read(Settings.table()) for place in sources.of_this_computer()]
    if there := [layer.place for layer in layers if layer.is_there and layer.level is not Level.USER]:
        raise pytest.UsageError(f"cannot test on a computer with settings of its own: {', '.join(there)}")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "of_this_computer", tuple)
