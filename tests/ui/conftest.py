"""Qt without a screen, and with one font; nothing of the window is left to the tests of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.ways import Interface, set_interface
from tests.ui.window import prepare_process

if TYPE_CHECKING:
    from collections.abc import Iterator

prepare_process()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    set_interface(Interface.COMMAND_LINE)
    texts.set_language(None)
