"""The part of `./dev prove --real` that upgrades the card, again and again, and is interrupted each time.

Each round kills the program around a write of its journal, some writes further than in the round before, and then goes
back: `restore` must give the old card, object by object. The first round that is past the line cannot go back, is
finished with `resume`, and is the last: the card has the new identity then.

What is on the card is told by the module, read anew with the codes; what the authority holds good, by its ledger. Above
that stands what no reading tells: every key signs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import psutil

from prove.case import Place
from prove.foreign import tells_status
from prove.killed import ARGUMENTS, KILLER, TOO_LATE
from prove.reading import PROGRAM, NotSoError, everything, name_of, personal, unsigned
from sithsup.card.session import Card
from sithsup.model import KeyRole, ObjectKind, TokenId
from tests.support.demo import NEW, OLD, Ended

if TYPE_CHECKING:
    from prove.asked import KeptCodes
    from prove.foreign import Site
    from prove.reading import RealCard, Told
    from sithsup.demo.ledger import Ledger
    from sithsup.model import CardContents, CardObject

EVERY, MOST_EVERY = 4, 12
"""How many writes of the journal one round is killed further than the last; at most so many, to meet the line."""
LONGEST_RUN = 1800
"""Seconds: a card may take minutes for a key, and a killed run does not cut the making of one."""
NOWHERE = TokenId("", "")


class Look(NamedTuple):
    """A card as it was read with its codes."""

    contents: CardContents
    objects: frozenset[CardObject]
    """On whichever token: OpenSC shows what belongs to no code now on one token of the card, now on each."""
    unsigned: list[str]
    """The certificates whose keys do not sign."""


class Sacrifice:
    """One card, its authority and the codes, and what is done with them."""

    def __init__(self, card: RealCard, site: Site, ledger: Ledger, codes: KeptCodes, found: CardContents) -> None:
        """`found` is the card as it was found."""
        self._card, self._site, self._ledger, self._codes = card, site, ledger, codes
        self._number, self._reader = found.number or "", found.reader
        self._with_code = tuple(t.info.id for t in found.tokens if t.roles and not t.info.pin_pad)
        self._first: frozenset[CardObject] | None = None
        """Every object as it was before the first round; None while an earlier run's end is not reached."""
        self._end = OLD
        self._places = tuple(Place) if tells_status(found) else (Place.HERE,)

    def play(self, told: Told, every: int = EVERY) -> bool:
        """Play rounds until one is past the line, or something is wrong; whether it came to the new identity."""
        if self._site.is_unfinished and not told.check("what an earlier run has left is ended", self._recover):
            return False
        if self._end == NEW or not told.check("the card is read with its codes", self._look_first):
            return self._end == NEW
        number = 0
        while True:
            number += 1
            when, at = ("before", "after")[number % 2], number * every
            place = self._places[number // 2 % len(self._places)]
            name = f"killed {when} write {at} of the journal, recovered {place}"
            is_well = told.check(name, partial(self._round, when, at, place))
            if not is_well or self._end == NEW:
                return is_well

    # ---------------------------------------------------------------------------------------------- a round

    def _look_first(self) -> str:
        now = self._look()
        self._first = now.objects
        if wrong := self._old_wrong(now):
            raise NotSoError("; ".join(wrong))
        return f"{len(now.objects)} objects, and every key signs"

    def _round(self, when: str, at: int, place: Place) -> str:
        killed = self._run(when, str(at), *ARGUMENTS, program=KILLER)
        if killed.code == 0:
            raise NotSoError("the upgrade had come to its end before, and was not killed past the line")
        if killed.code != -signal.SIGKILL:
            raise NotSoError(f"the upgrade ended with {killed.code}: {_why(killed)}")
        if not self._works(self._look()):
            raise NotSoError("NEITHER identity works after the kill")
        with self._site.elsewhere() if place is Place.ELSEWHERE else nullcontext():
            return self._recover()

    def _recover(self) -> str:
        """Go back; where it is too late for that, finish."""
        before = self._look().objects
        ended = self._act("restore")
        if (ended.code, ended.error_code) not in TOO_LATE:
            self._require(ended, "restore", {"restored", None})
            return self._judged(OLD, self._old_wrong(self._look()))
        if self._look().objects != before:
            raise NotSoError("a restore that refused has changed the card")
        self._require(self._act("resume"), "resume", {"upgraded"})
        self._end = NEW
        return self._judged(NEW, self._new_wrong(self._look()))

    def _require(self, ended: Ended, action: str, outcomes: set[str | None]) -> None:
        if ended.code != 0 or ended.result.get("outcome") not in outcomes:
            raise NotSoError(f"{action} ended with {ended.code}: {_why(ended)}")

    def _judged(self, end: str, wrong: list[str]) -> str:
        if self._site.is_unfinished:
            wrong.append("the journal is left open")
        if wrong:
            raise NotSoError(f"neither old nor new, though {end} was said: {'; '.join(wrong)}")
        return f"restored, {OLD}" if end == OLD else f"too late to restore, resumed, {NEW}"

    # ---------------------------------------------------------------------------------------------- the judge

    def _look(self) -> Look:
        """Read the card with a module started anew, open it, and sign with every key."""
        with self._card.start() as token:
            opened = Card(token, self._card.find(token), self._codes)
            opened.log_in()
            contents = opened.contents
            return Look(contents, _stored(contents), unsigned(opened, personal(contents)))

    def _works(self, now: Look) -> bool:
        """Whether some certificate for authentication that the authority holds good is there with a key that signs."""
        good = self._good()
        return any(
            c.role is KeyRole.AUTHENTICATION and c.der in good and name_of(c) not in now.unsigned
            for c in personal(now.contents)
        )

    def _good(self) -> set[bytes]:
        """Certificates that the authority holds good."""
        return {entry.der for entry in self._ledger.on_card(self._number) if entry.is_good}

    def _old(self) -> set[bytes]:
        """Certificates that the upgrade replaces."""
        return {e.der for e in self._ledger.on_card(self._number) if not e.profile.upgrades}

    def _old_wrong(self, now: Look) -> list[str]:
        wrong = [f"{name} does not sign" for name in now.unsigned]
        if self._good() != self._old():
            wrong.append("the authority does not hold exactly the old certificates good")
        return wrong if self._first is None else wrong + _difference(self._first, now.objects)

    def _new_wrong(self, now: Look) -> list[str]:
        new, targets = self._good() - self._old(), self._site.campaign.targets
        wrong = [f"{name} does not sign" for name in now.unsigned]
        if len(new) != len(targets):
            wrong.append(f"{len(new)} of {len(targets)} new certificates are confirmed")
        if not new <= {c.der for c in personal(now.contents)}:
            wrong.append("a new certificate that is confirmed is not on the card")
        return wrong if self._first is None else wrong + self._changed(self._first, now.objects, new)

    def _changed(self, first: frozenset[CardObject], now: frozenset[CardObject], new: set[bytes]) -> list[str]:
        """What else has changed than that the old certificates are gone, and the new ones there with their keys."""
        old, roles = self._old(), {target.role for target in self._site.campaign.targets}
        others = [found for found in first - now if found.value not in old]
        wrong = [f"a {found.kind} is gone that is no affair of the upgrade" for found in others]
        if any(found.value in old for found in now if found.kind is ObjectKind.CERTIFICATE):
            wrong.append("an old certificate is left")
        come = now - first
        if {found.value for found in come if found.kind is ObjectKind.CERTIFICATE} != new:
            wrong.append("other certificates have come than the new ones")
        keys = sum(found.kind is ObjectKind.PRIVATE_KEY for found in come)
        if keys != len(roles):
            wrong.append(f"{keys} new private keys for {len(roles)} roles")
        return wrong

    # -------------------------------------------------------------------------------------------- the program

    def _act(self, action: str) -> Ended:
        return self._run(action, "--json", "--yes", "--pin-stdin")

    def _run(self, *arguments: str, program: tuple[str, ...] = PROGRAM) -> Ended:
        """Run the program with the codes in a pipe, and wait until nothing of it is left."""
        begun, environment = time.monotonic(), self._site.environment(self._card.module)
        with os.fdopen(self._codes.pipe(self._with_code), "rb") as codes:
            ended = subprocess.run(
                [*program, *arguments, "--reader", self._reader],
                env=environment,
                stdin=codes,
                capture_output=True,
                check=False,
                encoding="utf-8",
                timeout=LONGEST_RUN,
            )
        while alive := _processes(environment["SITHSUP_DATA"]):
            if time.monotonic() - begun > LONGEST_RUN:
                raise NotSoError(f"still alive: {alive}")
            time.sleep(0.05)
        return Ended(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - begun)


def _processes(data: str) -> list[int]:
    """Every living process of the program, told by its data folder. One that was killed leaves its card process."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("SITHSUP_DATA") == data:
                found.append(process.pid)
    return found


def _why(ended: Ended) -> str:
    """What a run said of its end: nothing that names the holder."""
    try:
        error = ended.result.get("error") or {}
    except ValueError:
        return next(reversed(ended.err.splitlines()), "")
    return f"{error.get('code')} {error.get('what')}"


def _stored(contents: CardContents) -> frozenset[CardObject]:
    return frozenset(replace(found, token=NOWHERE) for found in everything(contents))


def _difference(first: frozenset[CardObject], now: frozenset[CardObject]) -> list[str]:
    gone = [f"a {found.kind} is gone" for found in first - now]
    return gone + [f"a {found.kind} is left over" for found in now - first]
