"""A locked code gets its new value with a keyboard and a screen reader alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.desktop import NEEDED
from tests.support.locking import lock_softhsm
from tests.support.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

UNLOCK, HEADING = "Lås upp koden", "Lås upp underskriftskoden"
YOUR_CARD = "Ditt kort"
FIELDS = ("PUK-kod till underskriftskoden", "Ny underskriftskod", "Den nya koden en gång till")
CONFIRMED = "Din nya underskriftskod gäller nu, och den är inte låst."
NEW = "73519402"


@pytest.fixture
def demo(demo: Demo) -> Iterator[Demo]:
    """Give the ordinary demo with its code for signatures locked."""
    ordinary, (_, signature) = demo.codes, demo.tool.tokens()
    assert "underskrift" in signature
    lock_softhsm(demo.tokens, signature)
    yield demo
    demo.codes = ordinary


def puk(demo: Demo) -> str:
    return (demo.folder / "puks").read_text().split()[1]


def confirm(window: Window, demo: Demo) -> None:
    """What is said when it is done is spoken and true."""
    window.wait_for_page(YOUR_CARD)
    window.wait_for_announcement(CONFIRMED)
    window.wait_for_text("Kortet kan uppgraderas.")
    demo.codes = (demo.codes[0], NEW)
    assert demo.card() == demo.before


def test_by_keyboard_alone(desktop: Desktop, demo: Demo) -> None:
    """The focus is where one goes on: Return leads there, Tab from field to field, Return sends."""
    with Window.open(desktop, demo) as window:
        window.wait_for_focus(UNLOCK)
        window.keys("Return")
        window.wait_for_page(HEADING)
        window.wait_for_announcement(HEADING)
        for field, code in zip(FIELDS, (puk(demo), NEW, NEW), strict=True):
            window.wait_for_focus(field)
            window.type(code)
            window.wait_for_length(field, len(code))
            if field != FIELDS[-1]:
                window.keys("Tab")
        window.keys("Return")
        confirm(window, demo)
        assert not re.search(r"[0-9]", "".join(window.reader.carried("object:text-changed")))


def test_by_accessible_actions_alone(desktop: Desktop, demo: Demo) -> None:
    """What is wrong is announced; nothing is sent for it."""
    with Window.open(desktop, demo) as window:
        window.press(UNLOCK)
        window.wait_for_page(HEADING)
        for field, code in zip(FIELDS, (puk(demo), NEW, NEW[::-1]), strict=True):
            window.set_text(field, code)
        window.press(UNLOCK)
        window.wait_for_announcement("Den nya koden var inte lika i båda fälten.")
        for field in FIELDS[1:]:
            window.set_text(field, NEW)
        window.press(UNLOCK)
        confirm(window, demo)
