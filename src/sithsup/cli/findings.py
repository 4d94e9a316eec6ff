"""What stands in a card's way, and what may: lines for a person, data for a machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sithsup.eligibility import level
from sithsup.errors import Contact
from sithsup.locked import new_code_lines
from sithsup.report import contact_lines, deadline_line
from sithsup.situation import Situation
from sithsup.texts import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sithsup.campaign import Campaign
    from sithsup.eligibility import Finding
    from sithsup.journal import Unfinished
    from sithsup.report import Report


def report_data(report: Report, campaign: Campaign) -> dict[str, Any]:
    """What the card is and what may be chosen."""
    verdict = report.verdict
    is_interrupted = verdict.situation is Situation.INTERRUPTED
    return {
        "situation": verdict.situation.value,
        **asdict(report.works),
        "doubt": verdict.doubt.code if verdict.doubt else None,
        "missing": list(verdict.missing) if is_interrupted else [],
        "seconds_left": verdict.seconds if is_interrupted else 0,
        "choices": [choice.value for choice in verdict.choices],
        "level": level(report.contents, campaign),
        "case_open": report.case_open,
    }


def waiting_data(waiting: Iterable[Unfinished]) -> list[dict[str, Any]]:
    """Upgrades of other cards that were begun on this computer."""
    return [{"card": each.card, "case_code": each.case_code, "begun": each.begun} for each in waiting]


def findings_data(report: Report, whom: Callable[[Contact], str]) -> dict[str, Any]:
    """The names, which are stable, what a person is told of each, and whom they are told to ask."""
    return {
        "reasons": [reason.value for reason in report.reasons],
        "warnings": [finding.name for finding in report.warnings],
        "findings": [
            {
                "name": finding.name,
                "severity": finding.severity.value,
                "text": finding.text(),
                "contact": finding.contact.value if finding.contact else None,
                "contact_text": (whom(finding.contact) if finding.contact else "") or None,
            }
            for finding in report.findings
        ],
    }


def stop_lines(report: Report, whom: Callable[[Contact], str]) -> Iterator[str]:
    """What stands in the way, and whom to ask about it."""
    yield from map(named, report.stops)
    yield from contact_lines(report.stops, whom)


def named(finding: Finding) -> str:
    """What stands in the way, with its name for whoever helps over the phone; nothing is wrong where all is done."""
    return f"{finding.text()} ({finding.name})" if finding.exit_code else finding.text()


def begin_line(report: Report) -> str:
    """How to begin with a card that nothing stands in the way of, and when."""
    if report.lacks_authority:
        return tr("The card can be upgraded when the issuer can be reached. Try another network, or later.")
    return tr("The card can be upgraded: run “sithsup upgrade”.")


def campaign_lines(campaign: Campaign, report: Report, whom: Callable[[Contact], str]) -> Iterator[str]:
    """What the holder of a card that can be upgraded wants to know: why, until when, codes, and whom to ask."""
    yield str(campaign.words.why)
    best = level(report.contents, campaign)
    if best is not None:
        yield tr("The certificates on the card have level of assurance {level}.", level=best)
    yield deadline_line(report, campaign)
    yield from new_code_lines(campaign)
    if line := whom(Contact.DEPUTY_ISSUER):
        yield line
