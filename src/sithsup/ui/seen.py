"""What the worker tells the window, and the window the worker: frozen values, which cross between threads unchanged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sithsup.flow import Act
from sithsup.situation import Mark

if TYPE_CHECKING:
    from sithsup.campaign import Campaign
    from sithsup.consent import Consent
    from sithsup.contacts import Own
    from sithsup.errors import SithsupError
    from sithsup.model import CardContents, KeyRole, ModuleInfo, TokenInfo
    from sithsup.receipt import Receipt, Saved
    from sithsup.report import Report
    from sithsup.situation import Outcome


@dataclass(frozen=True, slots=True)
class Sight:
    """What is in the readers, and what is known of it so far."""

    campaign: Campaign | None = None
    own: Own | None = None
    """Whom the organisation has set up itself to be asked."""
    readers: tuple[str, ...] = ()
    cards: tuple[CardContents, ...] = ()
    card: CardContents | None = None
    """The chosen one: the only one, or the one that was asked for."""
    report: Report | None = None
    """What is to be said of it; None while that is found out."""
    error: SithsupError | None = None
    """Why there is no report."""
    module: ModuleInfo | None = None
    """What the card is read with, where there is one."""
    waiting: tuple[str, ...] = ()
    """The cards, by their masked numbers, whose upgrades were begun here and not finished."""


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
    consent: Consent | None = None


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
        return next((row for row in self.rows if row.mark and row.mark.is_under_way), None)

    @property
    def goes_back(self) -> bool:
        """Whether what was done is being undone: that was asked for, or an upgrade cannot be finished."""
        return self.act is Act.RESTORE or any(row.mark in {Mark.UNDOING, Mark.UNDONE} for row in self.rows)

    @property
    def share(self) -> float:
        """How much of the usual time is behind, from 0 to 1."""
        whole = sum(row.seconds for row in self.rows)
        done = sum(row.seconds for row in self.rows if row.mark and not row.mark.is_under_way)
        return done / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. What it says of the card is what `Operation` saw of it."""

    act: Act
    outcome: Outcome | None = None
    case_code: str = ""
    error: SithsupError | None = None
    can_log_in: bool | None = None
    old_works: bool = True
    keys_left: int = 0
    given_up: tuple[str, ...] = ()
    """The issuers of what went missing from the card and could not be put back."""
    receipt: Receipt | None = None
    saved: Saved | None = None
    serials: tuple[str, ...] = ()
    """Of the card."""


@dataclass(frozen=True, slots=True)
class Unblocking:
    """A locked code of a card that is to get a new value. The codes themselves lie with the worker (`Puks`)."""

    serials: tuple[str, ...]
    """Of the card that is meant."""
    roles: frozenset[KeyRole]
    """What the code is for."""


@dataclass(frozen=True, slots=True)
class Unblocked:
    """What came of it. What it says of the code is what the card's flags say."""

    roles: frozenset[KeyRole]
    is_sent: bool = False
    """Whether the PUK code was sent."""
    is_changed: bool | None = False
    """None where that cannot be told."""
    card: CardContents | None = None
    """The card afterwards; None where it could not be read."""
    error: SithsupError | None = None
