"""Which card may be upgraded, told without a code: one change of an eligible card for each reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.campaign import (
    AuthorityData,
    CardKind,
    CardRow,
    Extension,
    Keys,
    KeySource,
    Middleware,
    OldCertificates,
    Slot,
    Text,
)
from sithsup.card.session import find_cards
from sithsup.eligibility import (
    AUTHORITY_REASONS,
    CLOCK_TOLERANCE,
    RULES,
    AuthorityTime,
    Facts,
    Reason,
    Stage,
    findings,
    level,
    named_reason,
    reason_text,
    refusal,
    said_by_authority,
)
from sithsup.errors import Contact
from sithsup.model import CodeState, ModuleInfo
from sithsup.sim import pki
from tests.support.lab import START, Lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.eligibility import Finding
    from sithsup.model import TokenInfo

ORDINARY, OTHER = "9752000", "9752001"
"""How the numbers of simulated cards begin, and those of other cards."""
SOON, LONG = timedelta(minutes=4), timedelta(days=400)
OWN = Text(sv="Kampanjens egna ord", en="The campaign's own words")


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """Give what is known of a card that nothing stands against."""
    lab = Lab(tmp_path)
    return Facts(find_cards(lab.token)[0], lab.case.campaign, START, program="1.2.0")


def names(facts: Facts) -> list[str]:
    return [finding.name for finding in findings(facts)]


def the_one(facts: Facts) -> Finding:
    (found,) = findings(facts)
    return found


# ------------------------------------------------------------------------------------------------- changes


def campaign(facts: Facts, **changes: object) -> Facts:
    """The same facts under another campaign."""
    return replace(facts, campaign=facts.campaign.model_copy(update=changes))


def token(facts: Facts, **changes: object) -> Facts:
    """The same card whose first token has other flags."""
    first, *others = facts.contents.tokens
    info: TokenInfo = replace(first.info, **changes)  # type: ignore[arg-type]
    return replace(facts, contents=replace(facts.contents, tokens=(replace(first, info=info), *others)))


def certificates(facts: Facts, **changes: object) -> Facts:
    """The same card whose certificates all say something else."""
    changed = [replace(c, certificate=replace(c.certificate, **changes)) for c in facts.contents.certificates]  # type: ignore[arg-type]
    return replace(facts, contents=replace(facts.contents, certificates=tuple(changed)))


def found(facts: Facts, **changes: object) -> Facts:
    """The same card whose certificate objects are kept in another way."""
    changed = [replace(c, found=replace(c.found, **changes)) for c in facts.contents.certificates]  # type: ignore[arg-type]
    return replace(facts, contents=replace(facts.contents, certificates=tuple(changed)))


def issuer(facts: Facts, name: str) -> Facts:
    return certificates(facts, issuer_common_name=name)


def with_new(facts: Facts, *, old: bool = False, telia: bool = False) -> Facts:
    """The same card with a certificate of each target, issued today, in place of the old ones or beside them."""
    kept = {pki.OLD_PERSONS: old, pki.TELIA: telia}
    first = facts.contents.certificates[0]
    new = [
        replace(first, certificate=replace(first.certificate, issuer_common_name=target.issuer, not_before=START))
        for target in facts.campaign.targets
    ]
    others = [c for c in facts.contents.certificates if kept[c.certificate.issuer_common_name]]
    return replace(facts, contents=replace(facts.contents, certificates=(*others, *new)))


def numbers_apart(facts: Facts) -> Facts:
    first, *rest = facts.contents.certificates
    other = replace(first, certificate=replace(first.certificate, card_number="9752000000000000009"))
    return replace(facts, contents=replace(facts.contents, certificates=(other, *rest)))


def table(facts: Facts, *rows: CardRow, asks: bool = True) -> Facts:
    """The same under a campaign with this table of cards, whose authority can be asked or not."""
    oid = "2.999.1" if asks else None
    return campaign(facts, cards=rows, authority=AuthorityData(address="http://sim.invalid/cmp", query_oid=oid))


def told_time(facts: Facts, ahead: timedelta, *, is_exact: bool) -> Facts:
    """The same, after the authority told a time that is so far ahead of this computer's."""
    return replace(facts, time=AuthorityTime(START + ahead, START, is_exact))


def middleware(facts: Facts, least: str, maker: str = "net id") -> Facts:
    module = ModuleInfo("/module", "Net iD, SecMaker", "", "6.8")
    return replace(campaign(facts, middleware=(Middleware(manufacturer=maker, version=least),)), module=module)


def closed_window(facts: Facts, **changes: object) -> Facts:
    window = facts.campaign.window.model_copy(update={"closes": START - timedelta(hours=1), **changes})
    return campaign(facts, window=window)


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


def reuse(facts: Facts) -> Facts:
    targets = tuple(t.model_copy(update={"key": KeySource.REUSE}) for t in facts.campaign.targets)
    return campaign(facts, targets=targets)


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


# ------------------------------------------------------------------------------------------- kinds of cards

BY_NUMBER = (
    CardRow(kind=CardKind.ORDINARY, numbers=(ORDINARY,)),
    CardRow(kind=CardKind.FOREIGN, numbers=("9752",), reason=OWN),
    CardRow(kind=CardKind.SPARE, issuers=(pki.SPARE,)),
)
KINDS: dict[str, tuple[Callable[[Facts], Facts], list[str]]] = {
    "the longest beginning decides": (lambda f: table(f, *BY_NUMBER), []),
    "a SITHS certificate on another card": (
        lambda f: table(certificates(f, card_number=OTHER + "9" * 12), *BY_NUMBER),
        ["FOREIGN_ISSUER"],
    ),
    "the number goes before the issuer": (
        lambda f: table(f, BY_NUMBER[0], CardRow(kind=CardKind.SPARE, issuers=(pki.OLD_PERSONS,))),
        [],
    ),
    "the number goes before the maker": (
        lambda f: table(f, CardRow(kind=CardKind.FOREIGN, labels=("SITHS",)), BY_NUMBER[0]),
        [],
    ),
    "told by its maker": (
        lambda f: table(
            token(f, manufacturer="TELIA Sverige"), CardRow(kind=CardKind.FOREIGN, manufacturers=("Telia",))
        ),
        ["FOREIGN_ISSUER"],
    ),
    "told by its label": (
        lambda f: table(f, CardRow(kind=CardKind.FOREIGN, manufacturers=("Telia",), labels=("siths-kort",))),
        ["FOREIGN_ISSUER"],
    ),
    "an e-legitimation beside": (
        lambda f: table(f, CardRow(kind=CardKind.FOREIGN, issuers=(pki.TELIA,))),
        [],
    ),
    "an e-legitimation alone": (
        lambda f: table(issuer(f, pki.TELIA), CardRow(kind=CardKind.FOREIGN, issuers=(pki.TELIA,))),
        ["FOREIGN_ISSUER"],
    ),
    "not handed out": (
        lambda f: table(issuer(f, "SIM Transport"), CardRow(kind=CardKind.TRANSPORT, issuers=("SIM Transport",))),
        ["NOT_HANDED_OUT"],
    ),
    "spare by its number, whatever is on it": (
        lambda f: table(issuer(f, "SIM Somebody"), CardRow(kind=CardKind.SPARE, numbers=(ORDINARY,))),
        ["SPARE_CARD"],
    ),
    "no row fits, the authority can be asked": (
        lambda f: table(certificates(f, card_number="1" * 19), BY_NUMBER[0]),
        [],
    ),
    "no row fits, and nobody can be asked": (
        lambda f: table(certificates(f, card_number="1" * 19), BY_NUMBER[0], asks=False),
        ["FOREIGN_ISSUER"],
    ),
    "no row tells of ordinary cards": (
        lambda f: table(certificates(f, card_number="1" * 19), BY_NUMBER[1], asks=False),
        [],
    ),
    "ordinary, with nothing to replace": (
        lambda f: table(issuer(f, pki.TELIA), BY_NUMBER[0]),
        ["FOREIGN_ISSUER"],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_a_card_is_told_by_the_campaign_s_table(kind: str, facts: Facts) -> None:
    """By number, then by maker and label, then by issuers; what no row fits is the authority's to tell."""
    how, told = KINDS[kind]
    assert names(how(facts)) == told


@pytest.mark.parametrize("kind", [CardKind.SPARE, CardKind.FOREIGN, CardKind.TRANSPORT])
def test_the_campaign_s_own_words_are_what_the_holder_reads(kind: CardKind, facts: Facts) -> None:
    """Where the row has some; else the program's."""
    own = the_one(table(facts, CardRow(kind=kind, numbers=(ORDINARY,), reason=OWN)))
    assert own.text() == "The campaign's own words"
    assert the_one(table(facts, CardRow(kind=kind, numbers=(ORDINARY,)))).text() == reason_text(own.name)


def test_a_card_that_cannot_be_told_has_its_own_sentence(facts: Facts) -> None:
    unknown = table(certificates(facts, card_number="1" * 19), BY_NUMBER[0], asks=False)
    assert the_one(unknown).text() == "It cannot be told what kind of card this is, so it is not upgraded."


# -------------------------------------------------------------------------------------------------- recovery

HINDER = {"PIN_LOCKED", "READ_ONLY"}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_begun_is_hindered_by_a_locked_code_and_a_closed_card_alone(change: str, facts: Facts) -> None:
    """Not by a window, a pause, an expired or revoked certificate, an old program (law 6)."""
    how, told = CHANGES[change]
    expected = [name for name in told if name in HINDER]
    assert names(replace(how(facts), stage=Stage.BEGUN)) == ([] if "for ever" in change else expected)


# --------------------------------------------------------------------------------------------------- in words


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
