"""The root of the tree: a code, an exit code, whom to ask, and the texts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from sithsup.texts import mark, tr
from sithsup.ways import advise

if TYPE_CHECKING:
    from collections.abc import Mapping


class Contact(StrEnum):
    """Whom to ask. The names and numbers come from the campaign."""

    DEPUTY_ISSUER = "deputy-issuer"
    LOCAL_IT = "local-it"


class SithsupError(Exception):
    """The root. `str()` is for the log; people get `what`, `why` and `next_step` in their own language."""

    code: ClassVar[str] = "SU-9001"
    exit_code: int = 1
    contact: Contact | None = Contact.LOCAL_IT
    """None where nobody need be asked."""
    final: bool = False
    """Whether trying again cannot help: what was begun before the point of no return is then undone at once."""
    what_text: ClassVar[str] = mark("Something happened that the program did not expect.")
    why_text: ClassVar[str] = mark("This is a fault in the program, not in your card.")
    next_text: ClassVar[str] = "{see_and_report}"
    other_texts: ClassVar[tuple[str, ...]] = ()
    """What `next_step` may say in the place of `next_text`, when more is known of the moment."""

    def __init__(self, detail: str = "", **values: object) -> None:
        """Keep a technical detail for the log and the values that the texts need."""
        super().__init__(detail)
        self.detail = detail
        self.values = values

    def __str__(self) -> str:
        """For the log: code, kind, detail and values on one line."""
        values = "".join(f" {name}={value!r}" for name, value in self.logged.items())
        return f"{self.reference} {type(self).__name__}: {self.detail}{values}"

    @property
    def shown(self) -> Mapping[str, object]:
        """The values as people read them."""
        return self.values

    @property
    def reference(self) -> str:
        """What support is told over the phone."""
        return self.code

    @property
    def logged(self) -> Mapping[str, object]:
        """The values as the log has them: without those that may tell of a person, or are the words of others."""
        return self.values

    @property
    def what(self) -> str:
        """What happened."""
        return tr(self.what_text, **self.shown)

    @property
    def why(self) -> str:
        """Why it happened, as far as is known."""
        return tr(self.why_text, **self.shown)

    @property
    def next_step(self) -> str:
        """What to do."""
        return advise(self.next_text, **self.shown)


def bug(error: BaseException) -> SithsupError:
    """What nobody has thought of, by its kind alone: its words may tell of a card, a person or an answer."""
    return SithsupError(type(error).__name__)


def kinds() -> tuple[type[SithsupError], ...]:
    """Every kind of error that has a code, the plainest of one code first; the root's code says that it is a bug."""
    found: list[type[SithsupError]] = [SithsupError]
    for kind in found:  # it grows by those below each
        found += kind.__subclasses__()
    return tuple(kind for kind in found if kind is SithsupError or kind.code != SithsupError.code)
