"""What a person is told before any code is asked: reasons that stop, and warnings."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.campaign import Text
from sithsup.texts import readable, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sithsup.errors import Contact


class Severity(StrEnum):
    """What a finding means for somebody who wants to upgrade a card."""

    STOPS = "stops"
    WARNS = "warns"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person is told before any code is asked. `name` is stable."""

    name: str
    severity: Severity
    message: str | Text
    values: Mapping[str, object] = field(default_factory=dict)
    contact: Contact | None = None
    exit_code: int = 0
    is_quiet: bool = False
    """Whether only machines and support are told: it holds for most cards, and nobody can do anything about it."""

    def text(self, written: Callable[[object], str] = readable) -> str:
        """What a person reads, in their language; `written` makes dates and lengths of time readable."""
        if isinstance(self.message, Text):
            return str(self.message)
        return tr(self.message, **{name: written(value) for name, value in self.values.items()})
