"""Every setting of the program, as one table: the fields of `Settings`, each with its variable and its default.

Layers so far: the environment over the shipped defaults. An empty variable counts as one that is not set. Paths are
absolute: a module or a campaign is never looked for in whatever folder the program happens to be started from.
"""

from __future__ import annotations

import math
import re
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints
from urllib.parse import urlsplit

import platformdirs

from sithsup.errors import ProxyUnusableError, SettingsInvalidError
from sithsup.texts import ENGLISH, PSEUDO, SWEDISH, resources, tr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROGRAM = "sithsup"
DIRECT = "direct"
"""The value of `proxy` that asks for none."""
_PROXY = re.compile(
    r"http://([^\s:@/]+(:[^\s:@/]*)?@)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE
)
_LAST_PORT = 65535
_SCHEMES = ("http", "https", "all")
_NOT_BY_PROXY = re.compile(r"([a-z]+://)?[^:@\[\]]*(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def _path(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError(tr("“{value}” is not an absolute path", value=text))
    return path


def _address(text: str) -> str:
    """No user name and no password: the address is shown, and written to the log."""
    if "@" in text:
        raise ValueError(tr("it must not hold a user name, a password or any other “@”"))
    if not _leads_somewhere(text):
        raise ValueError(tr("“{value}” is not an http or https address", value=text))
    return text


def _proxy(text: str) -> str:
    """The value itself is in no error: it may hold a password."""
    found = _PROXY.fullmatch(text)
    if text != DIRECT and not (found and 0 < int(found["port"] or 80) <= _LAST_PORT):
        raise ValueError(tr("it is not “direct”, http://SERVER:PORT or http://USER:PASSWORD@SERVER:PORT"))
    return text


def _leads_somewhere(text: str) -> bool:
    """Whether it is an http or https address with a server's name and, if any, a port that there can be."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_plain = text.isprintable() and " " not in text
    return is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(tr("“{value}” is not a number of seconds", value=text))
    return seconds


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(tr("“{value}” is none of: {choices}", value=text, choices=", ".join(choices)))
        return text

    return read


class Variable(NamedTuple):
    """Where a setting comes from, and what turns its text into a value (or raises ValueError, saying why not)."""

    name: str
    read: Callable[[str], object]


_FOR_ALL = ("/run/lock", "/var/lock", "/tmp")  # noqa: S108  no file of ours there has a content, or follows a link
_SHARED = stat.S_ISVTX | stat.S_IWOTH
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def _shipped_campaign() -> Path:
    return resources() / "campaigns" / "siths-2020.json"


def _data_folder() -> Path:
    return platformdirs.user_data_path(_PROGRAM, appauthor=False)


def _state_folder() -> Path:
    return platformdirs.user_state_path(_PROGRAM, appauthor=False)


def _lock_folder() -> Path | None:
    """The first folder where every account may make a file and nobody may remove another's; the same for all of them.

    An account's own variables, such as TMPDIR, have no say in it.
    """
    for folder in map(Path, _FOR_ALL):
        with suppress(OSError):
            if folder.stat().st_mode & _SHARED == _SHARED:
                return folder
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings in force. `Settings.load` is the way in."""

    module: Annotated[Path | None, Variable("SITHSUP_MODULE", _path)] = None
    """The PKCS#11 module; None looks where this system keeps them."""
    campaign: Annotated[Path, Variable("SITHSUP_CAMPAIGN", _path)] = field(default_factory=_shipped_campaign)
    authority: Annotated[str | None, Variable("SITHSUP_AUTHORITY", _address)] = None
    """The authority's address in place of the campaign's."""
    proxy: Annotated[str | None, Variable("SITHSUP_PROXY", _proxy)] = field(default=None, repr=False)
    """A proxy for every address, or `DIRECT`; None goes by the system."""
    data: Annotated[Path, Variable("SITHSUP_DATA", _path)] = field(default_factory=_data_folder)
    """The folder of what an unfinished upgrade needs, and of the history."""
    state: Annotated[Path, Variable("SITHSUP_STATE", _path)] = field(default_factory=_state_folder)
    """The folder of what may be thrown away, such as logs."""
    locks: Annotated[Path | None, Variable("SITHSUP_LOCKS", _path)] = field(default_factory=_lock_folder)
    """The folder of the lock of each card, one that all accounts share; None where there is none, as on Windows."""
    language: Annotated[str | None, Variable("SITHSUP_LANGUAGE", _one_of(SWEDISH, ENGLISH, PSEUDO))] = None
    """None goes by the system."""
    log_level: Annotated[str, Variable("SITHSUP_LOG_LEVEL", _one_of(*_LEVELS))] = "INFO"
    card_timeout: Annotated[float, Variable("SITHSUP_CARD_TIMEOUT", _seconds)] = 60.0
    """Seconds until a call to the module counts as hung."""
    key_timeout: Annotated[float, Variable("SITHSUP_KEY_TIMEOUT", _seconds)] = 360.0
    """The same for a key generation, which takes minutes on a slow card."""
    answer_timeout: Annotated[float, Variable("SITHSUP_ANSWER_TIMEOUT", _seconds)] = 60.0
    """Seconds until an answer of the authority counts as lost, and is asked for again."""

    @classmethod
    def variables(cls) -> dict[str, Variable]:
        """The table: the variable of each setting, by the setting's name."""
        hints = get_type_hints(cls, include_extras=True)
        return {name: hint.__metadata__[0] for name, hint in hints.items()}

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Settings:
        """Take the settings from an environment; raises `SettingsInvalidError` naming the variable."""
        values: dict[str, Any] = {}
        for name, variable in cls.variables().items():
            if text := environ.get(variable.name):
                try:
                    values[name] = variable.read(text)
                except ValueError as error:
                    raise SettingsInvalidError(name=variable.name, problem=str(error)) from error
        return cls(**values)


def refuse_unusable_proxies(found: Mapping[str, str]) -> None:
    """Check what the system says of proxies, as `urllib.request.getproxies` gives it. Raises `ProxyUnusableError`.

    Whatever is shown here is no proxy's address: that may hold a password.
    """
    for scheme in _SCHEMES:
        if not (text := found.get(scheme)):
            continue
        address, name = text if "://" in text else f"http://{text}", f"{scheme}_proxy"
        if address.lower().startswith("socks"):
            problem = tr("The proxy in {name} is of a kind (SOCKS) that the program cannot use.", name=name)
            raise ProxyUnusableError(name=name, problem=problem)
        if not _leads_somewhere(address):
            raise ProxyUnusableError(name=name, problem=tr("The proxy in {name} is not an http address.", name=name))
    for server in found.get("no", "").split(","):
        if not _may_be_left_out(server.strip()):
            problem = tr("“{value}” in {name} is not the name of a server.", value=server.strip(), name="no_proxy")
            raise ProxyUnusableError(name="no_proxy", problem=problem)


def _may_be_left_out(server: str) -> bool:
    """Whether this can be read as a server, or a part of the net, that is reached without a proxy."""
    try:
        ip_address(server.partition("/")[0])
    except ValueError:
        return server.isascii() and server.isprintable() and bool(_NOT_BY_PROXY.fullmatch(server))
    return True
