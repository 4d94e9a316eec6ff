"""What of a line of the log may be told: its time, level and module, and of its words those that are this program's.

The log itself holds no code, and names and numbers only as far as a library or a system speaks of them; but it may be
an old one, or that of another holder's card. So words are kept by a list: names of errors, codes of errors and cases,
steps, functions and return codes of PKCS#11, small numbers, and the words of the program's own lines. In the place of
all others stands one mark.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sithsup.errors import is_case_code
from sithsup.upgrade import TIGHT, UPGRADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEFT_OUT = "…"
_VOCABULARY = """
    a accounts against and answer aside authority awake back be begin bug by campaign cannot card case certificate code
    computer damaged destroy diagnosis do does ended exit failed folder force go good held in interrupted is it itself
    journal known last loaded lock log long loop no not of other out probe program put receipt refused reject remember
    restored revoke revoked revokes saved set setting status stays sync system takes tested that the there timed to too
    undo upgraded use walk was which written wrong s
"""
_OF_CALLS_AND_MESSAGES = """
    slot slots session object objects user mechanism mechanisms key public_key private_key flags attributes
    public_attributes private_attributes data_bytes signature_bytes answer ms
    sends receives GET POST what message address status failed bytes sent_bytes received_bytes transaction
    ir ip cr cp kur kup p10cr certConf pkiconf pollReq pollRep rr rp genm genp error
    upgrade resume restore began succeeded cancelled outcome case version
"""
"""What is told at the level TRAFFIC, and to the computer's own log."""
WORDS = frozenset((_VOCABULARY + _OF_CALLS_AND_MESSAGES).split())
"""The words of the program's own lines; a test holds that none is missing."""
_HEAD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)\S* +(?P<level>[A-Z]+) +\d+ "
    r"(?P<logger>sithsup[a-z0-9_.]*): (?P<said>.*)"
)
_PLACE = re.compile(r'\s+File ".*?(?P<file>\w+\.py)", line (?P<line>\d{1,4})')
_KIND = re.compile(r"(?:\w+\.)*(?P<kind>[A-Z]\w*(?:Error|Exception|Interrupt|Exit|Warning|Group))\b")
_WORD = re.compile(
    r"SU-\d{4}|C_[A-Z]\w+|CK[A-Z]_[A-Z0-9_]+|0x[0-9a-f]{1,8}|-?\d{1,4}(?:\.\d{1,3})?"
    r"|[A-Z][A-Za-z]*(?:Error|Exception|Interrupt|Exit|Warning)"
)
_EDGES = "\"'“”()[],:;.!?"
_STEPS = frozenset(step.name for step in (*UPGRADE, *TIGHT))


def told(lines: Iterable[str]) -> Iterator[str]:
    """What may be told of the lines of a log, written as text or as JSON; a traceback in places and kinds."""
    for line in lines:
        if line.startswith("{"):
            yield from _from_json(line)
        elif head := _HEAD.fullmatch(line):
            yield f"{head['time']} {head['level']} {_module(head['logger'])}: {safe(head['said'])}"
        elif rest := _of_a_traceback(line):
            yield f"  {rest}"


def safe(text: str) -> str:
    """A text with a mark in the place of every word that is not known to be harmless."""
    kept: list[str] = []
    for word in text.split():
        if _is_safe(word):
            kept.append(word)
        elif not kept or kept[-1] != LEFT_OUT:
            kept.append(LEFT_OUT)
    return " ".join(kept)


def _is_safe(word: str) -> bool:
    name, equals, value = word.strip(_EDGES).partition("=")
    if equals:
        return name in WORDS and _is_safe(value)
    return name in WORDS or name in _STEPS or bool(_WORD.fullmatch(name)) or is_case_code(name) or not name


def _from_json(line: str) -> Iterator[str]:
    try:
        found: dict[str, Any] = json.loads(line)
        time, level, logger = (str(found[name]) for name in ("time", "level", "logger"))
        said = " ".join(
            (str(found["message"]), *(f"{name}={fact}" for name, fact in (found.get("facts") or {}).items()))
        )
    except (ValueError, KeyError, TypeError):
        return
    yield from told((f"{time} {level} 0 {logger}: {' '.join(said.split())}",))
    yield from told(str(found.get("exception") or "").splitlines())


def _of_a_traceback(line: str) -> str:
    if place := _PLACE.match(line):
        return f"{place['file']}:{place['line']}"
    kind = _KIND.match(line)
    return kind["kind"] if kind else ""


def _module(logger: str) -> str:
    return logger.removeprefix("sithsup.")
