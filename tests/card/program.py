"""A program with a card process, for tests to kill and to look into: program.py MODULE LABEL ACT, the code on stdin.

With the act `unblock` the PUK code stands before the new code.

It knows no code but the one that it reads, so that any trace of it in memory is a leak.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sithsup.card.pin import Code
from sithsup.card.process import CardProcess
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from sithsup.model import TokenId

CODE_LENGTH, PUK_LENGTH = 6, 8


def main(module: str, label: str, act: str) -> None:
    process = CardProcess(module, generation_time_out=1.5)
    token = next(info.id for info in process.tokens() if info.id.label == label)
    say(process.pid)
    if act == "unblock":
        unblock(process, token)
        return
    digits = bytearray(CODE_LENGTH)
    os.readv(0, [digits])
    inverted = bytes(255 - digit for digit in digits)
    if act == "look-for-the-code":
        say("before:", "found" if is_in_memory(inverted) else "gone")
    process.log_in(token, Code(digits))
    if act == "look-for-the-code":
        say("after:", "found" if is_in_memory(inverted) else "gone")
        return
    if act == "generate":
        process.generate_key_pair(token, KeyAlgorithm.P_256, b"k", "k")
    time.sleep(60)


def unblock(process: CardProcess, token: TokenId) -> None:
    """Look for both codes before and after."""
    codes = [bytearray(PUK_LENGTH), bytearray(CODE_LENGTH)]
    os.readv(0, codes)
    inverted = [bytes(255 - digit for digit in code) for code in codes]
    say("before:", *("found" if is_in_memory(each) else "gone" for each in inverted))
    process.unblock(token, *map(Code, codes))
    say("after:", *("found" if is_in_memory(each) else "gone" for each in inverted))


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  whoever started this reads it


def is_in_memory(inverted: bytes) -> bool:
    """Whether this process has the inverse of these bytes in its memory. Looks without copying any page to it."""
    first, rest = 255 - inverted[0], inverted[1:]
    page = bytearray(1 << 16)
    with Path("/proc/self/maps").open(encoding="ascii") as maps, open("/proc/self/mem", "rb", 0) as memory:  # noqa: PTH123
        for line in list(maps):
            span, rights, *_ = line.split()
            start, end = (int(part, 16) for part in span.split("-"))
            if not rights.startswith("rw") or "[v" in line:
                continue
            for at in range(start, end, len(page)):
                size = min(len(page), end - at)
                memory.seek(at)
                try:
                    memory.readinto(memoryview(page)[:size])
                except OSError:
                    break
                if found_in(page, first, rest):
                    page[:] = bytes(len(page))
                    return True
            page[:] = bytes(len(page))
    return False


def found_in(page: bytearray, first: int, rest: bytes) -> bool:
    at = page.find(first)
    while at >= 0:
        if all(page[at + 1 + n] == 255 - digit for n, digit in enumerate(rest) if at + 1 + n < len(page)):
            return at + len(rest) < len(page)
        at = page.find(first, at + 1)
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
