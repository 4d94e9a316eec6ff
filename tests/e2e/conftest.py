"""Running demos for the tests that look at the whole program from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.demo import Demo, Demos

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demos]:
    """Give a demo of any kind, each made once."""
    made = Demos(tmp_path_factory.mktemp("demos"))
    yield made
    made.stop()


@pytest.fixture
def demo(demos: Demos) -> Demo:
    """Give the ordinary demo as on its first day."""
    return demos.fresh()
