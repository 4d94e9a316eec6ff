"""What a screen reader is told: every page and every step by itself, headings as headings, fields by their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sithsup.texts import set_language, tr
from sithsup.upgrade import UPGRADE
from tests.support import window as shown
from tests.support.desktop import NEEDED
from tests.support.window import FIELDS, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.demo import Demo
    from tests.support.desktop import Desktop

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *NEEDED)

PAGES = (shown.INSERT, shown.PREPARE, shown.CODES, shown.UPGRADING, shown.DONE)
NAMED = "object:property-change:accessible-name"
ACTED_ON = {"push button", "check box", "password text", "text", "progress bar"}


@pytest.fixture
def _swedish() -> Iterator[None]:
    set_language("sv")
    yield
    set_language(None)


@pytest.mark.usefixtures("_swedish")
def test_every_page_and_every_step_is_announced(desktop: Desktop, demo: Demo) -> None:
    """In the order in which they come, each once; a page with its heading and its first sentence."""
    with Window.open(desktop, demo) as window:
        window.go_to_codes()
        window.give_codes(demo.codes)
        window.wait_for_page(shown.DONE)
        window.wait_for_announcement(shown.DONE)
        announced = window.reader.announced
    texts = {step.name: tr(step.text) for step in UPGRADE}
    steps = [texts[name] for name in re.findall(r" do ([a-z-]+)$", log(demo), re.MULTILINE)]
    pages = [text.split(". ")[0] for text in announced if text.split(". ")[0] in PAGES]
    assert [page for page in pages if page != shown.INSERT] == list(PAGES[1:])
    assert len(steps) >= len(UPGRADE) - 2  # the authority may have revoked already, and the old keys are kept
    assert [text for text in announced if text in texts.values()] == steps


def log(demo: Demo) -> str:
    """What the program wrote down."""
    return (demo.logs / "sithsup.log").read_text(encoding="utf-8")


def test_every_page_shows_one_heading_and_names_what_is_acted_on(desktop: Desktop, demo: Demo) -> None:
    """The role is `heading`; the fields of the codes have the role `password text`."""
    with Window.open(desktop, demo) as window:
        window.wait_for_page(shown.CARD)
        check_page(window, shown.CARD)
        window.go_to_prepare()
        check_page(window, shown.PREPARE)
        window.agree()
        window.press(shown.NEXT)
        window.wait_for_page(shown.CODES)
        check_page(window, shown.CODES)
        assert tuple(each.name for each in window.tree if each.role == "password text") == FIELDS
        window.give_codes(demo.codes)
        window.wait_for_page(shown.UPGRADING)
        check_page(window, shown.UPGRADING)
        window.wait_for_page(shown.DONE)
        check_page(window, shown.DONE)


def test_no_question_ends_the_window(desktop: Desktop, demo: Demo) -> None:
    """Each part of the first three pages is asked for a child that it does not have, as by a tool whose page has gone.

    What nobody has written yet is no address there, so that it would be noticed if it was read.
    """
    with Window.open(desktop, demo, environ={"MALLOC_PERTURB_": "165"}) as window:
        window.wait_for_page(shown.CARD)
        window.wait(lambda: window.child_too_many == [], "the first page")
        window.go_to_prepare()
        window.wait(lambda: window.child_too_many == [], "the second page")
        window.agree()
        window.press(shown.NEXT)
        window.wait_for_page(shown.CODES)
        window.wait(lambda: window.child_too_many == [], "the third page")
        window.keys("Escape")
        assert window.wait_for_end() == 0


def test_text_that_can_be_copied_is_heard_by_its_name_alone(desktop: Desktop, demo: Demo) -> None:
    """Of a change of its text Qt's bridge would complain: it is that of a document, which no tool is shown."""
    with Window.open(desktop, demo) as window:
        window.wait_for_page(shown.CARD)
        window.wait(
            lambda: any(re.match(r"Kortnummer\W+\d", name) for name in window.reader.carried(NAMED)),
            "the card's number",
        )
        window.keys("Escape")
        assert window.wait_for_end() == 0
    assert "text event" not in window.said


def check_page(window: Window, heading: str) -> None:
    """One heading, and a name for everything that one acts on or waits for."""
    tree = window.tree
    assert [each.name for each in tree if each.role == "heading"] == [heading]
    assert [each for each in tree if each.role in ACTED_ON and not each.name.strip()] == []
