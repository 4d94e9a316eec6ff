"""This computer's clock, beside the authority's."""

from __future__ import annotations

import time as system
from datetime import timedelta
from typing import TYPE_CHECKING

from sithsup.diagnostics.passages import AUTHORITY
from sithsup.diagnostics.probe import Found
from sithsup.diagnostics.problem import Problem
from sithsup.diagnostics.values import Fact, foreign
from sithsup.eligibility import CLOCK_TOLERANCE, AuthorityTime, clock_finding
from sithsup.errors import AnswerOfAnotherTimeError
from sithsup.preflight import warning
from sithsup.texts import mark

if TYPE_CHECKING:
    from sithsup.diagnostics.scene import Scene
    from sithsup.diagnostics.statuses import Told
    from sithsup.eligibility import Finding


def clock(scene: Scene) -> Found:
    """How far the clock is off, by a time that a status service has signed; by an HTTP answer it is a doubt."""
    hint = next((each.hint for each in scene.passages() if each.name == AUTHORITY), None)
    signed = signed_time(scene.statuses(), hint)
    now = scene.clock().astimezone()
    ahead_of_utc = now.utcoffset() or timedelta()
    facts = (
        Fact("clock", mark("This computer's time"), now),
        Fact("zone", mark("Time zone"), foreign(system.tzname[system.localtime().tm_isdst > 0])),
        Fact("zone-minutes", mark("Minutes ahead of UTC"), ahead_of_utc // timedelta(minutes=1)),
        Fact("ahead-of-answer", mark("Seconds ahead of the certificate issuer's web server"), _ahead(hint)),
        Fact("ahead-of-signed", mark("Seconds ahead of what a status service has signed"), _ahead(signed)),
        Fact("is-exact", mark("Signed at this moment"), signed.is_exact if signed else None),
    )
    finding = _finding(signed, hint)
    return Found(facts, problems=(Problem(finding),) if finding else ())


def signed_time(answers: tuple[Told, ...], hint: AuthorityTime | None) -> AuthorityTime | None:
    """The time by the status services: exact where it was told for this very question, else at least so late.

    Where they speak of another time than this computer's, two witnesses make that of the HTTP answer believed.
    """
    told = [AuthorityTime(each.status.at, each.clock, each.status.is_fresh) for each in answers if each.status]
    if told:
        return max(told, key=lambda time: (time.is_exact, time.at - time.clock))
    is_doubted = any(isinstance(each.error, AnswerOfAnotherTimeError) for each in answers)
    return hint if is_doubted else None


def _ahead(time: AuthorityTime | None) -> int | None:
    return round((time.clock - time.at).total_seconds()) if time else None


def _finding(signed: AuthorityTime | None, hint: AuthorityTime | None) -> Finding | None:
    wrong = clock_finding(signed) if signed else None
    if wrong or hint is None or (signed and signed.is_exact):
        return wrong
    span = abs(hint.at - hint.clock)
    return warning("CLOCK_DOUBTFUL", span=span) if span > CLOCK_TOLERANCE else None
