"""What sort of plastic a card is: ordinary, spare, not handed out, or another issuer's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import (
    CardKind,
    CardRow,
    Text,
)
from sithsup.card.contents import card_contents
from sithsup.eligibility import (
    Facts,
    reason_text,
)
from sithsup.sim import pki
from tests.support.eligible import (
    certificates,
    eligible,
    issuer,
    names,
    table,
    the_one,
    token,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


ORDINARY, OTHER = "9752000", "9752001"
"""How the numbers of simulated cards begin, and those of other cards."""
OWN = Text(sv="Kampanjens egna ord", en="The campaign's own words")
BY_NUMBER = (
    CardRow(kind=CardKind.ORDINARY, numbers=(ORDINARY,)),
    CardRow(kind=CardKind.FOREIGN, numbers=("9752",), reason=OWN),
    CardRow(kind=CardKind.SPARE, issuers=(pki.SPARE,)),
)
BY_LABEL = CardRow(kind=CardKind.SPARE, labels=("telia",))


def labelled(facts: Facts, *labels: str) -> Facts:
    """The same card whose tokens are called so; those that it did not have are empty."""
    tokens = [(token.info, token.objects) for token in facts.contents.tokens]
    tokens += [(tokens[0][0], ())] * (len(labels) - len(tokens))
    named = [
        (replace(info, id=(called := info.id._replace(label=label))), tuple(replace(o, token=called) for o in objects))
        for label, (info, objects) in zip(labels, tokens, strict=True)
    ]
    return replace(facts, contents=card_contents(named))


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
    "a token was added to an ordinary card": (lambda f: table(labelled(f, "SITHS", "SITHS", "Telia"), BY_LABEL), []),
    "a token with what is replaced": (lambda f: table(labelled(f, "SITHS", "Telia"), BY_LABEL), ["SPARE_CARD"]),
    "one token of a card with nothing to replace": (
        lambda f: table(issuer(labelled(f, "SITHS", "Telia"), pki.NEW_HSA_ID), BY_LABEL),
        [],
    ),
    "every token of a card with nothing to replace": (
        lambda f: table(issuer(labelled(f, "My Telia", "TELIA 2"), pki.NEW_HSA_ID), BY_LABEL),
        ["SPARE_CARD"],
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


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """Give what is known of a card that nothing stands against."""
    return eligible(tmp_path)


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
