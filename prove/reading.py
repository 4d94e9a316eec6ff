"""The part of `./dev prove --real` that writes nothing to the card: each thing that is looked at is one line.

A card is named by the serial number of one of its tokens. Tokens of other cards are not opened, unless their label
begins as this card's does: then they are read once, to tell whose they are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sithsup.card.contents import group_cards, label_stem
from sithsup.card.process import CardProcess
from sithsup.card.session import Card
from sithsup.certificate import verify
from sithsup.cli.codes import NoCodes
from sithsup.errors import (
    CardError,
    CardRemovedError,
    CodeError,
    CodeIncorrectError,
    ModuleCrashedError,
    ModuleRefusedError,
    NotSupportedError,
    ObjectGoneError,
    SithsupError,
)
from sithsup.model import CodeState
from sithsup.steps.certificates import SENTENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sithsup.campaign import Campaign
    from sithsup.card.pin import CodeSource
    from sithsup.card.token import Token
    from sithsup.certificate import Certificate
    from sithsup.model import CardContents, CardObject, TokenId

PROGRAM = (sys.executable, "-m", "sithsup")
TIME_OUT = 300
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # the same on Windows
KILLED_AT = (0.2, 0.5, 0.8)
"""The parts of a reading after which the module's process is killed."""
READS_ON = 60.0
"""Seconds: a reading that is to be killed ends by itself then."""
GOES, COMES_BACK = 3.0, 20.0
"""Seconds that a card may still be shown after it was pulled, and that it may take to be seen when it is back."""


INDENT = "\n          "
"""Before each thing that is told of a check."""


class Verdict(StrEnum):
    """What came of a check."""

    OK = "ok"
    WRONG = "NOT ok"
    LEFT_OUT = "left out"


class NotSoError(Exception):
    """What was looked for is not so."""


class LeftOutError(Exception):
    """A check that cannot be made, and why."""


class Told:
    """Makes checks, tells each at once, and counts how they came out."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counts: Counter[Verdict] = Counter()

    def check(self, name: str, look: Callable[[], str]) -> bool:
        """Look, and tell what was found; a check that fails does not keep the next one from being made."""
        try:
            verdict, what = Verdict.OK, look()
        except LeftOutError as error:
            verdict, what = Verdict.LEFT_OUT, str(error)
        except (NotSoError, SithsupError, OSError, subprocess.SubprocessError) as error:
            verdict, what = Verdict.WRONG, str(error)
        self.counts[verdict] += 1
        print(f"{verdict:<9} {name}", *filter(None, what.split("; ")), sep=INDENT, flush=True)
        return verdict is Verdict.OK

    @property
    def is_well(self) -> bool:
        """Whether something was looked at, and nothing was wrong."""
        return bool(self.counts[Verdict.OK]) and not self.counts[Verdict.WRONG]

    def sum_up(self) -> str:
        """The last line."""
        return ", ".join(f"{self.counts[verdict]} {verdict}" for verdict in Verdict)


@dataclass(frozen=True)
class RealCard:
    """A card that is named by its serial number, behind a module."""

    module: str
    serial: str

    def start(self) -> CardProcess:
        """Start the module in a process of its own."""
        return CardProcess(self.module)

    def find(self, token: Token) -> CardContents:
        """Read the card, and no other one; raises when it is not there, or when there are two."""
        present = token.tokens()
        stems = {label_stem(info) for info in present if info.id.serial == self.serial}
        if not stems:
            others = ", ".join(sorted({info.id.serial for info in present})) or "none"
            raise NotSoError(f"no card has the serial {self.serial}; present: {others}")
        near = [info for info in present if info.id.serial == self.serial or label_stem(info) in stems]
        cards = [c for c in group_cards((i, token.objects(i.id)) for i in near) if self.serial in c.serials]
        if len(cards) != 1:
            raise NotSoError(f"{len(cards)} cards have the serial {self.serial}")
        return cards[0]

    def others(self) -> tuple[str, ...]:
        """The labels of all tokens that are not of this card."""
        with self.start() as token:
            mine = {t.info.id for t in self.find(token).tokens}
            return tuple(info.id.label for info in token.tokens() if info.id not in mine)

    def read(self) -> CardContents:
        """Read the card with a module that was started anew."""
        with self.start() as token:
            return self.find(token)


def everything(contents: CardContents) -> Counter[CardObject]:
    """Every object of a card with all that it shows, each as often as it is there."""
    return Counter(found for token in contents.tokens for found in token.objects)


def personal(contents: CardContents) -> tuple[Certificate, ...]:
    """The certificates of the card's holder: those that are for a role."""
    return tuple(c.certificate for c in contents.certificates if c.certificate.role)


def unsigned(opened: Card, certificates: Iterable[Certificate]) -> list[str]:
    """Sign the sentence with the key of each of these certificates; name those under which that does not verify."""
    return [name_of(certificate) for certificate in certificates if not _signs(opened, certificate)]


def _signs(opened: Card, certificate: Certificate) -> bool:
    try:
        return verify(certificate.der, SENTENCE, opened.sign(certificate.public_key, SENTENCE))
    except CodeError:
        raise
    except (ModuleRefusedError, ObjectGoneError, NotSupportedError):
        return False


def name_of(certificate: Certificate) -> str:
    """A certificate without its holder's name."""
    return f"{certificate.role} by “{certificate.issuer_common_name}” until {certificate.not_after.date()}"


class Reading:
    """All checks on one card. `codes` is None where none are to be asked, `hand` where nobody is to pull the card."""

    def __init__(
        self,
        card: RealCard,
        campaign: Campaign,
        codes: CodeSource | None = None,
        hand: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is started yet."""
        self._card, self._campaign, self._codes, self._hand = card, campaign, codes, hand
        self._first: CardContents | None = None
        self.opened: CardContents | None = None
        """The card as it was read with its codes; None where they were not given."""
        self._seconds = 0.0

    @property
    def first(self) -> CardContents:
        """The card as it was read first."""
        assert self._first  # noqa: S101  nothing else is looked at before
        return self._first

    def run(self, told: Told) -> None:
        """Make every check; only the first ones where the card is not found."""
        told.check("the module can be loaded", self._load)
        if not told.check("the card is found by its serial", self._find):
            return
        told.check("the card is read again, and says the same", self._read_again)
        told.check("every certificate can be understood", self._understand)
        told.check("the tries that are left are told", self._tries)
        told.check("keys of the campaign's kinds can be made", self._mechanisms)
        told.check("`sithsup check` tells what the card is", self._check)
        told.check("the module is killed while it reads, and started anew: the same card", self._kill)
        told.check("the card is pulled and put in again: the same card", self._pull)
        told.check("every key signs, and its certificates verify that", self._sign)
        told.check("every certificate has its key", self._pair)
        told.check("the card is byte for byte as it was at the beginning", self._read_again)

    def _load(self) -> str:
        with self._card.start() as token:
            found = token.module()
        return f"{found.description} {found.version}, {found.manufacturer}, {found.path}"

    def _find(self) -> str:
        with self._card.start() as token:
            begun = time.monotonic()
            self._first = self._card.find(token)
            self._seconds = time.monotonic() - begun
            others = len(token.tokens()) - len(self._first.tokens)
        return "; ".join(
            [
                *(
                    f"“{t.info.id.label}”, {t.info.manufacturer} {t.info.model}, in {t.info.reader}"
                    for t in self._first.tokens
                ),
                f"{len(everything(self._first))} objects in {self._seconds:.1f} s",
                *([f"{others} tokens of other cards are left alone"] if others else []),
            ]
        )

    def _read_again(self) -> str:
        self._require_same(self._card.read())
        return f"{len(everything(self.first))} objects"

    def _require_same(self, now: CardContents) -> None:
        before, after = everything(self.first), everything(now)
        if before != after:
            gone, come = (before - after).total(), (after - before).total()
            raise NotSoError(f"the card has changed: {gone} objects are not there any more, {come} are new")

    def _understand(self) -> str:
        if self.first.unreadable:
            raise NotSoError("; ".join(each.reason for each in self.first.unreadable))
        authorities = len(self.first.certificates) - len(personal(self.first))
        named = [name_of(certificate) for certificate in personal(self.first)]
        return "; ".join([*named, f"{authorities} of authorities and others"])

    def _tries(self) -> str:
        said = [(", ".join(sorted(t.roles)) or t.info.id.label, t.info.code, t.info.pin_pad) for t in self.first.tokens]
        return "; ".join(f"{who}: {state}{', on a PIN pad' if pad else ''}" for who, state, pad in said)

    def _mechanisms(self) -> str:
        lacking, made = list[str](), list[str]()
        for key in self._campaign.new_keys:
            token, algorithm = self.first.token_for(key.role), key.algorithm
            kinds = sorted(token.info.algorithms) if token else []
            (made if algorithm in kinds else lacking).append(
                f"{key.name}: {algorithm}, of {', '.join(kinds) or 'none'}"
            )
        if lacking:
            raise NotSoError("; ".join(lacking))
        return "; ".join(made)

    def _check(self) -> str:
        number = ["--card", self.first.number] if self.first.number else []
        with tempfile.TemporaryDirectory(prefix="sithsup-prove-") as folder:
            places = {"SITHSUP_DATA": folder, "SITHSUP_LOGS": folder, "SITHSUP_MODULE": self._card.module}
            ended = subprocess.run(
                [*PROGRAM, "check", "--json", "--reader", self.first.reader, *number],
                env={**os.environ, **places, "SITHSUP_LANGUAGE": "en"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                check=False,
                timeout=TIME_OUT,
            )
        said = json.loads(ended.stdout or "{}")
        if "situation" not in said or self._card.serial not in said["card"]["serials"]:
            raise NotSoError(f"exit code {ended.returncode}, {(said.get('error') or {}).get('code')}")
        return ", ".join([said["situation"], *said["reasons"], f"exit code {ended.returncode}"])

    # ----------------------------------------------------------------------------------------- interruptions

    def _kill(self) -> str:
        for part in KILLED_AT:
            self._kill_after(part * self._seconds)
            self._require_same(self._card.read())
        return f"{len(KILLED_AT)} times"

    def _kill_after(self, seconds: float) -> None:
        ids = [token.info.id for token in self.first.tokens]
        with self._card.start() as token, ThreadPoolExecutor(1) as pool:
            reading = pool.submit(_read_on, token, ids)
            time.sleep(seconds)
            os.kill(token.pid or 0, KILL)
            ended = reading.result()
        if not isinstance(ended, ModuleCrashedError):
            raise NotSoError(f"the program did not see that it was killed, but: {ended}")

    def _pull(self) -> str:
        if self._hand is None:
            raise LeftOutError("with --pull at a terminal you are asked to do so")
        with self._card.start() as token:
            card = Card(token, self._card.find(token), NoCodes())
            self._hand("Take the card out of its reader")
            said = _gone(card)
            self._hand("Put the same card in again")
            self._require_same(_back(card))
        return f"the program said: {said.what}"

    # ------------------------------------------------------------------------------------------------- codes

    def _sign(self) -> str:
        if self._codes is None:
            raise LeftOutError("with --pin the codes are asked for")
        try:
            with self._card.start() as token:
                opened = Card(token, self._card.find(token), self._codes)
                opened.log_in()
                self.opened = opened.contents
                failed = unsigned(opened, personal(self.opened))
        except CodeIncorrectError:
            raise
        except CodeError as error:
            raise LeftOutError(error.what) from error
        if failed:
            raise NotSoError("; ".join(failed))
        return f"{len(personal(self.first))} certificates"

    def _pair(self) -> str:
        seen = self.opened or self.first
        keys = {pair.public_key for pair in seen.key_pairs if pair.usable or not self.opened}
        alone = [name_of(certificate) for certificate in personal(seen) if certificate.public_key not in keys]
        if alone and not self.opened:
            raise LeftOutError("keys hide until a code is given")
        if alone:
            raise NotSoError("; ".join(alone))
        return "seen with the codes" if self.opened else "by the public keys, for private ones hide behind the codes"


def _read_on(token: CardProcess, ids: list[TokenId]) -> CardError | None:
    """Read over and over until that fails, but not for ever."""
    until = time.monotonic() + READS_ON
    while time.monotonic() < until:
        try:
            for each in ids:
                token.objects(each)
        except CardError as error:
            return error
    return None


def _gone(card: Card) -> CardRemovedError:
    """What is said when the card is out; some modules show it for another moment."""
    until = time.monotonic() + GOES
    while time.monotonic() < until:
        try:
            card.refresh()
        except CardRemovedError as error:
            return error
        time.sleep(0.2)
    raise NotSoError("the card was read although it was out")


def _back(card: Card) -> CardContents:
    """The card once it is seen again, which takes a moment."""
    until = time.monotonic() + COMES_BACK
    while True:
        try:
            return card.refresh()
        except CardRemovedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def is_spent(contents: CardContents) -> bool:
    """Whether a code of the card is locked or has one try left: then nothing is begun that needs it."""
    return any(t.info.code in {CodeState.LOCKED, CodeState.FINAL_TRY} for t in contents.tokens if t.roles)
