"""A SoftHSM2 card behind the module that misbehaves on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract import tokens
from tests.contract.conftest import softhsm_template, troubled

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["softhsm_template", "troubled", "troubled_card"]


@pytest.fixture
def troubled_card(softhsm_template: Path, troubled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a module with a fresh card behind it."""
    tokens.use_tokens(softhsm_template, tmp_path / "card", monkeypatch)
    tokens.use_options(tokens.CardOptions(), monkeypatch)
    return str(troubled)
