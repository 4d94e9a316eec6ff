"""A program that uses a card, for tests to find: card_holder.py READER SHARE SECONDS.

Connects to the card in the reader whose name ends so, says `held`, keeps a transaction open for so many seconds, says
`whole` when nobody has reset the card meanwhile, or what the service says instead, and waits for its end.
"""

from __future__ import annotations

import sys
import time
from ctypes import byref, c_long, c_ulong

from sithsup.card import pcsc

LEAVE_CARD = 0
ANY_PROTOCOL = 3


def main(name: str, share: int, seconds: float) -> None:
    with pcsc._context() as (library, context):
        wanted = next(each for each in pcsc._names(library, context) if each.decode().endswith(name))
        card, protocol = c_long(), c_ulong()
        shared, any_protocol = c_ulong(share), c_ulong(ANY_PROTOCOL)
        pcsc._require(library.SCardConnect(context, wanted, shared, any_protocol, byref(card), byref(protocol)))
        if seconds:
            pcsc._require(library.SCardBeginTransaction(card))
        say("held")
        if seconds:
            time.sleep(seconds)
            pcsc._require(library.SCardEndTransaction(card, LEAVE_CARD))
            say("let go")
            sys.stdin.readline()
            code = pcsc._code(library.SCardBeginTransaction(card))
            say("whole" if code == 0 else f"0x{code:X}")
        sys.stdin.readline()


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201  whoever started this reads it


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
