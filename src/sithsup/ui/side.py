"""What stands beside the pages: the steps; below them practice, support, the other language, what program this is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from sithsup.flow import Page
from sithsup.texts import ENGLISH, SWEDISH, language, mark, tr
from sithsup.ui.parts import em, restyle, sized
from sithsup.ui.signs import Sign

STEPS = {
    Page.INSERT: mark("Insert the card"),
    Page.PREPARE: mark("Prepare"),
    Page.CODES: mark("Codes"),
    Page.UPGRADING: mark("Upgrade"),
    Page.DONE: mark("Done"),
}
"""The list beside the pages."""
LANGUAGES = {ENGLISH: "English", SWEDISH: "Svenska"}
"""Each in its own words, for whoever cannot read the other."""


class Step(QFrame):
    """One step: its sign, its name, and a line before it while it is under way."""

    def __init__(self, place: int, page: Page) -> None:
        super().__init__()
        self.setObjectName("step")
        self._place, self._page = place, page
        self.sign, self.label = Sign("todo", 1.2), QLabel()
        row = QHBoxLayout(self)
        row.setContentsMargins(em(), em() // 2, em(), em() // 2)
        row.setSpacing(round(em() * 0.7))
        row.addWidget(self.sign)
        row.addWidget(self.label, 1)

    def tell(self, page: Page | None) -> None:
        """Say whether this step is done, under way, or to come; on no page of the way it is to come."""
        steps = tuple(STEPS)
        here = steps.index(page) if page in STEPS else -1
        own = steps.index(self._page)
        state = "now" if own == here else "done" if own < here else "todo"
        if page is Page.DONE:
            state = "done"
        name = f"{self._place}. {tr(STEPS[self._page])}"
        self.label.setText(name)
        is_end = self._page is Page.DONE  # whose name says it
        done = name if is_end else tr("{step}, done", step=name)
        spoken = {"now": tr("{step}, now", step=name), "done": done, "todo": name}
        self.label.setAccessibleName(spoken[state])
        bold = sized(1, bold=True)
        self.label.setMinimumWidth(QFontMetrics(bold).horizontalAdvance(name))  # no name moves when it becomes bold
        self.sign.draw(state)
        restyle(self, state=state)
        self.label.setFont(bold if state == "now" else sized(1))


class Side(QFrame):
    """The list of steps, and quiet buttons."""

    language_wanted = Signal(str)
    support_wanted = Signal()
    practice_wanted = Signal()
    about_wanted = Signal()
    widened = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("side")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, round(em() * 1.6), 0, em())
        column.setSpacing(em() // 5)
        column.addLayout(self._brand())
        column.addSpacing(em())
        self.steps = tuple(Step(place, page) for place, page in enumerate(STEPS, 1))
        for step in self.steps:
            column.addWidget(step)
        column.addStretch(1)
        low = QVBoxLayout()
        low.setContentsMargins(em() // 2, 0, em() // 2, 0)
        low.setSpacing(0)
        column.addLayout(low)
        self.practice, self.support, self.language, self.about = (QPushButton() for _ in range(4))
        for button in (self.practice, self.support, self.language, self.about):
            button.setObjectName("link")
            button.setAutoDefault(False)
            low.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.language.clicked.connect(lambda: self.language_wanted.emit(_other()))
        self.practice.clicked.connect(self.practice_wanted)
        self.support.clicked.connect(self.support_wanted)
        self.about.clicked.connect(self.about_wanted)

    @staticmethod
    def _brand() -> QHBoxLayout:
        name = QLabel("sithsup")
        name.setObjectName("brand")
        name.setFont(sized(1.15, bold=True))
        row = QHBoxLayout()
        row.setContentsMargins(em(), 0, em(), 0)
        row.setSpacing(em() // 2)
        row.addWidget(Sign("sithsup", 1.7))
        row.addWidget(name, 1)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self.widened.emit(self.width())

    def tell(self, page: Page | None, *, may_ask: bool, may_practise: bool) -> None:
        """Mark the step that is under way, in the language in use; `may_ask` and `may_practise` offer these ways.

        Where the way led back no step is marked.
        """
        for step in self.steps:
            step.tell(page)
        self.language.setText(LANGUAGES[_other()])
        self.language.setAccessibleName(LANGUAGES[_other()])
        self.practice.setText(tr("Practice"))
        self.practice.setVisible(may_practise)
        self.support.setText(tr("Support"))
        self.support.setVisible(may_ask)
        self.about.setText(tr("About the program"))


def _other() -> str:
    return ENGLISH if language() == SWEDISH else SWEDISH
