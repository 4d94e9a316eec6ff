"""What is known of a card that may be upgraded, and the changes that stand in its way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sithsup.campaign import (
    AuthorityData,
    CardRow,
    KeySource,
    Middleware,
)
from sithsup.card.session import find_cards
from sithsup.eligibility import (
    AuthorityTime,
    Facts,
    findings,
)
from sithsup.model import ModuleInfo
from sithsup.sim import pki
from tests.support.lab import START, Lab

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.eligibility import Finding
    from sithsup.model import TokenInfo


def eligible(folder: Path) -> Facts:
    """What is known of a card that nothing stands against."""
    lab = Lab(folder)
    return Facts(find_cards(lab.token)[0], lab.case.campaign, START, program="1.2.0")


def names(facts: Facts) -> list[str]:
    return [finding.name for finding in findings(facts)]


def the_one(facts: Facts) -> Finding:
    (found,) = findings(facts)
    return found


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


def reuse(facts: Facts) -> Facts:
    targets = tuple(t.model_copy(update={"key": KeySource.REUSE}) for t in facts.campaign.targets)
    return campaign(facts, targets=targets)
