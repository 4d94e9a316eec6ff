"""A card in SoftHSM2 that stands for a real one."""

from __future__ import annotations

import pytest

from prove import foreign
from sithsup.demo import start as life
from sithsup.model import KeyAlgorithm
from tests.support.demo import Demo
from tests.support.held import Held


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Make a SoftHSM2 card; nobody needs its authority."""
    folder = tmp_path_factory.mktemp("real") / "demo"
    demo = Demo.make(folder, life.Kind.ORDINARY)
    life.stop(folder)
    return demo


@pytest.fixture
def held(made: Demo, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Give the card as on its first day, and an environment that knows nothing but SoftHSM2's configuration."""
    made.lay_card()
    for name in ("SITHSUP_CAMPAIGN", "SITHSUP_DATA", "SITHSUP_LOGS", "SITHSUP_MODULE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOFTHSM2_CONF", made.environment["SOFTHSM2_CONF"])
    monkeypatch.setattr(foreign, "AUTHORITY_KEYS", KeyAlgorithm.P_256)
    return Held(made)
