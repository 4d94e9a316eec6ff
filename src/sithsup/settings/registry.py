"""The layers that Windows keeps in its registry, under HKEY_LOCAL_MACHINE, in the view of 64-bit programs.

What stands here has been run on a stand-in for the registry alone, never on Windows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sithsup import os_words
from sithsup.settings.layers import Found, Layer, Level, layer_of
from sithsup.settings.setting import value_name

if TYPE_CHECKING:
    from collections.abc import Iterable

REG_SZ, REG_EXPAND_SZ, REG_DWORD = 1, 2, 4
"""The types that are read (winnt.h); a value of any other is one that no setting has."""
_ROOT = "HKLM"


class Value(NamedTuple):
    """A value of the registry, as `winreg.EnumValue` gives it."""

    name: str
    data: object
    kind: int


class Registry(Protocol):
    """What is asked of a registry."""

    def values(self, key: str) -> list[Value]:
        """Give what stands under a key. Raises FileNotFoundError where there is none, OSError where it is closed."""
        ...

    def expand(self, text: str) -> str:
        """Put the environment's values into a text, where it says %NAME%."""
        ...


@dataclass(frozen=True)
class RegistryKey:
    """A layer in a key."""

    level: Level
    key: str
    registry: Registry

    def read(self, names: Iterable[str]) -> Layer:
        """Read it; a key that is not there is an empty layer. The names of values are the same in capitals."""
        place = f"{_ROOT}\\{self.key}"
        try:
            values = self.registry.values(self.key)
        except FileNotFoundError:
            return Layer(self.level, place, is_there=False)
        except OSError as error:
            return Layer(self.level, place, problem=os_words.reason(error))
        found = {value.name.casefold(): Found(self._data(value), f"{place}\\{value.name}") for value in values}
        return layer_of(self.level, place, found, {value_name(name).casefold(): name for name in names})

    def _data(self, value: Value) -> object:
        if value.kind == REG_EXPAND_SZ and isinstance(value.data, str):
            return self.registry.expand(value.data)
        return value.data if value.kind in {REG_SZ, REG_DWORD} else None


if sys.platform == "win32":
    import winreg

    class WindowsRegistry:
        """The real one."""

        def values(self, key: str) -> list[Value]:
            """Read everything under the key."""
            access = winreg.KEY_READ | winreg.KEY_WOW64_64KEY
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key, 0, access) as opened:
                count = winreg.QueryInfoKey(opened)[1]
                return [Value(*winreg.EnumValue(opened, index)) for index in range(count)]

        def expand(self, text: str) -> str:
            """Put the values of variables into a text."""
            return winreg.ExpandEnvironmentStrings(text)
