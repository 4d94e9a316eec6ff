"""`sithsup diagnose`: one call that finds out what support asks for, whatever is broken."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.diagnostics.diagnosis import Diagnosis
from sithsup.diagnostics.report_file import save
from sithsup.errors import ReportUnsavedError
from sithsup.texts import tr

if TYPE_CHECKING:
    from sithsup.cli.commands import Context
    from sithsup.diagnostics.document import Document


def diagnose(context: Context) -> int:
    """Ask every probe, tell what came of it, save it. It is a success also where everything is wrong."""
    view = context.view
    view.say(tr("The diagnosis takes a few seconds. Nothing on the card is changed, and no code is asked for."))
    document = Diagnosis().wait()
    view.result |= document.data()
    view.tell(document.lines())
    for line in _whom(document):
        view.say(line)
    return view.finish(_save(document, context))


def _whom(document: Document) -> tuple[str, ...]:
    """Whom to ask, for the person at the screen, where what is handed on does not say it in full."""
    asked = {problem.contact for problem in document.problems if problem.contact in document.own}
    return tuple(document.whom(contact) for contact in sorted(asked))


def _save(document: Document, context: Context) -> int:
    """Where it is asked for; the exit code."""
    if context.arguments.out is None:
        return 0
    try:
        path = save(document, Path(context.arguments.out))
    except ReportUnsavedError as error:
        context.view.error(error)
        return error.exit_code
    context.view.result["report"] = str(path)
    context.view.say(tr("The report: {path}", path=path))
    return 0
