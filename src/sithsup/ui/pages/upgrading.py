"""Uppgraderar: the rows of the upgrade table with their marks, and one honest bar."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QProgressBar, QPushButton

from sithsup.flow import Act, Page
from sithsup.texts import mark, tr
from sithsup.ui.pages.page import WizardPage
from sithsup.ui.parts import Notice, Text, announce, em
from sithsup.ui.rows import Rows, written

if TYPE_CHECKING:
    from sithsup.ui.seen import RowSeen
    from sithsup.ui.shown import Shown

HEADINGS = {
    Act.UPGRADE: mark("Your card is being upgraded"),
    Act.RESUME: mark("The upgrade is being finished"),
    Act.RESTORE: mark("The old is being restored"),
}
WHOLE = 1000
"""Units of the bar."""
LONG = 10
"""Seconds after which a row tells how long it has taken."""


class UpgradingPage(WizardPage):
    """The page on which nothing can be done but to wait."""

    page = Page.UPGRADING

    def build(self) -> None:
        self.notice = Notice()
        self.bar = QProgressBar()
        self.bar.setMaximum(WHOLE)
        self.bar.setTextVisible(False)
        self.elapsed = Text("quiet")
        keeps_room = self.elapsed.sizePolicy()
        keeps_room.setRetainSizeWhenHidden(True)  # nothing moves when it comes
        self.elapsed.setSizePolicy(keeps_room)
        self.elapsed.setMinimumHeight(em())
        self.rows = Rows()
        for widget in (self.notice, self.bar, self.elapsed, self.rows):
            self.column.addWidget(widget)
        self.stop = QPushButton()
        self.stop.setAutoDefault(False)
        self.stop.clicked.connect(self.stop_wanted)
        self.column.addWidget(self.stop, 0, Qt.AlignmentFlag.AlignLeft)
        self._current: RowSeen | None = None
        self._since = 0.0
        self._asked_at: float | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._tell_time)

    def tell(self, shown: Shown) -> None:
        progress = shown.progress
        self._wait(is_asked=shown.wanted is not None)
        act = progress.act if progress else shown.flow.facts.act
        self.say(tr(HEADINGS[Act.RESTORE if progress and progress.goes_back else act]))
        leave_it = tr("Leave the card in the reader until everything is done.")
        stopping = tr("The upgrade stops before its next step. Wait until it has.")
        refusal = (refusal_text(),) if shown.is_refused else ()
        self.notice.tell(" ".join((*refusal, stopping if shown.is_stopping else leave_it)))
        self.stop.setText(tr("&Stop before the next step"))
        self.stop.setEnabled(not shown.is_stopping)
        self.bar.setAccessibleName(tr("How far it has come"))
        self.rows.tell(progress.rows if progress else (), is_way_back=act is Act.RESTORE)
        if progress is None:
            self.elapsed.tell(tr("Looking at the card …"))
            return
        self.bar.setValue(max(self.bar.value(), int(progress.share * WHOLE)))
        self._begin_row(progress.current)

    def news(self) -> tuple[str, ...]:
        return (self.notice.text.text(),)

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  there is no button here
        return ""

    def restart(self) -> None:
        """Begin a new run: the bar stands at nothing again."""
        self.bar.setValue(0)
        self._current = self._asked_at = None

    def _wait(self, *, is_asked: bool) -> None:
        """Count no time in which a person is asked for a code: that is no part of what a row usually takes."""
        now = time.monotonic()
        if is_asked:
            self._asked_at = self._asked_at or now
        elif self._asked_at is not None:
            self._since += now - self._asked_at
            self._asked_at = None

    def _begin_row(self, row: RowSeen | None) -> None:
        if row is None:
            self._timer.stop()
            self.elapsed.tell("")
        elif row != self._current:
            self._since = time.monotonic()
            self._timer.start()
            self.elapsed.tell("")
            announce(self, written(row))
        self._current = row

    def _tell_time(self) -> None:
        """Say how long a row has taken, against how long it usually takes, once it has taken a while."""
        seconds = int(time.monotonic() - self._since)
        if self._current and seconds >= LONG and self.isVisible():
            is_news = not self.elapsed.text()
            text = tr(
                "{seconds} s so far. It usually takes about {usual} s, on a slow card longer.",
                seconds=seconds,
                usual=self._current.seconds,
            )
            self.elapsed.tell(text)
            if is_news:
                announce(self, text)


def refusal_text() -> str:
    """Why the window does not close now."""
    return tr("The window cannot be closed now: the card is being written.")
