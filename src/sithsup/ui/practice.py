"""Öva: the whole way on a simulated card and a simulated authority, in a window of its own that says so on each page.

Nothing of it touches a real card, a network, or what the program keeps: its journal lies in a folder that goes with it.
The simulated card is as slow as a quick real one, so that there is time to pull it.
"""

from __future__ import annotations

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtWidgets import QPushButton

from sithsup.card.session import find_cards
from sithsup.connection import PARALLEL
from sithsup.logs import PRACTICE
from sithsup.model import KeyRole
from sithsup.operation import Operation
from sithsup.settings import Settings
from sithsup.sim.authority import SimulatedAuthority
from sithsup.sim.card import Desk
from sithsup.sim.case import CODES, CardKind, old_card
from sithsup.sim.faults import Faults
from sithsup.sim.token import SimulatedToken
from sithsup.texts import tr
from sithsup.ui.leave import end
from sithsup.ui.parts import Notice, announce
from sithsup.ui.wizard import Wizard
from sithsup.ui.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.campaign import Campaign
    from sithsup.card.token import Token
    from sithsup.model import CardContents

PACE = 0.1
"""Seconds that each call to the card takes while something is done."""


class PracticeWorker(Worker):
    """The worker, with an old card of an invented person in a simulated reader."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Settings(data=folder, locks=folder, logs=folder))
        self._folder = folder
        case = old_card(CardKind.TWO_PINS, _now())
        self._case = case
        self._simulated = SimulatedToken(Desk(cards=[case.card]), Faults(watch=self._take_time))
        self._authority = SimulatedAuthority.for_cases(case, clock=_now)

    def _take_time(self) -> None:
        if self._is_acting:
            time.sleep(PACE)

    def move_card(self) -> None:
        """Take the card out, or put it back; from any thread."""
        if self.is_in:
            self._simulated.pull()
        else:
            self._simulated.insert()

    @property
    def is_in(self) -> bool:
        """Whether the card is in its reader."""
        return self._case.card.present

    def _open(self) -> Token:
        return self._simulated

    def _close(self) -> None:
        """Nothing to let go of: there is no process."""
        self._simulated.restart()

    @property
    def _campaign(self) -> Campaign:
        return self._case.campaign

    @contextmanager
    def _connection(
        self,
        token: Token,
        choose: Callable[[tuple[CardContents, ...]], CardContents],
        *,
        recovers: bool = False,  # noqa: ARG002  there is but one campaign
        looks_around: bool = False,  # noqa: ARG002  there is nothing around
    ) -> Iterator[Operation]:
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix=PRACTICE) as executor:
            operation = Operation(
                token,
                choose(find_cards(token)),
                authority=self._authority,
                campaign=self._case.campaign,
                folder=self._folder,
                locks=self._folder,
                codes=self.prompts,
                clock=_now,
                executor=executor,
            )
            with operation:
                yield operation


class Banner(Notice):
    """Says above every page that this is practice, which codes the card has, and pulls it."""

    def __init__(self, worker: PracticeWorker) -> None:
        super().__init__()
        self._worker = worker
        self.button = QPushButton()
        self.button.clicked.connect(self._press)
        self.add(self.button)

    def show_now(self) -> None:
        """In the language in use."""
        codes = {role.value: CODES[role].decode() for role in KeyRole}
        what = tr("Practice: no real card is used.")
        given = tr("The codes are {authentication} and {signature}.", **codes)
        self.tell(f"{what} {given}")
        self.button.setText(tr("Pull the card out") if self._worker.is_in else tr("Put the card back"))

    def _press(self) -> None:
        self._worker.move_card()
        self.show_now()


class PracticeThread(QThread):
    """So named that nothing of it is logged. Its name lasts as long as `run` does."""

    def run(self) -> None:
        threading.current_thread().name = PRACTICE
        self.exec()


class Practice(QObject):
    """One round of practice: its window, its worker, and what they keep, which goes when the worker has ended."""

    ended = Signal()
    """The window is closed; the worker may need a while yet."""

    def __init__(self, parent: QObject | None = None) -> None:
        """A parent keeps it as long as it is needed."""
        super().__init__(parent)
        self._folder = tempfile.TemporaryDirectory(prefix="sithsup-practice-")
        self._thread = PracticeThread()
        self._thread.finished.connect(self._clear)
        self.worker = PracticeWorker(Path(self._folder.name))
        self.worker.moveToThread(self._thread)
        self._banner = Banner(self.worker)
        self.wizard = Wizard(banner=self._banner)
        self.wizard.closed.connect(self._end)
        self._thread.start()
        self.wizard.attach(self.worker)

    def show(self) -> None:
        """Show the window, and have said what it is."""
        self.wizard.show()
        announce(self._banner, self._banner.text.text())

    def _end(self) -> None:
        end(self._thread, self.worker)
        self.wizard.deleteLater()
        self.ended.emit()

    @Slot()
    def _clear(self) -> None:
        self._folder.cleanup()
        self.deleteLater()


def _now() -> datetime:
    return datetime.now(UTC)
