"""What turns the text of a setting into its value. Each raises ValueError, saying why a text is none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sithsup.texts import tr

DIRECT = "direct"
"""The value of `proxy` that asks for none."""
LONGEST_TEXT = 300
LONGEST_TIME = 24 * 60 * 60
"""Seconds; a system cannot wait for any number of them at once."""
_PROXY = re.compile(
    r"http://([^\s:@/]+(:[^\s:@/]*)?@)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE
)
_LAST_PORT = 65535


def absolute_path(text: str) -> Path:
    """Nothing is looked for in whatever folder the program happens to be started from."""
    path = Path(text)
    if not path.is_absolute() or "\0" in text:
        raise ValueError(tr("“{value}” is not an absolute path", value=text))
    return path


def address(text: str) -> str:
    """No user name and no password: the address is shown, and written to the log."""
    if "@" in text:
        raise ValueError(tr("it must not hold a user name, a password or any other “@”"))
    if not leads_somewhere(text):
        raise ValueError(tr("“{value}” is not an http or https address", value=text))
    return text


def https_address(text: str) -> str:
    """The same, for what nobody on the way may see or change."""
    if not address(text).lower().startswith("https:"):
        raise ValueError(tr("“{value}” is not an https address", value=text))
    return text


def proxy_address(text: str) -> str:
    """The value itself is in no error: it may hold a password."""
    found = _PROXY.fullmatch(text)
    if text != DIRECT and not (found and 0 < int(found["port"] or 80) <= _LAST_PORT):
        raise ValueError(tr("it is not “direct”, http://SERVER:PORT or http://USER:PASSWORD@SERVER:PORT"))
    return text


def leads_somewhere(text: str) -> bool:
    """Whether it is an http or https address with a server's name and, if any, a port that there can be."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_plain = text.isprintable() and " " not in text
    return is_plain and parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0


def seconds(text: str) -> float:
    """More than none, and at most a day."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= LONGEST_TIME:
        raise ValueError(tr("“{value}” is not a number of seconds of at most {most}", value=text, most=LONGEST_TIME))
    return found


def plain_text(text: str) -> str:
    """One line that people read, of a length that a window has room for."""
    if not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise ValueError(tr("it is not one line of at most {count} printable characters", count=LONGEST_TEXT))
    return text


@dataclass(frozen=True)
class OneOf:
    """One of a few words."""

    choices: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """Give the word, which must be written as it is."""
        if text not in self.choices:
            raise ValueError(tr("“{value}” is none of: {choices}", value=text, choices=", ".join(self.choices)))
        return text
