"""What is to be said of a card whose upgrade was begun and not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import FinishElsewhereError
from sithsup.texts import tr
from sithsup.upgrade import TIGHT, UPGRADE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.recovery import Verdict
    from sithsup.report import Report


def left(verdict: Verdict) -> str:
    """What is missing, row by row, before the upgrade is finished."""
    texts = {step.name: tr(step.text) for step in (*UPGRADE, *TIGHT)}
    return "\n".join((tr("Left to do:"), *(f"• {texts[name]}" for name in verdict.missing))) if verdict.missing else ""


def limits(report: Report) -> Iterator[str]:
    """What is not as it should be, beside logging in; and why nothing can be chosen here, or not all."""
    verdict = report.verdict
    if verdict.old_works and not verdict.old_signs:
        yield tr("You cannot sign with the card before the upgrade is finished or undone.")
    if verdict.doubt:
        doubt = tr("So it cannot be told now whether the upgrade can still be undone. Try again later.")
        yield f"{verdict.doubt.what} {doubt}"
    if not verdict.choices:
        elsewhere = FinishElsewhereError()
        yield f"{elsewhere.what} {elsewhere.next_step}"
