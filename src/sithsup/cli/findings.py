"""What stands in a card's way, and what may: lines for a person, data for a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sithsup.errors import Contact
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.campaign import Campaign
    from sithsup.operation import Report

CONTACT_TEXTS = {
    Contact.DEPUTY_ISSUER: mark("Your deputy issuer: {contact}"),
    Contact.LOCAL_IT: mark("Your local IT support: {contact}"),
}


def findings_data(report: Report) -> dict[str, Any]:
    """The names, which are stable, and what a person is told of each."""
    return {
        "reasons": [reason.value for reason in report.reasons],
        "warnings": [finding.name for finding in report.warnings],
        "findings": [
            {
                "name": finding.name,
                "severity": finding.severity.value,
                "text": finding.text(),
                "contact": finding.contact.value if finding.contact else None,
            }
            for finding in report.findings
        ],
    }


def stop_lines(report: Report, campaign: Campaign | None) -> Iterator[str]:
    """What stands in the way; and, where there is a campaign to say it, whom to ask about it."""
    yield from (finding.text() for finding in report.stops)
    for who in dict.fromkeys(finding.contact for finding in report.stops):
        if who and campaign:
            yield contact_line(who, campaign)


def warning_lines(report: Report) -> Iterator[str]:
    """What a person should know before they begin."""
    yield from (finding.text() for finding in report.warnings if not finding.is_quiet)


def contact_line(who: Contact, campaign: Campaign) -> str:
    """Whom to ask, and how."""
    contacts = campaign.contacts
    return tr(CONTACT_TEXTS[who], contact=contacts.deputy_issuer if who is Contact.DEPUTY_ISSUER else contacts.local_it)
