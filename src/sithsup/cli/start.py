"""The card process as the settings want it. Light to import: it is started before anything else is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.card.modules import find_module
from sithsup.card.process import CardProcess

if TYPE_CHECKING:
    from sithsup.settings import Settings


def start_card(settings: Settings) -> CardProcess:
    """Start the process; it loads the module by itself. Raises `NoModuleError`."""
    module = find_module(str(settings.module) if settings.module else None)
    return CardProcess(module, time_out=settings.card_timeout, generation_time_out=settings.key_timeout)
