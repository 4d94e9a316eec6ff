"""What the window tells a person to do can be done in the window."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support import window as shown
from tests.support.desktop import NEEDED
from tests.support.window import Window

if TYPE_CHECKING:
    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

MOVE_AWAY = "Flytta undan filen och tryck på ”Försök igen”. Kortet visar självt hur långt uppgraderingen kom."
AGAIN = "Försök igen"
START_AGAIN = "Be din lokala it-support att rätta inställningen. Stäng sedan fönstret och starta programmet igen."


def test_a_journal_of_another_version_is_moved_away(desktop: Desktop, demo: Demo) -> None:
    """As the first page says; then it shows the card."""
    serials = demo.run("check", "--json").result["card"]["serials"]
    journal = demo.data / f"journal-{hashlib.sha256('|'.join(serials).encode()).hexdigest()[:24]}.sqlite3"
    with closing(sqlite3.connect(journal)) as made:
        made.execute("PRAGMA user_version = 4711")
    with Window.open(desktop, demo) as window:
        window.wait_for_text(MOVE_AWAY)
        window.press(AGAIN)
        window.wait_for_text(MOVE_AWAY)
        journal.rename(journal.with_suffix(".away"))
        window.press(AGAIN)
        window.wait_for_page("Ditt kort")
        assert shown.NEXT in window.texts.splitlines()
        assert AGAIN not in window.texts


def test_a_setting_that_is_wrong_is_told_in_words_of_the_window(desktop: Desktop, demo: Demo) -> None:
    with Window.open(desktop, demo, environ={"SITHSUP_CARD_TIMEOUT": "soon"}) as window:
        window.wait_for_text(START_AGAIN)
