"""Where each system keeps the layers. Nothing but the reading itself: a parser is loaded only where there is a file.

What a parser says of a broken file is never told, only what kind of fault it is and where: its words may hold what
stands there, a password among it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import platformdirs

from sithsup import os_words
from sithsup.settings.layers import Found, Layer, Level, layer_of
from sithsup.settings.registry import RegistryKey
from sithsup.settings.setting import value_name
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sithsup.settings.registry import Registry

PROGRAM = "sithsup"
DOMAIN = "se.sithsup"
"""The preference domain on macOS: the payload type of a configuration profile."""
POLICY_KEY, MACHINE_KEY = r"SOFTWARE\Policies\Sithsup", r"SOFTWARE\Sithsup"
_NOT_THERE = (FileNotFoundError, NotADirectoryError)
_TOML_PLACE = re.compile(r"\(at line ([0-9]+), column [0-9]+\)$")
"""How `tomllib` ends its messages; before Python 3.14 there is no other way to learn the place."""


class Source(Protocol):
    """One place of one layer."""

    def read(self, names: Iterable[str]) -> Layer:
        """Read what the place holds of the settings of these names. Raises nothing: a problem stands in the layer."""
        ...


@dataclass(frozen=True)
class TomlFile:
    """A layer in a TOML file; a setting has its own name there."""

    level: Level
    path: Path

    def read(self, names: Iterable[str]) -> Layer:
        """Read it; UTF-8, with or without the mark that Windows' editor put first."""
        return _read_file(self.level, self.path, {name: name for name in names}, _toml)


@dataclass(frozen=True)
class PropertyList:
    """A layer in a property list, as macOS keeps preferences."""

    level: Level
    path: Path

    def read(self, names: Iterable[str]) -> Layer:
        """Read it, be it XML or binary."""
        return _read_file(self.level, self.path, {value_name(name): name for name in names}, _property_list)


def _read_file(level: Level, path: Path, known: Mapping[str, str], parse: Callable[[bytes], dict[str, Any]]) -> Layer:
    place = str(path)
    try:
        values = parse(path.read_bytes())
    except _NOT_THERE:
        return Layer(level, place, is_there=False)
    except OSError as error:
        return Layer(level, place, problem=os_words.reason(error))
    except ValueError as error:
        return Layer(level, place, problem=str(error))
    return layer_of(level, place, {name: Found(each, f"{place}: {name}") for name, each in values.items()}, known)


def _toml(content: bytes) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  only where there is a file

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(tr("it is not a TOML file: {problem}", problem=_fault(error, line))) from error
    except (ValueError, RecursionError) as error:
        place = _TOML_PLACE.search(str(error))
        fault = _fault(error, int(place[1]) if place else None)
        raise ValueError(tr("it is not a TOML file: {problem}", problem=fault)) from error


def _property_list(content: bytes) -> dict[str, Any]:
    import plistlib  # noqa: PLC0415  only where there is a file

    try:
        found = plistlib.loads(content)
    except Exception as error:  # whatever the parser makes of a broken file
        fault = _fault(error, getattr(error, "lineno", None))  # of XML alone
        raise ValueError(tr("it is not a property list: {problem}", problem=fault)) from error
    if not isinstance(found, dict):
        raise ValueError(tr("it is not a property list: {problem}", problem=type(found).__name__))  # noqa: TRY004  as above
    return {str(name): value for name, value in found.items()}


def _fault(error: Exception, line: int | None) -> str:
    kind = type(error).__name__
    return kind if line is None else tr("{kind}, line {line}", kind=kind, line=line)


def of_this_computer() -> tuple[Source, ...]:
    """Give the real places, the highest layer first."""
    user = platformdirs.user_config_path(PROGRAM, appauthor=False)
    return of_system(sys.platform, user, _registry())


def of_system(platform: str, user: Path, registry: Registry | None) -> tuple[Source, ...]:
    """Give the places on a system; `user` is the account's folder of settings."""
    own = (TomlFile(Level.USER, user / "settings.toml"),) if user.is_absolute() else ()
    if registry is not None:
        policy, machine = (
            RegistryKey(Level.POLICY, POLICY_KEY, registry),
            RegistryKey(Level.MACHINE, MACHINE_KEY, registry),
        )
        return policy, machine, *own
    if platform == "darwin":
        library = Path("/Library")
        return (
            PropertyList(Level.POLICY, library / "Managed Preferences" / f"{DOMAIN}.plist"),
            PropertyList(Level.MACHINE, library / "Preferences" / f"{DOMAIN}.plist"),
            *own,
        )
    folder = Path("/etc") / PROGRAM
    return TomlFile(Level.POLICY, folder / "policy.toml"), TomlFile(Level.MACHINE, folder / "settings.toml"), *own


def _registry() -> Registry | None:
    if sys.platform == "win32":
        from sithsup.settings.registry import WindowsRegistry  # noqa: PLC0415  only Windows has it

        return WindowsRegistry()
    return None
