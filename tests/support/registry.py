"""A stand-in for the registry of Windows: two keys in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.settings.sources import MACHINE_KEY, POLICY_KEY

if TYPE_CHECKING:
    from sithsup.settings.registry import Value


class FakeRegistry:
    """Keys and their values in memory; a key that maps to an error raises it."""

    def __init__(self, **keys: list[Value] | OSError) -> None:
        self.keys = {POLICY_KEY: keys.get("policy"), MACHINE_KEY: keys.get("machine")}

    def values(self, key: str) -> list[Value]:
        found = self.keys[key]
        if found is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        if isinstance(found, OSError):
            raise found
        return found

    def expand(self, text: str) -> str:
        return text.replace("%ProgramFiles%", r"/Program Files")
