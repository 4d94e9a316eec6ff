"""The quickest way to the command that the arguments name, and the last line of defence around everything."""

from __future__ import annotations

import gc
import logging
import sys
from typing import TYPE_CHECKING

from sithsup.cli.parser import OF_A_CARD, make_parser
from sithsup.cli.streams import written
from sithsup.errors import CancelledError, NoModuleError, SettingsInvalidError, bug
from sithsup.start import hurried, prepare, read, start_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sithsup.card.process import CardProcess
    from sithsup.settings import Settings

_log = logging.getLogger(__name__)


def run(argv: Sequence[str]) -> int:
    """Run one command and return its exit code; whoever interrupts the loading need not read a traceback."""
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return CancelledError.exit_code
    except Exception as error:  # noqa: BLE001  the last line of defence: a bug says that it is one
        return _tell_bug(error)
    finally:
        with written(sys.stdout):  # whatever is still to be written, such as `--help`
            pass


def _run(argv: Sequence[str]) -> int:
    found = read()  # first of all: it tells the language
    arguments = make_parser(argv).parse_args(argv)
    try:
        settings = prepare(found)
    except SettingsInvalidError as error:
        from sithsup.cli import commands

        return commands.refuse(arguments, found, error)
    settings = hurried(settings) if arguments.all_readers else settings
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


def _tell_bug(error: Exception) -> int:
    """In the plainest way, since anything else may be what is broken. Its own words are for the log alone."""
    if _log.hasHandlers():
        _log.exception("bug")
    told = bug(error)
    with written(sys.stderr):
        print(f"{told.what} ({told.code})", told.why, told.next_step, type(error).__name__, sep="\n", file=sys.stderr)
    return told.exit_code
