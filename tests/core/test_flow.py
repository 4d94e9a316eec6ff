"""The wizard's way, as strings: what happens, and where one is then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sithsup.flow import FLOW, Act, Facts, Flow, Happening, Page
from sithsup.recovery import Situation
from sithsup.situation import Outcome

FRESH = Facts(situation=Situation.FRESH, is_there=True, may_begin=True)
REFUSED = Facts(situation=Situation.FRESH)
HALF_DONE = Facts(situation=Situation.INTERRUPTED, is_there=True)
LOCKED = Facts(situation=Situation.FRESH, is_locked=True)
FACTS = {
    "": None,
    "nothing": Facts(),
    "fresh": FRESH,
    "refused": REFUSED,
    "half-done": HALF_DONE,
    "reading": Facts(is_there=True),
    "other": Facts(situation=Situation.FRESH, may_begin=True),
    "other-reading": Facts(),
    "half-done-gone": Facts(act=Act.RESUME),
    "half-done-there": Facts(situation=Situation.INTERRUPTED, is_there=True, act=Act.RESUME),
    "upgraded": Facts(situation=Situation.UPGRADED, outcome=Outcome.UPGRADED),
    "restored": Facts(situation=Situation.FRESH, may_begin=True, outcome=Outcome.RESTORED),
    "interrupted": Facts(situation=Situation.INTERRUPTED, outcome=Outcome.INTERRUPTED),
    "cut": Facts(situation=Situation.INTERRUPTED, outcome=Outcome.INTERRUPTED, has_failed=True),
    "stopped": Facts(situation=Situation.FRESH, may_begin=True, has_failed=True),
    "waited-for": Facts(is_waited_for=True),
    "mistyped": replace(FRESH, has_failed=True, may_retry=True),
    "mistyped-reading": Facts(has_failed=True, may_retry=True),
    "locked": LOCKED,
    "half-done-and-locked": replace(HALF_DONE, is_locked=True),
    "still-locked": replace(LOCKED, has_failed=True),
    "not-known": Facts(has_failed=True),
}

WAYS = {
    "an upgrade": (
        "looked:fresh next next next ended:upgraded",
        "insert insert prepare codes upgrading done",
    ),
    "a card that is refused": ("looked:refused next", "insert insert insert"),
    "a card that came and went": ("looked:fresh next looked:nothing next", "insert insert prepare insert insert"),
    "a card that came back": (
        "looked:fresh next looked:nothing looked:reading looked:fresh next next",
        "insert insert prepare insert insert insert prepare codes",
    ),
    "the same card, seen again": (
        "looked:fresh next looked:reading looked:fresh next looked:reading looked:fresh",
        "insert insert prepare prepare prepare codes codes codes",
    ),
    "another card instead": ("looked:fresh next looked:other-reading", "insert insert prepare insert"),
    "another card at the codes": ("looked:fresh next next looked:other", "insert insert prepare codes insert"),
    "another card instead of a half-done one": (
        "looked:half-done looked:nothing looked:other-reading looked:other looked:half-done",
        "insert interrupted interrupted interrupted insert interrupted",
    ),
    "a half-done card pulled at its codes": (
        "looked:half-done resume looked:half-done-gone looked:half-done-there resume",
        "insert interrupted codes interrupted interrupted codes",
    ),
    "a card that was finished elsewhere": ("looked:half-done looked:upgraded", "insert interrupted insert"),
    "second thoughts": (
        "looked:fresh next next back back back",
        "insert insert prepare codes prepare insert insert",
    ),
    "no way back from the work": (
        "looked:fresh next next next back",
        "insert insert prepare codes upgrading upgrading",
    ),
    "a half-done card at the start": ("looked:half-done", "insert interrupted"),
    "a journal that waits for its card": (
        "looked:waited-for looked:half-done resume next ended:upgraded",
        "insert interrupted interrupted codes upgrading done",
    ),
    "a journal that waits, and another card": (
        "looked:waited-for looked:fresh looked:waited-for",
        "insert interrupted insert interrupted",
    ),
    "a pull, and on": (
        "looked:fresh next next next ended:interrupted looked:half-done resume next ended:upgraded",
        "insert insert prepare codes upgrading interrupted interrupted codes upgrading done",
    ),
    "a pull, and back": (
        "looked:half-done restore next ended:restored",
        "insert interrupted codes upgrading done",
    ),
    "a pull, and again": (
        "looked:half-done resume next ended:interrupted looked:half-done resume next ended:upgraded",
        "insert interrupted codes upgrading interrupted interrupted codes upgrading done",
    ),
    "a code asked for once more": (
        "looked:fresh next next next asked next ended:upgraded",
        "insert insert prepare codes upgrading codes upgrading done",
    ),
    "a wrong code that is given again": (
        "looked:fresh next next next ended:stopped looked:mistyped again looked:reading next ended:upgraded",
        "insert insert prepare codes upgrading help help codes codes upgrading done",
    ),
    "a wrong code before the card is looked at": (
        "looked:fresh next next next ended:mistyped-reading again looked:fresh",
        "insert insert prepare codes upgrading help insert insert",
    ),
    "a wrong code": (
        "looked:fresh next next next ended:stopped again looked:fresh",
        "insert insert prepare codes upgrading help insert insert",
    ),
    "more of what interrupted it": (
        "looked:half-done resume next ended:cut explain back explain again looked:half-done explain",
        "insert interrupted codes upgrading interrupted help interrupted help insert interrupted interrupted",
    ),
    "nothing to go on with": (
        "looked:half-done resume next ended:fresh looked:fresh",
        "insert interrupted codes upgrading insert insert",
    ),
    "an end while a code is asked for": (
        "looked:fresh next next next asked ended:interrupted",
        "insert insert prepare codes upgrading codes interrupted",
    ),
    "a locked code": (
        "looked:locked next unblock next unblocked:fresh looked:fresh next",
        "insert insert insert unblock unblock insert insert prepare",
    ),
    "a code that a wrong one has locked": (
        "looked:fresh next next next ended:still-locked unblock unblocked:fresh",
        "insert insert prepare codes upgrading help unblock insert",
    ),
    "a wrong PUK code": (
        "looked:locked unblock unblocked:still-locked looked:still-locked unblock back again",
        "insert insert unblock help help unblock help insert",
    ),
    "second thoughts about a PUK code": ("looked:locked unblock back", "insert insert unblock insert"),
    "nothing is locked": ("looked:fresh unblock", "insert insert insert"),
    "unlocked elsewhere": ("looked:locked unblock looked:fresh", "insert insert unblock insert"),
    "a card pulled before its PUK code is sent": (
        "looked:locked unblock looked:nothing unblocked:fresh",
        "insert insert unblock insert insert",
    ),
    "a card pulled while its PUK code is sent": (
        "looked:locked unblock unblocked:not-known looked:nothing again looked:locked",
        "insert insert unblock help help insert insert",
    ),
    "an error of a code that was sent on the way out": (
        "looked:locked unblock looked:nothing unblocked:not-known",
        "insert insert unblock insert help",
    ),
    "a half-done card whose code is locked": (
        "looked:half-done-and-locked unblock unblocked:half-done looked:half-done resume",
        "insert interrupted unblock insert interrupted codes",
    ),
    "support, and back": ("support back", "insert support insert"),
    "a card pulled at its codes": ("looked:fresh next next looked:nothing", "insert insert prepare codes insert"),
    "a card pulled while it is upgraded": (
        "looked:fresh next next next looked:nothing ended:interrupted looked:nothing",
        "insert insert prepare codes upgrading upgrading interrupted interrupted",
    ),
    "a card taken out at the end": (
        "looked:fresh next next next ended:upgraded looked:nothing",
        "insert insert prepare codes upgrading done done",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_through_the_wizard(way: str) -> None:
    happenings, pages = WAYS[way]
    flow = Flow()
    been = [flow.page]
    for step in happenings.split():
        name, _, facts = step.partition(":")
        flow = flow.back() if name == "back" else flow.on(Happening(name), FACTS[facts])
        been.append(flow.page)
    assert " ".join(been) == pages


def test_what_the_codes_are_for_is_remembered() -> None:
    """The button of the page says it, and the worker is told it."""
    for happening, act in ((Happening.RESUME, Act.RESUME), (Happening.RESTORE, Act.RESTORE)):
        assert Flow(Page.INTERRUPTED, HALF_DONE).on(happening).facts.act is act
    assert Flow(Page.PREPARE, FRESH).on(Happening.NEXT).facts.act is Act.UPGRADE


def test_every_page_is_reached_and_left() -> None:
    """No row leads nowhere, and no page is a trap."""
    assert {row.to for row in FLOW} == set(Page)
    assert {page for row in FLOW for page in row.pages} == set(Page)
    assert all(Flow(page, stack=(Page.INSERT,)).back().page is Page.INSERT for page in Page)


def test_a_jump_forgets_the_way_back() -> None:
    """What lies behind it is no longer true."""
    flow = Flow(Page.CODES, FRESH, (Page.INSERT, Page.PREPARE)).on(Happening.NEXT)
    assert not flow.may_go_back
