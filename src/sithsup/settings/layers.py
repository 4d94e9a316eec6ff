"""The layers, highest first: policy, environment, this computer, this account, and what is shipped.

* Whatever stands in a higher layer goes before the same setting in a lower one. Nothing goes before a policy.
* An empty text counts as not set, in every layer.
* A layer is values as they were found: what is wrong with them is told when they are read (`resolution`).
* A name that no setting has is kept apart. It stops nobody: after a step back to an older program, what only the newer
  one knows may still stand there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sithsup.settings.setting import variable_name
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Level(StrEnum):
    """The layers, highest first."""

    POLICY = "policy"
    ENVIRONMENT = "environment"
    MACHINE = "machine"
    USER = "user"
    SHIPPED = "shipped"


LEVEL_TEXTS = {
    # Translators: where a setting comes from: what the organisation decides for its computers
    Level.POLICY: mark("policy"),
    # Translators: where a setting comes from: a variable of the process
    Level.ENVIRONMENT: mark("environment"),
    # Translators: where a setting comes from: what holds for every account of this computer
    Level.MACHINE: mark("this computer"),
    # Translators: where a setting comes from: what holds for one account
    Level.USER: mark("this account"),
}


class Found(NamedTuple):
    """What a layer holds of a setting, and exactly where."""

    value: object
    """As it was found: a text, a number, or whatever else stood there."""
    place: str


class Unknown(NamedTuple):
    """A name in a layer that no setting has."""

    level: Level
    place: str


@dataclass(frozen=True)
class Layer:
    """One layer as it was read."""

    level: Level
    place: str = ""
    """The file or the key; empty for the environment."""
    found: Mapping[str, Found] = field(default_factory=dict, repr=False)
    """By the name of the setting; a password may be among them."""
    unknown: tuple[Unknown, ...] = ()
    is_there: bool = True
    problem: str = ""
    """Why nothing at all could be read from what is there."""


def environment_layer(environ: Mapping[str, str], names: Iterable[str]) -> Layer:
    """Give what the environment sets; other variables are none of ours."""
    variables = {name: variable_name(name) for name in names}
    found = {name: Found(environ[v], v) for name, v in variables.items() if environ.get(v)}
    return Layer(Level.ENVIRONMENT, found=found)


def layer_of(level: Level, place: str, values: Mapping[str, Found], known: Mapping[str, str]) -> Layer:
    """Give the layer of a file or key. `known` has the name of each setting by what it is called there."""
    found = {known[name]: each for name, each in values.items() if name in known and each.value != ""}
    unknown = tuple(Unknown(level, each.place) for name, each in values.items() if name not in known)
    return Layer(level, place, found, unknown)
