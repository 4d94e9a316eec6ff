"""Which card may be upgraded, told without a code: one change of an eligible card for each reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import CardKind
from sithsup.card.session import find_cards
from sithsup.eligibility import EXIT_CODES, Reason, reason_text, reasons
from sithsup.model import CodeState
from tests.support.lab import START, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.model import CardContents, TokenInfo


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def contents(lab: Lab) -> CardContents:
    return find_cards(lab.token)[0]


@pytest.fixture
def campaign(lab: Lab) -> Campaign:
    return lab.case.campaign


def with_info(contents: CardContents, **changes: object) -> CardContents:
    """The same card whose first token has other flags."""
    first, *others = contents.tokens
    info: TokenInfo = replace(first.info, **changes)  # type: ignore[arg-type]
    return replace(contents, tokens=(replace(first, info=info), *others))


def with_issuer(contents: CardContents, name: str) -> CardContents:
    """The same card with every certificate from another issuer."""
    changed = [replace(c, certificate=replace(c.certificate, issuer_common_name=name)) for c in contents.certificates]
    return replace(contents, certificates=tuple(changed))


def test_an_ordinary_old_card_is_eligible(contents: CardContents, campaign: Campaign) -> None:
    """Nothing stands in the way, also not the e-legitimation that shares its keys."""
    assert reasons(contents, campaign, START) == ()


def test_every_reason_is_found(contents: CardContents, campaign: Campaign) -> None:
    """Each change of the card, the campaign or the time gives its own reason first."""
    upgraded = replace(
        contents,
        certificates=tuple(
            replace(
                contents.certificates[0],
                certificate=replace(contents.certificates[0].certificate, issuer_common_name=target.issuer),
            )
            for target in campaign.targets
        ),
    )
    first, *rest = contents.certificates
    other_number = replace(first, certificate=replace(first.certificate, card_number="9752000000000000009"))
    found = {
        Reason.SPARE_CARD: reasons(with_issuer(contents, min(campaign.issuers_of(CardKind.SPARE))), campaign, START),
        Reason.FOREIGN_ISSUER: reasons(with_issuer(contents, "SIM Somebody else"), campaign, START),
        Reason.ALREADY_UPGRADED: reasons(upgraded, campaign, START),
        Reason.CARD_NUMBERS_DISAGREE: reasons(replace(contents, certificates=(other_number, *rest)), campaign, START),
        Reason.WINDOW_NOT_OPEN: reasons(contents, campaign, campaign.window.opens - timedelta(seconds=1)),
        Reason.WINDOW_CLOSED: reasons(contents, campaign, campaign.window.closes),
        Reason.CARD_EXPIRED: reasons(
            contents,
            campaign.model_copy(
                update={"window": campaign.window.model_copy(update={"closes": START + timedelta(days=9999)})}
            ),
            START + timedelta(days=9998),
        ),
        Reason.PIN_LOCKED: reasons(with_info(contents, code=CodeState.LOCKED), campaign, START),
        Reason.READ_ONLY: reasons(with_info(contents, read_only=True), campaign, START),
        Reason.MECHANISM_MISSING: reasons(with_info(contents, algorithms=frozenset()), campaign, START),
    }
    assert {reason: told[0] for reason, told in found.items()} == {reason: reason for reason in Reason}


def test_a_card_without_a_token_for_signatures_lacks_what_is_needed(contents: CardContents, campaign: Campaign) -> None:
    """A role that no code opens cannot be upgraded."""
    assert reasons(replace(contents, tokens=contents.tokens[:1]), campaign, START) == (Reason.MECHANISM_MISSING,)


def test_several_reasons_are_told_in_their_order(contents: CardContents, campaign: Campaign) -> None:
    """A foreign card after the window is first of all foreign."""
    told = reasons(with_issuer(contents, "SIM Somebody else"), campaign, campaign.window.closes)
    assert told == (Reason.FOREIGN_ISSUER, Reason.WINDOW_CLOSED)


def test_every_reason_has_a_text_and_an_unknown_one_shows_its_name() -> None:
    """What an authority says is shown, whether this program knows the word or not."""
    for reason in Reason:
        assert reason_text(reason) != reason
    assert reason_text("NOT_IN_HSA") != "NOT_IN_HSA"
    assert reason_text("SOMETHING_NEW") == "SOMETHING_NEW"
    assert EXIT_CODES[Reason.ALREADY_UPGRADED] == 0
