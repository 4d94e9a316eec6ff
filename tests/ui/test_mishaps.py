"""What goes wrong around the window, at each page: the next thing that a person sees is true and says what to do.

A row: on this page this happens, and that page is shown then, with these texts; "*" before it where one can go on from
there. What was shown before and is still true may stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from sithsup.errors import SecondInstanceError
from sithsup.flow import Happening, Page
from sithsup.operation import Operation
from sithsup.ui import leave
from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.pages.insert import InsertPage
from sithsup.ui.plastic import grouped
from sithsup.ui.signs import Sign
from tests.ui.live import LiveDesk, live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sithsup.ui.pages.upgrading import UpgradingPage

PULLED: Callable[[LiveDesk], None] = LiveDesk.pull
SWAPPED = LiveDesk.swap
NO_READER = LiveDesk.lose_reader


def KILLED(desk: LiveDesk) -> None:  # noqa: N802  a row's word
    """End the card process."""
    desk.token.kill()


def RESET(desk: LiveDesk) -> None:  # noqa: N802  a row's word
    """Another program resets the card."""
    desk.token.reset()


NO_AUTHORITY = LiveDesk.stop_authority
NAMES = {
    PULLED: "card pulled",
    SWAPPED: "another card put in",
    NO_READER: "reader gone",
    KILLED: "module killed",
    RESET: "card reset by another program",
    NO_AUTHORITY: "authority out of reach",
}

PUT_IN = "Sätt i kortet i läsaren, med chipet uppåt"
CONNECT = "Ingen kortläsare är ansluten. Anslut en"
NOTHING_BEGUN = "Det finns ingen kontakt med kortet längre. Inget är påbörjat på det."
OTHER_CARD = "Det här är ett annat kort än nyss. På det förra är inget påbörjat."
OTHER_NUMBER = grouped("9752000000000000002")
OTHER_WAITS = "En uppgradering av ett annat kort, …0001, har påbörjats här och är inte klar. Sätt i det kortet"
CAN_BE = "Kortet kan uppgraderas."
NUMBER = grouped("9752000000000000001")
BEFORE = "Inget ändras på kortet förrän du har angett dina koder."
GIVE = "Ange dina koder"
SAME_CARD = "Sätt i samma kort i läsaren igen."
CAN_LOG_IN = "Du kan logga in med kortet nu."
LOST, CRASHED, NEEDED, NO_ANSWER = "(SU-1006)", "(SU-1008)", "(SU-1103)", "(SU-2001)"
LOST_CONTACT, BUG = "Kontakten med kortet bröts", "Något oväntat hände i programmet"
DONE, TAKE_OUT = "Ditt kort är uppgraderat", "Ta ut kortet ur läsaren"
UNTOUCHED = "Inget hann påbörjas, och inget på kortet har ändrats."
UNLOCK, CALL = "Lås upp underskriftskoden", "Ring och läs upp det"
BUSY = "Programmet arbetar redan med kortet."
TRY_AGAIN = "Kontrollera nätanslutningen och tryck på"

INSERT, PREPARE, CODES = Page.INSERT, Page.PREPARE, Page.CODES
UPGRADING, INTERRUPTED, END, HELP = Page.UPGRADING, Page.INTERRUPTED, Page.DONE, Page.HELP
UNBLOCK, SUPPORT = Page.UNBLOCK, Page.SUPPORT

# fmt: off
TABLE = (
    # on this page  this happens   one is then      and reads
    (INSERT,        PULLED,        "insert",        [PUT_IN]),
    (INSERT,        NO_READER,     "insert",        [CONNECT]),
    (INSERT,        SWAPPED,       "* insert",      [OTHER_NUMBER, CAN_BE]),
    (INSERT,        KILLED,        "* insert",      [NUMBER, CAN_BE]),
    (INSERT,        RESET,         "* insert",      [NUMBER, CAN_BE]),
    (INSERT,        NO_AUTHORITY,  "* insert",      [NUMBER, CAN_BE]),
    (PREPARE,       PULLED,        "insert",        [NOTHING_BEGUN, PUT_IN]),
    (PREPARE,       NO_READER,     "insert",        [NOTHING_BEGUN, CONNECT]),
    (PREPARE,       SWAPPED,       "* insert",      [OTHER_CARD, OTHER_NUMBER, CAN_BE]),
    (PREPARE,       KILLED,        "* prepare",     [BEFORE]),
    (PREPARE,       RESET,         "* prepare",     [BEFORE]),
    (PREPARE,       NO_AUTHORITY,  "* prepare",     [BEFORE]),
    (CODES,         PULLED,        "insert",        [NOTHING_BEGUN, PUT_IN]),
    (CODES,         NO_READER,     "insert",        [NOTHING_BEGUN, CONNECT]),
    (CODES,         SWAPPED,       "* insert",      [OTHER_CARD, OTHER_NUMBER, CAN_BE]),
    (CODES,         KILLED,        "* codes",       [GIVE]),
    (CODES,         RESET,         "* codes",       [GIVE]),
    (CODES,         NO_AUTHORITY,  "* codes",       [GIVE]),
    (UPGRADING,     PULLED,        "interrupted",   [LOST, SAME_CARD]),
    (UPGRADING,     NO_READER,     "interrupted",   [LOST, CONNECT]),
    (UPGRADING,     SWAPPED,       "* insert",      [OTHER_WAITS, OTHER_NUMBER]),
    (UPGRADING,     KILLED,        "* interrupted", [CRASHED, CAN_LOG_IN]),
    (UPGRADING,     RESET,         "* interrupted", [NEEDED, CAN_LOG_IN]),
    (UPGRADING,     NO_AUTHORITY,  "* interrupted", [NO_ANSWER, CAN_LOG_IN]),
    (INTERRUPTED,   PULLED,        "interrupted",   [LOST, SAME_CARD]),
    (INTERRUPTED,   NO_READER,     "interrupted",   [LOST, CONNECT]),
    (INTERRUPTED,   SWAPPED,       "* insert",      [OTHER_WAITS, OTHER_NUMBER]),
    (INTERRUPTED,   KILLED,        "* interrupted", [LOST, CAN_LOG_IN]),
    (INTERRUPTED,   RESET,         "* interrupted", [LOST, CAN_LOG_IN]),
    (INTERRUPTED,   NO_AUTHORITY,  "* interrupted", [LOST, CAN_LOG_IN]),
    (END,           PULLED,        "* done",        [DONE, TAKE_OUT]),
    (END,           NO_READER,     "* done",        [DONE]),
    (END,           SWAPPED,       "* done",        [DONE]),
    (END,           KILLED,        "* done",        [DONE]),
    (END,           RESET,         "* done",        [DONE]),
    (END,           NO_AUTHORITY,  "* done",        [DONE]),
    (HELP,          PULLED,        "* help",        [UNTOUCHED, TRY_AGAIN]),
    (HELP,          NO_READER,     "* help",        [UNTOUCHED, TRY_AGAIN]),
    (HELP,          SWAPPED,       "* help",        [UNTOUCHED, TRY_AGAIN]),
    (HELP,          KILLED,        "* help",        [UNTOUCHED, TRY_AGAIN]),
    (HELP,          RESET,         "* help",        [UNTOUCHED, TRY_AGAIN]),
    (HELP,          NO_AUTHORITY,  "* help",        [UNTOUCHED, TRY_AGAIN]),
    (UNBLOCK,       PULLED,        "insert",        [PUT_IN]),
    (UNBLOCK,       NO_READER,     "insert",        [CONNECT]),
    (UNBLOCK,       SWAPPED,       "* insert",      [OTHER_NUMBER, CAN_BE]),
    (UNBLOCK,       KILLED,        "* unblock",     [UNLOCK]),
    (UNBLOCK,       RESET,         "* unblock",     [UNLOCK]),
    (UNBLOCK,       NO_AUTHORITY,  "* unblock",     [UNLOCK]),
    (SUPPORT,       PULLED,        "support",       [CALL]),
    (SUPPORT,       NO_READER,     "support",       [CALL]),
    (SUPPORT,       SWAPPED,       "support",       [CALL, OTHER_NUMBER]),
    (SUPPORT,       KILLED,        "support",       [CALL, NUMBER]),
    (SUPPORT,       RESET,         "support",       [CALL, NUMBER]),
    (SUPPORT,       NO_AUTHORITY,  "support",       [CALL, NUMBER]),
)
# fmt: on


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveDesk]:
    """Give a window that lives."""
    with live(tmp_path, monkeypatch) as made:
        yield made


def seen(desk: LiveDesk) -> str:
    """Where one is, and whether one can go on."""
    return f"* {desk.page}" if desk.may_go_on else desk.page


def is_typed(desk: LiveDesk) -> list[int]:
    """How many digits are in the fields of the codes."""
    page = desk.wizard._made(CODES)
    assert isinstance(page, CodesPage)
    return [row.field.length for row in page.rows]


def test_the_table_has_every_cell() -> None:
    cells = [(page, happens) for page, happens, _, _ in TABLE]
    assert len(set(cells)) == len(cells) == len({page for page, _ in cells}) * len(NAMES)


@pytest.mark.parametrize(
    ("page", "happens", "then", "texts"), TABLE, ids=[f"{row[0]}-{NAMES[row[1]]}" for row in TABLE]
)
def test_what_is_seen_next(
    desk: LiveDesk, page: Page, happens: Callable[[LiveDesk], None], then: str, texts: list[str]
) -> None:
    """It is written on the page, and whatever is new has been said."""
    desk.go_to(page)
    if page is CODES:
        desk.type_codes()
    before = desk.text
    desk.announced.clear()
    happens(desk)
    desk.go_on()
    if page is UPGRADING:
        desk.wait(lambda: desk.page is not UPGRADING, "an end")
    desk.settle()
    desk.wait(lambda: seen(desk) == then and all(text in desk.text for text in texts), f"{then} {texts}")
    said = " ".join(desk.announced)
    read_aloud = {NUMBER, OTHER_NUMBER} if page is SUPPORT else set()  # by the person, when support asks
    assert [text for text in texts if text not in read_aloud and text not in before and text[:-1] not in said] == []
    assert (is_typed(desk) == [0, 0]) == (desk.page is not CODES)


def mistype(desk: LiveDesk) -> None:
    """Give a wrong code for authentication, even where it is the last try."""
    desk.go_to(CODES)
    desk.settle()
    page = desk.current
    assert isinstance(page, CodesPage)
    desk.type_codes()
    first = page.rows[0]
    first.sure.setChecked(True)
    first.field.setFocus()
    QTest.keyClick(first.field, Qt.Key.Key_0)
    desk.press()
    desk.wait_for(HELP)


def mistype_once(desk: LiveDesk) -> None:
    """Give a wrong code, and wait until the card is known again."""
    mistype(desk)
    desk.wait(lambda: desk.wizard._shown.facts.may_begin, "the card")


def test_a_wrong_code_is_typed_anew_at_once(desk: LiveDesk) -> None:
    """What was agreed to stays agreed to; both codes are asked for."""
    mistype_once(desk)
    desk.press()
    assert desk.page is CODES
    assert is_typed(desk) == [0, 0]
    desk.settle()
    desk.type_codes()
    desk.press()
    desk.wait_for(END)


def test_another_card_than_the_one_of_the_wrong_code_begins_at_the_beginning(desk: LiveDesk) -> None:
    """Nothing was agreed to for it."""
    mistype_once(desk)
    desk.swap()
    desk.wait(lambda: desk.wizard._shown.facts.may_begin and not desk.wizard._shown.facts.may_retry, "the other card")
    desk.press()
    assert desk.page is INSERT


def test_a_card_pulled_after_a_wrong_code_leads_back(desk: LiveDesk) -> None:
    """Also when it goes just as the code is asked for anew."""
    mistype_once(desk)
    desk.press()
    desk.pull()
    desk.wait_for(INSERT)
    assert NOTHING_BEGUN in desk.text


def test_a_code_that_a_wrong_one_has_locked_is_not_asked_for(desk: LiveDesk) -> None:
    desk.case.card.tokens[0].tries = 1
    mistype(desk)
    desk.wait(lambda: desk.wizard._shown.locked, "a locked code")
    assert "Koden är låst nu." in desk.text
    desk.press()
    assert desk.page is INSERT


def test_a_card_that_comes_back_is_gone_on_with(desk: LiveDesk) -> None:
    """The boxes are ticked still, the codes are not: they are typed anew, and the upgrade ends well."""
    desk.go_to(CODES)
    desk.type_codes()
    desk.pull()
    desk.wait_for(INSERT)
    desk.insert()
    desk.press()
    desk.wait_for(PREPARE)
    desk.press()
    desk.wait_for(CODES)
    assert is_typed(desk) == [0, 0]
    desk.type_codes()
    desk.press()
    desk.wait_for(END)
    assert NOTHING_BEGUN not in desk.text


def test_back_leads_back_while_the_card_is_there(desk: LiveDesk) -> None:
    """What was typed is wiped; and what was seen on another page meanwhile counts."""
    desk.go_to(CODES)
    desk.type_codes()
    desk.back()
    assert desk.page is PREPARE
    assert is_typed(desk) == [0, 0]
    desk.back()
    assert desk.page is INSERT


def test_a_half_done_card_is_found_behind_the_page_of_support(desk: LiveDesk) -> None:
    """It was swapped for another one while support was on the telephone."""
    desk.go_to(INTERRUPTED)
    desk.happen(Happening.SUPPORT)
    desk.swap()
    desk.settle()
    desk.back()
    assert seen(desk) == "* insert"
    assert OTHER_WAITS in desk.text
    desk.swap_back()
    desk.wait_for(INTERRUPTED)


def test_a_half_done_card_that_goes_at_its_codes_is_waited_for(desk: LiveDesk) -> None:
    """Whichever way was chosen; the right card leads on to the end of it."""
    desk.go_to(INTERRUPTED)
    desk.happen(Happening.RESTORE)
    desk.wait_for(CODES)
    desk.type_codes()
    desk.pull()
    desk.wait_for(INTERRUPTED)
    desk.wait(lambda: SAME_CARD in desk.text, SAME_CARD)
    assert is_typed(desk) == [0, 0]
    desk.insert()
    desk.press()
    desk.wait_for(CODES)
    desk.type_codes()
    desk.press()
    desk.wait_for(END)


def test_a_wrong_choice_of_a_card_is_taken_back(desk: LiveDesk) -> None:
    """Also after one has gone on with it: the former card is not missed."""
    desk.token.desk.cards.append(desk.other.card)
    page = desk.wizard._made(INSERT)
    assert isinstance(page, InsertPage)
    left = Qt.MouseButton.LeftButton
    desk.wait(page.cards.isVisible, "a choice")
    assert not page.another.isVisible()
    QTest.mouseClick(page.cards._rows[0][1], left)
    desk.press()
    desk.wait_for(PREPARE)
    desk.back()
    QTest.mouseClick(page.another, left)
    desk.wait(page.cards.isVisible, "the choice again")
    assert NOTHING_BEGUN not in desk.text
    assert not page.another.isVisible()
    QTest.mouseClick(page.cards._rows[1][1], left)
    desk.wait(lambda: seen(desk) == "* insert" and OTHER_NUMBER in desk.text, "the other card")
    assert OTHER_CARD not in desk.text
    desk.press()
    desk.settle()
    assert desk.page is PREPARE


def test_a_reader_that_comes_back_is_found(desk: LiveDesk) -> None:
    desk.go_to(INTERRUPTED)
    desk.lose_reader()
    desk.wait(lambda: CONNECT in desk.text, CONNECT)
    desk.find_reader()
    desk.wait(lambda: seen(desk) == "* interrupted", "the way on")


@pytest.mark.parametrize("page", [INSERT, CODES, INTERRUPTED])
def test_a_service_that_ends_takes_its_readers_with_it(desk: LiveDesk, page: Page) -> None:
    """Nobody is told to put a card into a reader that is not there."""
    desk.go_to(page)
    desk.announced.clear()
    desk.end_service()
    desk.wait(lambda: CONNECT in desk.text, CONNECT)
    assert not [text for text in desk.announced if PUT_IN in text or SAME_CARD[:-1] in text]


@pytest.mark.parametrize("page", [INSERT, PREPARE, CODES, INTERRUPTED])
def test_a_card_that_cannot_be_looked_at_now_is_in_the_reader(
    desk: LiveDesk, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told to put it there, or that there is no contact with it."""
    desk.go_to(page)
    with monkeypatch.context() as patch:
        patch.setattr(Operation, "look", busy)
        desk.worker._last = None
        desk.wait(lambda: BUSY in desk.text, BUSY)
        assert desk.page is (INTERRUPTED if page is INTERRUPTED else INSERT)
        drawn = desk.current.findChildren(Sign)
        assert "insert" not in {sign._name for sign in drawn if sign.isVisibleTo(desk.current)}
        assert PUT_IN not in desk.text
        assert NOTHING_BEGUN not in desk.text
        assert desk.page is INTERRUPTED or NUMBER in desk.text
    desk.press()
    desk.wait(lambda: desk.may_go_on and BUSY not in desk.text, "the way on")


def busy(_: Operation) -> None:
    """Say that another process is at work on the card."""
    raise SecondInstanceError("TEST")


def begin_with_a_card_that_asks_often(desk: LiveDesk) -> None:
    """Go to the page on which a code is asked for once more, in the middle of a run."""
    for token in desk.case.card.tokens:
        token.always_authenticate = True
    desk.go_to(CODES)
    desk.type_codes()
    desk.press()
    desk.wait(lambda: desk.page is CODES and "Ange din kod" in desk.text, "one more question")


def test_a_card_that_goes_while_its_code_is_asked_for_is_told(desk: LiveDesk) -> None:
    """Nobody types a code for a card that is not there; what was typed is wiped."""
    begin_with_a_card_that_asks_often(desk)
    desk.type_codes()
    desk.pull()
    desk.wait_for(HELP)
    assert LOST_CONTACT in desk.text
    assert UNTOUCHED in desk.text
    assert is_typed(desk) == [0, 0]


def test_the_window_closes_while_a_code_is_asked_for(desk: LiveDesk) -> None:
    """In the middle of a run, when nothing is written: the run ends at once."""
    begin_with_a_card_that_asks_often(desk)
    assert desk.close()
    desk.wait(lambda: not desk.worker._is_acting, "the end of the run")
    desk.wait_for(HELP)
    assert UNTOUCHED in desk.text


def test_the_card_that_is_meant_is_the_one_that_was_gone_on_with(desk: LiveDesk) -> None:
    """Another card in between is another beginning: back leads back, and the first card is not written."""
    desk.go_to(PREPARE)
    desk.swap()
    desk.wait_for(INSERT)
    desk.go_to(CODES)
    desk.settle()
    assert desk.page is CODES
    desk.swap_back()
    desk.wait_for(INSERT)


def test_a_run_is_stopped_between_two_steps(desk: LiveDesk) -> None:
    """What was begun can be finished or undone."""
    desk.begin()
    cast("UpgradingPage", desk.current).stop.click()
    assert "stannar före nästa steg" in desk.text
    desk.go_on()
    desk.wait_for(INTERRUPTED)
    assert "Du avbröt uppgraderingen." in desk.text
    desk.settle()
    assert "Du kan logga in med kortet nu." in desk.text
    desk.press()
    desk.type_codes()
    desk.press()
    desk.wait_for(Page.DONE)


def test_a_half_done_card_that_cannot_be_opened_is_still_half_done(
    desk: LiveDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not said that nothing was begun."""
    desk.go_to(INTERRUPTED)
    desk.press()
    desk.wait_for(CODES)
    desk.type_codes()

    def refuse(*_: object, **__: object) -> NoReturn:
        raise SecondInstanceError("by the lock of the card")

    monkeypatch.setattr(desk.worker, "_connection", refuse)
    desk.press()
    desk.wait(lambda: desk.wizard._shown.ending is not None, "the end")
    assert desk.page is INTERRUPTED
    assert UNTOUCHED not in desk.text


def test_what_went_wrong_is_forgotten_when_one_tries_again(desk: LiveDesk) -> None:
    desk.go_to(HELP)
    assert desk.wizard._shown.error
    desk.press()
    desk.wait_for(INSERT)
    assert desk.wizard._shown.error is None


def test_a_bug_says_that_it_is_one(
    desk: LiveDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Instead of leaving the window to look for a card for ever."""
    desk.go_to(INSERT)
    for verb in ("readers", "objects"):
        caplog.clear()
        monkeypatch.setattr(desk.token, verb, broken)
        desk.pull()
        desk.insert()
        desk.worker._last = None
        desk.wait(lambda: BUG in desk.text, BUG)
        assert "TEST" in caplog.text
        monkeypatch.undo()
        desk.worker._last = None
        desk.wait(lambda: CAN_BE in desk.text, CAN_BE)
    caplog.clear()


def broken(*_: object) -> None:
    """Do what nobody expected."""
    message = "TEST"
    raise RuntimeError(message)


def test_the_authority_that_is_gone_is_told_when_it_is_needed(desk: LiveDesk) -> None:
    """Before anything is begun: Hjälp, then all over again. It had left the window waiting for ever."""
    desk.go_to(CODES)
    desk.stop_authority()
    desk.type_codes()
    desk.press()
    desk.wait_for(HELP)
    assert UNTOUCHED in desk.text
    desk.start_authority()
    desk.press()
    desk.wait_for(INSERT)
    desk.go_to(END)


@pytest.mark.parametrize("page", [INSERT, PREPARE, CODES, INTERRUPTED, END, HELP, UNBLOCK, SUPPORT])
def test_the_window_closes(desk: LiveDesk, page: Page) -> None:
    """On every page but one, and no digit stays behind."""
    desk.go_to(page)
    if page is CODES:
        desk.type_codes()
    assert desk.close()
    assert is_typed(desk) == [0, 0]


def test_the_window_does_not_close_while_the_card_is_written(desk: LiveDesk) -> None:
    """It says so, and why; then the upgrade goes on to its end, and it closes."""
    refusal = (
        "Fönstret kan inte stängas nu, för det skrivs på kortet just nu. "
        "Låt kortet sitta kvar i läsaren tills allt är klart."
    )
    desk.go_to(UPGRADING)
    assert refusal not in desk.text
    for times, close in enumerate((desk.close, desk.wizard.reject), 1):
        assert not close()
        assert refusal in desk.text
        assert desk.announced.count(refusal) == times
    desk.go_on()
    desk.wait_for(END)
    assert desk.close()


class Session:
    """A session manager, as Qt shows it."""

    def __init__(self, *, allows: bool) -> None:
        self._allows = allows
        self.is_cancelled = False

    def allowsInteraction(self) -> bool:  # noqa: N802  Qt's name
        return self._allows

    def cancel(self) -> None:
        assert self._allows
        self.is_cancelled = True


@pytest.mark.parametrize(
    ("page", "allows", "is_cancelled"),
    [(UPGRADING, True, True), (UPGRADING, False, False), (CODES, True, False), (END, True, False)],
)
def test_a_log_off(desk: LiveDesk, page: Page, allows: bool, is_cancelled: bool) -> None:
    """Refused while the card is written, where the system lets us, and only then; it is said."""
    desk.go_to(page)
    desk.announced.clear()
    manager = Session(allows=allows)
    desk.wizard.session_ends(manager)  # type: ignore[arg-type] # only Qt can make one
    assert manager.is_cancelled is is_cancelled
    assert bool(desk.announced) is is_cancelled


def test_a_hanging_module_holds_no_window_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look that hangs is ended with its card process; the end of the worker is awaited by `live`."""
    with live(tmp_path, monkeypatch) as desk:
        desk.go_to(CODES)
        desk.token.is_hanging.set()
        seen = desk.token.looks
        desk.wait(lambda: desk.token.looks > seen, "a look")
        QTest.qWait(30)
        assert desk.close()


def test_what_cannot_be_ended_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program ends without it (`app.run`)."""
    with live(tmp_path, monkeypatch) as desk:
        desk.go_to(INSERT)
        with monkeypatch.context() as patch:
            patch.setattr(desk.token, "kill", lambda: None)
            patch.setattr(leave, "GRACE", 50)
            desk.token.is_hanging.set()
            seen = desk.token.looks
            desk.wait(lambda: desk.token.looks > seen, "a look")
            assert not leave.end(desk.thread, desk.worker)
