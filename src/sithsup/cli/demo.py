"""`sithsup demo`: the whole upgrade on real parts that are thrown away afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.card.process import CardProcess
from sithsup.card.session import Card, find_cards
from sithsup.certificate import verify
from sithsup.cli.demo_arguments import behaviour, knobs, wishes, without_effect
from sithsup.cli.view import card_lines
from sithsup.demo import start as life
from sithsup.demo.campaign import TERMS_VERSION
from sithsup.errors import NoReaderError, role_text
from sithsup.model import KeyRole
from sithsup.steps import SENTENCE
from sithsup.texts import tr

if TYPE_CHECKING:
    import argparse

    from sithsup.cli.view import View
    from sithsup.model import TokenInfo


def run(arguments: argparse.Namespace, view: View) -> int:
    """Run, start or stop a demo, or move its card."""
    if arguments.action == "stop":
        return view.finish(_stop(arguments.folder, view))
    if arguments.action in ("pull", "insert"):
        return view.finish(_move_card(arguments.folder, arguments.action, view))
    made = life.made_knobs(arguments.folder) if arguments.action == "start" else None
    if complaint := without_effect(arguments, made):
        view.say(complaint)
        return view.finish(2)
    if arguments.action == "start":
        return view.finish(_start_to_play(arguments, made, view))
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


def _start_to_play(arguments: argparse.Namespace, made: life.Knobs | None, view: View) -> int:
    folder: Path = arguments.folder
    if made:
        life.start_again(folder, replace(made, **behaviour(arguments)))
        view.say(tr("The demo runs again: the same card, and an authority that remembers what it did."))
    else:
        _start(folder, arguments)
        view.say(tr("The demo is running."))
    view.say(tr("Now type: . {env}", env=folder / "env"))
    return 0


def _stop(folder: Path, view: View) -> int:
    if life.stop(folder):
        view.say(tr("The demo is stopped. “sithsup demo start {folder}” starts it again.", folder=folder))
    else:
        view.say(tr("No demo is running in {folder}.", folder=folder))
    return 0


def _start(folder: Path, arguments: argparse.Namespace) -> None:
    kind = getattr(arguments, "certs", life.Kind.ORDINARY)
    card = getattr(arguments, "card", life.CardType.SOFTHSM2)
    life.start(folder, kind, knobs=knobs(arguments), wishes=wishes(arguments), card=card)


def _play(folder: Path, view: View) -> int:
    """Show the card, upgrade it by the same command that a person would type, show it again, prove every key."""
    os.environ.update(life.environment(folder))
    view.say(tr("Before:"))
    _show(view)
    view.say(tr("Upgrade:"))
    begun = time.monotonic()
    with (folder / "pins").open("rb") as pins:
        consent = ("--accept-terms", TERMS_VERSION, "--mail-understood")
        command = [sys.executable, "-m", "sithsup", "upgrade", "--yes", "--pin-stdin", "--json", *consent]
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
