"""The window and its worker as they run, in this process, on a simulated card and a simulated authority.

with live(folder) as desk:
    desk.go_to(Page.CODES)
    desk.pull()                      # what happens around the program
    desk.settle()                    # until the worker has looked again
    assert desk.page is Page.INSERT  # what the person sees
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import Qt, QThread
from PySide6.QtGui import QCloseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel

from sithsup.card.session import find_cards
from sithsup.flow import Happening, Page
from sithsup.model import KeyRole
from sithsup.operation import Operation
from sithsup.settings import Settings
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.card import Desk
from sithsup.sim.case import CODES, CardKind, old_card
from sithsup.sim.token import SimulatedToken
from sithsup.ui import wizard as window
from sithsup.ui import worker as working
from sithsup.ui.frame import BACK, NEXT
from sithsup.ui.leave import end
from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.pages.page import WizardPage
from tests.support.lab import START, Inline
from tests.ui.window import Setting, application, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from sithsup.model import CardContents, KeyAlgorithm, TokenId
    from sithsup.sim.faults import Faults
    from sithsup.ui.wizard import Wizard

OFTEN = 15
"""Milliseconds between two looks."""
PATIENCE = 20
"""Seconds, against hanging only."""


class LiveToken(SimulatedToken):
    """A module that waits in the middle of an upgrade, and that can be ended from outside."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.is_reached, self.may_go_on = threading.Event(), threading.Event()
        self.is_hanging = threading.Event()
        self.looks = 0
        self.ghosts: tuple[str, ...] = ()
        """Readers that this process goes on listing though their service has ended."""
        self.is_held = False

    def generate_key_pair(self, token: TokenId, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """Wait until the test says so, where it wants to do something meanwhile."""
        if self.is_held:
            self.is_held = False
            self.is_reached.set()
            assert self.may_go_on.wait(PATIENCE)
        super().generate_key_pair(token, algorithm, key_id, label)

    def readers(self) -> tuple[str, ...]:
        self.looks += 1
        while self.is_hanging.is_set() and not self._dead:
            time.sleep(0.01)
        return self.ghosts or super().readers()

    def restart(self, faults: Faults | None = None) -> None:
        """Another process knows nothing of what was."""
        super().restart(faults)
        self.ghosts = ()

    def kill(self) -> None:
        """As the card process does when somebody ends it: every call fails until another one is started."""
        self._dead = True

    def reset(self) -> None:
        """As another program may: the card forgets which codes were given."""
        self._open.clear()


class LiveWorker(working.Worker):
    """The worker, with a card and an authority that a test holds."""

    def __init__(self, desk: LiveDesk, settings: Settings) -> None:
        super().__init__(settings)
        self._desk = desk
        self._campaigns = cast("Any", SimpleNamespace(likely=desk.case.campaign))

    def _open(self) -> Any:
        if self._token is None:
            self._desk.token.restart()
            self._token = cast("Any", self._desk.token)
        return self._token

    def _connection(self, token: Any, choose: Callable[..., CardContents], **_: Any) -> Any:
        return self._operation(choose(find_cards(token)))

    def _operation(self, contents: CardContents) -> Operation:
        desk = self._desk
        return Operation(
            desk.token,
            contents,
            authority=desk.authority,
            campaign=desk.case.campaign,
            folder=desk.folder / "data",
            locks=desk.folder / "locks",
            codes=self.prompts,
            clock=lambda: START,
            executor=Inline(),
            pause=lambda _: None,
        )


class LiveDesk:
    """A person in front of the window, and what can happen to them."""

    def __init__(self, folder: Path, wizard: Wizard) -> None:
        self.folder, self.wizard = folder, wizard
        self.case, self.other = (old_card(CardKind.TWO_PINS, START, number=number) for number in (1, 2))
        self.token = LiveToken(Desk(cards=[self.case.card]))
        self.authority = SimulatedAuthority.for_cases(self.case, self.other, clock=lambda: START)
        self.announced: list[str] = []
        self.thread, self.worker = QThread(), LiveWorker(self, Settings(data=folder / "data", logs=folder / "logs"))
        self.worker.moveToThread(self.thread)
        self.thread.start()
        wizard.attach(self.worker)

    # ------------------------------------------------------------------------------------------ what is seen

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return self.current.page

    @property
    def current(self) -> WizardPage:
        """The page that is shown."""
        page = self.wizard.currentPage()
        assert isinstance(page, WizardPage)
        return page

    @property
    def text(self) -> str:
        """Everything that is written on it."""
        labels = self.current.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisibleTo(self.current))

    @property
    def may_go_on(self) -> bool:
        """Whether its main button can be pressed."""
        button = self.wizard.button(NEXT)
        return button.isVisible() and button.isEnabled()

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Let the window run until something holds."""
        limit = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < limit, f"not {what}; shown is {self.page}:\n{self.text}"
            QTest.qWait(2)

    def wait_for(self, page: Page) -> None:
        """Wait until a page is shown."""
        self.wait(lambda: self.page is page, page)

    def settle(self) -> None:
        """Wait until the worker has looked twice more, and all that it had to tell has come."""
        seen = self.token.looks
        self.wait(lambda: self.token.looks >= seen + 3, "looking")  # one look may have been under way
        QTest.qWait(2 * OFTEN)

    # ------------------------------------------------------------------------------------ what the person does

    def press(self) -> None:
        """Press the main button, when it can be."""
        self.wait(lambda: self.may_go_on, "the main button")
        QTest.mouseClick(self.wizard.button(NEXT), Qt.MouseButton.LeftButton)

    def back(self) -> None:
        """Press Back."""
        QTest.mouseClick(self.wizard.button(BACK), Qt.MouseButton.LeftButton)

    def happen(self, happening: Happening) -> None:
        """Press one of the page's own buttons."""
        self.current.happen(happening)

    def tick(self) -> None:
        """Tick every box of the page."""
        for box in self.current.findChildren(QCheckBox):
            box.setChecked(True)

    def type_codes(self) -> None:
        """Type the right code into every field of the page."""
        page = self.current
        assert isinstance(page, CodesPage)
        for row in page.rows:
            if row.token:
                role = KeyRole.SIGNATURE if "underskrift" in row.token.id.label else KeyRole.AUTHENTICATION
                row.field.setFocus()
                QTest.keyClicks(row.field, CODES[role].decode())

    def go_to(self, page: Page) -> None:
        """Go on until a page is shown, as a person does; to Avbruten uppgradering by a card that is pulled."""
        WAYS[page](self)
        self.wait_for(page)

    def begin(self) -> None:
        """Give the codes, and wait until the first key is made."""
        self.go_to(Page.CODES)
        self.token.is_held = True
        self.type_codes()
        self.press()
        self.wait(self.token.is_reached.is_set, "a key generation")
        self.wait_for(Page.UPGRADING)

    def go_on(self) -> None:
        """Let the key generation that waits go on."""
        self.token.may_go_on.set()

    def close(self) -> bool:
        """Close the window; whether it did."""
        event = QCloseEvent()
        application().sendEvent(self.wizard, event)
        return event.isAccepted()

    # --------------------------------------------------------------------------------------------- what happens

    def pull(self) -> None:
        """Take the card out."""
        self.token.pull()

    def insert(self) -> None:
        """Put it back."""
        self.token.insert()

    def lose_reader(self) -> None:
        """Take the reader away with the card in it."""
        self.token.desk.cards.clear()

    def end_service(self) -> None:
        """The service of the readers ends, and the module does not see that."""
        self.token.ghosts = self.token.desk.all_readers
        self.lose_reader()

    def find_reader(self) -> None:
        """Connect it again."""
        self.token.desk.cards.append(self.case.card)

    def swap(self) -> None:
        """Put another card in instead."""
        self.token.desk.cards[:] = [self.other.card]

    def swap_back(self) -> None:
        """Put the first one in again."""
        self.token.desk.cards[:] = [self.case.card]

    def stop_authority(self) -> None:
        """Nobody answers any more."""
        self.authority.ledger.policy.unreachable = True

    def start_authority(self) -> None:
        """They do again."""
        self.authority.ledger.policy.unreachable = False


def _to_insert(desk: LiveDesk) -> None:
    desk.wait(lambda: desk.may_go_on, "a card that can be upgraded")


def _to_prepare(desk: LiveDesk) -> None:
    _to_insert(desk)
    desk.press()


def _to_codes(desk: LiveDesk) -> None:
    desk.go_to(Page.PREPARE)
    desk.tick()
    desk.press()


def _to_done(desk: LiveDesk) -> None:
    desk.go_to(Page.CODES)
    desk.type_codes()
    desk.press()


def _to_interrupted(desk: LiveDesk) -> None:
    desk.begin()
    desk.pull()
    desk.go_on()
    desk.wait_for(Page.INTERRUPTED)
    desk.insert()
    desk.wait(lambda: desk.may_go_on, "the way on")


def _to_help(desk: LiveDesk) -> None:
    desk.go_to(Page.CODES)
    desk.stop_authority()
    desk.type_codes()
    desk.press()
    desk.wait_for(Page.HELP)
    desk.start_authority()


def _to_unblock(desk: LiveDesk) -> None:
    _to_insert(desk)
    desk.case.card.tokens[1].tries = 0
    desk.wait(lambda: desk.wizard._shown.locked, "a locked code")
    desk.happen(Happening.UNBLOCK)


def _to_support(desk: LiveDesk) -> None:
    _to_insert(desk)
    desk.happen(Happening.SUPPORT)


WAYS: dict[Page, Callable[[LiveDesk], None]] = {
    Page.INSERT: _to_insert,
    Page.PREPARE: _to_prepare,
    Page.CODES: _to_codes,
    Page.UPGRADING: LiveDesk.begin,
    Page.INTERRUPTED: _to_interrupted,
    Page.DONE: _to_done,
    Page.HELP: _to_help,
    Page.UNBLOCK: _to_unblock,
    Page.SUPPORT: _to_support,
}


@contextmanager
def live(folder: Path, patch: pytest.MonkeyPatch, language: str = "sv") -> Iterator[LiveDesk]:
    """A window that lives, in the hands of a test."""
    patch.setattr(working, "LOOK_EVERY", OFTEN)
    with opened(Setting(language)) as wizard:
        desk = LiveDesk(folder, wizard)
        patch.setattr(window, "announce", lambda _, text: desk.announced.append(text))
        try:
            yield desk
        finally:
            desk.token.may_go_on.set()
            desk.worker.prompts.answer(None)
            assert end(desk.thread, desk.worker)
