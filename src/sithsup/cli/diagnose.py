"""`sithsup diagnose`: one call that finds out what support asks for, whatever is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.diagnostics.diagnosis import Diagnosis
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.cli.commands import Context


def diagnose(context: Context) -> int:
    """Ask every probe, and tell what came of it. It is a success also where everything is wrong."""
    context.view.say(tr("The diagnosis takes a few seconds. Nothing on the card is changed, and no code is asked for."))
    document = Diagnosis().wait()
    context.view.result |= document.data()
    return context.view.finish(0, document.lines())
