"""`check --all-readers`: one element for each reader and one exit code, for whoever looks after many computers.

What is written here is published (docs/check.schema.json, docs/fleet.en.md): `FORMAT` rises when anything that is there
changes its name or its meaning, or when a field comes to it. Names and e-mail addresses of people are left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from sithsup import __version__
from sithsup.cli import exit_codes
from sithsup.cli.agree import upgrade_arguments
from sithsup.cli.codes import NoCodes
from sithsup.cli.findings import begin_line, report_data, stop_lines, waiting_data
from sithsup.cli.view import CASE_TEXTS, CHOICE_TEXTS, LOG_IN_TEXTS, SITUATION_TEXTS, card_data, error_data
from sithsup.contacts import NOBODY_TEXTS, contact_line
from sithsup.errors import ArgumentInvalidError, CardError, NoCardError
from sithsup.in_force import Campaigns
from sithsup.report import warning_lines
from sithsup.settings import refuse_unusable_proxies
from sithsup.situation import Situation
from sithsup.start import start_card
from sithsup.survey import State, Surveyor
from sithsup.texts import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.cli.commands import Context
    from sithsup.errors import Contact
    from sithsup.report import Report
    from sithsup.settings import Settings
    from sithsup.survey import Place

FORMAT = 1
HEAD_TEXTS = {
    # Translators: what is in a card reader; the reader's name stands before it
    State.EMPTY: mark("{reader}: no card"),
    # Translators: what is in a card reader; the reader's name stands before it
    State.UNRECOGNIZED: mark("{reader}: a card that cannot be read"),
    # Translators: what is in a card reader; the reader's name stands before it
    State.CARD: mark("{reader}: card {number}"),
    # Translators: what is in a card reader; the reader's name stands before it
    State.ERROR: mark("{reader}: something is wrong"),
}
UNRECOGNIZED_TEXT = mark("It is the wrong way round, does not answer, or is of a kind that is not known here.")
BUSY_TEXT = mark("The program is at work on this card now.")
UNKNOWN: dict[str, Any] = {
    "situation": None,
    "reasons": [],
    "warnings": [],
    "old_works": None,
    "old_signs": None,
    "new_works": None,
    "can_log_in": None,
    "doubt": None,
    "missing": [],
    "seconds_left": 0,
    "choices": [],
    "level": None,
    "case_open": None,
    "upgrade_arguments": [],
}
"""What stands there where nothing can be said of a card."""


def blank() -> dict[str, Any]:
    """What stands in a result before anything is known, so that nothing is ever missing in it."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"format": FORMAT, "program": __version__, "time": now, "readers": [], "waiting": [], "error": None}


def run(context: Context) -> int:
    """Look at all readers, tell of each, and end with the code of the computer."""
    settings, view = context.settings, context.view
    if context.arguments.reader or context.arguments.card:
        raise ArgumentInvalidError(name="--all-readers", problem=tr("it goes with neither --reader nor --card"))
    context.campaigns = Campaigns(settings)
    if settings.proxy is None:
        refuse_unusable_proxies(getproxies())
    surveyor = Surveyor(
        settings, context.campaigns, lambda reader: start_card(settings, reader), NoCodes(), lambda: datetime.now(UTC)
    )
    try:
        with context.started or start_card(settings) as token:
            survey = surveyor.look(token)
    except CardError as error:
        error.exit_code = exit_codes.of_look(error)
        raise
    codes = [code for place in survey.places if (code := _exit_code(place)) is not None]
    view.result["readers"] = [_data(place, settings) for place in survey.places]
    view.result["waiting"] = waiting_data(survey.waiting)
    for place in survey.places:
        for line in _lines(place, settings):
            view.say(line)
    for waiting in survey.waiting:
        view.say(tr("An upgrade of another card, {card}, was begun here and not finished.", card=waiting.card))
    if not codes:
        nobody = NoCardError()
        view.error(nobody, context.contact(nobody))
    return view.finish(exit_codes.of_computer(codes))


def _exit_code(place: Place) -> int | None:
    """That of one reader; an empty one has none."""
    if place.error:
        return exit_codes.of_look(place.error)
    if place.is_busy:
        return exit_codes.BUSY
    if place.report:
        return exit_codes.of_card(place.report)
    return NoCardError.exit_code if place.state is State.UNRECOGNIZED else None


# ------------------------------------------------------------------------------------------------ for machines


def _data(place: Place, settings: Settings) -> dict[str, Any]:
    campaign, error = place.campaign, place.error
    told = error_data(error, _whom(place, settings, error.contact) if error.contact else "") if error else None
    return {
        "reader": place.readers[0] or None,
        "other_readers": list(place.readers[1:]),
        "state": place.state.value,
        "busy": place.is_busy,
        "exit_code": _exit_code(place),
        "error": told,
        "campaign": {"id": campaign.id, "version": campaign.version} if campaign else None,
        "card": card_data(place.contents) if place.contents else None,
        **(_report_data(place, place.report) if place.report else UNKNOWN),
    }


def _report_data(place: Place, report: Report) -> dict[str, Any]:
    assert place.campaign  # noqa: S101  a card is judged by one
    return {
        **report_data(report, place.campaign),
        "reasons": [finding.name for finding in report.stops],
        "warnings": [finding.name for finding in report.warnings],
        "upgrade_arguments": upgrade_arguments(report),
    }


# -------------------------------------------------------------------------------------------------- for people


def _lines(place: Place, settings: Settings) -> Iterator[str]:
    names = ", ".join(place.readers) or tr("A reader without a name")
    number = (place.contents.number if place.contents else None) or "-"
    yield tr(HEAD_TEXTS[place.state], reader=names, number=number)
    yield from (f"  {line}" for line in _told(place, settings) if line)


def _told(place: Place, settings: Settings) -> Iterator[str]:
    """What a person reads of what is in a reader."""
    if place.state is State.UNRECOGNIZED:
        yield tr(UNRECOGNIZED_TEXT)
    if place.is_busy:
        yield tr(BUSY_TEXT)
    if error := place.error:
        yield f"{error.what} ({error.code})"
        yield error.why
        yield error.next_step
    if place.report:
        yield from _judged(place, place.report, settings)


def _judged(place: Place, report: Report, settings: Settings) -> Iterator[str]:
    """What a card is, what stands in its way, and what comes next."""

    def whom(contact: Contact) -> str:
        return _whom(place, settings, contact)

    situation = report.verdict.situation
    if situation is Situation.UPGRADED:
        yield from stop_lines(report, lambda _: "")
        yield tr(CASE_TEXTS[report.case_open])
        return
    yield tr(SITUATION_TEXTS[situation])
    if situation is Situation.INTERRUPTED:
        can_log_in = report.works.can_log_in
        yield tr(LOG_IN_TEXTS[can_log_in])
        yield from (tr(CHOICE_TEXTS[choice]) for choice in report.verdict.choices)
    yield from stop_lines(report, whom)
    if not report.reasons:
        yield from warning_lines(report, whom)
    if situation is Situation.FRESH and not report.stops:
        yield begin_line(report)


def _whom(place: Place, settings: Settings, contact: Contact) -> str:
    """Whom the holder of the card in a reader is to ask."""
    hsa_id = place.contents.hsa_id if place.contents else None
    return contact_line(contact, place.campaign, hsa_id, settings) or tr(NOBODY_TEXTS[contact])
