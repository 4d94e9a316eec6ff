"""The settings with their sources, and the campaign with its signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.campaign.source import Origin
from sithsup.diagnostics.probe import Found, Group
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, Term, Word, foreign, host, place
from sithsup.settings.layers import LEVEL_TEXTS, Level
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.values import Value
    from sithsup.settings.resolution import Row

ADDRESSES = {"campaign_url", "authority", "proxy"}
"""Settings of which only the host is told: a path or a user may be a secret."""
ORIGINS = {
    # Translators: where the campaign comes from
    Origin.SHIPPED: mark("the program itself"),
    # Translators: where the campaign comes from
    Origin.FILE: mark("a file"),
    # Translators: where the campaign comes from
    Origin.ADDRESS: mark("an address"),
    # Translators: where the campaign comes from
    Origin.CACHE: mark("what was kept of an earlier one"),
}
OWN_WORDS = {"deputy_issuer", "local_it"}
"""Settings that hold an organisation's own words, in which people may be named."""


def settings(scene: Scene) -> Found:
    """Every setting that is not as it is shipped, and where it comes from; whatever is broken."""
    rows = [row for row in scene.resolution.rows if row.in_force.level is not Level.SHIPPED]
    groups = tuple(Group(row.name, Word(row.name), tuple(_facts(row))) for row in rows)
    facts = (
        Fact("changed", mark("Settings that are not as shipped"), len(rows)),
        Fact("unknown", mark("Settings that this program does not know"), len(scene.resolution.unknown)),
    )
    return Found(facts, groups, tuple(map(Problem, scene.resolution.problems)))


def _facts(row: Row) -> Iterator[Fact]:
    offer = row.in_force
    yield Fact("layer", mark("Comes from"), Term(offer.level.value, LEVEL_TEXTS[offer.level]))
    yield Fact("is-sound", mark("Can be read"), not offer.problem)
    if not offer.problem and row.name not in OWN_WORDS:
        yield Fact("value", mark("Value"), _value(row.name, offer.value))


def _value(name: str, value: object) -> Value:
    if isinstance(value, int | float):
        return value
    if isinstance(value, Path):
        return place(value)
    return host(str(value)) if name in ADDRESSES else foreign(str(value))


def campaign(scene: Scene) -> Found:
    """Which campaign is in force, where it was taken from, and who has signed it."""
    finder = scene.campaigns().finder
    document = finder.document()
    found = document.campaign
    facts = (
        Fact("id", mark("Campaign"), foreign(found.id)),
        Fact("version", mark("Version of the campaign"), found.version),
        Fact("origin", mark("Comes from"), Term(document.origin.value, ORIGINS[document.origin])),
        Fact("signed-at", mark("Signed at"), document.signature.at if document.signature else None),
        Fact("opens", mark("Upgrades may begin from"), found.window.opens),
        Fact("closes", mark("Upgrades must begin before"), found.window.closes),
        Fact("authority", mark("The certificate issuer's address"), host(found.authority.address)),
    )
    return Found(facts, problems=(Problem(finder.failure),) if finder.failure else ())
