"""The frame around the pages, other than Qt draws it: the side from edge to edge, the buttons under the page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QWidget, QWizard

from sithsup.flow import Page
from sithsup.texts import tr
from sithsup.ui.parts import em
from sithsup.ui.signs import icon

if TYPE_CHECKING:
    from sithsup.ui.pages.page import WizardPage
    from sithsup.ui.shown import Shown
    from sithsup.ui.side import Side

BACK, NEXT = QWizard.WizardButton.CustomButton1, QWizard.WizardButton.CustomButton2
"""The buttons of the wizard that are ours."""
SIZE = (54, 38)
"""Of the window, in lines of text."""
MARGIN = 2.2
"""Beside the page and its buttons, in lines of text."""


def window_size(available: QSize) -> QSize:
    """As large as the person's text asks for, and never larger than the screen."""
    return QSize(SIZE[0] * em(), SIZE[1] * em()).boundedTo(available)


def dress(wizard: QWizard) -> None:
    """Set the style, the buttons, the icon and the size."""
    wizard.setWizardStyle(QWizard.WizardStyle.ModernStyle)
    wizard.setOptions(
        QWizard.WizardOption.HaveCustomButton1
        | QWizard.WizardOption.HaveCustomButton2
        | QWizard.WizardOption.NoDefaultButton
    )
    wizard.setButtonLayout([QWizard.WizardButton.Stretch, BACK, NEXT, QWizard.WizardButton.CancelButton])
    wizard.setWindowIcon(icon())
    wizard.resize(window_size(wizard.screen().availableSize()))


def tell_buttons(wizard: QWizard, page: WizardPage, shown: Shown) -> None:
    """Show the buttons that this page has now, and what they say."""
    flow = shown.flow
    back, forward = wizard.button(BACK), wizard.button(NEXT)
    cancel = wizard.button(QWizard.WizardButton.CancelButton)
    back.setText(tr("&Back"))
    back.setVisible(flow.may_go_back and not shown.is_unblocking)
    text = page.next_text(shown)
    forward.setText(text)
    forward.setVisible(bool(text))
    forward.setEnabled(page.may_go_on(shown))
    for button in (back, cancel, forward):
        assert isinstance(button, QPushButton)  # noqa: S101  a wizard's are
        button.setAutoDefault(False)
        button.setDefault(button is forward and not page.offers())
    cancel.setText(tr("Close"))
    cancel.setVisible(flow.page not in {Page.UPGRADING, Page.DONE} and not shown.is_unblocking)


def ways_on(wizard: QWizard, page: WizardPage) -> set[str]:
    """By what one can go on: the main button, the page's own way, both or neither."""
    ways = {"main button": wizard.button(NEXT).isEnabled(), "page": page.offers()}
    return {way for way, is_there in ways.items() if is_there}


def lay_out(wizard: QWizard, side: Side) -> None:
    """Rearrange what Qt has laid out. It does so once, as long as no page has a title of Qt's own.

    No item of a layout is looked at: Qt deletes that of whatever gets another place, and Python, which is not told,
    would take what comes to lie there for it. What is kept is found from the window down: Python forgets whatever was
    found by something that it has forgotten.
    """
    inner = wizard.findChild(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert inner  # noqa: S101  a wizard has nothing else
    grid = inner.layout()
    assert isinstance(grid, QGridLayout)  # noqa: S101  a modern wizard has one
    buttons = grid.findChild(QHBoxLayout)
    assert buttons  # noqa: S101  the wizard's own
    rule = next(child for child in inner.children() if type(child) is QWidget)
    rule.setFixedHeight(0)
    holder = side.parentWidget()
    assert isinstance(holder, QLabel)  # noqa: S101  Qt puts the side where a picture would be
    inside = holder.layout()
    assert inside  # noqa: S101  it holds the side
    inside.setContentsMargins(0, 0, 0, 0)
    grid.addWidget(holder, 0, 0, 3, 1)
    grid.setColumnStretch(1, 1)
    buttons.setSpacing(round(em() * 0.7))
    _keep_right_of(side.width(), buttons)
    side.widened.connect(lambda width: _keep_right_of(width, buttons))


def _keep_right_of(width: int, buttons: QHBoxLayout) -> None:
    """Qt gives the buttons the whole width of the window: what the side takes of it is a margin."""
    margin = round(em() * MARGIN)
    buttons.setContentsMargins(width + em() // 2, em() // 2, margin, round(em() * 1.2))
