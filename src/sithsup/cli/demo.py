"""`sithsup demo`: the whole upgrade on real parts that are thrown away afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.campaign import RevokeOld
from sithsup.card.pin import Code
from sithsup.card.process import CardProcess
from sithsup.card.session import Card, find_cards
from sithsup.certificate import verify
from sithsup.cli.view import card_lines
from sithsup.demo import start as life
from sithsup.errors import NoReaderError, role_text
from sithsup.model import KeyRole
from sithsup.steps import SENTENCE
from sithsup.texts import tr

if TYPE_CHECKING:
    import argparse
    from enum import StrEnum

    from sithsup.cli.view import View
    from sithsup.model import TokenInfo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`demo` alone runs everything once; `demo start DIR` and `demo stop DIR` leave the parts to be played with.

    `demo pull DIR` and `demo insert DIR` move a virtual card.
    """
    parser.add_argument("action", nargs="?", choices=["run", "start", "stop", "pull", "insert"], default="run")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--certs", choices=[kind.value for kind in life.Kind], default=life.Kind.ORDINARY.value)
    _choose(parser, "--card", life.CardType.SOFTHSM2, "what the card is made of; a virtual one can be pulled")
    _choose(parser, "--key", life.USUAL.key, "the new keys")
    _choose(parser, "--body", life.USUAL.body, "how certificates are ordered (CMP)")
    _choose(parser, "--revoke-old", life.USUAL.revoke_old, "who retires the old certificates")
    _choose(
        parser,
        "--revoke-signed-by",
        life.USUAL.revoke_signed_by,
        "which old certificate signs that, where the program does it",
    )
    parser.add_argument("--ca-delay", type=float, default=0.0, metavar="SECONDS", help="how slow the authority is")
    parser.add_argument("--poll", type=float, default=0.0, metavar="SECONDS", help="how long orders must be polled for")
    parser.add_argument("--check-after", type=int, default=1, metavar="SECONDS", help="how often, at the most")
    parser.add_argument("--revoke-early", action="store_true", help="retire old certificates at the first confirmation")
    parser.add_argument("--implicit-confirm", action="store_true", help="grant implicit confirmation unasked")


def _choose(parser: argparse.ArgumentParser, name: str, usual: StrEnum, what: str) -> None:
    kind = type(usual)
    parser.add_argument(name, type=kind, choices=list(kind), default=usual, help=what)


def run(arguments: argparse.Namespace, view: View) -> int:
    """Run, start or stop a demo."""
    if arguments.action != "run" and arguments.folder is None:
        view.say(tr("A folder is needed: “sithsup demo {action} DIR”", action=arguments.action))
        return view.finish(2)
    if arguments.action == "stop":
        life.stop(arguments.folder)
        return view.finish(0)
    if arguments.action in ("pull", "insert"):
        return view.finish(_move_card(arguments.folder, arguments.action, view))
    if arguments.action == "start":
        _start(arguments.folder, arguments)
        view.say(tr("The demo is running. Now type: . {env}", env=arguments.folder / "env"))
        return view.finish(0)
    with tempfile.TemporaryDirectory(prefix="sithsup-demo-") as name:
        folder = Path(name) / "demo"
        try:
            _start(folder, arguments)
            return _play(folder, view)
        finally:
            life.stop(folder)


def _move_card(folder: Path, action: str, view: View) -> int:
    door = life.card_door(folder)
    if action == "pull":
        door.pull()
        view.say(tr("The card is out."))
    elif door.insert():
        view.say(tr("The card is in its reader."))
    else:
        raise NoReaderError(str(folder))
    return 0


def _start(folder: Path, arguments: argparse.Namespace) -> None:
    knobs = life.Knobs(
        delay=arguments.ca_delay,
        revoke_old=arguments.revoke_old is RevokeOld.AUTHORITY,
        poll=arguments.poll,
        check_after=arguments.check_after,
        revoke_early=arguments.revoke_early,
        implicit_confirm=arguments.implicit_confirm,
    )
    wishes = life.Wishes(arguments.key, arguments.body, arguments.revoke_old, arguments.revoke_signed_by)
    life.start(folder, life.Kind(arguments.certs), knobs=knobs, wishes=wishes, card=arguments.card)


def _play(folder: Path, view: View) -> int:
    """Show the card, upgrade it by the same command that a person would type, show it again, prove every key."""
    os.environ.update(life.environment(folder))
    view.say(tr("Before:"))
    _show(view)
    view.say(tr("Upgrade:"))
    begun = time.monotonic()
    with (folder / "pins").open("rb") as pins:
        command = [sys.executable, "-m", "sithsup", "upgrade", "--yes", "--pin-stdin", "--json"]
        ended = subprocess.run(command, stdin=pins, stdout=subprocess.DEVNULL, check=False)  # noqa: S603  ourselves
    view.say(tr("  in all: {seconds} s", seconds=f"{time.monotonic() - begun:.2f}"))
    view.say(tr("After:"))
    _show(view)
    proven = _prove(folder, view)
    return view.finish(ended.returncode if proven else 1)


def _show(view: View) -> None:
    with CardProcess(os.environ["SITHSUP_MODULE"]) as token:
        for contents in find_cards(token):
            for line in card_lines(contents):
                view.say(line)


def _prove(folder: Path, view: View) -> bool:
    """Sign with the key of every certificate on the card, the ones that were left alone too."""
    proven = True
    with CardProcess(os.environ["SITHSUP_MODULE"]) as token:
        for contents in find_cards(token):
            card = Card(token, contents, _DemoCodes(folder))
            card.log_in()
            for c in (c.certificate for c in card.contents.certificates):
                if c.role is None:
                    continue
                works = verify(c.der, SENTENCE, card.sign(c.public_key, SENTENCE))
                proven = proven and works
                name = f"{c.issuer_common_name} ({tr(role_text({c.role}))})"
                view.say(tr("  signs: {name}", name=name) if works else tr("  DOES NOT SIGN: {name}", name=name))
    return proven


class _DemoCodes:
    """The codes of the demo's own throw-away card, from the file that the demo wrote."""

    def __init__(self, folder: Path) -> None:
        self._lines = (folder / "pins").read_bytes().splitlines()

    def code(self, token: TokenInfo, roles: frozenset[KeyRole]) -> Code | None:  # noqa: ARG002  the protocol
        """The line that belongs to the role."""
        is_first = KeyRole.AUTHENTICATION in roles
        return Code(bytearray(self._lines[0 if is_first else -1]))
