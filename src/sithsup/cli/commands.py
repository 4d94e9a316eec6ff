"""The commands and their endings. Everything heavy is loaded here, while the card process loads its module."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.request import getproxies

from sithsup import system_log
from sithsup.card.session import choose_card
from sithsup.cli import exit_codes
from sithsup.cli.agree import agree, show_asked
from sithsup.cli.codes import code_source
from sithsup.cli.lists import history_lines
from sithsup.cli.receipt import show_receipt
from sithsup.cli.settings_list import explained_lines, settings_data, settings_lines
from sithsup.cli.view import View
from sithsup.connection import Connection
from sithsup.consent import Consent
from sithsup.contacts import NOBODY_TEXTS, contact_line
from sithsup.errors import (
    CancelledError,
    CardError,
    InterruptedByPersonError,
    InterruptedWayBackError,
    NotBegunError,
    SecondInstanceError,
    SithsupError,
    bug,
)
from sithsup.history import history
from sithsup.in_force import Campaigns
from sithsup.locked import new_code_lines, order_text
from sithsup.receipt import saved_page
from sithsup.recovery import Choice, Situation
from sithsup.settings import Settings, refuse_unusable_proxies
from sithsup.situation import Outcome
from sithsup.start import start_card
from sithsup.texts import tr

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from sithsup.campaign import Campaign
    from sithsup.card.process import CardProcess
    from sithsup.errors import Contact
    from sithsup.operation import Operation
    from sithsup.runner import StepEvent
    from sithsup.settings import Resolution

_log = logging.getLogger(__name__)

RECOVERY = {"resume", "restore"}
ACTS = {"upgrade", *RECOVERY}
"""The commands of which the computer's own log is told."""
LOOK_AROUND = {"check", "upgrade"}
"""The commands before which all that surrounds the card is looked at: nothing hinders whoever finishes or undoes."""
YES, NO = {"y", "yes", "j", "ja"}, {"n", "no", "nej", ""}
"""What a person may answer; whatever else is typed, the question is put again."""
NEEDED: dict[str, tuple[str, ...]] = {"errors": (), "diagnose": (), "history": ("data",)}
"""The commands that run whatever else of the settings is broken, with the settings that they need."""


@dataclass
class Context:
    """What every command gets."""

    arguments: argparse.Namespace
    settings: Settings
    started: CardProcess | None
    """The card process of a command about a card; None also where there is no module."""
    view: View
    campaigns: Campaigns | None = None
    hsa_id: str | None = None
    """Of the card's holder, once the card is read: it tells the organisation, and so whom to ask."""

    def contact(self, error: SithsupError) -> str:
        """Whom to ask about an error; empty where nobody need be asked."""
        return self.whom(error.contact) if error.contact and error.exit_code else ""

    def whom(self, contact: Contact) -> str:
        """The same of somebody who is to be asked anyway."""
        return self.known(contact) or tr(NOBODY_TEXTS[contact])

    def known(self, contact: Contact) -> str:
        """The same, as far as it is known; empty where it is not."""
        return contact_line(contact, self.campaign, self.hsa_id, self.settings)

    @property
    def campaign(self) -> Campaign | None:
        """What is known of the campaign, so that an error can name whom to ask."""
        return self.campaigns.likely if self.campaigns else None


def refuse(arguments: argparse.Namespace, found: Resolution, error: SithsupError) -> int:
    """Tell why a command cannot even begin; its exit code. What needs nothing that is broken is done all the same."""
    settings, needed = Settings.usable(found), NEEDED.get(arguments.command)
    if needed is not None and all(map(found.is_sound, needed)):
        return run(arguments, settings, None)
    context = Context(arguments, settings, None, _view(arguments))
    context.view.error(error, context.contact(error))
    lines = _settings(arguments, context.view) if arguments.command == "settings" else ()
    return context.view.finish(error.exit_code, lines)


def run(arguments: argparse.Namespace, settings: Settings, started: CardProcess | None) -> int:
    """Run a command, and turn whatever it raises into its texts and its exit code."""
    context = Context(arguments, settings, started, _view(arguments))
    if arguments.command not in ACTS:
        return _run(context)
    system_log.began(arguments.command)
    try:
        return _run(context)
    finally:
        view = context.view
        system_log.ended(arguments.command, view.result.get("outcome"), view.told, view.case_code)


def _run(context: Context) -> int:
    try:
        return _carry_out(context)
    except SithsupError as error:
        _log.info("%s", error)
        context.view.error(error, context.contact(error))
        return context.view.finish(error.exit_code)


def _carry_out(context: Context) -> int:
    """Do what the command says. Whatever ends it is an error that people can be told of: a bug says that it is one."""
    try:
        return COMMANDS[context.arguments.command](context)
    except SithsupError:
        raise
    except KeyboardInterrupt:
        is_untouched = context.arguments.command == "upgrade" and not context.view.result.get("outcome")
        raise (NotBegunError if is_untouched else CancelledError) from None
    except Exception as error:
        _log.exception("bug")
        raise bug(error) from error


def _view(arguments: argparse.Namespace) -> View:
    view = View(arguments.command, as_json=arguments.json)
    if arguments.all_readers:
        from sithsup.cli import all_readers

        view.result |= all_readers.blank()
    return view


# ----------------------------------------------------------------------------------------------- commands


def check(context: Context) -> int:
    """Tell what the card is, or every card, and what can be done; nothing is asked and nothing is written."""
    if context.arguments.all_readers:
        from sithsup.cli import all_readers

        return all_readers.run(context)
    try:
        return _check(context)
    except SecondInstanceError as error:
        _log.info("%s", error)
        context.view.busy()
        return context.view.finish(error.exit_code)


def _check(context: Context) -> int:
    with _connected(context) as operation:
        context.view.card(operation.world.contents)  # at once: asking for a status may take a minute
        report = operation.look()
        context.view.report(report, operation.world.campaign, context.whom)
        show_asked(context.view, report)
        return context.view.finish(exit_codes.of_card(report))


def upgrade(context: Context) -> int:
    """Upgrade the card."""
    with _connected(context) as operation:
        operation.hold()
        report = operation.look()
        context.view.card(report.contents)
        context.view.findings(report, context.whom)
        given = Consent(context.arguments.accept_terms, context.arguments.mail_understood)
        if report.verdict.situation is Situation.FRESH and not report.stops:
            context.view.warnings(report, context.whom)
            given = agree(context.view, report.asked, operation.world.campaign, given, _asker())
            _agree(context, tr("Upgrade this card? Leave it in the reader until everything is done."))
        _act(context, operation, lambda: operation.upgrade(given))
        return context.view.finish(0)


def resume(context: Context) -> int:
    """Finish an upgrade that was interrupted, here or on another computer."""
    with _connected(context) as operation:
        context.view.card(operation.world.contents)
        _act(context, operation, operation.resume)
        if operation.outcome:
            return context.view.finish(0)
        report = operation.look()
        context.view.nothing_begun(report, context.whom)
        return context.view.finish(exit_codes.advice(report))


def restore(context: Context) -> int:
    """Undo an upgrade that was interrupted, as long as that is possible."""
    with _connected(context) as operation:
        context.view.card(operation.world.contents)
        _act(context, operation, operation.restore)
        if operation.outcome is None:
            context.view.nothing_to_undo(operation.look())
        return context.view.finish(0)


def _act(context: Context, operation: Operation, act: Callable[[], Iterator[StepEvent]]) -> None:
    """Act, and tell how it ended and what is on the card now, also when it ended with an error."""
    try:
        context.view.steps(act())
    except SithsupError as error:
        if operation.began_nothing:
            context.view.began_nothing(error)
            error.exit_code = CardError.exit_code if error.exit_code == exit_codes.INTERRUPTED else error.exit_code
        raise
    except KeyboardInterrupt:
        if operation.outcome or not operation.is_begun:
            raise
        operation.outcome = Outcome.INTERRUPTED
        is_back = context.arguments.command == "restore"
        raise _interruption(operation, InterruptedWayBackError if is_back else InterruptedByPersonError) from None
    finally:
        context.view.outcome(operation)
        show_receipt(context.view, operation)
        if operation.can_log_in is not None:
            context.view.left(can_log_in=operation.can_log_in)
    with suppress(*((CardError,) if operation.outcome is Outcome.UPGRADED else ())):  # pulled when all was done
        context.view.card(operation.world.contents)


def _interruption(operation: Operation, kind: type[InterruptedByPersonError]) -> InterruptedByPersonError:
    """What can be said of the card. A call that it is still in is waited for, but for no second Ctrl-C."""
    try:
        verdict = operation.look().verdict
    except (SithsupError, KeyboardInterrupt):
        return kind(works=False, may_restore=False)
    may_restore = Choice.RESTORE in verdict.choices or verdict.situation is Situation.FRESH  # all is undone but the end
    return kind(works=bool(verdict.can_log_in), may_restore=may_restore)


def unblock(context: Context) -> int:
    """Give a locked code a new value by means of the PUK code."""
    from sithsup.cli import unblock

    return unblock.run(context, _ask)


def show_history(context: Context) -> int:
    """List what was finished on this computer."""
    entries = history(context.settings.data)
    pages = {entry.case_code: saved_page(context.settings.data, entry.case_code) for entry in entries}
    context.view.result["history"] = [
        asdict(entry) | {"receipt": str(page) if (page := pages[entry.case_code]) else None} for entry in entries
    ]
    if not entries:
        context.view.say(tr("Nothing was finished on this computer."))
    return context.view.finish(0, history_lines(entries, pages))


def show_errors(context: Context) -> int:
    """List every error code with its texts, or tell one in full."""
    from sithsup.cli.errors import entries_data, full_lines, overview_lines, sought

    typed = " ".join(context.arguments.code)
    found = sought(typed)
    context.view.result["errors"] = entries_data(found, context.known)
    return context.view.finish(0, full_lines(found, context.known) if typed else overview_lines(found))


def diagnose(context: Context) -> int:
    """Find out what support asks for."""
    from sithsup.cli import diagnose

    return diagnose.diagnose(context)


def show_settings(context: Context) -> int:
    """List the settings in force."""
    return context.view.finish(0, _settings(context.arguments, context.view))


def _settings(arguments: argparse.Namespace, view: View) -> Iterable[str]:
    resolution = Settings.resolve(os.environ)
    view.result |= settings_data(resolution)
    return explained_lines(resolution) if arguments.explain else settings_lines(resolution)


def run_campaign(context: Context) -> int:
    """Show the campaign in force; verify or sign one."""
    from sithsup.cli import campaign

    return campaign.run(context.arguments, context.settings, context.view)


def run_demo(context: Context) -> int:
    """Try the program on a throw-away card and a small authority on this computer."""
    from sithsup.cli import demo

    return demo.run(context.arguments, context.view)


@contextmanager
def _connected(context: Context) -> Iterator[Operation]:
    """The chosen card; from here on it is known whose organisation is to be asked."""
    arguments, settings = context.arguments, context.settings
    context.campaigns = campaigns = Campaigns(settings, recovers=arguments.command in RECOVERY)
    if settings.proxy is None:
        refuse_unusable_proxies(getproxies())
    with (
        context.started or start_card(settings) as token,
        Connection(
            settings,
            campaigns,
            token,
            lambda cards: choose_card(cards, reader=arguments.reader, number=arguments.card),
            codes=code_source(_ask, from_stdin=arguments.pin_stdin),
            clock=lambda: datetime.now(UTC),
            looks_around=arguments.command in LOOK_AROUND,
        ) as operation,
    ):
        context.hsa_id = operation.world.contents.hsa_id
        context.view.unlocking.order = order_text(context.campaign)
        context.view.unlocking.new_codes = new_code_lines(context.campaign)
        context.view.unlocking.may_unblock = operation.world.card.may_unblock
        yield operation


def _asker() -> Callable[[str], bool] | None:
    """Asks whoever sits at the terminal; None where nobody does."""
    return _ask if sys.stdin.isatty() else None


def _agree(context: Context, question: str) -> None:
    """Ask before anything is begun, where there is somebody to ask."""
    if not context.arguments.yes and sys.stdin.isatty() and not _ask(question):
        raise NotBegunError


def _ask(question: str) -> bool:
    answer = None
    while answer not in YES | NO:
        print(tr("{question} [y/N] ", question=question), end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
    return answer in YES


COMMANDS: dict[str, Callable[[Context], int]] = {
    "check": check,
    "upgrade": upgrade,
    "resume": resume,
    "restore": restore,
    "unblock": unblock,
    "diagnose": diagnose,
    "history": show_history,
    "errors": show_errors,
    "campaign": run_campaign,
    "settings": show_settings,
    "demo": run_demo,
}
