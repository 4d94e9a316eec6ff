"""The card as it lies on the desk: its chip, its holder, its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from sithsup.texts import tr
from sithsup.ui.parts import Text, em, sentences
from sithsup.ui.signs import Sign

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.model import CardContents

WIDTH, HEIGHT = 23, 11.5
"""In lines of text; a long name makes it higher."""
GROUP = 4
"""Digits of a card number that stand together."""


class Plastic(QFrame):
    """Whose card it is, to be compared with the one in the hand."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("plastic")
        self.setMinimumHeight(round(HEIGHT * em()))
        self.level, self.holder = Text("quiet"), Text("holder", size=1.35, bold=True)
        self.organization, self.caption = Text(), Text("quiet", size=0.9)
        self.number = Text("number", may_be_copied=True, size=1.1)
        self.level.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.addWidget(Sign("chip", 2), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.level, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[round(em() * 1.3)] * 4)
        column.setSpacing(em() // 6)
        column.addLayout(head)
        column.addStretch(1)
        for text in (self.holder, self.organization):
            column.addWidget(text)
        column.addSpacing(em() // 2)
        for text in (self.caption, self.number):
            column.addWidget(text)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """As wide as a card is, where the page is."""
        return QSize(WIDTH * em(), super().sizeHint().height())

    @property
    def spoken(self) -> str:
        """Whose card it is, as a screen reader is told; empty where there is none."""
        return "" if self.isHidden() else sentences(self.holder.text(), self.number.accessibleName())

    def tell(self, card: CardContents | None, campaign: Campaign | None) -> None:
        """Show a card; none takes no room."""
        self.setVisible(card is not None)
        if card is None:
            return
        own = [c.certificate for c in card.certificates if c.certificate.role]
        levels = campaign.levels if campaign else {}
        found = [levels[c.issuer_common_name] for c in own if c.issuer_common_name in levels]
        self.level.tell(tr("Trust level {level}", level=max(found)) if found else "")
        self.holder.tell(next((c.common_name for c in own), ""))
        self.organization.tell(next(filter(None, (c.organization for c in own)), ""))
        self.caption.tell(tr("Card number"))
        number = grouped(card.number or "-")
        self.number.tell(number)
        self.number.setAccessibleName(tr("Card number: {number}", number=number))


def grouped(number: str) -> str:
    """A card number as it is read: in fours, with spaces that no line is broken at."""
    return "\N{NO-BREAK SPACE}".join(number[place : place + GROUP] for place in range(0, len(number), GROUP))
