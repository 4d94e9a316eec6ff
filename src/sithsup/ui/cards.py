"""The cards that may be meant, where there are several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from sithsup.ui.parts import Panel, Text
from sithsup.ui.plastic import grouped

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.model import CardContents


class Cards(Panel):
    """Whose each card is, and a button with its number."""

    def __init__(self, choose: Callable[[tuple[str, ...]], None]) -> None:
        super().__init__("plain", margin=0)
        self._choose = choose
        self._cards: tuple[CardContents, ...] = ()
        self._rows: list[tuple[Text, QPushButton]] = []

    def tell(self, cards: tuple[CardContents, ...]) -> None:
        """Offer these; none takes no room."""
        self._cards = cards
        self.setVisible(bool(cards))
        while len(self._rows) < len(cards):
            self._rows.append(self._made(len(self._rows)))
        for place, (holder, button) in enumerate(self._rows):
            button.setVisible(place < len(cards))
            card = cards[place] if place < len(cards) else None
            owned = card.certificates if card else ()
            holder.tell(next((c.certificate.common_name for c in owned if c.certificate.role), ""))
            button.setText(grouped(card.number or card.serials[0]) if card else "")
            button.setAccessibleDescription(holder.text())

    def _made(self, place: int) -> tuple[Text, QPushButton]:
        holder, button = Text(bold=True), QPushButton()
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self._choose(self._cards[place].serials))
        self.column.addWidget(holder)
        self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        return holder, button
