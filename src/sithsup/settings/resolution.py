"""Pure: layers in, and out comes of each setting what is in force, where it comes from, and what it goes before.

* Every value of every layer is read, also one that a higher layer goes before: what is broken is listed now, and not on
  the day when the layer above it goes away. It stops nothing: a policy repairs what is broken below it.
* A broken value that is in force stops the program: no setting falls back to a lower layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sithsup.errors import SettingsInvalidError
from sithsup.settings.layers import LEVEL_TEXTS, Layer, Level, Unknown
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sithsup.settings.layers import Found
    from sithsup.settings.setting import Setting

_ORDER = tuple(Level)


@dataclass(frozen=True)
class Offer:
    """What one layer says of one setting."""

    level: Level
    place: str = ""
    """The variable, the file and the name in it, or the value in the registry; empty for what is shipped."""
    value: Any = field(default=None, repr=False)
    problem: str = ""
    """Why there is no value."""


@dataclass(frozen=True)
class Row:
    """One setting: what every layer says of it, the highest first, and what is shipped last."""

    name: str
    setting: Setting
    offers: tuple[Offer, ...]

    @property
    def in_force(self) -> Offer:
        """The offer that counts."""
        return self.offers[0]

    @property
    def is_managed(self) -> bool:
        """Whether the organisation's policy decides it, and nobody else can."""
        return self.in_force.level is Level.POLICY


@dataclass(frozen=True)
class Resolution:
    """Every setting, and every layer that was looked for."""

    rows: tuple[Row, ...]
    layers: tuple[Layer, ...]
    """Highest first."""

    @classmethod
    def of(cls, table: Mapping[str, Setting], shipped: Mapping[str, object], layers: Iterable[Layer]) -> Resolution:
        """Put the layers over one another."""
        ordered = tuple(sorted(layers, key=lambda layer: _ORDER.index(layer.level)))
        rows = [
            Row(
                name,
                setting,
                (
                    *(_offer(setting, each.level, each.found[name]) for each in ordered if name in each.found),
                    Offer(Level.SHIPPED, value=shipped[name]),
                ),
            )
            for name, setting in table.items()
        ]
        return cls(tuple(rows), ordered)

    def __getitem__(self, name: str) -> Row:
        """Give the row of a setting."""
        return next(row for row in self.rows if row.name == name)

    def goes_before(self, name: str, other: str) -> bool:
        """Whether a setting comes from a higher layer than another one."""
        return _ORDER.index(self[name].in_force.level) < _ORDER.index(self[other].in_force.level)

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        """Every name in a layer that no setting has."""
        return tuple(each for layer in self.layers for each in layer.unknown)

    @property
    def problems(self) -> tuple[SettingsInvalidError, ...]:
        """Whatever is broken: whole layers first, then values, each in the order of the table."""
        return (
            *(_invalid(layer.level, layer.place, "", layer.problem) for layer in self.layers if layer.problem),
            *(
                _invalid(offer.level, offer.place, row.name, offer.problem)
                for row in self.rows
                for offer in row.offers
                if offer.problem
            ),
        )

    def values(self) -> dict[str, Any]:
        """What is in force, by the settings' names. Raises the first of the problems that are in force."""
        for layer in self.layers:
            if layer.problem:
                raise _invalid(layer.level, layer.place, "", layer.problem)
        for row in self.rows:
            if row.in_force.problem:
                raise _invalid(row.in_force.level, row.in_force.place, row.name, row.in_force.problem)
        return {row.name: row.in_force.value for row in self.rows}

    def usable(self) -> dict[str, Any]:
        """The same, with what is shipped in the place of what is broken: enough to tell of it, and no more."""
        return {row.name: (row.offers[-1] if row.in_force.problem else row.in_force).value for row in self.rows}

    def is_sound(self, name: str) -> bool:
        """Whether it is known what is in force of a setting: it is not broken, nor is any layer as a whole."""
        return not (self[name].in_force.problem or any(layer.problem for layer in self.layers))


def _offer(setting: Setting, level: Level, found: Found) -> Offer:
    try:
        return Offer(level, found.place, setting.read(_text(setting, found.value)))
    except ValueError as error:
        return Offer(level, found.place, problem=str(error))


def _text(setting: Setting, value: object) -> str:
    """What was found, as the text that a variable would have. Nothing of the value is in an error."""
    if isinstance(value, str):
        return value
    if not setting.is_number:
        raise ValueError(tr("it must be a text"))
    if not isinstance(value, int | float):
        raise ValueError(tr("it must be a number"))  # noqa: TRY004  a person's mistake, as a reader tells it
    return str(value)


def _invalid(level: Level, place: str, name: str, problem: str) -> SettingsInvalidError:
    named = f"{place} ({tr(LEVEL_TEXTS[level])})"
    return SettingsInvalidError(name=named, layer=level.value, place=place, setting=name, problem=problem)
