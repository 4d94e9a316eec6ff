"""The control of every search for a canary: it is found in whatever form, and nowhere by chance."""

from __future__ import annotations

import base64
import io
import json
import random
import unicodedata
import zipfile
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.support.canary import CODES, IDENTITY, Search

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = IDENTITY | CODES
SEARCH = Search(SECRETS)


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("deep/file.txt", content)
    return made.getvalue()


DISGUISES = {
    "utf-8": str.encode,
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "latin-1": lambda text: text.encode("latin-1"),
    "upper": lambda text: text.upper().encode(),
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "url": lambda text: quote(text).encode(),
    "json": lambda text: json.dumps(text).encode(),
    "repr": lambda text: ascii(text).encode(),
    "html": lambda text: escape(text).encode("ascii", "xmlcharrefreplace"),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "hex of utf-16": lambda text: text.encode("utf-16-le").hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of utf-16": lambda text: base64.b64encode(text.encode("utf-16-le")),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()),
    "zip": lambda text: zipped(text.encode()),
    "zip in zip": lambda text: zipped(zipped(text.encode())),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("name", SECRETS)
def test_it_is_found(name: str, before: str, disguise: object) -> None:
    """Wherever in a text it begins; and of several only the one that is there."""
    assert callable(disguise)
    assert name in SEARCH.within(disguise(f"{before}{SECRETS[name]} and more"))


def test_it_is_found_in_groups() -> None:
    assert SEARCH.within(b"73 82, 7382 9164") == {"PIN 1"}
    assert SEARCH.within(b"18930719-9807") == {"personal identity number"}


def test_it_is_nowhere_by_chance() -> None:
    """Neither in random bytes, nor in random digits, nor in a text about something else."""
    chance = random.Random(1)  # noqa: S311  the same every time
    assert SEARCH.within(chance.randbytes(1 << 20)) == set()
    assert SEARCH.within("".join(chance.choices("0123456789", k=100_000)).encode()) == set()
    assert SEARCH.within(b"SITHS e-id Person HSA-id 3 CA v1 TSTNMT2321000156 Kanarie") == set()


def test_files_and_their_names_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"the code is {CODES['PIN 1']}")
    (tmp_path / f"{IDENTITY['surname']}.txt").touch()
    found = SEARCH.below(tmp_path)
    assert found == {("log", "PIN 1"), (f"{IDENTITY['surname']}.txt", "surname")}
