"""`sithsup unblock`: what it shows and asks; what it does is `sithsup.unblock`."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sithsup.card.session import choose_card, find_cards
from sithsup.cli.puk import puk_source
from sithsup.errors import CodeChoiceError, role_text
from sithsup.in_force import Campaigns
from sithsup.locked import order_text
from sithsup.model import CodeState, KeyRole
from sithsup.start import start_card
from sithsup.texts import mark, tr
from sithsup.unblock import Unblock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.cli.commands import Context
    from sithsup.cli.view import View
    from sithsup.model import TokenContents

STATE_TEXTS = {
    CodeState.OK: mark("The code for {role} is not locked."),
    CodeState.COUNT_LOW: mark("The code for {role} is not locked. It was entered wrong, and few tries are left."),
    CodeState.FINAL_TRY: mark("The code for {role} is not locked. It was entered wrong, and only one try is left."),
    CodeState.LOCKED: mark("The code for {role} is locked."),
    CodeState.UNSET: mark("The code for {role} was not chosen yet."),
}
PUK_TEXTS = {
    CodeState.COUNT_LOW: mark("Its PUK code was entered wrong, and fewer tries are left."),
    CodeState.FINAL_TRY: mark("Only one try is left for its PUK code."),
    CodeState.LOCKED: mark("Its PUK code is locked."),
}
"""What the card tells of a PUK code; many cards never tell."""


def run(context: Context, ask: Callable[[str], bool]) -> int:
    """Show what is locked, ask which code is meant, and give it a new value."""
    view = context.view
    with _opened(context) as unblock:
        _show(view, unblock)
        chosen = _chosen(context, unblock)
        source = puk_source(ask, view.say, view.unlocking.order, from_stdin=context.arguments.pin_stdin)
        try:
            unblock.unblock(chosen, source)
        finally:
            view.result |= {"code": sorted(chosen.roles), "sent": unblock.is_sent, "changed": unblock.is_changed}
            _tell(view, unblock, chosen)
        return view.finish(0)


@contextmanager
def _opened(context: Context) -> Iterator[Unblock]:
    """The chosen card, held for as long as the block lasts."""
    arguments, settings = context.arguments, context.settings
    context.campaigns = Campaigns(settings, recovers=True)
    with ExitStack() as stack:
        token = stack.enter_context(context.started or start_card(settings))
        contents = choose_card(find_cards(token), reader=arguments.reader, number=arguments.card)
        context.view.unlocking.order, context.hsa_id = order_text(context.campaigns.of(contents)), contents.hsa_id
        context.view.card(contents)
        unblock = Unblock(token, contents, folder=settings.data, locks=settings.locks, clock=lambda: datetime.now(UTC))
        yield stack.enter_context(unblock)


def _show(view: View, unblock: Unblock) -> None:
    """Tell of each code whether it is locked, and of its PUK code what the card tells."""
    view.result["codes"] = [
        {"roles": sorted(token.roles), "state": token.info.code.value, "puk": token.info.puk.value}
        for token in unblock.codes
    ]
    for token in unblock.codes:
        view.say(tr(STATE_TEXTS[token.info.code], role=_role(token)))
        if token.info.puk in PUK_TEXTS:
            view.say(tr(PUK_TEXTS[token.info.puk]))


def _chosen(context: Context, unblock: Unblock) -> TokenContents:
    """The code that is meant; whoever sits at a terminal is asked where there are several."""
    named = context.arguments.role
    try:
        return unblock.choose(KeyRole(named) if named else None)
    except CodeChoiceError:
        if context.arguments.pin_stdin or not sys.stdin.isatty():
            raise
    print(tr("Which one? 1: authentication, 2: signature: "), end="", file=sys.stderr, flush=True)
    role = {"1": KeyRole.AUTHENTICATION, "2": KeyRole.SIGNATURE}.get(sys.stdin.readline().strip())
    if role is None:
        raise CodeChoiceError(role="-")
    return unblock.choose(role)


def _tell(view: View, unblock: Unblock, chosen: TokenContents) -> None:
    """Tell what is true now, as far as it was seen."""
    if unblock.is_changed:
        view.say(tr("The code for {role} has its new value, and is not locked.", role=_role(chosen)))
    elif unblock.is_changed is None:
        view.say(tr("Whether the code for {role} has its new value is not known now.", role=_role(chosen)))
        view.say(tr("Put the card back and run “sithsup unblock”: it tells whether the code is still locked."))


def _role(token: TokenContents) -> str:
    return tr(role_text(token.roles))
