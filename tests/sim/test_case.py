"""The simulated old cards look to the program like real ones."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sithsup import eligibility
from sithsup.card.session import find_cards
from sithsup.certificate import Certificate
from sithsup.model import CardContents, CodeState, Identity, KeyRole, ObjectKind, SubjectKind
from sithsup.sim import pki
from sithsup.sim.case import CardKind, campaign
from tests.sim.bench import NOW, Bench

KINDS = tuple(CardKind)


def contents(bench: Bench) -> CardContents:
    """The card as the program reads it."""
    (found,) = find_cards(bench.token)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_eligible_for_its_campaign(kind: CardKind) -> None:
    """With its own issuer, number, keys and open window, nothing stands in the way."""
    bench = Bench.make(kind)
    bench.log_in()
    card = contents(bench)
    assert eligibility.findings(eligibility.Facts(card, bench.case.campaign, NOW)) == ()
    assert card.number == bench.case.person.card_number
    assert {c.certificate.issuer_common_name for c in card.certificates} >= {pki.OLD_PERSONS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_role_has_a_token_and_a_key_with_a_certificate(kind: CardKind) -> None:
    """The program finds the role by label or key usage, and the pair by public key."""
    bench = Bench.make(kind)
    bench.log_in()
    card = contents(bench)
    for role, der in zip(KeyRole, bench.case.old, strict=True):
        assert card.token_for(role) is not None
        certificate = Certificate.parse(der)
        pair = card.key_pair(certificate.public_key)
        assert pair is not None
        assert pair.private is not None
        assert (certificate.role, certificate.card_number) == (role, card.number)
        assert certificate.identity == Identity(SubjectKind.HSA_ID, bench.case.person.hsa_id)


def test_a_card_with_one_code_has_one_token() -> None:
    """Both keys behind it, and no role in its label."""
    card = contents(Bench.make(CardKind.ONE_PIN))
    assert [t.roles for t in card.tokens] == [frozenset(KeyRole)]
    assert [t.info.code for t in card.tokens] == [CodeState.OK]


def test_a_telia_e_legitimation_shares_the_keys() -> None:
    """By personal identity number, under an issuer that the campaign does not target, on the same two keys."""
    bench = Bench.make(CardKind.SHARED)
    shared = [Certificate.parse(der) for der in bench.case.kept]
    assert {c.identity for c in shared} == {Identity(SubjectKind.PERSONAL_NUMBER, bench.case.person.personal_number)}
    assert [c.public_key for c in shared] == [Certificate.parse(der).public_key for der in bench.case.old]
    assert {c.issuer_common_name for c in shared}.isdisjoint(bench.case.campaign.source_issuers)
    on_card = {o.value for role in KeyRole for o in bench.objects(role, ObjectKind.CERTIFICATE)}
    assert on_card == {*bench.case.old, *bench.case.kept}


def test_two_people_have_nothing_in_common() -> None:
    """Cards, numbers and keys are their own."""
    one, two = (Bench.make(number=number).case for number in (1, 2))
    assert one.card.serial != two.card.serial
    people = [set(case.person.model_dump(include={"hsa_id", "personal_number", "card_number"}).values())
              for case in (one, two)]  # fmt: skip
    assert people[0].isdisjoint(people[1])
    assert set(one.old).isdisjoint(two.old)


def test_the_same_moment_gives_the_same_bytes() -> None:
    """So that a saved card and a saved ledger still fit another process."""
    one, two = Bench.make().case, Bench.make().case
    assert (one.old, one.card.model_dump(), one.campaign) == (two.old, two.card.model_dump(), two.campaign)
    pki._found.cache_clear()
    assert Bench.make().case.campaign.issuers == one.campaign.issuers


def test_the_campaign_is_open_around_its_moment() -> None:
    """From a day before until ninety days after."""
    data = campaign(NOW)
    assert (data.opens(None), data.closes(None)) == (NOW - timedelta(days=1), NOW + timedelta(days=90))
    assert {target.name for target in data.wanted} == set(pki.PROFILES)
