"""What sort of plastic a card is, by the campaign's table of cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.campaign import CardKind

if TYPE_CHECKING:
    from sithsup.campaign import CardRow
    from sithsup.eligibility.facts import Facts
    from sithsup.model import TokenInfo


def kind_of(facts: Facts) -> tuple[CardKind | None, CardRow | None]:
    """What sort of plastic a card is, and the row of the campaign's table that says so.

    The card number decides first, the longest beginning of it before others; then maker and label, of a token with a
    certificate that is replaced, or else of every token; then the issuers.
    A table that tells how ordinary cards look leaves the others to the authority: None. Without such a row every card
    that no row fits is an ordinary one.
    """
    rows = facts.campaign.cards
    row = _by_number(facts, rows) or _by_maker(facts, rows) or _by_issuers(facts, rows)
    if row is not None:
        return row.kind, row
    tells_ordinary = any(r.kind is CardKind.ORDINARY and (r.numbers or r.manufacturers or r.labels) for r in rows)
    return (None if tells_ordinary else CardKind.ORDINARY), None


def _by_number(facts: Facts, rows: tuple[CardRow, ...]) -> CardRow | None:
    numbers = facts.contents.numbers
    fits = [(len(start), row) for row in rows for start in row.numbers if any(n.startswith(start) for n in numbers)]
    return max(fits, key=lambda fit: fit[0], default=(0, None))[1]


def _by_maker(facts: Facts, rows: tuple[CardRow, ...]) -> CardRow | None:
    """A token that was added to an ordinary card makes it no other one: it is not what the card is told by."""
    infos = [token.info for token in facts.contents.tokens]
    old = {c.found.token for c in facts.contents.certificates if facts.campaign.replaces(c.certificate)}
    for row in rows:
        fitting = {info.id for info in infos if _fits(row, info)}
        if fitting and (fitting & old or len(fitting) == len(infos)):
            return row
    return None


def _fits(row: CardRow, info: TokenInfo) -> bool:
    return _is_in(row.manufacturers, info.manufacturer) or _is_in(row.labels, info.id.label)


def _is_in(parts: tuple[str, ...], name: str) -> bool:
    return any(part.casefold() in name.casefold() for part in parts)


def _by_issuers(facts: Facts, rows: tuple[CardRow, ...]) -> CardRow | None:
    """What was added to an ordinary card makes it no foreign one: so those are told only by what they lack."""
    certain = {CardKind.ORDINARY, CardKind.SPARE} if facts.is_known else set(CardKind)
    fits = (row for row in rows if row.kind in certain and not facts.issuers.isdisjoint(row.issuers))
    return next(fits, None)
