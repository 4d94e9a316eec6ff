"""The arguments of `sithsup demo`: every action has its own help, every number is checked, every usual value is shown.

An option that was not given is not there at all (`argparse.SUPPRESS`): a demo that is started again keeps its own.
"""

from __future__ import annotations

import argparse
import math
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sithsup.campaign import RevokeOld
from sithsup.demo import start as life
from sithsup.eligibility import AUTHORITY_REASONS
from sithsup.texts import tr

if TYPE_CHECKING:
    from enum import StrEnum

KINDS = {
    life.Kind.ORDINARY: "an old SITHS card with two codes, and an e-legitimation beside that is not ours",
    life.Kind.ORDINARY_WITH_TELIA: "the same, with keys of its own for the e-legitimation",
    life.Kind.ONE_PIN: "an ordinary card with one code for both keys",
    life.Kind.UPGRADED: "a card that is upgraded already",
    life.Kind.FACTORY_NEW: "a card that was made with the new certificates, and needs no upgrade",
    life.Kind.SPARE: "a spare card (reservkort), which is not upgraded",
    life.Kind.FOREIGN: "an e-legitimation alone: no SITHS card",
    life.Kind.FOREIGN_WITH_SITHS: "the same card from Telia, with SITHS certificates added: not upgraded either",
    life.Kind.EXPIRED: "an old SITHS card whose certificates have expired",
    life.Kind.NO_SIGN_CODE: "an old SITHS card whose code for signatures was never chosen (a virtual one: is locked)",
    life.Kind.PROTECTED: "of somebody with a protected identity: the authority says no, before anything is written",
    life.Kind.BRIMMING: "one that was renewed again and again, with every authority's certificate on it",
}
ACTIONS = {
    "run": "run everything once on a throw-away card, show it before and after, and clear up",
    "start": "make a card and an authority in DIR and leave them to be played with; or start a stopped demo again",
    "stop": "end the authority (and the virtual card) of DIR; the folder stays, and can be started again",
    "pull": "take a virtual card out of its reader",
    "insert": "put a virtual card back",
}
WITH_OPTIONS = {"run", "start"}
LONGEST = 86400
"""Seconds: no demo waits longer than a day."""
OF_CARD_AND_CAMPAIGN = ("certs", "card", "key", "body", "revoke_old", "revoke_signed_by", "confirm_wait")
"""What is made once, and stays as it is when a demo is started again."""
_KINDS_TEXT = "kinds of cards (--certs):\n" + "".join(f"  {kind:<19} {text}\n" for kind, text in KINDS.items())
_FILES_TEXT = """
in DIR, when it is made:
  env        for a shell: `. DIR/env`, and from then on every command is about the demo
  pins       the codes, as --pin-stdin reads them: authentication first
  puks       the PUK code of each, in the same order
  reference, secret
             for a CMP client without a card: what a second holder orders the first certificates with
  campaign.p7m, campaign.json, signing/
             the campaign, signed and as it was before; what signs it (“sithsup campaign sign”), and the anchor
  card/, authority/, data/, state/
             the card; the authority's keys, ledger and log; the program's journal and history; its log

DIR is a new or empty folder, or that of a demo that was stopped: its authority then goes on with the same card and the
same memory, and in the meantime it was out of reach. What its card and campaign are is not chosen again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and what may be chosen."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"{_KINDS_TEXT}\n“sithsup demo start --help” tells of the files in DIR."
    parser.set_defaults(action="run")
    _add_options(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", title="actions (run, unless one is named)")
    for name, text in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name != "run":
            action.add_argument("folder", type=Path, metavar="DIR")
        if name in WITH_OPTIONS:
            _add_options(action)
            action.epilog = _KINDS_TEXT + (_FILES_TEXT if name == "start" else "")


def _add_options(parser: argparse.ArgumentParser) -> None:
    card = parser.add_argument_group("the card and the campaign")
    _choose(card, "--certs", life.Kind.ORDINARY, "what is on the card")
    _choose(card, "--card", life.CardType.SOFTHSM2, "what the card is made of; a virtual one can be pulled")
    _choose(card, "--key", life.USUAL.key, "the new keys")
    _choose(card, "--body", life.USUAL.body, "how certificates are ordered (CMP)")
    _choose(card, "--revoke-old", life.USUAL.revoke_old, "who retires the old certificates")
    signed_by = "with --revoke-old client: which old certificate signs that"
    _choose(card, "--revoke-signed-by", life.USUAL.revoke_signed_by, signed_by)
    usual = life.ORDINARY
    wait = usual.confirm_wait.total_seconds()
    _number(card, "--confirm-wait", positive_seconds, wait, "how long the authority waits for a confirmation")
    authority = parser.add_argument_group("the authority")
    _number(authority, "--ca-delay", seconds, usual.delay, "how long it takes for every message")
    _number(authority, "--poll", seconds, usual.poll, "how long orders must be polled for")
    whole = "with --poll: after how many whole seconds at the most it wants to be asked again"
    _number(authority, "--check-after", whole_seconds, usual.check_after, whole)
    _switch(authority, "--revoke-early", "retire old certificates at the first confirmation")
    _switch(authority, "--implicit-confirm", "grant implicit confirmation unasked")
    reasons = f"refuse, for one of these reasons: {', '.join(AUTHORITY_REASONS)}"
    authority.add_argument(
        "--refuse", choices=list(AUTHORITY_REASONS), metavar="REASON", default=argparse.SUPPRESS, help=reasons
    )


def _choose(group: argparse._ArgumentGroup, name: str, usual: StrEnum, what: str) -> None:
    kind = type(usual)
    group.add_argument(
        name, type=kind, choices=list(kind), default=argparse.SUPPRESS, help=f"{what} (usual: {usual.value})"
    )


def _number(group: argparse._ArgumentGroup, name: str, read: Any, usual: float, what: str) -> None:
    group.add_argument(name, type=read, metavar="SECONDS", default=argparse.SUPPRESS, help=f"{what} (usual: {usual:g})")


def _switch(group: argparse._ArgumentGroup, name: str, what: str) -> None:
    group.add_argument(name, action="store_true", default=argparse.SUPPRESS, help=what)


def seconds(text: str) -> float:
    """A length of time, or none."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= LONGEST:
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of seconds from 0 to {LONGEST}")
    return number


def positive_seconds(text: str) -> float:
    """A length of time."""
    if not (number := seconds(text)):
        raise argparse.ArgumentTypeError("it must be longer than nothing")
    return number


def whole_seconds(text: str) -> int:
    """A length of time as CMP's checkAfter counts it: an INTEGER (RFC 9810, section 5.3.22)."""
    number = positive_seconds(text)
    if number != int(number):
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number of seconds")
    return int(number)


# -------------------------------------------------------------------------------------------- what was chosen


def behaviour(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was chosen of the authority, by the names of `Knobs`."""
    names = {"ca_delay": "delay"} | {
        name: name for name in ("poll", "check_after", "revoke_early", "implicit_confirm", "refuse")
    }
    given = vars(arguments)
    return {knob: given[name] for name, knob in names.items() if name in given}


def knobs(arguments: argparse.Namespace) -> life.Knobs:
    """How the authority of a new demo behaves."""
    wait = getattr(arguments, "confirm_wait", life.ORDINARY.confirm_wait.total_seconds())
    is_authority_s = wishes(arguments).revoke_old is RevokeOld.AUTHORITY
    return life.Knobs(confirm_wait=timedelta(seconds=wait), revoke_old=is_authority_s, **behaviour(arguments))


def wishes(arguments: argparse.Namespace) -> life.Wishes:
    """What a new campaign asks for."""
    names = ("key", "body", "revoke_old", "revoke_signed_by")
    return life.Wishes(**{name: value for name, value in vars(arguments).items() if name in names})


def without_effect(arguments: argparse.Namespace, made: life.Knobs | None) -> str:
    """A sentence about an option that would change nothing; empty when there is none.

    `made` are the knobs of a demo that is made already, and is to be started again.
    """
    given = vars(arguments)
    fixed = [name for name in OF_CARD_AND_CAMPAIGN if name in given]
    if made and fixed:
        option = f"--{fixed[0].replace('_', '-')}"
        return tr("{option} cannot be chosen again: the card and the campaign in this folder are made.", option=option)
    if "revoke_signed_by" in given and given.get("revoke_old") is not RevokeOld.CLIENT:
        return tr("--revoke-signed-by has no effect unless the program revokes: add --revoke-old client.")
    now = made or knobs(arguments)
    if "revoke_early" in given and not now.revoke_old:
        return tr("--revoke-early has no effect unless the authority revokes: leave out --revoke-old.")
    if "check_after" in given and not given.get("poll", now.poll):
        return tr("--check-after has no effect without --poll.")
    return ""
