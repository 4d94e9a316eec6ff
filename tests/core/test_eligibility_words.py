"""How a reason is told: in which words, with which values, by whose time, and whom to ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.campaign import (
    Slot,
)
from sithsup.eligibility import (
    AUTHORITY_REASONS,
    RULES,
    AuthorityTime,
    Facts,
    Reason,
    findings,
    level,
    named_reason,
    reason_text,
    refusal,
    said_by_authority,
)
from sithsup.errors import Contact
from sithsup.model import CodeState
from sithsup.sim import pki
from tests.support.eligible import (
    campaign,
    closed_window,
    eligible,
    middleware,
    names,
    the_one,
    token,
    told_time,
    with_new,
)
from tests.support.lab import START

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SOON, LONG = timedelta(minutes=4), timedelta(days=400)


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """Give what is known of a card that nothing stands against."""
    return eligible(tmp_path)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute).astimezone()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda f: replace(with_new(f), has_our_keys=True),
            "Your card is upgraded already. Its new certificates are from 2030-01-01.",
        ),
        (
            lambda f: campaign(with_new(f), ordered_before=date(2029, 2, 11)),
            "This card does not need to be upgraded. Cards that were ordered on 2029-02-11 or later are made so.",
        ),
        (with_new, "This card does not need to be upgraded."),
        (
            lambda f: campaign(f, rollout=(Slot(opens=local(2030, 1, 9), share=100),)),
            "The upgrade opens for this card on 2030-01-09. Try again then.",
        ),
        (
            lambda f: closed_window(f, closes=local(2029, 12, 24, 17, 30)),
            "The time for the upgrade ended on 2029-12-24 17:30. Order a new card from your deputy issuer.",
        ),
        (
            lambda f: token(f, code=CodeState.LOCKED),
            "The code for authentication is locked. Unlock it with your PUK code.",
        ),
        (
            lambda f: token(f, code=CodeState.UNSET),
            "The card has no code for authentication yet. Both codes are needed. Ask your deputy issuer.",
        ),
        (
            lambda f: middleware(f, "6.10"),
            "The smart card program on this computer is too old: 6.8. At least 6.10 is needed.",
        ),
        (
            lambda f: told_time(f, timedelta(minutes=90), is_exact=False),
            "The clock of this computer is 90 min behind. Have it set right, and try again.",
        ),
        (
            lambda f: told_time(f, -timedelta(hours=30), is_exact=True),
            "The clock of this computer is 30 h ahead. Have it set right, and try again.",
        ),
        (
            lambda f: told_time(f, timedelta(days=366), is_exact=True),
            "The clock of this computer is 366 days behind. Have it set right, and try again.",
        ),
    ],
)
def test_what_is_told_has_its_values(change: Callable[[Facts], Facts], words: str, facts: Facts) -> None:
    """Dates, lengths of time, versions, and which of the codes."""
    assert findings(change(facts))[0].text() == words


def test_the_caller_may_write_dates_in_their_own_way(facts: Facts) -> None:
    told = the_one(campaign(with_new(facts), ordered_before=date(2029, 2, 11)))
    assert "ordered on <2029-02-11> or later" in told.text(lambda value: f"<{value}>")


@pytest.mark.parametrize(("clock", "told"), [(timedelta(), []), (timedelta(days=200), ["CLOCK_WRONG"])])
def test_the_window_is_judged_by_the_authority_s_time(clock: timedelta, told: list[str], facts: Facts) -> None:
    """A computer that is half a year ahead is told so, and not that the window has closed."""
    wrong = replace(facts, clock=START + clock, time=AuthorityTime(START, START + clock, is_exact=True))
    assert names(wrong) == told
    assert wrong.now == START


def test_a_lower_bound_moves_the_time_forward_only(facts: Facts) -> None:
    """An answer that was made beforehand proves a clock that is behind it wrong, and nothing else."""
    behind, ahead = (replace(facts, time=AuthorityTime(START + t, START, is_exact=False)) for t in (LONG, -LONG))
    assert (behind.now, ahead.now) == (START + LONG, START)
    assert names(behind)[:2] == ["CLOCK_WRONG", "WINDOW_CLOSED"]


def test_the_right_people_are_named(facts: Facts) -> None:
    """What is wrong with the computer is for local IT; nobody need be asked where all is well."""
    asked = {row.reason.value: row.contact for row in RULES}
    of_it = {name for name, contact in asked.items() if contact is Contact.LOCAL_IT}
    assert of_it == {"CLOCK_WRONG", "PROGRAM_TOO_OLD", "MIDDLEWARE_TOO_OLD", "READ_ONLY", "MECHANISM_MISSING"}
    assert {name for name, contact in asked.items() if contact is None} == {"ALREADY_UPGRADED", "NO_NEED"}
    error = refusal(*findings(campaign(facts, program_min="2")))
    assert (error.contact, error.next_step.partition(". ")[2]) == (Contact.LOCAL_IT, "Contact your local IT support.")


def test_a_refusal_has_every_name_and_the_exit_code_of_the_first(facts: Facts) -> None:
    error = refusal(*findings(campaign(replace(facts, clock=facts.campaign.window.closes), paused=True)))
    assert (error.reasons, error.exit_code, error.is_well) == (("WINDOW_CLOSED", "PAUSED"), 3, False)
    assert refusal(*findings(campaign(facts, paused=True))).exit_code == 5
    assert refusal(*findings(with_new(facts))).is_well


def test_every_reason_has_a_text_without_values_and_an_unknown_one_shows_its_name() -> None:
    """What an authority says is shown, whether this program knows the word or not."""
    for reason in Reason:
        assert reason_text(reason) != reason
        assert "{" not in reason_text(reason)
    assert reason_text("SOMETHING_{NEW}") == "SOMETHING_{NEW}"
    assert said_by_authority("SOMETHING_NEW").exit_code == 3
    assert named_reason("it is NOT_IN_HSA, sorry") == "NOT_IN_HSA"
    assert named_reason("it is SOMETHING_NEW") is None
    assert "PROTECTED_IDENTITY" in AUTHORITY_REASONS


def test_the_level_is_that_of_the_best_certificate(facts: Facts) -> None:
    """None where the campaign tells nothing of these issuers."""
    assert level(facts.contents, facts.campaign) is None
    levels: dict[str, Any] = {pki.OLD_PERSONS: 2, pki.NEW_HSA_ID: 3}
    known = campaign(facts, levels=levels)
    assert level(known.contents, known.campaign) == 2
    assert level(with_new(known, old=True).contents, known.campaign) == 3
