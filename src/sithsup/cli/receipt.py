"""How `upgrade` ends on the screen: what matters now in a few lines; the whole receipt lies in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.receipt import as_data, as_text
from sithsup.receipt.words import NO_RECEIPT, matters_now
from sithsup.situation import Outcome
from sithsup.texts import tr

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.cli.view import View
    from sithsup.operation import Operation
    from sithsup.receipt import Receipt


def show_receipt(view: View, operation: Operation) -> None:
    """Tell of the receipt of a run that finished an upgrade; where it has no file, all of it."""
    receipt, saved = operation.receipt, operation.saved
    if receipt is None or saved is None:
        if operation.outcome is Outcome.UPGRADED:
            view.say(tr(NO_RECEIPT))
        return
    view.result["receipt"] = {
        "page": str(saved.page) if saved.page else None,
        "data_file": str(saved.page.with_suffix(".json")) if saved.page else None,
        "problem": saved.problem or None,
        "data": as_data(receipt),
    }
    if saved.page is None:
        view.say(tr("The receipt could not be saved: {problem}. Here it is:", problem=saved.problem))
        view.say("")
        view.say(as_text(receipt))
        return
    for line in short_lines(receipt, saved.page):
        view.say(line)


def short_lines(receipt: Receipt, page: Path) -> list[str]:
    """What matters now, and where the rest is."""
    return [*matters_now(receipt), tr("The receipt, also for your IT support: {path}", path=page)]
