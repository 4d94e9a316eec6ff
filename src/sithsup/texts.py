"""Every text that a person reads, in Swedish or English: one gettext catalogue for all of the program.

* The message id is the English text itself, and stands as one plain literal in `tr(...)` or `mark(...)`.
* A placeholder is `{name}`, a plain name and nothing else: no format specification, attribute or index.
  Values are given by keyword and written with `str`; dates and amounts are made readable by the caller. A
  brace that is meant as a brace is doubled. `tr` always substitutes, also when no value is given.
* `mark` is for texts in constants and class attributes. They are looked up when they are shown, by
  `tr(constant)`, because the language may not be known yet when the module is loaded.
* The language is the one given to `set_language`, else SITHSUP_LANGUAGE if it names one, else the system's: Swedish
  where that begins with `sv`, otherwise English.
* The pseudo-language `xx` wraps every translated text in ⟦ ⟧, so that a test finds those that are not marked.
"""

from __future__ import annotations

import gettext
import os
import sys
from datetime import datetime, time, timedelta
from pathlib import Path

DOMAIN = "sithsup"
ENGLISH = "en"
SWEDISH = "sv"
PSEUDO = "xx"
LANGUAGES = (SWEDISH, ENGLISH, PSEUDO)
MIDNIGHT = time()
_HOUR, _DAY = 60, 24 * 60  # minutes


def resources() -> Path:
    """Give the folder of shipped data: inside an installed package, or at the root of a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parents[1] / "resources"


def mark(message: str) -> str:
    """Return the message unchanged; marks a constant for extraction."""
    return message


def tr(message: str, **values: object) -> str:
    """Translate a message and fill in its placeholders.

    Raises KeyError for a placeholder without a value: that is a bug, not a matter of language.
    """
    return translated(message).format_map(values)


def translated(message: str) -> str:
    """Translate a message and leave its placeholders as they are."""
    return _current.translations().gettext(message)


def readable(value: object) -> str:
    """A value as a text says it: times and days in this computer's zone, lengths of time in round numbers."""
    if isinstance(value, datetime):
        local = value.astimezone()
        return f"{local:%Y-%m-%d}" if local.time() == MIDNIGHT else f"{local:%Y-%m-%d %H:%M}"
    if not isinstance(value, timedelta):
        return str(value)
    minutes = round(value / timedelta(minutes=1))
    if minutes < 2 * _HOUR:
        return tr("{count} min", count=minutes)
    if minutes < 2 * _DAY:
        return tr("{count} h", count=round(minutes / _HOUR))
    return tr("{count} days", count=round(minutes / _DAY))


def set_language(language: str | None) -> None:
    """Choose the language from now on; None asks the environment and the system again at the next text."""
    _current.language = None if language is None else _supported(language)
    _current.catalogue = None


def language() -> str:
    """Give the language in use: `sv`, `en` or `xx`."""
    if _current.language is None:
        named = os.environ.get("SITHSUP_LANGUAGE", "")
        _current.language = _supported(named if named.lower().startswith(LANGUAGES) else _system_language())
    return _current.language


class _Pseudo(gettext.NullTranslations):
    """Shows that a text went through the catalogue."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"


class _Current:
    """The language in use and its catalogue, each found when first needed."""

    language: str | None = None
    catalogue: gettext.NullTranslations | None = None

    def translations(self) -> gettext.NullTranslations:
        if self.catalogue is None:
            self.catalogue = _load(language())
        return self.catalogue


_current = _Current()


def _load(name: str) -> gettext.NullTranslations:
    if name == PSEUDO:
        return _Pseudo()
    if name == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, resources() / "i18n", languages=[name])


def _supported(name: str) -> str:
    wanted = name.lower()
    if wanted.startswith(SWEDISH):
        return SWEDISH
    return PSEUDO if wanted == PSEUDO else ENGLISH


def _system_language() -> str:
    """Ask the system, as `sv_SE` or the like; empty where it does not say (on a Mac without a terminal)."""
    for variable in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return value
    return _windows_language() if sys.platform == "win32" else ""


def _windows_language() -> str:
    import ctypes  # noqa: PLC0415 - only Windows has the function
    import locale  # noqa: PLC0415 - only here

    identifier = ctypes.windll.kernel32.GetUserDefaultUILanguage()  # type: ignore[attr-defined,unused-ignore]
    return locale.windows_locale.get(identifier, "")
