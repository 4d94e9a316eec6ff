"""How the last run on this computer has ended, left for tools that look after many computers.

* It is a file, and on Windows some values in the account's registry.
* It is a view of the run, the history and the journals, whole or not there, and the program itself never reads it.
  A disk that is full costs nothing else.
* No card number, HSA-id or name of a person is in it: a card is told by the last digits of its number.

docs/last-outcome.schema.json is its shape; `FORMAT` rises when anything that is there changes its name or its meaning,
or when a field comes to it.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sithsup import __version__
from sithsup.errors import JournalError, NotEligibleError, SithsupError, UnusableError, UpgradeFinishedError
from sithsup.history import history
from sithsup.journal import unfinished
from sithsup.situation import Outcome
from sithsup.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sithsup.account_registry import AccountRegistry

_log = logging.getLogger(__name__)

FORMAT = 1
FILE = "last-outcome.json"
"""In the data folder."""
KEY = r"Software\Sithsup"
"""In the account's registry; below it a key Campaigns, and in that a key for each campaign."""
_NOT_THIS_CARD = NotEligibleError.exit_code


class Ending(StrEnum):
    """How a run has ended, as it is told."""

    UPGRADED = "upgraded"
    RESTORED = "restored"
    INTERRUPTED = "interrupted"
    TRY_LATER = "try-later"
    """Nothing was begun, and it may be tried again."""
    NOT_ELIGIBLE = "not-eligible"
    """Nothing was begun: this card is not to be upgraded, or cannot be on this computer."""
    UNUSABLE = "unusable"
    """The card cannot be saved."""


def ending_of(outcome: Outcome | None, error: BaseException | None, *, is_begun: bool) -> Ending:
    """How a run has ended that has this outcome, or was stopped by this error; `is_begun` where it left anything."""
    if isinstance(error, UnusableError):
        return Ending.UNUSABLE
    if isinstance(error, UpgradeFinishedError):
        return Ending.UPGRADED
    if outcome:
        return Ending(outcome.value)
    if is_begun:
        return Ending.INTERRUPTED
    if error is None:
        return Ending.RESTORED
    is_later = isinstance(error, SithsupError) and error.exit_code == JournalError.exit_code
    is_refused = isinstance(error, NotEligibleError) or getattr(error, "exit_code", 0) == _NOT_THIS_CARD
    return Ending.NOT_ELIGIBLE if is_refused and not is_later else Ending.TRY_LATER


@dataclass(frozen=True, slots=True)
class Run:
    """One run on one card."""

    at: datetime
    act: str
    """The command: upgrade, resume or restore."""
    ending: Ending
    error: str | None
    """The code of what stopped it."""
    reasons: tuple[str, ...]
    """Why a card was refused, by the names of the reasons."""
    case_code: str | None
    card: str
    """The last digits of its number."""
    campaign: str
    campaign_version: int
    is_open: bool
    """Whether this computer has a journal of it that waits to be closed."""


@dataclass(frozen=True, slots=True)
class LastOutcomes:
    """Where it is left. `registry` is None where the system has none."""

    folder: Path
    registry: AccountRegistry | None

    def leave(self, run: Run, key: str) -> None:
        """Tell of a run on the card of this key (`journal.card_key`). Whatever goes wrong is told in the log alone."""
        with _costing_nothing("last outcome"):
            tallies = tuple(self._tallies(run, key))
            with _costing_nothing("last outcome: file"):
                content = json.dumps(_data(run, tallies), ensure_ascii=False, indent=2) + "\n"
                write_whole(self.folder / FILE, content.encode())
            if self.registry:
                with _costing_nothing("last outcome: registry"):
                    for name, values in _keys(run, tallies):
                        self.registry.write(name, values)

    def _tallies(self, run: Run, key: str) -> Iterator[dict[str, Any]]:
        """How many cases of each campaign have ended how on this computer, and how many have not."""
        ended = Counter((entry.campaign, entry.outcome) for entry in history(self.folder))
        waiting = Counter(each.campaign for each in unfinished(self.folder, besides={key}))
        waiting[run.campaign] += run.is_open
        for campaign in sorted({run.campaign, *waiting, *(name for name, _ in ended)}):
            upgraded, restored = (ended[campaign, outcome] for outcome in (Outcome.UPGRADED, Outcome.RESTORED))
            yield {
                "id": campaign,
                "upgraded": upgraded,
                "restored": restored,
                "unfinished": waiting[campaign],
                "done": bool(upgraded) and not waiting[campaign],
            }


def _data(run: Run, tallies: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    last = {
        "time": run.at.isoformat(timespec="seconds"),
        "act": run.act,
        "outcome": run.ending.value,
        "error": run.error,
        "reasons": list(run.reasons),
        "case_code": run.case_code,
        "card": run.card,
        "campaign": run.campaign,
        "campaign_version": run.campaign_version,
    }
    return {"format": FORMAT, "program": __version__, "last": last, "campaigns": list(tallies)}


def _keys(run: Run, tallies: tuple[dict[str, Any], ...]) -> Iterator[tuple[str, dict[str, str | int]]]:
    """The same for the registry: every key with its values. What is not there is an empty text, never an old value."""
    for tally in tallies:
        numbers: dict[str, str | int] = {
            name.capitalize(): int(number) for name, number in tally.items() if name != "id"
        }
        yield rf"{KEY}\Campaigns\{tally['id']}", numbers
    yield (
        KEY,
        {
            "LastOutcome": run.ending.value,
            "LastError": run.error or "",
            "LastReasons": ",".join(run.reasons),
            "LastCase": run.case_code or "",
            "LastCampaign": run.campaign,
            "LastTime": run.at.isoformat(timespec="seconds"),
            "LastProgram": __version__,
        },
    )


@contextmanager
def _costing_nothing(lost: str) -> Iterator[None]:
    """Whatever goes wrong costs what is lost and no more: the run has ended as it has."""
    try:
        yield
    except (OSError, SithsupError) as error:
        _log.info("%s: %s", lost, error)
    except Exception:  # noqa: BLE001  also a bug
        _log.exception(lost)
