"""What a person is told to do next: a command in a terminal, a button in a window.

An advice is written once, for both. Where it would name a command or a button it has a placeholder, and `WAYS` holds
what stands there: whole sentences, one for each interface, and in them the values of the advice. Nothing else that both
show names a command or a button.

The command line is the interface until `set_interface` chooses the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from sithsup.texts import mark, translated

if TYPE_CHECKING:
    from collections.abc import Mapping


class Interface(Enum):
    """Where a person sits."""

    COMMAND_LINE = auto()
    WINDOW = auto()


@dataclass(frozen=True, slots=True)
class Way:
    """One thing to do, as each interface tells it. The window's is told on a page that has the button “Try again”."""

    command: str
    window: str


WAYS = {
    # ------------------------------------------------------------------------------------------ to see what works
    "see": Way(
        mark("Run “sithsup check” to see what works now."),
        mark("Press “Try again” to see what works now."),
    ),
    "then_see": Way(
        mark("Then run “sithsup check” to see what works now."),
        mark("Then press “Try again” to see what works now."),
    ),
    "see_and_report": Way(
        mark("Run “sithsup check” to see what works now, and report the fault to your local IT support."),
        mark("Press “Try again” to see what works now, and report the fault to your local IT support."),
    ),
    "see_and_go_on": Way(
        mark("Run “sithsup check” to see what works now and how to go on."),
        mark("Press “Try again” to see what works now and how to go on."),
    ),
    "see_at_leisure": Way(
        mark("Run “sithsup check” to see what works now, and go on when it suits you."),
        mark("Press “Try again” to see what works now, and go on when it suits you."),
    ),
    "begin_again": Way(
        mark("Run “sithsup upgrade” again when it suits you."),
        mark("Press “Try again” when it suits you."),
    ),
    "put_back": Way(
        mark("Put the same card back and run “sithsup check”: it tells what works now and how to go on."),
        mark("Put the same card back and press “Try again” to see what works now and how to go on."),
    ),
    "put_in_anew": Way(
        mark("Take the card out and put it back, then run “sithsup check” to see how to go on."),
        mark("Take the card out and put it back, then press “Try again” to see how to go on."),
    ),
    "put_in_anew_and_see": Way(
        mark("Take the card out and put it back, then run “sithsup check” to see what works now."),
        mark("Take the card out and put it back, then press “Try again” to see what works now."),
    ),
    "close_others": Way(
        mark("Close other programs that use the card, then run “sithsup check” to see what works now."),
        mark("Close other programs that use the card, then press “Try again” to see what works now."),
    ),
    "move_away": Way(
        mark("Move the file away and run “sithsup check”: the card itself shows how far the upgrade came."),
        mark("Move the file away and press “Try again”: the card itself shows how far the upgrade came."),
    ),
    "reach": Way(
        mark(
            "Check the network connection and try again. If that does not help, call your local IT support. "
            "Run “sithsup check” to see what works now."
        ),
        mark("Check the network connection and press “Try again”. If that does not help, call your local IT support."),
    ),
    "ask_halfway": Way(
        mark("Contact your deputy issuer. Run “sithsup check” to see what works now."),
        mark("Contact your deputy issuer. Then press “Try again” to see what works and how to go on."),
    ),
    # ------------------------------------------------------------------------------------- to finish, or to go back
    "finish": Way(
        mark("Run “sithsup resume”: it finishes whatever is left to do."),
        mark("Press “Try again” and then “Continue”: that finishes whatever is left to do."),
    ),
    "finish_here": Way(
        mark("Run “sithsup resume” here to finish. To go back, run “sithsup restore” on that computer."),
        mark(
            "Press “Try again” and then “Continue” to finish here. To go back, open the program on that computer and "
            "press “Go back to the old”."
        ),
    ),
    "finish_there": Way(
        mark("Run “sithsup resume” on that computer."),
        mark("Open the program on that computer and press “Continue”."),
    ),
    "finish_once_more": Way(
        mark("Run “sithsup resume” once more, on another computer too if you can."),
        mark("Press “Try again” and then “Continue” once more, on another computer too if you can."),
    ),
    "finish_or_go_back": Way(
        mark("Run “sithsup resume” to finish it. Or run “sithsup restore” to go back, as long as that is possible."),
        mark(
            "Press “Try again” and then “Continue” to finish it. Or press “Go back to the old” there, as long as that "
            "is possible."
        ),
    ),
    "order_again": Way(
        mark("Run “sithsup resume”: the certificates are then ordered again."),
        mark("Press “Try again” and then “Continue”: the certificates are then ordered again."),
    ),
    "go_on": Way(
        mark("Go on with “sithsup resume”."),
        mark("Press “Try again” and go on with “Continue”."),
    ),
    "go_on_or_back": Way(
        mark("Go on with “sithsup resume”, or go back with “sithsup restore”."),
        mark("Press “Try again” and go on with “Continue”, or go back with “Go back to the old”."),
    ),
    "go_back_again": Way(
        mark("Run “sithsup restore” again. Or run “sithsup resume” to finish the upgrade instead."),
        mark(
            "Press “Try again” and once more “Go back to the old”. Or press “Continue” there to finish the upgrade "
            "instead."
        ),
    ),
    # ------------------------------------------------------------------------------------------- to say what is asked
    "accept": Way(
        mark("Run “sithsup upgrade” in a terminal and read them, or accept them with “--accept-terms {version}”."),
        mark("Press “Try again” and go on. Read the terms before you begin, and tick the box below them."),
    ),
    "accept_loss": Way(
        mark("Then run “sithsup upgrade” in a terminal, or with “--mail-understood”."),
        mark("Then press “Try again” and go on, and tick the box about old e-mail before you begin."),
    ),
    "choose_or_put": Way(
        mark("Choose one of them with --reader or --card, or put the right card in."),
        mark("Choose one of them, or put the right card in."),
    ),
    "take_out_or_choose": Way(
        mark("Take out the other cards, or choose with --card or --reader."),
        mark("Take out the other cards, or choose one in the window."),
    ),
    "put_other": Way(
        mark("Put the other card in and run the command again."),
        mark("Put the other card in and press “Try again”."),
    ),
    "give_codes": Way(
        mark("Have your codes at hand, run the same command again, and enter each code when it is asked for."),
        mark("Have your codes at hand, press “Try again”, and enter each code when it is asked for."),
    ),
    "hand_over_codes": Way(
        mark("Run the same command again in a terminal, or hand the codes over with --pin-stdin, one a line."),
        mark("Have your codes at hand, press “Try again”, and enter each code when it is asked for."),
    ),
    "spend_last_try": Way(
        mark("If you are sure of the code, begin again in a terminal and answer yes."),
        mark("If you are sure of the code, press “Try again” and tick the box below the code."),
    ),
    "choose_code": Way(
        mark("Choose with --role authentication or --role signature."),
        mark("Choose which of the two is meant."),
    ),
    "give_puk": Way(
        mark("Have the PUK code at hand and run the same command again."),
        mark("Have the PUK code at hand and try again."),
    ),
    "hand_over_puk": Way(
        mark(
            "Run the same command again in a terminal, or hand over the PUK code and the new code with --pin-stdin, in "
            "this order, one a line."
        ),
        mark("Have the PUK code at hand and try again."),
    ),
    "spend_last_puk": Way(
        mark("If you are sure of the PUK code, begin again in a terminal and answer yes."),
        mark("If you are sure of the PUK code, begin again and answer yes."),
    ),
    "save_elsewhere": Way(
        mark(
            "Name another file with --out and run “sithsup diagnose” again. What was found is told here all the same."
        ),
        mark("Choose another place and save the report once more."),
    ),
    "correct": Way(
        mark("Correct the setting and try again."),
        mark("Ask your local IT support to correct the setting. Then close the window and start the program again."),
    ),
}
"""By the name of their placeholder."""


def advise(message: str, **values: object) -> str:
    """Translate an advice and fill it in as `texts.tr` does, and with what is to be done here."""
    return advise_at(_current.interface, message, values)


def advise_at(interface: Interface, message: str, values: Mapping[str, object]) -> str:
    """The same, with what is to be done at another interface."""
    return translated(message).format_map(_Filled(interface, values))


def set_interface(interface: Interface) -> None:
    """Say from now on what is to be done there."""
    _current.interface = interface


class _Filled(dict[str, object]):
    """Values by name; what has none is a way, and knows the same values."""

    def __init__(self, interface: Interface, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self._interface = interface

    def __missing__(self, name: str) -> str:
        way = WAYS[name]
        return advise_at(self._interface, way.window if self._interface is Interface.WINDOW else way.command, self)


class _Current:
    interface = Interface.COMMAND_LINE


_current = _Current()
