"""What the worker tells the window, and the window the worker: frozen values, which cross between threads unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.errors import SithsupError
    from sithsup.flow import Act
    from sithsup.model import CardContents, KeyRole, Mark, Outcome, TokenId, TokenInfo
    from sithsup.operation import Report


@dataclass(frozen=True, slots=True)
class Sight:
    """What is in the readers."""

    campaign: Campaign | None = None
    readers: tuple[str, ...] = ()
    cards: tuple[CardContents, ...] = ()
    report: Report | None = None
    """Of the chosen card: the only one, or the one that was asked for."""
    error: SithsupError | None = None
    """Why there is no report."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A code that is needed."""

    token: TokenInfo
    roles: frozenset[KeyRole]


@dataclass(frozen=True, slots=True)
class Order:
    """A run that a person has asked for."""

    act: Act
    serials: tuple[str, ...]
    """Of the card that is meant."""


@dataclass(frozen=True, slots=True)
class RowSeen:
    """A row of the upgrade table as the progress page shows it."""

    name: str
    text: str
    """A message id."""
    seconds: int
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    act: Act
    rows: tuple[RowSeen, ...]

    def marked(self, name: str, mark: Mark) -> Progress:
        """The same, with what happened to a row."""
        rows = tuple(replace(row, mark=mark) if row.name == name else row for row in self.rows)
        return replace(self, rows=rows)

    @property
    def current(self) -> RowSeen | None:
        """The row that is under way."""
        return next((row for row in self.rows if row.mark and row.mark.value == "started"), None)

    @property
    def share(self) -> float:
        """How much of the usual time is behind, from 0 to 1."""
        whole = sum(row.seconds for row in self.rows)
        done = sum(row.seconds for row in self.rows if row.mark and row.mark.value != "started")
        return done / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended."""

    act: Act
    outcome: Outcome | None
    case_code: str
    error: SithsupError | None = None
    can_log_in: bool | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """The codes that a person has typed, by token. The buffers are wiped by whoever uses them."""

    codes: dict[TokenId, bytearray]

    def __repr__(self) -> str:
        """Show nothing."""
        return "Given(***)"
