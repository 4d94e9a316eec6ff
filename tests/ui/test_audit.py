"""Every page, in every state, in light, dark and contrast, at twice the size, in each language: nobody stumbles.

A check that finds nothing proves nothing until it finds what was planted: the second half.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QPushButton, QWidget, QWizard

from sithsup.errors import kinds
from sithsup.sim import pki
from sithsup.texts import ENGLISH, PSEUDO, SWEDISH
from sithsup.ui.pages.codes import CodesPage
from sithsup.ui.parts import Signed
from sithsup.ui.plastic import grouped
from tests.ui import diagnosis_states, unblock_states
from tests.ui.audit import Scene, audit, unmarked
from tests.ui.states import CASE, ORGANIZATION, PEOPLE, TERMS, WARNING, mishaps, sim_campaign, states
from tests.ui.window import CONTRAST, Setting, opened, settle, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.ui.pages.page import WizardPage
    from sithsup.ui.wizard import Wizard

SETTINGS = [Setting(*each) for each in itertools.product((SWEDISH, ENGLISH, PSEUDO), ("light", "dark"), (1, 2))]
SETTINGS += [Setting(SWEDISH, CONTRAST, scale) for scale in (1, 2)]


def data() -> frozenset[str]:
    """Names, numbers, and the campaign's own words: nobody translates those."""
    words = sim_campaign()
    return frozenset(
        {
            *(f"{person.given_name} {person.surname}" for person in PEOPLE),
            *(number for person in PEOPLE for number in (person.card_number, grouped(person.card_number))),
            ORGANIZATION,
            CASE,
            *(kind.code for kind in kinds()),
            str(words.words.why),
            str(unblock_states.CAMPAIGN.words.why),
            str(WARNING.message),
            str(TERMS.text),
            f"{pki.OLD_PERSONS},",
            diagnosis_states.FOLDER,
            diagnosis_states.CASE,
            "sithsup",
            "English",
            "Svenska",
        }
    )


def scene(window: Wizard, page: WizardPage, setting: Setting) -> Scene:
    return Scene(window, page.area, setting.scale)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_nothing_to_stumble_over(setting: Setting) -> None:
    found: list[str] = []
    with opened(setting) as window:
        size = window.size()
        for name in (*states(), *mishaps()):
            page = show(window, name)
            seen = scene(window, page, setting)
            findings = audit(seen, by_eye=setting.language == SWEDISH)
            if setting.language == PSEUDO:
                findings += unmarked(seen, data())
            if window.size() != size:
                findings.append(f"the window grew to {window.size().toTuple()}")
                window.resize(size)
            found += [f"{name}: {finding}" for finding in findings]
    assert not found, "\n".join(found)


# ---------------------------------------------------------------------------------------------------- the control


class EatsTab(QObject):
    """A trap for whoever has no mouse."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        return event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Tab


def _codes(page: WizardPage) -> CodesPage:
    assert isinstance(page, CodesPage)
    return page


def _pale(page: WizardPage) -> None:
    page.lead.setStyleSheet("color: #8a949e")


def _low_label(page: WizardPage) -> None:
    page.heading.setFixedHeight(page.heading.height() // 2)


def _narrow_button(page: WizardPage) -> None:
    page.wizard().button(QWizard.WizardButton.CancelButton).setFixedWidth(40)


def _wide_page(page: WizardPage) -> None:
    page.lead.setMinimumWidth(page.width())


def _tiny_button(page: WizardPage) -> None:
    button = QPushButton("?")
    button.setStyleSheet("min-width: 0; min-height: 0; padding: 0; border: 0; margin: 0")
    button.setFixedSize(16, 16)
    page.column.insertWidget(2, button)


def _nameless_button(page: WizardPage) -> None:
    page.column.insertWidget(2, QPushButton())


def _misnamed_button(page: WizardPage) -> None:
    page.wizard().button(QWizard.WizardButton.CancelButton).setAccessibleName("x")


def _trap(page: WizardPage) -> None:
    field = _codes(page).rows[1].field
    field.installEventFilter(EatsTab(field))


def _odd_order(page: WizardPage) -> None:
    first, second = (row.field for row in _codes(page).rows)
    QWidget.setTabOrder(second, first)


def _no_ring(page: WizardPage) -> None:
    button = page.wizard().button(QWizard.WizardButton.CancelButton)
    button.setStyleSheet("QPushButton, QPushButton:focus { border: 1px solid #768492; margin: 2px }")


def _pale_edge(page: WizardPage) -> None:
    _codes(page).rows[1].field.setStyleSheet("border: 1px solid #d5dee6")


def _pale_sign(page: WizardPage) -> None:
    signed = Signed("x", "info")
    signed.tell("…")
    signed.sign.setStyleSheet("color: #c0cad3")
    page.column.insertWidget(2, signed)


def _same_key(page: WizardPage) -> None:
    button = QPushButton("&Tomt")
    button.setAutoDefault(False)
    page.column.insertWidget(page.column.count() - 1, button)


FAULTS: dict[str, tuple[Callable[[WizardPage], None], str]] = {
    "pale text": (_pale, "contrast of the text"),
    "a pale edge": (_pale_edge, "contrast of the edge"),
    "a pale sign": (_pale_sign, "contrast of the sign"),
    "a label that is too low": (_low_label, "clipped"),
    "a button that is too narrow": (_narrow_button, "cut"),
    "a page that is too wide": (_wide_page, "the page is wider"),
    "a tiny button": (_tiny_button, "target of"),
    "a button without a name": (_nameless_button, "no name"),
    "a button with another name": (_misnamed_button, "is not what is written"),
    "two buttons for one key": (_same_key, "is that of"),
    "a trap": (_trap, "not reached by Tab"),
    "an odd order": (_odd_order, "the order of the page"),
    "no ring": (_no_ring, "focus is not seen"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_planted_is_found(fault: str) -> None:
    plant, expected = FAULTS[fault]
    setting = Setting()
    with opened(setting) as window:
        page = show(window, "codes-two")
        assert not audit(scene(window, page, setting))
        plant(page)
        settle()
        found = audit(scene(window, page, setting))
    assert any(finding.startswith(expected) or expected in finding for finding in found), found


def test_a_text_that_nobody_translates_is_found() -> None:
    setting = Setting(language=PSEUDO)
    with opened(setting) as window:
        page = show(window, "codes-two")
        assert not list(unmarked(scene(window, page, setting), data()))
        page.column.addWidget(QLabel("Hej"))
        settle()
        assert list(unmarked(scene(window, page, setting), data()))
