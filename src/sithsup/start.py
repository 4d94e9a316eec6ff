"""What every run begins with: settings, language, log, and the card process. Light to import: it comes first."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from sithsup import logs, os_words, system_log, texts
from sithsup.settings import Settings

if TYPE_CHECKING:
    from sithsup.card.process import CardProcess
    from sithsup.settings import Resolution

_log = logging.getLogger(__name__)

LONGEST_LOOK = 20.0
"""Seconds for one call, where several cards are looked at."""


def read() -> Resolution:
    """Read the settings, and bring the language into force: whatever is wrong with the others is told in it."""
    found = Settings.resolve(os.environ)
    texts.set_language(Settings.usable(found).language)
    return Settings.resolve(os.environ) if found.problems else found  # once more: problems are texts


def prepare(found: Resolution) -> Settings:
    """Bring the settings into force. Raises `SettingsInvalidError`."""
    settings = Settings.of(found)
    system_log.attach()
    _begin_log(settings)
    for unknown in found.unknown:
        _log.warning("a setting that is not known: %s (%s)", unknown.place, unknown.level)
    for problem in found.problems:
        _log.warning("a setting that is wrong, and not in force: %s", problem)
    return settings


def _begin_log(settings: Settings) -> None:
    """Nothing is stopped by a log that cannot be written."""
    try:
        logs.configure(settings.logs, level=settings.log_level, form=settings.log_format)
    except OSError as error:
        _log.warning("there is no log in %s: %s", settings.logs, os_words.reason(error))


def hurried(settings: Settings) -> Settings:
    """The same for whoever looks at many cards, and does not wait long for one that hangs."""
    return replace(settings, card_timeout=min(settings.card_timeout, LONGEST_LOOK))


def start_card(settings: Settings, reader: str | None = None) -> CardProcess:
    """Start the process; it loads the module by itself. Raises `NoModuleError`.

    With a `reader`, no card in another one is asked for anything.
    """
    from sithsup.card.modules import find_module  # noqa: PLC0415  the window is there before any of it is needed
    from sithsup.card.process import CardProcess  # noqa: PLC0415  as above

    module = find_module(str(settings.module) if settings.module else None)
    times = {"time_out": settings.card_timeout, "generation_time_out": settings.key_timeout}
    return CardProcess(module, reader=reader, **times)
