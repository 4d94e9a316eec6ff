"""What the operating system complains of is told in the person's language."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from sithsup import os_words, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _in_swedish() -> Iterator[None]:
    texts.set_language("sv")
    yield
    texts.set_language(None)


@pytest.mark.parametrize("number", os_words.TEXTS, ids=errno.errorcode.get)
def test_the_usual_is_told_in_swedish(number: int) -> None:
    """Not in the system's words, which are English in a Swedish sentence."""
    told = os_words.reason(OSError(number, os.strerror(number)))
    assert told not in {os.strerror(number), os_words.TEXTS[number]}


def test_the_rest_is_told_in_the_systems_words() -> None:
    """And what has no words at all, by what there is."""
    assert os_words.reason(OSError(errno.ENXIO, "No such device")) == "No such device"
    assert os_words.reason(OSError("odd")) == "odd"
