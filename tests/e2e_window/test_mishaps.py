"""What goes wrong around the window, from outside: the module's process, the authority, the reader's service, the card.

Every page and every mishap is played in `tests/ui/test_mishaps.py`; here are those that need the real thing.
"""

from __future__ import annotations

import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from bench.virtual import VirtualStage, virtual_stage
from sithsup.demo.virtual import service
from sithsup.demo.virtual.holder import Pace
from tests.support import virtual
from tests.support import window as shown
from tests.support.demo import NEW, authority_beside
from tests.support.desktop import NEEDED
from tests.support.window import Window
from tests.support.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)
on_virtual_card = pytest.mark.needs(*virtual.NEEDED)

NOTHING_BEGUN = "Det finns ingen kontakt med kortet längre. Inget är påbörjat på det."
PUT_IN = "Sätt i kortet i läsaren, med chipet uppåt"
CONNECT, CONNECT_IT = "Anslut en kortläsare", "Ingen kortläsare är ansluten."
CRASHED = "Kortprogrammet på datorn slutade fungera. (SU-1008)"
NO_ANSWER, UNTOUCHED = "Det går inte att nå utfärdaren", "Inget hann påbörjas, och inget på kortet har ändrats."
TRY_AGAIN = "Försök igen"
FIRST_KEY, ORDERING = "Skapa en ny nyckel för legitimering på kortet", "Beställa de nya certifikaten"
WORKS = "Du kan logga in med kortet nu."
LOST_ROOM = "is listed nowhere"
"""Of the file of the key that was cut, which nobody can remove."""
SLOW = 0.5
"""Seconds that the authority takes for each message."""


@pytest.fixture(scope="module")
def stage() -> Iterator[VirtualStage]:
    """Give a demo with a virtual card."""
    with virtual.short_folder() as folder, virtual_stage(folder / "demo") as made:
        yield made


def kill_card_process(window: Window) -> None:
    """End it as a crash does, and wait until the program has seen that."""
    killed = window.card_processes()
    assert killed
    for process in killed:
        os.kill(process, signal.SIGKILL)
    window.wait(lambda: window.card_processes() - killed, "another card process")


def finish(window: Window, codes: tuple[str, ...]) -> None:
    """Go on from Avbruten uppgradering to the end."""
    window.wait_for_text(WORKS)
    window.press(shown.CONTINUE)
    window.wait_for_page(shown.CODES)
    window.give_codes(codes, shown.FINISH)
    window.wait_for_page(shown.DONE)


def test_a_module_that_dies_at_rest_is_started_anew(desktop: Desktop, demo: Demo) -> None:
    """Nobody notices, and what was typed stays typed."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.type_codes(demo.codes)
        kill_card_process(window)
        assert window.heading == shown.CODES
        window.keys("Return")
        window.wait_for_page(shown.DONE)
    assert demo.identity() == NEW


def test_a_module_that_dies_at_work_is_told(desktop: Desktop, demo: Demo) -> None:
    """While the certificates are ordered; the way on is there."""
    with authority_beside(demo, delay=SLOW) as environ, Window.open(desktop, demo, environ=environ) as window:
        window.go_to_codes()
        window.give_codes(demo.codes)
        window.wait_for_announcement(ORDERING)
        kill_card_process(window)
        window.wait_for_page(shown.INTERRUPTED)
        window.wait_for_text(CRASHED)
        finish(window, demo.codes)
    assert demo.identity() == NEW


def test_an_authority_that_stops_is_told_when_it_is_needed(desktop: Desktop, demo: Demo) -> None:
    """Its port is refused: before anything is begun, Hjälp."""
    address = json.loads((demo.folder / "campaign.json").read_bytes())["authority"]["address"]
    with Wire(address) as wire, Window.open(desktop, demo, environ={"SITHSUP_AUTHORITY": wire.address}) as window:
        window.go_to_codes()
        wire.cut()
        window.give_codes(demo.codes)
        window.wait_for_page(NO_ANSWER)
        assert UNTOUCHED in window.texts
        window.press(TRY_AGAIN)
        window.wait_for_page(shown.CARD)
    assert demo.card() == demo.before


def test_a_network_that_goes_in_the_middle_is_told(desktop: Desktop, demo: Demo) -> None:
    """While the certificates are ordered: their answer comes to nobody. With the network back, the way on ends well."""
    with authority_beside(demo, delay=SLOW) as slow, Wire(slow["SITHSUP_AUTHORITY"]) as wire:
        environ = {"SITHSUP_AUTHORITY": wire.address}
        with Window.open(desktop, demo, environ=environ) as window:
            window.go_to_codes()
            window.give_codes(demo.codes)
            window.wait_for_announcement(ORDERING)
            wire.cut()
            window.wait_for_page(shown.INTERRUPTED)
            assert NO_ANSWER in window.texts
        time.sleep(3 * SLOW)  # the authority's answer to nobody
    with Window.open(desktop, demo) as window:
        window.wait_for_page(shown.INTERRUPTED)
        finish(window, demo.codes)
    assert demo.identity() == NEW


@on_virtual_card
def test_a_card_pulled_at_the_codes_leads_back(desktop: Desktop, stage: VirtualStage) -> None:
    """And back in, to the end."""
    stage.reset()
    with Window.open(desktop, stage.demo) as window:
        window.go_to_codes()
        window.type_codes(stage.demo.codes)
        stage.demo.door.pull()
        window.wait_for_page(shown.INSERT)
        assert NOTHING_BEGUN in window.texts
        assert PUT_IN in window.texts
        assert stage.demo.door.insert()
        window.press(shown.NEXT)
        window.wait_for_page(shown.PREPARE)
        window.press(shown.NEXT)
        window.wait_for_page(shown.CODES)
        window.give_codes(stage.demo.codes)
        window.wait_for_page(shown.DONE)
    assert stage.wrong() == []


@on_virtual_card
def test_a_service_that_ends_takes_the_reader_with_it(desktop: Desktop, stage: VirtualStage) -> None:
    """And is found again when it comes back."""
    stage.reset()
    folder = stage.demo.folder / "card"
    with Window.open(desktop, stage.demo) as window:
        window.go_to_prepare()
        service.stop(folder)
        try:
            window.wait_for_page(CONNECT)
            assert CONNECT_IT in window.texts
            assert NOTHING_BEGUN in window.texts
        finally:
            service.start(folder)
        window.wait_for_page(shown.CARD)
        window.press(shown.NEXT)
        window.wait_for_page(shown.PREPARE)


@on_virtual_card
def test_a_card_that_another_program_resets_is_finished(desktop: Desktop, stage: VirtualStage) -> None:
    """It forgets the codes while it makes its first key: they are asked for again, on the way on."""
    stage.reset()
    door = stage.demo.door
    with Window.open(desktop, stage.demo) as window:
        window.go_to_codes()
        door.set_pace(Pace(generation=2))
        window.give_codes(stage.demo.codes)
        window.wait_for_announcement(FIRST_KEY)
        door.reset()
        door.set_pace(Pace())
        window.wait(lambda: window.heading in {shown.INTERRUPTED, shown.DONE}, "an end")
        if window.heading == shown.INTERRUPTED:
            finish(window, stage.demo.codes)
    assert [wrong for wrong in stage.wrong() if not wrong.endswith(LOST_ROOM)] == []
