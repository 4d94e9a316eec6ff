"""Whose card, and whose computer: the names and numbers that nobody else need know."""

from __future__ import annotations

import getpass
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sithsup.model import CardContents

NOBODYS = {
    "root",
    "admin",
    "administrator",
    "user",
    "home",
    "localhost",
    "localdomain",
    "computer",
    "desktop",
    "laptop",
}
"""Names of accounts and computers that tell nobody who somebody is, and that are words of other things too."""


def of_card(contents: CardContents) -> set[str]:
    """Whatever on a card tells who the holder is; not its number, which is printed on it."""
    persons = (found.certificate for found in contents.certificates if not found.certificate.is_ca)
    words = {
        word
        for each in persons
        for word in (each.common_name, each.given_name, each.surname, each.subject_serial, each.mail_address)
    }
    return words - {"", *contents.numbers}


def of_account() -> set[str]:
    """What the account and the computer are called: a report need not tell whose they are."""
    names = {platform.node(), platform.node().partition(".")[0]}
    with suppress(Exception):  # an account that the system does not know
        names.add(getpass.getuser())
    with suppress(RuntimeError):  # nor where its home is
        names.add(Path.home().name)
    return {name for name in names if name.lower() not in NOBODYS}
