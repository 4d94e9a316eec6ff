"""Where each system keeps its PKCS#11 module.

The order of a table is the order of search: the programs that are known to write to SITHS cards first. OpenSC reads
them but writes only to other kinds of card; it stands last, for support and for tests.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.errors import NoModuleError

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES: Mapping[str, tuple[str, ...]] = {
    "win32": (
        r"%ProgramFiles%\Net iD\iidp11.dll",
        r"%ProgramFiles%\Net iD Enterprise\iidp11.dll",
        r"%ProgramFiles%\SafeNet\Authentication\SAC\x64\IDPrimePKCS1164.dll",
        r"%SystemRoot%\System32\eTPKCS11.dll",
        r"%ProgramFiles%\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll",
    ),
    "darwin": (
        "/Library/Application Support/Net iD/libiidp11.dylib",
        "/usr/local/lib/libiidp11.dylib",
        "/usr/local/lib/libIDPrimePKCS11.dylib",
        "/Library/OpenSC/lib/opensc-pkcs11.so",
    ),
    "linux": (
        "~/.iid/lib/libiidp11.so",
        "/usr/lib64/libiidp11.so",
        "/usr/lib/x86_64-linux-gnu/libiidp11.so",
        "/usr/lib/libiidp11.so",
        "/usr/lib64/libIDPrimePKCS11.so",
        "/usr/lib/libIDPrimePKCS11.so",
        "/usr/lib/pkcs11/libIDPrimePKCS11.so",
        "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
        "/usr/lib64/opensc-pkcs11.so",
        "/usr/lib/opensc-pkcs11.so",
    ),
}


def find_module(named: str | None, places: tuple[str, ...] | None = None) -> str:
    """The path of the module: the named one, else the first that is there.

    Raises `NoModuleError`, which lists the places that were searched. That a file is there does not mean that it is
    a module: loading it tells (`ModuleBrokenError`).
    """
    candidates = (named,) if named else places if places is not None else PLACES.get(sys.platform, ())
    searched = tuple(map(_expanded, candidates))
    for place in searched:
        if Path(place).is_file():
            return place
    raise NoModuleError(places=", ".join(searched))


def every_place(named: str | None) -> tuple[str, ...]:
    """The named place, if any, and every place where this system may keep a module, whether one is there or not."""
    known = map(_expanded, PLACES.get(sys.platform, ()))
    return tuple(dict.fromkeys((*([_expanded(named)] if named else []), *known)))


def _expanded(place: str) -> str:
    return os.path.expandvars(os.path.expanduser(place))  # noqa: PTH111  expandvars needs text
