"""Where things stand in a JSON text (RFC 8259), so that an error can name a line; and what no parser would complain of.

A name that an object has twice is an error here: which of the two counts is up to whoever reads it.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from sithsup.texts import tr

DEEPEST = 32
"""Levels of lists and objects within one another; a campaign has six."""
LONGEST_PLACE = 200

Place = tuple[str | int, ...]
"""From the top: names of objects' members, and numbers of lists' elements."""

_BLANKS = re.compile(r"[ \t\n\r]*+")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|true|false|null")


class Fault(ValueError):
    """What is wrong with a text; `line` and `place` tell where."""

    def __init__(self, problem: str, line: int, place: Place) -> None:
        """Keep all three."""
        super().__init__(problem)
        self.line, self.place = line, place


class Places:
    """The line of everything in a JSON text. Raises `Fault` for what is no JSON, too deep, or there twice."""

    def __init__(self, text: str) -> None:
        """Read the whole text."""
        self._text, self._at = text, 0
        self._counted, self._line = 0, 1
        self._lines: dict[Place, int] = {}
        self._value(())
        if self._at < len(text):
            self._fail(tr("something stands behind the end"), ())

    def line(self, place: Place) -> int:
        """The line on which something stands; of what is missing, the line of the object that lacks it."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def _value(self, place: Place) -> None:
        if len(place) > DEEPEST:
            self._fail(tr("too many levels within one another"), place)
        self._skip_blanks()
        self._lines.setdefault(place, self._here())
        if self._takes("{"):
            self._members(place)
        elif self._takes("["):
            self._elements(place)
        elif not (self._token(_STRING) or self._token(_PLAIN)):
            self._fail(tr("a JSON value is expected here"), place)
        self._skip_blanks()

    def _members(self, place: Place) -> None:
        self._skip_blanks()
        if self._takes("}"):
            return
        while True:
            self._skip_blanks()
            line, token = self._here(), self._token(_STRING)
            if not token:
                self._fail(tr("the name of a field, in quotation marks, is expected here"), place)
            member = (*place, json.loads(token))
            if member in self._lines:
                self._fail(tr("the field is there twice, also on line {line}", line=self._lines[member]), member)
            self._lines[member] = line
            self._skip_blanks()
            self._demand(":", member)
            self._value(member)
            if self._takes("}"):
                return
            self._demand(",", member)

    def _elements(self, place: Place) -> None:
        self._skip_blanks()
        if self._takes("]"):
            return
        number = 0
        while True:
            self._value((*place, number))
            if self._takes("]"):
                return
            self._demand(",", (*place, number))
            number += 1

    # ---------------------------------------------------------------------------------------- the text

    def _skip_blanks(self) -> None:
        found = _BLANKS.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _takes(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._at)
        self._at += is_there
        return is_there

    def _demand(self, sign: str, place: Place) -> None:
        if not self._takes(sign):
            self._fail(tr("“{sign}” is expected here", sign=sign), place)

    def _token(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _fail(self, problem: str, place: Place) -> NoReturn:
        raise Fault(problem, self._here(), place)


def shown(place: Place) -> str:
    """A place as people read it: names with dots between them, and nothing that a terminal would obey."""
    text = "".join(char if char.isprintable() else "?" for char in ".".join(map(str, place)))
    return text if len(text) <= LONGEST_PLACE else f"{text[:LONGEST_PLACE]}…"
