"""What is to be said on the first page: of the card, of its absence, and of another one. Light, as that page is."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from sithsup.errors import CardChoiceError, NoReaderError
from sithsup.texts import tr
from sithsup.ui.pages.absence import absence, has_failed

if TYPE_CHECKING:
    from sithsup.report import Report
    from sithsup.ui.shown import Shown


def heading(shown: Shown) -> str:
    """Whose turn it is: the card's, the reader's, the person's; or what is wrong where no card can be looked at."""
    error = shown.sight.error
    if shown.card:
        return tr("Your card")
    if isinstance(error, NoReaderError):
        return tr("Connect a card reader")
    if isinstance(error, CardChoiceError):
        return tr("Choose your card")
    return error.what if error and has_failed(shown) else tr("Insert your card")


def picture(shown: Shown) -> str:
    """What is drawn where no card is; nothing where something is wrong that no drawing tells."""
    if shown.card or has_failed(shown):
        return ""
    if isinstance(shown.sight.error, NoReaderError):
        return "reader"
    return "cards" if isinstance(shown.sight.error, CardChoiceError) else "insert"


def notice(shown: Shown) -> str:
    """What became of the card that one had gone on with, and of another one that waits."""
    card, report = shown.card, shown.sight.report
    if report and report.waiting:
        begun = tr("An upgrade of another card, {card}, was begun here and not finished.", card=report.waiting[0].card)
        what_next = tr("Put that card in to go on with it.")
        return f"{begun} {what_next}"
    if not shown.meant or (card and card.serials == shown.meant):
        return ""
    if card:
        return tr("This is another card than before. Nothing was begun on that one.")
    return tr("There is no contact with the card any more. Nothing was begun on it.")


def verdict(shown: Shown) -> tuple[str, str]:
    """What is to be said of the card, or of its absence, and the sign before it."""
    error, report = shown.sight.error, shown.sight.report
    if error:
        return absence(error, names_it=shown.card is not None)
    if report is None:
        return tr("Looking for the card …") if shown.card is None else tr("Looking at the card …"), "clock"
    if report.stops:
        return _stopped(report)
    if report.lacks_authority:
        return tr("The card can be upgraded when the issuer can be reached. Try another network, or later."), "warning"
    minutes = ceil(report.verdict.seconds / 60)
    return tr("The card can be upgraded. It takes about {count} min.", count=minutes), "done"


def _stopped(report: Report) -> tuple[str, str]:
    """Why the card is not upgraded: it is done, or something stands in the way."""
    lines = [finding.text() for finding in report.stops]
    if any(finding.exit_code for finding in report.stops):
        return "\n".join(lines), "stop"
    left = tr("Only the receipt is left to be made on this computer.") if report.case_open else ""
    return "\n".join((*lines, left or tr("Nothing needs to be done."))), "done"


def deadline(shown: Shown) -> str:
    """Until when it must be begun, where it may be."""
    from sithsup.report import deadline_line  # noqa: PLC0415  loaded by then; the page is shown before that

    report, campaign = shown.sight.report, shown.sight.campaign
    return deadline_line(report, campaign) if report and campaign and shown.flow.facts.may_begin else ""
