"""What is told of a card, and what is not: certificates, keys, halves of pairs, locked codes; nobody's name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.document import finish
from sithsup.diagnostics.private import of_card
from sithsup.diagnostics.probe import Probe, Result
from sithsup.diagnostics.probes.card import MOST, card
from sithsup.diagnostics.probes.eligibility import eligibility
from sithsup.errors import CardRemovedError, ModuleCrashedError, NoCardError
from sithsup.model import CodeState, KeyRole, SubjectKind, Unreadable
from tests.support.eligible import certificates, eligible, issuer, token
from tests.support.scenes import scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.diagnostics.probe import Found
    from sithsup.eligibility import Facts
    from sithsup.model import CardContents


def looked(folder: Path, facts: Facts, *others: CardContents, **more: Any) -> Found:
    """What the probe tells of these cards."""
    return card(scene(folder, CardsSeen("m", cards=(facts.contents, *others), **more), campaign=facts.campaign))


def told(found: Found, name: str) -> list[dict[str, object]]:
    """The facts of every group of a kind."""
    return [{fact.name: fact.value for fact in group.facts} for group in found.groups if group.name == name]


def named(found: Found) -> list[str]:
    return [problem.name for problem in found.problems]


def contents(facts: Facts, **changes: Any) -> Facts:
    return replace(facts, contents=replace(facts.contents, **changes))


def test_a_card_without_a_fault(tmp_path: Path) -> None:
    facts = eligible(tmp_path)
    found = looked(tmp_path, facts)

    assert named(found) == []
    (only,) = told(found, "card")
    assert only["number"] == facts.contents.number
    assert (only["certificates"], only["key-pairs"], only["numbers"]) == (4, 2, 1)
    assert [each["has-key"] for each in told(found, "certificate")] == [True] * 4
    assert sum(bool(each["is-old"]) for each in told(found, "certificate")) == 2


def test_whose_card_it_is_is_nowhere(tmp_path: Path) -> None:
    """Each part of it is private, and stands in no value; the number of the card is not part of it."""
    facts = eligible(tmp_path)
    secret = of_card(facts.contents)
    holder = facts.contents.certificates[0].certificate
    assert {holder.common_name, holder.given_name, holder.surname, holder.subject_serial} <= secret
    assert facts.contents.number not in secret

    made = scene(tmp_path, CardsSeen("m", cards=(facts.contents,)), campaign=facts.campaign)
    found = card(made)
    assert secret <= made.private
    document = finish([Result(Probe("card", "card", card), found=found)], made, str)
    for text in (str(document.data()), "\n".join(document.lines())):
        assert not [word for word in secret if word in text]
        assert str(facts.contents.number) in text


def test_whose_card_it_is_is_private_before_anything_can_fail(tmp_path: Path) -> None:
    """Also where the module came to an error after it had shown a card."""
    facts = eligible(tmp_path)
    made = scene(tmp_path, CardsSeen("m", cards=(facts.contents,), error=ModuleCrashedError()), campaign=facts.campaign)
    assert named(card(made)) == ["ModuleCrashedError"]
    assert of_card(facts.contents) <= made.private


def test_a_certificate_whose_key_is_gone(tmp_path: Path) -> None:
    """Where the card shows keys at all; where it shows none without a code, nobody can tell."""
    facts = eligible(tmp_path)
    one_key = contents(facts, key_pairs=facts.contents.key_pairs[:1])
    on_one_token = [
        replace(c, found=replace(c.found, token=one_key.contents.key_pairs[0].token))
        for c in facts.contents.certificates
    ]
    found = looked(tmp_path, contents(one_key, certificates=tuple(on_one_token)))
    assert named(found) == ["KeyMissingError"] * 2
    assert "signature" in found.problems[0].cause

    found = looked(tmp_path, contents(facts, key_pairs=()))
    assert named(found) == []
    assert {each["has-key"] for each in told(found, "certificate")} == {None}


def test_half_a_pair(tmp_path: Path) -> None:
    """Of the campaign's issuers only: others may give one certificate alone."""
    facts = eligible(tmp_path)
    whole = facts.contents.certificates
    halves = tuple(c for c in whole if c.certificate.role is KeyRole.AUTHENTICATION)
    found = looked(tmp_path, contents(facts, certificates=halves))
    assert named(found) == ["PairIncompleteError"]
    assert "for authentication from" in found.problems[0].cause
    assert "none for signature" in found.problems[0].cause

    others = issuer(contents(facts, certificates=halves), "TEST Another CA")
    assert named(looked(tmp_path, others)) == []
    without_campaign = scene(tmp_path, CardsSeen("m", cards=(contents(facts, certificates=halves).contents,)))
    without_campaign.campaigns = None  # type: ignore[assignment]
    assert named(card(without_campaign)) == []


def test_a_locked_code(tmp_path: Path) -> None:
    """By its role, once; the probe of what can be done does not tell it again."""
    facts = token(eligible(tmp_path), code=CodeState.LOCKED)
    assert named(looked(tmp_path, facts)) == ["CodeLockedError"]
    made = scene(tmp_path, CardsSeen("m", cards=(facts.contents,)), campaign=facts.campaign)
    judged = eligibility(made)
    assert judged.problems == ()
    assert "PIN_LOCKED" in [str(group.title) for group in judged.groups if group.name == "reason"]


def test_two_cards_and_none(tmp_path: Path) -> None:
    facts = eligible(tmp_path)
    assert named(looked(tmp_path, facts, facts.contents)) == ["CardChoiceError"]
    with pytest.raises(NoCardError):
        card(scene(tmp_path, CardsSeen("m", error=NoCardError())))
    with pytest.raises(CardRemovedError):
        card(scene(tmp_path, CardRemovedError()))


def test_what_cannot_be_read_is_told_without_its_words(tmp_path: Path) -> None:
    """An error's words may quote what they complain of."""
    facts = eligible(tmp_path)
    found = facts.contents.certificates[0].found
    unreadable = Unreadable(replace(found, value=b"12345"), "ValueError: Kanarie Testperson is no name")
    (group,) = told(looked(tmp_path, contents(facts, unreadable=(unreadable,))), "unreadable")
    assert group == {"size": 5, "fault": "ValueError"}


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"serial_number": 1 << 160}, "serial", None),
        ({"serial_number": (1 << 160) - 1}, "serial", "f" * 40),
        ({"key_usage": frozenset({"digital_signature", "Kanarie Testperson"})}, "key-usage", "digital_signature"),
        ({"key_usage": frozenset()}, "key-usage", None),
        ({"extended_key_usage": frozenset({"2.999.1"})}, "extended-key-usage", "2.999.1"),
        ({"identity": None}, "subject", None),
        ({"is_ca": True}, "has-key", None),
    ],
)
def test_every_value_is_bounded(tmp_path: Path, change: dict[str, Any], name: str, value: object) -> None:
    facts = certificates(eligible(tmp_path), **change)
    assert {each[name] for each in told(looked(tmp_path, facts), "certificate")} == {value}


def test_a_crowded_card_is_not_told_endlessly(tmp_path: Path) -> None:
    facts = eligible(tmp_path)
    crowd = contents(facts, certificates=facts.contents.certificates * 50)
    found = looked(tmp_path, crowd)
    assert len(told(found, "certificate")) == MOST
    assert told(found, "card")[0]["certificates"] == 200


def test_kinds_of_subject_are_told_as_kinds(tmp_path: Path) -> None:
    shown: Callable[[Found], set[object]] = lambda found: {each["subject"] for each in told(found, "certificate")}  # noqa: E731
    assert shown(looked(tmp_path, eligible(tmp_path))) == {SubjectKind.HSA_ID.value, SubjectKind.PERSONAL_NUMBER.value}
