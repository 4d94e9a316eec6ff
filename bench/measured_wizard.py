"""The program's wizard with a person in it, and a probe that tells for how long its event loop stands still.

Environment: BENCH_CODES, the codes with a space between them; none at all closes the window when it was painted.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPaintEvent  # noqa: TC002  Qt looks at the signature

from bench.told import tell, tell_first
from sithsup.flow import Page
from sithsup.ui.frame import NEXT
from sithsup.ui.wizard import Wizard

TICK = 5
"""Milliseconds between two looks at the clock."""
ACT = 200
"""Milliseconds between two looks of the person."""
READS = 6
"""Looks that the person takes on each page before pressing its button."""
ENDS = {Page.DONE, Page.INTERRUPTED, Page.HELP}


class Measured(Wizard):
    """Tells when it was painted first, every gap of its event loop by phase, and how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self._codes = os.environ.get("BENCH_CODES", "").split()
        self._gaps: dict[str, list[float]] = defaultdict(list)
        self._last, self._looks = 0.0, 0
        self._ticks, self._acts = QTimer(self), QTimer(self)
        self._ticks.setTimerType(Qt.TimerType.PreciseTimer)
        for timer, interval, slot in ((self._ticks, TICK, self._tick), (self._acts, ACT, self._act)):
            timer.setInterval(interval)
            timer.timeout.connect(slot)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        if self._last:
            return
        tell_first()
        self._last = time.perf_counter()
        if self._codes:
            self._ticks.start()
            self._acts.start()
        else:
            QTimer.singleShot(0, self.close)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._gaps[self._phase()].append(now - self._last)
        self._last = now

    def _phase(self) -> str:
        progress = self._shown.progress
        if self._shown.flow.page is Page.UPGRADING and progress and progress.current:
            return progress.current.name
        if not self._shown.sight.campaign:
            return "loading"
        return self._shown.flow.page.value

    def _act(self) -> None:
        from sithsup.ui.pages.codes import CodesPage  # noqa: PLC0415  so the window is there as soon as the program's
        from sithsup.ui.pages.prepare import PreparePage  # noqa: PLC0415

        page = self._page
        self._looks += self.button(NEXT).isEnabled()
        if self._looks < READS:
            return
        if page.page in ENDS:
            self._end()
            return
        if isinstance(page, PreparePage):
            for demand in page.demands:
                demand.tick.setChecked(True)
        elif isinstance(page, CodesPage):
            for row, code in zip(page.rows, self._codes, strict=True):
                row.field.setText(code)
        if page.page is not Page.UPGRADING:
            self._looks = 0
            self.button(NEXT).click()

    def _end(self) -> None:
        self._acts.stop()
        self._ticks.stop()
        tell("gaps", self._gaps)
        tell("end", self._page.page.value)
        self.close()
