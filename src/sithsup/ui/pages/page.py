"""What every page is: a heading, a sentence, and a column that scrolls when the text is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget, QWizardPage

from sithsup.flow import Happening, Page
from sithsup.texts import tr
from sithsup.ui.column import Column
from sithsup.ui.frame import MARGIN
from sithsup.ui.parts import Heading, Notice, Text, em

if TYPE_CHECKING:
    from sithsup.consent import Consent
    from sithsup.ui.shown import Shown


class WizardPage(QWizardPage):
    """A page of the wizard. Subclasses name themselves, build once, and are told whenever anything changes."""

    page: ClassVar[Page]
    happened = Signal(object)  # Happening
    stop_wanted = Signal()
    chosen = Signal(object)  # the serial numbers of the card that is meant; None takes the choice back

    def __init__(self) -> None:
        super().__init__()
        self.heading, self.lead = Heading(), Text("lead")
        self.area = Column()
        self.column = self.area.column
        side = round(em() * MARGIN)
        self.column.setContentsMargins(side, side, side, em())
        self.column.setSpacing(em())
        head = QVBoxLayout()
        head.setSpacing(em() // 2)
        head.addWidget(self.heading)
        head.addWidget(self.lead)
        self.column.addLayout(head)
        self.build()
        self.column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)

    def build(self) -> None:
        """Make the widgets of the page, below its heading."""

    def tell(self, shown: Shown) -> None:
        """Show what is known now, in the language in use."""
        raise NotImplementedError

    def say(self, heading: str, lead: str = "") -> None:
        """Set the heading, without a full stop, and the sentence below it; a screen reader hears both at first."""
        heading = heading.removesuffix(".")
        self.heading.setText(heading)
        self.lead.tell(lead)
        self.setAccessibleName(heading)
        self.area.setAccessibleName(heading)
        self.setAccessibleDescription(lead)

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  a page may need it
        """What the main button says; empty where the page has none."""
        return tr("&Next")

    def news(self) -> tuple[str, ...]:
        """What a screen reader is told besides the heading, and anew whenever it changes; empty parts are left out."""
        return ()

    def may_go_on(self, shown: Shown) -> bool:  # noqa: ARG002  a page may need it
        """Whether the main button can be pressed."""
        return True

    def looks_again(self, shown: Shown) -> bool:  # noqa: ARG002  a page may need it
        """Whether the main button has the card looked at anew."""
        return False

    def first(self) -> QWidget | None:
        """What has the focus when the page comes; None leaves it to the main button."""
        return None

    def offers(self) -> bool:
        """Whether the page itself has a way on, in place of the main button; it is what `first` gives."""
        return False

    def came(self) -> None:
        """Do what is to be done when one has come to the page."""

    def consent(self) -> Consent | None:
        """What was agreed to on this page; None where nothing is asked."""
        return None

    def go_on(self) -> bool:
        """Check what was given when the main button is pressed; False stays, and says why on the page."""
        return True

    def bring_up(self) -> None:
        """Scroll to what is wrong, and to where it is mended, once there is room for it."""
        QTimer.singleShot(0, self, self._scroll)

    def _scroll(self) -> None:
        for notice in self.findChildren(Notice):
            if notice.isVisible():
                self.area.ensureWidgetVisible(notice)
        if (focus := self.focusWidget()) is not None:
            self.area.ensureWidgetVisible(focus)

    def happen(self, happening: Happening) -> None:
        """Say what the person has done."""
        self.happened.emit(happening)


class UnblockButton(QPushButton):
    """Leads to where a locked code is unlocked; shown as long as one is."""

    def __init__(self, page: WizardPage) -> None:
        super().__init__()
        self.setAutoDefault(False)
        self.clicked.connect(lambda: page.happen(Happening.UNBLOCK))

    def tell(self, shown: Shown) -> None:
        """Offer it where there is something to unlock."""
        self.setText(tr("&Unlock the code") if len(shown.locked) == 1 else tr("&Unlock a code"))
        self.setVisible(bool(shown.locked))


class DiagnoseButton(QPushButton):
    """Leads to where everything is looked into that support asks about."""

    def __init__(self, page: WizardPage) -> None:
        super().__init__()
        self.setAutoDefault(False)
        self.clicked.connect(lambda: page.happen(Happening.DIAGNOSE))

    def tell(self, shown: Shown) -> None:
        """Offer it, except where nothing is real."""
        self.setText(tr("&Look for what is wrong"))
        self.setVisible(not shown.is_practice)
