"""The arguments of every command, told in the person's language: in `--help`, and where something is wrong."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from sithsup import __version__
from sithsup.model import KeyRole
from sithsup.texts import mark, tr, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "check": mark("Tell what the card is and what can be done; nothing is asked and nothing is written."),
    "upgrade": mark("Upgrade the card."),
    "resume": mark("Finish an upgrade that was interrupted, here or on another computer."),
    "restore": mark("Undo an upgrade that was interrupted, as long as that is possible."),
    "unblock": mark("Give a locked code a new value by means of the PUK code."),
    "diagnose": mark("Find out what support asks for, and make a report of it that is safe to hand on."),
    "history": mark("List what was finished on this computer."),
    "errors": mark("List every error code with its texts, or tell one in full."),
    "campaign": mark("Show the campaign in force; verify or sign one."),
    "settings": mark("List the settings in force."),
    "demo": mark("Try the program on a throw-away card and a small authority on this computer."),
}
SOUGHT = "SU-1101, PIN_LOCKED"
OF_A_CARD = {"check", "upgrade", "resume", "restore", "unblock"}
WITH_CODES = OF_A_CARD - {"check"}
ITS_OWN_TEXTS = (
    mark("usage: "),
    mark("positional arguments"),
    mark("options"),
    mark("show this help message and exit"),
    mark("argument %(argument_name)s: %(message)s"),
    mark("the following arguments are required: %s"),
    mark("unrecognized arguments: %s"),
    mark("invalid choice: %(value)r (choose from %(choices)s)"),
    mark("invalid %(type)s value: %(value)r"),
    mark("ambiguous option: %(option)s could match %(matches)s"),
    mark("ignored explicit argument %r"),
    mark("expected one argument"),
    mark("expected at most one argument"),
    mark("expected at least one argument"),
)
"""What argparse says by itself and a person may come to see. A newer Python may word one otherwise: then in English."""


class Parser(argparse.ArgumentParser):
    """Speaks the language that is in force when it is made, and tells what to do about a mistake."""

    def error(self, message: str) -> NoReturn:
        """End with 2: the usage, what is wrong, and where more is told."""
        self.print_usage(sys.stderr)
        more = tr("Run “{command} --help” to see what can be given.", command=self.prog)
        self.exit(2, f"{self.prog}: {message}\n{more}\n")


def make_parser(argv: Sequence[str]) -> Parser:
    """Declare everything; what only one command has, and is long to load, for that command alone (`argv`)."""
    # argparse looks up its own texts by these two names, in a catalogue of the system's that has none of them.
    argparse._ = translated  # type: ignore[attr-defined]
    argparse.ngettext = _counted  # type: ignore[attr-defined]
    parser = Parser(prog="sithsup", description=tr("Upgrades SITHS cards. No interruption costs the card."))
    version = f"sithsup {__version__}"
    parser.add_argument("--version", action="version", version=version, help=tr("show the program's version and exit"))
    commands = parser.add_subparsers(dest="command", required=True, metavar=tr("COMMAND"), title=tr("commands"))
    shared, card, codes, consent = _shared(), _card(), _codes(), _consent()
    for name, text in COMMANDS.items():
        parents = [shared]
        parents += [card] if name in OF_A_CARD else []
        parents += [codes] if name in WITH_CODES else []
        parents += [consent] if name == "upgrade" else []
        sub = commands.add_parser(name, parents=parents, help=tr(text), description=tr(text))
        sub.set_defaults(pin_stdin=False, yes=False, all_readers=False)
        _add_own(sub, name, argv)
    return parser


def _counted(one: str, many: str, count: int) -> str:
    return translated(one if count == 1 else many)


def _shared() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument("--json", action="store_true", help=tr("write the result to stdout as JSON"))
    return parser


def _card() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument("--reader", metavar=tr("NAME"), help=tr("the reader to use, where there are several"))
    parser.add_argument("--card", metavar=tr("NUMBER"), help=tr("the card to use, by the number printed on it"))
    return parser


def _codes() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument("--pin-stdin", action="store_true", help=tr("read the codes from standard input, one a line"))
    return parser


def _consent() -> Parser:
    parser = Parser(add_help=False)
    parser.add_argument(
        "--accept-terms", metavar=tr("VERSION"), help=tr("accept this version of the terms without being shown it")
    )
    parser.add_argument(
        "--mail-understood",
        action="store_true",
        help=tr("say that you know: old encrypted e-mail cannot be read afterwards"),
    )
    return parser


def _add_own(sub: argparse.ArgumentParser, name: str, argv: Sequence[str]) -> None:
    """What one command has and no other."""
    if name in WITH_CODES - {"unblock"}:
        sub.add_argument("--yes", action="store_true", help=tr("do not ask before beginning"))
    if name in OWN:
        OWN[name](sub)
    if name == "campaign" and name in argv:
        from sithsup.cli import campaign_arguments

        campaign_arguments.add_arguments(sub)
    if name == "demo" and name in argv:
        from sithsup.cli.demo_arguments import add_arguments

        add_arguments(sub)


def _add_check(sub: argparse.ArgumentParser) -> None:
    every = tr("look at every card in every reader; the exit code is that of the most urgent one")
    sub.add_argument("--all-readers", action="store_true", help=every)


def _add_unblock(sub: argparse.ArgumentParser) -> None:
    roles = [role.value for role in KeyRole]
    sub.add_argument("--role", choices=roles, help=tr("the code that is meant, where several could be"))


def _add_errors(sub: argparse.ArgumentParser) -> None:
    example = tr("the code, or the name of a reason, that is told in full, such as {examples}", examples=SOUGHT)
    sub.add_argument("code", nargs="*", metavar=tr("CODE"), help=example)


def _add_diagnose(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", metavar=tr("FILE"), help=tr("save a report: a new file, or a folder to put it in"))


def _add_settings(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--explain", action="store_true", help=tr("tell where each of them comes from, and why"))


OWN = {
    "check": _add_check,
    "unblock": _add_unblock,
    "errors": _add_errors,
    "diagnose": _add_diagnose,
    "settings": _add_settings,
}
"""What adds the arguments of a command that are quick to declare."""
