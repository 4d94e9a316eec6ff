"""Lines that lie on the standard input."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def lines() -> Iterator[Callable[[bytes], int]]:
    """Put lines on the standard input."""
    before, (reading, writing) = os.dup(0), os.pipe()
    os.dup2(reading, 0)
    yield lambda content: os.write(writing, content)
    os.dup2(before, 0)
    for descriptor in (before, reading, writing):
        os.close(descriptor)
