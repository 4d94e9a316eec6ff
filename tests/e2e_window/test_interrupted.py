"""A virtual card is pulled while it makes a key: the window says what works, and both ways out lead to their ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from bench.virtual import VirtualStage, virtual_stage
from sithsup.demo.virtual.holder import Pace
from tests.support import virtual, virtual_lab
from tests.support import window as shown
from tests.support.desktop import NEEDED
from tests.support.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs(*virtual.NEEDED, "openssl", *NEEDED)

SLOW = Pace(generation=4)
FIRST_KEY = "Skapa en ny nyckel för legitimering på kortet"
WORKS = "Du kan logga in med kortet nu."
SAME_CARD = "Sätt i samma kort i läsaren igen."
LOST_ROOM = "is listed nowhere"
"""Of the file of the key that was cut, which nobody can remove."""
WELL_BEGUN = 1
"""Seconds from the announcement of a key until the card is in the middle of making it."""


@pytest.fixture(scope="module")
def stage() -> Iterator[VirtualStage]:
    """Give a demo with a virtual card."""
    with virtual.short_folder() as folder, virtual_stage(folder / "demo") as made:
        yield made


def pull_in_the_first_key(window: Window, stage: VirtualStage) -> None:
    """Begin, and take the card out in the middle of the first key generation."""
    door = stage.demo.door
    window.go_to_codes()
    door.set_pace(SLOW)
    window.give_codes(stage.demo.codes)
    window.wait_for_announcement(FIRST_KEY)
    time.sleep(WELL_BEGUN)
    door.pull()
    door.set_pace(Pace())


def put_back(window: Window, stage: VirtualStage) -> None:
    """Wait for the page that asks for it, and put the card back."""
    window.wait_for_page(shown.INTERRUPTED)
    assert SAME_CARD in window.texts
    assert stage.demo.door.insert()
    window.wait_for_text(WORKS)
    assert SAME_CARD not in window.texts


def test_a_pulled_card_is_put_back_and_finished(desktop: Desktop, stage: VirtualStage) -> None:
    """Fortsätt, the codes once more, Klart: the new identity, and nothing of the old."""
    stage.reset()
    with Window.open(desktop, stage.demo) as window:
        pull_in_the_first_key(window, stage)
        put_back(window, stage)
        window.press(shown.CONTINUE)
        window.wait_for_page(shown.CODES)
        window.give_codes(stage.demo.codes, shown.FINISH)
        window.wait_for_page(shown.DONE)
    assert [wrong for wrong in stage.wrong() if not wrong.endswith(LOST_ROOM)] == []


def test_a_pulled_card_is_put_back_and_goes_back_to_the_old(desktop: Desktop, stage: VirtualStage) -> None:
    """What is stored on the card is what was stored before, and the authority holds nothing new good."""
    stage.reset()
    with Window.open(desktop, stage.demo) as window:
        pull_in_the_first_key(window, stage)
        put_back(window, stage)
        window.press(shown.GO_BACK)
        window.wait_for_page(shown.CODES)
        window.give_codes(stage.demo.codes, shown.GO_BACK)
        window.wait_for_page(shown.RESTORED)
    before, now = virtual_lab.find(stage.demo.first_day), virtual_lab.find(stage.demo.door.memory())
    assert (now.certificates, now.keys, now.codes) == (before.certificates, before.keys, before.codes)
    assert stage.demo.upgraded() == []
