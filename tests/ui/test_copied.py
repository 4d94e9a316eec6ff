"""What is copied from Hjälp may be sent to anybody: nothing in it tells who the holder is, whatever was answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication

from sithsup.card.session import find_cards
from sithsup.contacts import OwnContacts
from sithsup.errors import AuthorityRefusedError, JournalUnwritableError, SettingsInvalidError, SithsupError
from sithsup.sim.card import Desk
from sithsup.sim.case import CardKind, old_card
from sithsup.sim.faults import Faults
from sithsup.sim.token import SimulatedToken
from sithsup.ui.pages.help import HelpPage
from tests.support.canary import CODES, CONTACT, EVERYTHING, HOLDER, IDENTITY, Search
from tests.ui.states import AT, CASE, PEOPLE, sight, states
from tests.ui.window import Setting, opened, settle, show

SEARCH = Search(IDENTITY | CODES)
PERSON = PEOPLE[0].model_copy(
    update={
        "given_name": HOLDER.given_name,
        "surname": HOLDER.surname,
        "hsa_id": HOLDER.hsa_id,
        "personal_number": HOLDER.personal_number,
    }
)
CARD = find_cards(
    SimulatedToken(Desk(cards=[old_card(CardKind.TWO_PINS, AT, number=1, person=PERSON).card]), Faults())
)[0]
ERRORS = {
    "an answer": AuthorityRefusedError(reason=EVERYTHING),
    "an answer in quotation marks": AuthorityRefusedError(reason=f"no (“{EVERYTHING}”)"),
    "a path": JournalUnwritableError(path=f"/srv/{EVERYTHING}", problem=EVERYTHING),
    "a setting": SettingsInvalidError(name="SITHSUP_DATA", problem=f"“{EVERYTHING}” is none"),
}


def shown_and_copied(error: SithsupError, language: str) -> tuple[str, str]:
    """What the page says, and what comes to lie on the clipboard."""
    shown = states()["help-no-answer"]
    assert shown.ending
    seen = replace(sight(CARD), own=OwnContacts(local_it=CONTACT, deputy_issuer=CONTACT))
    with opened(Setting(language)) as window:
        window.present(replace(shown, sight=seen, ending=replace(shown.ending, error=error)))
        page = window.currentPage()
        assert isinstance(page, HelpPage)
        settle()
        said = f"{page.heading.text()} {page.why.text.text()} {page.contact.text.text()}"
        page.copy.click()
        return said, QGuiApplication.clipboard().text()


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_nothing_of_the_holder_is_copied(error: SithsupError, language: str) -> None:
    """It stands on the screen, which is the holder's own (the control)."""
    said, copied = shown_and_copied(error, language)
    assert SEARCH.within(said.encode()) >= set(IDENTITY)
    assert SEARCH.within(copied.encode()) == set()
    assert error.code in copied
    assert CASE in copied


def test_all_else_is_copied() -> None:
    """What happened, why, and what to do."""
    with opened(Setting("en")) as window:
        page = show(window, "help-no-answer")
        assert isinstance(page, HelpPage)
        page.copy.click()
        copied = QGuiApplication.clipboard().text()
        for text in (page.why.text.text(), page.what_next.text.text(), page.codes.text()):
            assert text
            assert text in copied
        assert page.heading.text().removesuffix(".") in copied
