"""The arguments, and the quickest way to the command that they name."""

from __future__ import annotations

import argparse
import gc
from typing import TYPE_CHECKING

from sithsup import __version__
from sithsup.errors import CancelledError, NoModuleError, SithsupError
from sithsup.model import KeyRole
from sithsup.start import prepare, start_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sithsup.card.process import CardProcess
    from sithsup.settings import Settings

COMMANDS = {
    "check": "Tell what the card is and what can be done; nothing is asked and nothing is written.",
    "upgrade": "Upgrade the card.",
    "resume": "Finish an upgrade that was interrupted, here or on another computer.",
    "restore": "Undo an upgrade that was interrupted, as long as that is possible.",
    "unblock": "Give a locked code a new value by means of the PUK code.",
    "history": "List what was finished on this computer.",
    "errors": "List every error code with its texts.",
    "campaign": "Show the campaign in force; verify or sign one.",
    "settings": "List the settings in force.",
    "demo": "Try the program on a throw-away card and a small authority on this computer.",
}
OF_A_CARD = {"check", "upgrade", "resume", "restore", "unblock"}
WITH_CODES = OF_A_CARD - {"check"}


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; whoever interrupts the loading need not read a traceback."""
    try:
        return _run(_parser(argv).parse_args(argv))
    except KeyboardInterrupt:
        return CancelledError.exit_code


def _run(arguments: argparse.Namespace) -> int:
    try:
        settings = prepare()
    except SithsupError as error:
        from sithsup.cli import commands

        return commands.refuse(arguments, error)
    started = _start(settings) if arguments.command in OF_A_CARD else None
    gc.disable()  # loading makes many objects and hardly any garbage
    from sithsup.cli import commands  # as late as this: now two processes load at once

    gc.freeze()  # what is loaded stays: looking through it, as at the end, takes a tenth of a second
    gc.enable()
    return commands.run(arguments, settings, started)


def _start(settings: Settings) -> CardProcess | None:
    """Start the card process; that there is no module is told later, where the campaign says whom to ask."""
    try:
        return start_card(settings)
    except NoModuleError:
        return None


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sithsup", description="Upgrades SITHS cards. No interruption costs the card."
    )
    parser.add_argument("--version", action="version", version=f"sithsup {__version__}")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="write the result to stdout as JSON")
    card = argparse.ArgumentParser(add_help=False)
    card.add_argument("--reader", metavar="NAME", help="the reader to use, where there are several")
    card.add_argument("--card", metavar="NUMBER", help="the card to use, by the number printed on it")
    codes = argparse.ArgumentParser(add_help=False)
    codes.add_argument("--pin-stdin", action="store_true", help="read the codes from standard input, one a line")
    consent = argparse.ArgumentParser(add_help=False)
    consent.add_argument("--accept-terms", metavar="VERSION", help="accept this version of the terms unseen")
    consent.add_argument(
        "--mail-understood", action="store_true", help="know that old encrypted e-mail cannot be read afterwards"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        parents = [shared]
        parents += [card] if name in OF_A_CARD else []
        parents += [codes] if name in WITH_CODES else []
        parents += [consent] if name == "upgrade" else []
        sub = commands.add_parser(name, parents=parents, help=text, description=text)
        sub.set_defaults(pin_stdin=False, yes=False)
        if name in WITH_CODES - {"unblock"}:
            sub.add_argument("--yes", action="store_true", help="do not ask before beginning")
        if name == "unblock":
            roles = [role.value for role in KeyRole]
            sub.add_argument("--role", choices=roles, help="the code that is meant, where several could be")
        if name == "settings":
            sub.add_argument("--explain", action="store_true", help="tell where each of them comes from, and why")
        if name == "campaign" and name in argv:
            from sithsup.cli import campaign_arguments

            campaign_arguments.add_arguments(sub)
        if name == "demo" and name in argv:
            from sithsup.cli.demo_arguments import add_arguments

            add_arguments(sub)
    return parser
