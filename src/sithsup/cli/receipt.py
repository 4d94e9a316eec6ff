"""How `upgrade` ends on the screen: what matters now in a few lines; the whole receipt lies in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.receipt import as_data, as_text
from sithsup.receipt.words import (
    CODES_UNCHANGED,
    TAKE_OUT,
    TEST_TEXTS,
    ask_local_it,
    choose_at_log_in,
    left_lines,
    level_line,
)
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
    """What matters now."""
    lines = (
        level_line(receipt),
        tr(TEST_TEXTS[receipt.works]),
        tr(CODES_UNCHANGED),
        tr(TAKE_OUT),
        choose_at_log_in(receipt),
        *left_lines(receipt)[:1],
        ask_local_it(receipt),
        tr("The receipt, also for your IT support: {path}", path=page),
    )
    return [line for line in lines if line]
