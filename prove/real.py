"""`./dev prove --real SERIAL`: what can be proven on a card that somebody holds in their hand. docs/real-card.md.

Without more it reads, and writes nothing to the card. With --sacrificial it upgrades the card for good, and everything
that is on it may be lost: so the serial must be typed once more.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from prove import report
from prove.asked import KeptCodes, ask, wait_for
from prove.foreign import Site, old_certificates, refusal
from prove.reading import NotSoError, Reading, RealCard, Told, is_spent, name_of, personal
from prove.sacrifice import EVERY, MOST_EVERY, Sacrifice
from sithsup import __version__
from sithsup.campaign import Finder
from sithsup.card.modules import find_module
from sithsup.errors import CancelledError, SithsupError
from sithsup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sithsup.campaign import Campaign
    from sithsup.model import CardContents

WRONG_USAGE = 2
WARNING = """\
THE WHOLE PROOF WRITES TO THE CARD, AND THE CARD IS LOST FOR ITS HOLDER.
It is upgraded and killed again and again, with keys and certificates of a throw-away authority on this computer. In the
end its old certificates are gone from it, and the new ones are worth nothing anywhere. A fault may make it unusable.
Do this with a test card that its owner calls sacrificial, never with one that somebody works with.
"""


def main(arguments: Sequence[str]) -> int:
    """Prove what was asked for; 1 when anything was not as it should be, 2 when nothing was done."""
    options = _parser().parse_args(arguments)
    if options.sacrificial and not _is_meant(options.real):
        print("That is not the serial that was named. Nothing was done.", file=sys.stderr)
        return WRONG_USAGE
    try:
        settings = Settings.load(os.environ)
        named = options.module or settings.module
        card, finder = RealCard(find_module(str(named) if named else None), options.real), Finder(settings)
        finder.start()
        return _prove(options, card, finder.document().campaign)
    except SithsupError as error:
        print(f"{error.what} {error.why}", file=sys.stderr)
        return WRONG_USAGE
    except KeyboardInterrupt:
        return CancelledError.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev prove", description=__doc__)
    parser.add_argument("--real", required=True, metavar="SERIAL", help="the card, by the serial number of a token")
    parser.add_argument("--module", type=Path, metavar="PATH", help="the PKCS#11 module; else what sithsup takes")
    parser.add_argument("--pin", action="store_true", help="ask for the codes too, and sign with every key")
    parser.add_argument("--pull", action="store_true", help="ask you to pull the card, and to put it in again")
    parser.add_argument("--sacrificial", action="store_true", help="the whole: UPGRADE THE CARD FOR GOOD")
    parser.add_argument(
        "--every",
        type=int,
        default=EVERY,
        choices=range(1, MOST_EVERY + 1),
        help=f"kill at every so many-th write of the journal ({EVERY})",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the authority of the whole proof lives")
    return parser


def _is_meant(serial: str) -> bool:
    print(WARNING, file=sys.stderr)
    return ask(f"Type the serial number of the card that is to be lost, {serial}: ") == serial


def _prove(options: argparse.Namespace, card: RealCard, campaign: Campaign) -> int:
    told = Told()
    codes = KeptCodes() if options.pin or options.sacrificial else None
    hand = wait_for if options.pull and sys.stdin.isatty() else None
    print(f"sithsup {__version__} {report.commit()}, Python {platform.python_version()}, {platform.platform()}")
    try:
        reading = Reading(card, campaign, codes, hand)
        reading.run(told)
        if options.sacrificial and codes:
            _sacrifice(options, card, codes, told, reading.opened)
    finally:
        if codes:
            codes.wipe()
    print(told.sum_up())
    return 0 if told.is_well else 1


def _sacrifice(
    options: argparse.Namespace, card: RealCard, codes: KeptCodes, told: Told, found: CardContents | None
) -> None:
    """Play the whole proof, where nothing speaks against it; its folder is kept until the card has its new identity."""
    site, is_ended = Site.at(_folder(options)), False
    if not told.check("the card can be used up", lambda: _usable(card, site, told, found)) or not found:
        return
    try:
        if not site.is_made:
            site.make(found)
        with site.running(found) as ledger:
            is_ended = Sacrifice(card, site, ledger, codes, found).play(told, options.every)
    finally:
        if is_ended:
            shutil.rmtree(site.folder)
        else:
            print(f"What was begun is kept in {site.folder}. The same command goes on with it.", file=sys.stderr)


def _usable(card: RealCard, site: Site, told: Told, found: CardContents | None) -> str:
    """What will become of the card; raises when that must not be begun."""
    if not told.is_well or found is None:
        raise NotSoError("what was looked at is not all well, or no codes were given; nothing is written")
    if site.is_strange:
        raise NotSoError(f"{site.folder} holds something else, or was half made: choose another --folder")
    if others := card.others():
        raise NotSoError(f"other cards are in the readers, take them out first: {', '.join(others)}")
    if is_spent(found):
        raise NotSoError("a code is locked, or has one try left")
    if not site.is_unfinished and (reason := refusal(found)):
        raise NotSoError(reason)
    old = old_certificates(found)
    return "; ".join(f"{'replaced' if c in old else 'kept'}: {name_of(c)}" for c in personal(found))


def _folder(options: argparse.Namespace) -> Path:
    """One for each card, which nobody else uses."""
    named: Path | None = options.folder
    name = "".join(char if char.isalnum() else "-" for char in options.real)
    return (named or platformdirs.user_data_path("sithsup-prove", appauthor=False) / name).absolute()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
