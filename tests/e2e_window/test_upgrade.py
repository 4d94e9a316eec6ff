"""The window from the start to Klart on the demo's card, by keyboard alone and by accessible actions alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import window as shown
from tests.support.demo import NEW
from tests.support.desktop import NEEDED
from tests.support.window import Window

if TYPE_CHECKING:
    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)


def complaints(window: Window) -> list[str]:
    """What Qt had to say of our objects: that one was touched in another thread, for instance."""
    return [line for line in window.said.splitlines() if line.startswith("QObject")]


def test_a_card_is_upgraded_by_keyboard_alone(desktop: Desktop, demo: Demo) -> None:
    """Every page has the focus where one goes on, and Return does so."""
    with Window.open(desktop, demo) as window:
        window.wait_for_page(*shown.START)
        window.wait_for_focus(shown.NEXT)
        window.keys("Return")
        for box in shown.BOXES:
            window.wait_for_focus(box)
            window.keys("space")
            window.wait_for_tick(box)
            window.keys("Return" if box is shown.BOXES[-1] else "Tab")
        window.wait_for_page(shown.CODES)
        window.type_codes(demo.codes)
        window.keys("Return")
        window.wait_for_page(shown.DONE)
        window.wait_for_focus(shown.CLOSE)
        window.keys("Return")
        assert window.wait_for_end() == 0
        assert complaints(window) == []
    assert demo.identity() == NEW
    told = demo.last_outcome()  # as from the command line
    assert (told["last"]["act"], told["last"]["outcome"], told["campaigns"][0]["done"]) == ("upgrade", "upgraded", True)


def test_a_card_is_upgraded_by_accessible_actions_alone(desktop: Desktop, demo: Demo) -> None:
    """No key is pressed: buttons by their actions, codes by the text interface."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.give_codes(demo.codes)
        window.wait_for_page(shown.DONE)
        window.press(shown.CLOSE)
        assert window.wait_for_end() == 0
        assert complaints(window) == []
    assert demo.identity() == NEW
