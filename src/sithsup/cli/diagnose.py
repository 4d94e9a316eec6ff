"""`sithsup diagnose`: one call that finds out what support asks for, whatever is broken."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from sithsup.diagnostics.document import finish
from sithsup.diagnostics.probe import run
from sithsup.diagnostics.probes import ALL
from sithsup.diagnostics.scene import Scene
from sithsup.settings import Settings
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.cli.commands import Context
    from sithsup.diagnostics.document import Document


def diagnose(context: Context) -> int:
    """Ask every probe, and tell what came of it. It is a success also where everything is wrong."""
    scene = Scene(Settings.resolve(os.environ))
    context.view.say(tr("The diagnosis takes a few seconds. Nothing on the card is changed, and no code is asked for."))
    results = {result.probe.name: result for result in run(ALL, scene)}
    with suppress(Exception):  # the probe of the campaign tells why there is none to know whom to ask
        context.campaigns = scene.campaigns()
    document = finish((results[probe.name] for probe in ALL), scene, context.whom)
    return _tell(document, context)


def _tell(document: Document, context: Context) -> int:
    context.view.result |= document.data()
    return context.view.finish(0, document.lines())
