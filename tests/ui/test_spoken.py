"""What a screen reader is told when a page comes and while the card is worked on: all that must be known there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sithsup.errors import CardRemovedError
from sithsup.flow import Act, Happening, Page
from sithsup.situation import Mark, Outcome
from sithsup.texts import ENGLISH
from sithsup.ui import wizard
from sithsup.ui.pages import upgrading
from sithsup.ui.pages.upgrading import LONG, UpgradingPage
from sithsup.ui.plastic import grouped
from sithsup.ui.seen import Ending
from tests.ui.live import live
from tests.ui.states import PEOPLE, states
from tests.ui.window import Setting, opened, show

if TYPE_CHECKING:
    from pathlib import Path

OWN_NUMBER = f"Card number: {grouped(PEOPLE[0].card_number)}"

# fmt: off
TABLE = (
    # this page            tells aloud
    ("insert-fresh",       [PEOPLE[0].given_name, OWN_NUMBER, "The card can be upgraded"]),
    ("insert-spare-card",  [PEOPLE[1].given_name, "Spare cards cannot be upgraded"]),
    ("insert-no-reader",   ["No card reader is connected"]),
    ("prepare-consent",    ["The card must stay in the reader", "TEST: On battery"]),
    ("codes-few-tries",    ["Code for authentication. A wrong code was given"]),
    ("codes-last-try",     ["Code for signature. Only one try is left. After a wrong code it is locked"]),
    ("codes-pin-pad",      ["authentication is typed on the reader", "signature is typed on the reader"]),
    ("upgrading-begun",    ["Leave the card in the reader until everything is done"]),
    ("done-upgraded",      ["Take the card out", "choose the certificate from", "contact your local IT support"]),
    ("done-restored",      ["You can begin again"]),
    ("help-wrong-code",    ["did not accept the code", "Only one try is left", "TEST Utfärda Påhittad"]),
    ("help-locked",        ["Unlock it with your PUK code", "Have you no PUK code?"]),
    ("unblock-last-try",   ["Only one try is left for the PUK code"]),
    ("unblock-elsewhere",  ["smart card program (TEST Kortprogrammet)", "TEST Hjälpa Låtsasson"]),
)
# fmt: on


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give everything that is announced."""
    heard: list[str] = []
    for module in (wizard, upgrading):
        monkeypatch.setattr(module, "announce", lambda _, text: heard.append(text))
    return heard


@pytest.mark.parametrize(("name", "texts"), TABLE, ids=[name for name, _ in TABLE])
def test_a_page_says_what_must_be_known_there(name: str, texts: list[str], said: list[str]) -> None:
    """At once, and nothing of it twice."""
    with opened(Setting(ENGLISH)) as window:
        said.clear()
        show(window, name)
        whole = " ".join(said)
        assert [text for text in texts if whole.count(text) != 1] == [], whole


def test_a_card_that_went_is_not_named(said: list[str]) -> None:
    with opened(Setting(ENGLISH)) as window:
        show(window, "insert-fresh")
        said.clear()
        show(window, "insert-no-card")
        assert PEOPLE[0].given_name not in " ".join(said)


def test_a_step_that_takes_long_is_told_once(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """That it takes long is news; each second of it is none."""
    with opened(Setting(ENGLISH)) as window:
        page = show(window, "upgrading-begun")
        assert isinstance(page, UpgradingPage)
        page._timer.stop()
        said.clear()
        for seconds in (LONG, LONG + 1):
            monkeypatch.setattr(page, "_since", page._since - seconds)
            page._tell_time()
        assert [text.partition(".")[0] for text in said] == [f"{LONG} s so far"]


def test_a_step_that_was_interrupted_takes_no_time(said: list[str]) -> None:
    with opened(Setting(ENGLISH)) as window:
        page = show(window, "upgrading-begun")
        assert isinstance(page, UpgradingPage)
        page._timer.stop()
        window.ended(Ending(Act.UPGRADE, Outcome.INTERRUPTED, error=CardRemovedError()))
        assert window._shown.flow.page is Page.INTERRUPTED
        said.clear()
        page._since -= LONG
        page._tell_time()
        assert not said


def test_nothing_moves_when_its_time_is_told() -> None:
    with opened(Setting(ENGLISH)) as window:
        page = show(window, "upgrading-begun")
        assert isinstance(page, UpgradingPage)
        before = page.rows.geometry()
        show(window, "upgrading-long-key")
        assert page.elapsed.isVisible()
        assert page.rows.geometry() == before


def test_what_is_undone_is_not_said_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """On the way back; the steps are shown in the order in which they are undone."""
    with live(tmp_path, monkeypatch, ENGLISH) as desk:
        desk.begin()
        desk.wizard.stop()
        desk.go_on()
        desk.wait(lambda: desk.page is Page.INTERRUPTED and desk.may_go_on, "a way on")
        desk.happen(Happening.RESTORE)
        desk.wait_for(Page.CODES)
        said.clear()
        desk.type_codes()
        desk.press()
        desk.wait_for(Page.DONE)
        progress = desk.wizard._shown.progress
    assert progress
    assert [row.name for row in progress.rows] == [
        "write-certificates",
        "order-certificates",
        "generate-signature-key",
        "generate-auth-key",
    ]
    undone = [row for row in progress.rows if row.mark is Mark.UNDONE]
    assert undone
    steps = [text for text in said if any(row.text in text for row in progress.rows)]
    assert steps == [f"Undo: {row.text}" for row in undone]


def test_a_page_of_an_upgrade_that_is_undone_says_so() -> None:
    with opened(Setting(ENGLISH)) as window:
        page = show(window, "upgrading-go-back")
        assert isinstance(page, UpgradingPage)
        assert page.heading.text() == "The old is being restored"
        assert [row.text.text() for row in page.rows.rows] == [
            "Write the new certificates to the card, undone",
            "Undo: Order the new certificates",
            "Undo: Make a new key for signatures on the card",
            "Undo: Make a new key for authentication on the card",
        ]
        begun = states()["upgrading-nearly"]
        window.present(begun)
        assert page.heading.text() == "Your card is being upgraded"
        assert begun.progress
        window.stepped(begun.progress.marked("write-certificates", Mark.UNDOING))
        assert page.heading.text() == "The old is being restored"
