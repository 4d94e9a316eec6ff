"""Canaries: an invented holder and invented codes that are nowhere by chance, and a search that finds them in disguise.

The holder's numbers are of the kind that is kept for tests; the name is nobody's.
"""

from __future__ import annotations

import base64
import html
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from sithsup.demo import kinds
from sithsup.demo import start as life
from sithsup.demo.kinds import Kind
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import Holder
from tests.support.demo import Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

HOLDER = Holder(
    given_name="Kanarielle",
    surname="Gullfjädersson",
    hsa_id="TSTNMT2321000156-K4N4R13FGL",
    personal_number="189307199807",
    organization="TEST Påhittade regionen",
    locality="TEST Låtsas län",
    title="Läkare",
)
PINS = ("73829164", "58203947")
NEW_PIN = "61940285"
IDENTITY = {
    "given name": HOLDER.given_name,
    "surname": HOLDER.surname,
    "HSA-id": HOLDER.hsa_id.partition("-")[2],
    "personal identity number": HOLDER.personal_number[2:],
}
"""What tells who the holder is. Of the HSA-id it is the part that the organisation has given to a person."""
CODES = {"PIN 1": PINS[0], "PIN 2": PINS[1], "new PIN": NEW_PIN}
EVERYTHING = " ".join((HOLDER.common_name, HOLDER.hsa_id, HOLDER.personal_number, *PINS))
"""As somebody careless would write it down."""
CONTACT = f"Ring {EVERYTHING}"
"""What an organisation says of itself, in settings."""
DEPTH = 2
"""How many disguises over one another are looked through."""
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{8,}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[ \u00a0.\u2010-\u2013\u2212-](?=[0-9])")


@dataclass(frozen=True)
class Search:
    """Looks for secrets, by their names, in whatever form."""

    secrets: dict[str, str]

    def within(self, content: bytes) -> set[str]:
        """The names of those that are in it."""
        wanted = {name: _plain(secret) for name, secret in self.secrets.items()}
        return {name for text in seen(content) for name, secret in wanted.items() if secret in text}

    def besides_contact(self, content: bytes) -> set[str]:
        """The same of a page that tells its reader whom to call, in the organisation's own words."""
        return self.within(content.replace(CONTACT.encode(), b""))

    def below(self, *folders: Path) -> set[tuple[str, str]]:
        """The names of files below folders and of the secrets in them; a file's name is searched too."""
        found = set()
        for path in (path for folder in folders for path in folder.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            names = self.within(content) | self.within(path.name.encode())
            found |= {(path.name, name) for name in names}
        return found


def seen(content: bytes, depth: int = DEPTH) -> Iterator[str]:
    """Everything that may be read in some bytes: in several encodings, escaped, in hex, in base64, in a zip file."""
    for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
        for shift in (0, 1) if encoding.startswith("utf-16") else (0,):
            text = content[shift:].decode(encoding, "ignore")
            yield _plain(text)
            if encoding == "utf-8":
                yield from map(_plain, (unquote_plus(text), html.unescape(text), _ESCAPE.sub(_unescaped, text)))
    if depth:
        for hidden in _hidden(content):
            yield from seen(hidden, depth - 1)


def _plain(text: str) -> str:
    """In small letters, put together, and without anything that parts digits."""
    return _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFC", text).lower())


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def _hidden(content: bytes) -> Iterator[bytes]:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            for info in file.infolist():
                yield info.filename.encode()
                yield file.read(info)
    for run in _HEX.findall(content):
        for shift in range(2):
            yield bytes.fromhex(run[shift : len(run) - shift].decode())
    for run in _BASE64.findall(content):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        for shift in range(4):
            whole = plain[shift:]
            yield base64.b64decode(whole[: len(whole) // 4 * 4])


# ------------------------------------------------------------------------------------------------ where they are put


def make_demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    """A demo whose card is the holder's: the name is in the labels of its tokens and keys too."""
    ordinary = replace(kinds.FILLINGS[Kind.ORDINARY], name=HOLDER.given_name)
    keys = tuple(replace(key, label=f"{key.label} {HOLDER.surname}") for key in kinds._OLD_KEYS)
    with monkeypatch.context() as planted:
        planted.setattr(life, "PEOPLE", (HOLDER, *PEOPLE[1:]))
        planted.setitem(kinds.FILLINGS, Kind.ORDINARY, ordinary)
        planted.setattr(kinds, "_OLD_KEYS", keys)
        planted.setattr(kinds, "_two_codes", lambda: PINS)
        return Demo.make(folder, Kind.ORDINARY)


def environment(folder: Path, proxy: str = "") -> dict[str, str]:
    """Settings and other variables that hold all of it. `proxy` is the address of one that asks for no log-in."""
    place = folder / EVERYTHING
    folders = {"SITHSUP_DATA": place / "data", "SITHSUP_LOGS": place / "logs"}
    contacts = {"SITHSUP_LOCAL_IT": CONTACT, "SITHSUP_DEPUTY_ISSUER": CONTACT}
    account = {"USER": HOLDER.given_name, "LOGNAME": HOLDER.given_name, "KANARIE": EVERYTHING}
    through = proxy.replace("://", f"://{quote(HOLDER.given_name)}:{PINS[0]}@")
    own = {"SITHSUP_PROXY": through} if proxy else {}
    return {**{name: str(each) for name, each in folders.items()}, **contacts, **account, **own}
