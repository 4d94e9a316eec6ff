"""A desktop for each worker, and running demos, for the tests that look at the window from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.demo import Demo, Demos
from tests.support.desktop import Desktop

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """Give a desktop that only these tests have."""
    with Desktop(tmp_path_factory.mktemp("desktop")) as made:
        yield made


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
