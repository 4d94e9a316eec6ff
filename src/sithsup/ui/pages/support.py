"""Support: what whoever helps wants to know, to be read aloud over the phone, and whom to call."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from sithsup import __version__
from sithsup.errors import Contact
from sithsup.flow import Page
from sithsup.texts import tr
from sithsup.ui.pages.page import DiagnoseButton, WizardPage
from sithsup.ui.parts import Panel, Signed, Text, announce
from sithsup.ui.plastic import grouped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.ui.shown import Shown


class SupportPage(WizardPage):
    """A door that one comes back from."""

    page = Page.SUPPORT

    def build(self) -> None:
        self.panel = Panel(spacing=0.9)
        self.deputy_issuer, self.local_it = (Signed("point", "person", may_be_copied=True) for _ in range(2))
        self.facts, self.copy = Text(may_be_copied=True), QPushButton()
        for widget in (self.deputy_issuer, self.local_it):
            self.panel.column.addWidget(widget)
        self.copy.setAutoDefault(False)
        self.copy.clicked.connect(self._copy)
        self.diagnose = DiagnoseButton(self)
        self.column.addWidget(self.panel)
        self.column.addWidget(self.facts)
        self.column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addWidget(self.diagnose, 0, Qt.AlignmentFlag.AlignLeft)

    def tell(self, shown: Shown) -> None:
        self.say(tr("Support"), tr("Call for help, and read aloud what stands below."))
        self.deputy_issuer.tell(shown.contact(Contact.DEPUTY_ISSUER))
        self.local_it.tell(shown.contact(Contact.LOCAL_IT))
        self.panel.setVisible(self.deputy_issuer.isVisibleTo(self.panel) or self.local_it.isVisibleTo(self.panel))
        self.facts.tell("\n".join(_facts(shown)))
        self.copy.setText(tr("&Copy the text"))
        self.diagnose.tell(shown)

    def next_text(self, shown: Shown) -> str:  # noqa: ARG002  always the same
        return ""

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.facts.text())
        announce(self, tr("Copied"))


def _facts(shown: Shown) -> Iterator[str]:
    """What the issuer asks of whoever calls, as far as it is known. No name, no personal identity number."""
    ending, sight = shown.ending, shown.sight
    error = shown.error or sight.error
    if error:
        yield tr("Error code: {code}", code=error.reference)
    if ending and ending.case_code:
        yield tr("Case code: {code}", code=ending.case_code)
    for finding in sight.report.findings if sight.report else ():
        yield tr("Found: {name}", name=finding.name)
    numbers = (grouped(shown.card.number or shown.card.serials[0]),) if shown.card else sight.waiting
    for number in numbers:
        yield tr("Card number: {number}", number=number)
    for reader in sight.readers:
        yield tr("Card reader: {reader}", reader=reader)
    if sight.campaign:
        yield tr("Campaign: {name}, version {version}", name=sight.campaign.id, version=sight.campaign.version)
    yield tr("Program: sithsup {version}, {system}", version=__version__, system=platform.system())
