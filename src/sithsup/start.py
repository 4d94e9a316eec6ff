"""What every run begins with: settings, language, log, and the card process. Light to import: it comes first."""

from __future__ import annotations

import logging
import os

from sithsup import logs, texts
from sithsup.card.modules import find_module
from sithsup.card.process import CardProcess
from sithsup.errors import SettingsInvalidError
from sithsup.settings import Settings, variable_name

_log = logging.getLogger(__name__)


def prepare() -> Settings:
    """Read the settings and bring them into force. Raises `SettingsInvalidError`."""
    found = Settings.resolve(os.environ)
    settings = Settings.of(found)
    texts.set_language(settings.language)
    try:
        logs.configure(settings.state / "sithsup.log", verbose=settings.log_level == "DEBUG")
    except OSError as error:
        name = found["state"].in_force.place or variable_name("state")
        raise SettingsInvalidError(name=name, problem=error.strerror or str(error)) from error
    for unknown in found.unknown:
        _log.warning("a setting that is not known: %s (%s)", unknown.place, unknown.level)
    for problem in found.problems:
        _log.warning("a setting that is wrong, and not in force: %s", problem)
    return settings


def start_card(settings: Settings) -> CardProcess:
    """Start the process; it loads the module by itself. Raises `NoModuleError`."""
    module = find_module(str(settings.module) if settings.module else None)
    return CardProcess(module, time_out=settings.card_timeout, generation_time_out=settings.key_timeout)
