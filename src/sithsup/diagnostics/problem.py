"""What a probe finds wrong: named as the catalogue of errors names it, with cause, remedy and whom to ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sithsup.catalogue.explained import EXPLAINED
from sithsup.diagnostics.values import BLOT
from sithsup.errors import NotEligibleError, SithsupError
from sithsup.texts import tr
from sithsup.ways import advise

if TYPE_CHECKING:
    from sithsup.diagnostics.values import Blotter
    from sithsup.eligibility import Finding
    from sithsup.errors import Contact

_QUOTED = re.compile("([“”])[^“”]*”")
"""What a text repeats of a setting, a file or an answer, in English and in Swedish."""


class Words(NamedTuple):
    """What is wrong, why, what to do; empty where there is nothing to say."""

    what: str
    cause: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Either an error that would be raised, or a finding. Its texts are in the language that is in force."""

    source: SithsupError | Finding

    @property
    def code(self) -> str:
        """SU-nnnn."""
        return self.source.code if isinstance(self.source, SithsupError) else NotEligibleError.code

    @property
    def name(self) -> str:
        """Its stable name beside the code."""
        return type(self.source).__name__ if isinstance(self.source, SithsupError) else self.source.name

    @property
    def label(self) -> str:
        """What it is called over the phone."""
        return self.code if isinstance(self.source, SithsupError) else f"{self.code} {self.name}"

    @property
    def what(self) -> str:
        """What is wrong."""
        return self.source.what if isinstance(self.source, SithsupError) else self.source.text()

    @property
    def cause(self) -> str:
        """Why, as far as is known."""
        if isinstance(self.source, SithsupError):
            return self.source.why
        return tr(EXPLAINED[self.name].cause)

    @property
    def remedy(self) -> str:
        """What to do."""
        if isinstance(self.source, SithsupError):
            return self.source.next_step
        return advise(EXPLAINED[self.name].remedy)

    def words(self, blotter: Blotter) -> Words:
        """The same in words that may be handed on: what they repeat from outside is blotted, or left out."""
        values = (value for value in self.source.values.values() if isinstance(value, str))
        outside = [value for value in values if _QUOTED.search(value)]

        def safe(text: str) -> str:
            for value in outside:
                text = text.replace(value, _QUOTED.sub(rf"\1{BLOT}”", value))
            return blotter.text(text)

        return Words(safe(f"{self.what.removesuffix('.')} ({self.label})"), safe(self.cause), safe(self.remedy))

    @property
    def contact(self) -> Contact | None:
        """Whom to ask."""
        return self.source.contact
