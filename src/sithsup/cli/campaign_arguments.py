"""The arguments of `sithsup campaign`. A passphrase is never one of them: it is asked on the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path

from sithsup.texts import mark, tr

ACTIONS = {
    "show": mark(
        "tell what the campaign in force says, or the one in FILE, who has signed it, and where it comes from"
    ),
    "verify": mark("see that FILE is a campaign that the program would accept; else name field and line"),
    "sign": mark("see that a campaign is right, and sign it (CMS)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    parser.set_defaults(action="show", file=None, anchor=None)
    actions = parser.add_subparsers(
        dest="action", metavar=tr("ACTION"), title=tr("actions (show, unless one is named)")
    )
    made = {}
    for name, message in ACTIONS.items():
        text = tr(message)
        made[name] = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made[name].add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    made["show"].add_argument("file", type=Path, nargs="?", metavar=tr("FILE"))
    made["verify"].add_argument("file", type=Path, metavar=tr("FILE"))
    for name in ("show", "verify"):
        made[name].add_argument("--anchor", type=Path, metavar="PEM", help=tr("in place of the anchor of the settings"))
    sign = made["sign"]
    sign.add_argument("file", type=Path, metavar="JSON")
    sign.add_argument("--key", type=Path, required=True, metavar="PEM", help=tr("the signer's private key"))
    sign.add_argument("--certificate", type=Path, required=True, metavar="PEM", help=tr("the signer's certificate"))
    sign.add_argument("--chain", type=Path, metavar="PEM", help=tr("certificates between the signer's and the anchor"))
    sign.add_argument("--anchor", type=Path, metavar="PEM", help=tr("verify under this anchor, as computers will"))
    sign.add_argument("--out", type=Path, required=True, metavar=tr("FILE"), help=tr("where the signed campaign goes"))
