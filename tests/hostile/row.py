"""One row of the table: what a hostile or broken authority does, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sithsup.demo.hierarchy import Hierarchy
    from tests.hostile.server import Page, StatusTurn, Turn

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
YEARS = timedelta(days=365)
UNSUITABLE, UNTRUSTED, UNREACHABLE, BUSY = ("SU-2005", 8), ("SU-2004", 8), ("SU-2001", 8), ("SU-2002", 5)
PORTAL, BROKEN = ("SU-2010", 8), ("SU-2013", 8)
REFUSED, FORGOTTEN, INELIGIBLE = ("SU-2003", 3), ("SU-2006", 4), ("SU-5001", 3)
ORDERS = {"ir", "cr", "kur", "p10cr"}


@dataclass(frozen=True)
class Row:
    """One thing that the authority does; how the person hears of it; whether the authority hears of it."""

    name: str
    tamper: Callable[[Turn], bytes | Page]
    says: tuple[str, int]
    """Error code and exit code."""
    text: str = ""
    """What the person reads, or a part of it."""
    is_told: bool = False
    """Whether the authority is told that its certificate is not wanted (a certConf that rejects)."""
    is_late: bool = False
    """Whether it is found out when the certificates were written, just before the line: then they are erased again."""
    is_past: bool = False
    """Whether the line may have been passed: then the card can be finished, and nothing old is gone."""
    tamper_status: Callable[[StatusTurn], bytes | Page] | None = None
    """What becomes of the status service's answers: then everything goes through the hostile server, as a proxy."""
    change_campaign: Callable[[dict[str, Any], Hierarchy], None] | None = None
    """Change the campaign file."""
    settings: Mapping[str, str] = field(default_factory=dict)


def orders(change: Callable[[Turn], bytes | Page]) -> Any:
    """Change the answers to orders, and nothing else."""
    return lambda turn: change(turn) if turn.body in ORDERS else turn.honest


def honest(turn: Turn) -> bytes:
    """Change nothing."""
    return turn.honest
