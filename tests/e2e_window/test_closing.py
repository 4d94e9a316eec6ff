"""Esc, the close button and the end of the process: harmless at any time, and refused while the card is written."""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import window as shown
from tests.support.demo import NEW, authority_beside
from tests.support.desktop import NEEDED
from tests.support.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

LEAVE_IT = (
    "Fönstret kan inte stängas nu, för det skrivs på kortet just nu. "
    "Låt kortet sitta kvar i läsaren tills allt är klart."
)
ORDERING = "Beställa de nya certifikaten"
SLOW = 0.5
"""Seconds that the authority takes for each message."""
QUICK = 6
"""Seconds that a window may take to close when something hangs."""


def press_escape(window: Window) -> None:
    window.keys("Escape")


def press_the_close_button(window: Window) -> None:
    window.keys("alt+F4")  # openbox does the same then


BOTH_WAYS = [press_escape, press_the_close_button]


@pytest.mark.parametrize("close", BOTH_WAYS)
def test_the_window_closes_before_anything_is_begun(
    close: Callable[[Window], None], desktop: Desktop, demo: Demo
) -> None:
    """On the page of the codes, with the focus in a field; the card is as it was."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.wait_for_focus(shown.FIELDS[0])
        close(window)
        assert window.wait_for_end() == 0
    assert demo.card() == demo.before
    assert not demo.processes()


def test_the_window_closes_on_every_other_page(desktop: Desktop, demo: Demo) -> None:
    """The first two, and the last."""
    for way in range(3):
        with Window.open(desktop, demo) as window:
            if way == 0:
                window.wait_for_page(*shown.START)
            elif way == 1:
                window.go_to_prepare()
            else:
                window.go_to_codes()
                window.give_codes(demo.codes)
                window.wait_for_page(shown.DONE)
            press_escape(window)
            assert window.wait_for_end() == 0


def test_the_window_does_not_close_while_the_card_is_written(desktop: Desktop, demo: Demo) -> None:
    """Esc and the close button are refused, each time with a word; the upgrade goes on to its end."""
    with authority_beside(demo, delay=SLOW) as environ, Window.open(desktop, demo, environ=environ) as window:
        window.go_to_codes()
        window.give_codes(demo.codes)
        window.wait_for_page(shown.UPGRADING)
        for number, close in enumerate(BOTH_WAYS, 1):
            close(window)
            window.wait(lambda: window.reader.announced.count(LEAVE_IT) == number, "the refusal")  # noqa: B023
            window.wait_for_text(LEAVE_IT)
            assert window.heading == shown.UPGRADING
        window.wait_for_page(shown.DONE)
    assert demo.identity() == NEW


def wait_for_quick_end(window: Window, demo: Demo) -> None:
    """The process ends well and soon, and leaves no other one behind."""
    begun = time.monotonic()
    press_escape(window)
    assert window.wait_for_end() == 0
    assert time.monotonic() - begun < QUICK
    while demo.processes():
        assert time.monotonic() - begun < QUICK
        time.sleep(0.1)


def test_the_window_closes_though_the_module_hangs(desktop: Desktop, demo: Demo) -> None:
    """A process that is stopped answers nothing, and is deaf to requests to end."""
    with Window.open(desktop, demo) as window:
        window.go_to_prepare()
        for process in window.card_processes():
            os.kill(process, signal.SIGSTOP)
        time.sleep(2)  # until it is asked something
        wait_for_quick_end(window, demo)


def test_the_window_closes_though_the_network_hangs(desktop: Desktop, demo: Demo) -> None:
    """Somebody takes the call of the program, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {"SITHSUP_AUTHORITY": f"http://127.0.0.1:{silent.getsockname()[1]}/"}
        with Window.open(desktop, demo, environ=environ) as window:
            window.wait_for_page(shown.CARD)
            wait_for_quick_end(window, demo)


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_window_goes_on_where_it_was(ended_by: signal.Signals, desktop: Desktop, demo: Demo) -> None:
    """The next start shows Avbruten uppgradering at once, and closes there too; Fortsätt ends at Klart."""
    with authority_beside(demo, delay=SLOW) as environ, Window.open(desktop, demo, environ=environ) as window:
        window.go_to_codes()
        window.give_codes(demo.codes)
        window.wait_for_announcement(ORDERING)
        window.process.send_signal(ended_by)
        assert window.wait_for_end() == -ended_by
        time.sleep(3 * SLOW)  # the authority's answer to nobody
    with Window.open(desktop, demo) as window:
        window.wait_for_page(shown.INTERRUPTED)
        press_escape(window)
        assert window.wait_for_end() == 0
    with Window.open(desktop, demo) as window:
        window.wait_for_page(shown.INTERRUPTED)
        window.press(shown.CONTINUE)
        window.wait_for_page(shown.CODES)
        window.give_codes(demo.codes, shown.FINISH)
        window.wait_for_page(shown.DONE)
    assert demo.identity() == NEW
