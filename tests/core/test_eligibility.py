"""Which card may be upgraded, told without a code: one change of an eligible card for each reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import (
    Extension,
    Keys,
    OldCertificates,
    Slot,
)
from sithsup.eligibility import (
    CLOCK_TOLERANCE,
    RULES,
    AuthorityTime,
    Facts,
    Reason,
    Stage,
    clock_finding,
)
from sithsup.model import CodeState
from sithsup.sim import pki
from tests.support.eligible import (
    campaign,
    certificates,
    closed_window,
    eligible,
    found,
    issuer,
    middleware,
    names,
    numbers_apart,
    reuse,
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


CHANGES: dict[str, tuple[Callable[[Facts], Facts], list[str]]] = {
    # what is changed                        how                                               what is told
    "nothing": (lambda f: f, []),
    "a spare card": (lambda f: issuer(f, pki.SPARE), ["SPARE_CARD"]),
    "somebody else's card": (lambda f: issuer(f, "SIM Somebody else"), ["FOREIGN_ISSUER"]),
    "no certificate at all": (
        lambda f: replace(f, contents=replace(f.contents, certificates=())),
        ["FOREIGN_ISSUER"],
    ),
    "only new, all of one day": (with_new, ["NO_NEED"]),
    "only new, and one of long ago": (lambda f: with_new(f, telia=True), ["ALREADY_UPGRADED"]),
    "only new, on a key of ours": (lambda f: replace(with_new(f), has_our_keys=True), ["ALREADY_UPGRADED"]),
    "new beside old": (lambda f: with_new(f, old=True), []),
    "new beside old, done": (lambda f: replace(with_new(f, old=True), stage=Stage.DONE), ["ALREADY_UPGRADED"]),
    "only new, done": (lambda f: replace(with_new(f), stage=Stage.DONE), ["NO_NEED"]),
    "new, in a pause": (lambda f: campaign(with_new(f), paused=True), ["NO_NEED"]),
    "numbers apart": (numbers_apart, ["CARD_NUMBERS_DISAGREE"]),
    "revoked": (lambda f: replace(f, is_revoked=True), ["CARD_REVOKED"]),
    "before the window": (lambda f: replace(f, clock=f.campaign.window.opens - SOON), ["WINDOW_NOT_OPEN"]),
    "after the window": (lambda f: replace(f, clock=f.campaign.window.closes), ["WINDOW_CLOSED"]),
    "before its slot": (
        lambda f: campaign(f, rollout=(Slot(opens=START + LONG, share=100),)),
        ["WINDOW_NOT_OPEN"],
    ),
    "in an extension": (
        lambda f: closed_window(f, extensions=(Extension(closes=START + LONG, organizations=("SIMSE",)),)),
        [],
    ),
    "in somebody else's extension": (
        lambda f: closed_window(f, extensions=(Extension(closes=START + LONG, organizations=("SE999",)),)),
        ["WINDOW_CLOSED"],
    ),
    "expired": (lambda f: certificates(f, not_after=START), ["CARD_EXPIRED"]),
    "paused": (lambda f: campaign(f, paused=True), ["PAUSED"]),
    "a program that is old": (lambda f: campaign(f, program_min="1.10"), ["PROGRAM_TOO_OLD"]),
    "a program that will do": (lambda f: campaign(f, program_min="1.2"), []),
    "a module that is old": (lambda f: middleware(f, "6.10"), ["MIDDLEWARE_TOO_OLD"]),
    "a module that will do": (lambda f: middleware(f, "6.8.0"), []),
    "a module that nobody named": (lambda f: middleware(f, "99", maker="Thales"), []),
    "a code that is locked": (lambda f: token(f, code=CodeState.LOCKED), ["PIN_LOCKED"]),
    "a code that was never set": (lambda f: token(f, code=CodeState.UNSET), ["PIN_LOCKED"]),
    "a code with one try": (lambda f: token(f, code=CodeState.FINAL_TRY), []),
    "write-protected": (lambda f: token(f, read_only=True), ["READ_ONLY"]),
    "old certificates for ever": (lambda f: found(f, destroyable=False), ["READ_ONLY"]),
    "old certificates that may stay": (
        lambda f: campaign(found(f, destroyable=False), old_certificates=OldCertificates.KEEP),
        [],
    ),
    "no such keys": (lambda f: token(f, algorithms=frozenset()), ["MECHANISM_MISSING"]),
    "no token for signatures": (
        lambda f: replace(f, contents=replace(f.contents, tokens=f.contents.tokens[:1])),
        ["MECHANISM_MISSING"],
    ),
    "no keys to be made": (lambda f: reuse(token(f, algorithms=frozenset())), []),
    "no room for a key": (lambda f: token(f, free_public_memory=63), ["CARD_FULL"]),
    "room for just one key": (lambda f: token(f, free_public_memory=64), []),
    "room for one key of two": (
        lambda f: campaign(token(f, free_public_memory=127), keys=Keys.PER_TARGET),
        ["CARD_FULL"],
    ),
    "a clock that is right": (lambda f: told_time(f, SOON, is_exact=True), []),
    "a clock that is behind": (lambda f: told_time(f, CLOCK_TOLERANCE + SOON, is_exact=False), ["CLOCK_WRONG"]),
    "a clock that is ahead": (lambda f: told_time(f, -CLOCK_TOLERANCE - SOON, is_exact=True), ["CLOCK_WRONG"]),
    "an answer that may be old": (lambda f: told_time(f, -LONG, is_exact=False), []),
    "two things at once": (
        lambda f: campaign(replace(f, clock=f.campaign.window.closes), paused=True),
        ["WINDOW_CLOSED", "PAUSED"],
    ),
    "foreign, and long past": (
        lambda f: issuer(replace(f, clock=f.campaign.window.closes), "SIM Somebody else"),
        ["FOREIGN_ISSUER"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_gives_its_reason_and_no_other(change: str, facts: Facts) -> None:
    """All that holds, in its order; a reason that settles the matter is told alone."""
    how, told = CHANGES[change]
    assert names(how(facts)) == told


def test_the_table_above_knows_every_reason() -> None:
    """But for those that only the authority knows; one of the kinds of cards stands below."""
    shown = {name for _, told in CHANGES.values() for name in told} | {"NOT_HANDED_OUT"}
    assert {*Reason} - shown == {"NOT_IN_HSA", "PROTECTED_IDENTITY", "NOT_AUTHORIZED"}
    assert [row.reason for row in RULES] == list(Reason)


# -------------------------------------------------------------------------------------------------- recovery

HINDER = {"PIN_LOCKED", "READ_ONLY"}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_begun_is_hindered_by_a_locked_code_and_a_closed_card_alone(change: str, facts: Facts) -> None:
    """Not by a window, a pause, an expired or revoked certificate, an old program (law 6)."""
    how, told = CHANGES[change]
    expected = [name for name in told if name in HINDER]
    assert names(replace(how(facts), stage=Stage.BEGUN)) == ([] if "for ever" in change else expected)


def test_a_time_alone_tells_whether_the_clock_is_wrong(facts: Facts) -> None:
    """For whoever looks at nothing else."""
    now = facts.clock
    assert clock_finding(AuthorityTime(now, now, is_exact=True)) is None
    wrong = clock_finding(AuthorityTime(now + CLOCK_TOLERANCE + SOON, now, is_exact=True))
    assert wrong is not None
    assert wrong.name == "CLOCK_WRONG"
