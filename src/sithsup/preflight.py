"""What may stand in the way besides the card: looked at before any code is asked, and nothing is left behind.

* Each probe fails alone: what cannot be found out is None, and None stands in nobody's way.
* Whether a journal can be written is known when something was: a small file, which is removed.
* No probe takes more than a few seconds. The network is asked while the card is read.
* The authority's time is taken from what its status service signs about the old certificate. An answer that repeats our
  nonce was made just now, so it tells the time; any other is no younger than it says, so a clock behind it is wrong.
  The Date of an HTTP answer is signed by nobody: alone it is a warning. It is believed where the status service's
  answer too is of another time than this computer's.
* `WARNINGS` is the list of what is told, one row each. Reasons why a card is not upgraded stand in `eligibility`.
"""

from __future__ import annotations

import base64
import logging
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from sithsup import os_words
from sithsup.ca import status
from sithsup.card_lock import unusable
from sithsup.certificate import Certificate
from sithsup.database import unwritable
from sithsup.eligibility import (
    CLOCK_TOLERANCE,
    AuthorityTime,
    Facts,
    Finding,
    Severity,
    Stage,
    expires,
    old_authentication,
)
from sithsup.errors import (
    AnswerOfAnotherTimeError,
    AuthorityError,
    AuthorityUnreachableError,
    Contact,
    JournalUnwritableError,
)
from sithsup.model import CertificateState
from sithsup.texts import mark
from sithsup.whole_file import try_to_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor, Future
    from datetime import datetime

    from sithsup.campaign import Campaign
    from sithsup.errors import JournalError
    from sithsup.model import CardContents, Clock

_log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

LONGEST = 4.0
"""Seconds that all probes together may take from when they are waited for."""
LEAST_DISK = 1 << 20
"""Bytes: a journal has about a tenth."""
LEAST_BATTERY = 20
"""Per cent, of a laptop that is not plugged in."""
SOON = timedelta(weeks=6)
"""A card that expires within this time is better replaced than upgraded."""
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Linux systems keep what they trust."""
KEYCHAINS = ("/Library/Keychains/System.keychain", "/System/Library/Keychains/SystemRootCertificates.keychain")
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


class Way(Protocol):
    """The way to the authority, as far as it is tried here: `ca.transport.HttpTransport`."""

    @property
    def address(self) -> str:
        """Where it leads."""

    def greet(self, seconds: float) -> datetime | None:
        """See whether anybody is there; the time that they tell, which nobody has signed."""

    def fetch(self, address: str, question: bytes | None = None, *, seconds: float = ...) -> bytes:
        """Get what lies at an address, or post it an OCSP request."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the probes found. None is not known."""

    unreachable: AuthorityError | None = None
    """Why the authority cannot be reached."""
    hint: AuthorityTime | None = None
    """The time as an HTTP answer told it."""
    is_revoked: bool = False
    time: AuthorityTime | None = None
    journal: JournalError | None = None
    """Why no journal can be written."""
    locks: str | None = None
    """The folder in which no lock against other accounts can be made."""
    battery: int | None = None
    """Per cent, where there is nothing else."""
    trusts_roots: bool | None = None


class Preflight:
    """The probes of one card. What needs no card is begun at once; nothing is asked twice."""

    def __init__(
        self, campaign: Campaign, way: Way, folder: Path, clock: Clock, executor: Executor, *, locks: Path | None
    ) -> None:
        """Begin. `folder` is where journals are, `locks` where the locks are that all accounts share."""
        self._campaign, self._way, self._folder, self._clock = campaign, way, folder, clock
        self._locks = locks
        self._executor = executor
        self._greeting = executor.submit(self._greet)
        self._roots = executor.submit(trusts, campaign.anchors)
        self._found: Surroundings | None = None

    def look(self, contents: CardContents) -> Surroundings:
        """What is known of everything around this card; the first time that takes as long as the slowest answer."""
        if self._found is None:
            deadline = time.monotonic() + LONGEST
            old = self._executor.submit(self._ask_status, contents, deadline)
            unreachable, hint = _answer(self._greeting, deadline) or (None, None)
            is_revoked, told, is_doubted = _answer(old, deadline) or (False, None, False)
            self._found = Surroundings(
                unreachable=unreachable,
                hint=hint,
                is_revoked=is_revoked,
                time=told or (hint if is_doubted else None),
                journal=_alone(lambda: journal_problem(self._folder)),
                locks=_alone(lambda: unusable(self._locks)),
                battery=_alone(battery),
                trusts_roots=_answer(self._roots, deadline),
            )
        return self._found

    def _greet(self) -> tuple[AuthorityError | None, AuthorityTime | None]:
        try:
            told = self._way.greet(LONGEST)
        except AuthorityError as error:
            return error, None
        return None, AuthorityTime(told, self._clock(), is_exact=True) if told else None

    def _ask_status(self, contents: CardContents, deadline: float) -> tuple[bool, AuthorityTime | None, bool]:
        """Whether the old certificate is revoked, the authority's time, and whether it is another than ours."""
        old = old_authentication(contents, self._campaign)
        issuers = (der for der in self._campaign.issuers if old and Certificate.parse(der).subject == old.issuer)
        issuer = next(issuers, None)
        if old is None or issuer is None:
            return False, None, False
        try:
            told = status.ask(old.der, issuer, self._fetch_until(deadline), self._clock())
        except AnswerOfAnotherTimeError:
            return False, None, True
        except AuthorityError:
            return False, None, False
        at = AuthorityTime(told.at, self._clock(), told.is_fresh)
        return told.state is CertificateState.REVOKED, at, False

    def _fetch_until(self, deadline: float) -> Callable[[str, bytes | None], bytes]:
        def fetch(address: str, question: bytes | None) -> bytes:
            left = deadline - time.monotonic()
            try:
                if left > 0:
                    return self._way.fetch(address, question, seconds=left)
            except (ConnectionError, TimeoutError) as error:
                raise AuthorityUnreachableError(str(error), address=address) from error
            raise AuthorityUnreachableError("no time is left", address=address)

        return fetch


def _answer(future: Future[Answer], deadline: float) -> Answer | None:
    """What a probe found; None where it came to nothing, or takes too long."""
    return _alone(lambda: future.result(max(0.0, deadline - time.monotonic())))


def _alone(probe: Callable[[], Answer]) -> Answer | None:
    try:
        return probe()
    except Exception as error:  # noqa: BLE001  each probe fails alone
        _log.info("a probe failed: %r", error)
        return None


# ------------------------------------------------------------------------------------- probes of the computer


def journal_problem(folder: Path) -> JournalError | None:
    """Why a journal cannot be written in a folder, which need not be there yet; None where it can."""
    place = folder
    try:
        place = next(each for each in (folder, *folder.parents) if each.exists())
        try_to_write(place)
        is_full = shutil.disk_usage(place).free < LEAST_DISK
    except OSError as error:
        return unwritable(place, error)
    return unwritable(place, os_words.DISK_FULL) if is_full else None


def battery() -> int | None:
    """How full the battery is, where the computer runs on nothing else."""
    import psutil  # noqa: PLC0415  only this needs it

    found = psutil.sensors_battery()
    return None if found is None or found.power_plugged is not False else round(found.percent)


def trusts(anchors: tuple[bytes, ...]) -> bool | None:
    """Whether this computer trusts every one of these roots (DER); None where it does not say what it trusts."""
    trusted = set(system_roots())
    return trusted.issuperset(anchors) if trusted else None


def system_roots() -> Iterator[bytes]:
    """Every root that the system trusts, DER."""
    if sys.platform == "win32":
        yield from (der for der, _, _ in ssl.enum_certificates("ROOT"))
        return
    if sys.platform == "darwin":
        command = ["/usr/bin/security", "find-certificate", "-a", "-p", *KEYCHAINS]
        bundles = [subprocess.run(command, check=True, capture_output=True, timeout=LONGEST).stdout]  # noqa: S603
    else:
        named = (os.environ.get("SSL_CERT_FILE"), *BUNDLES)
        bundles = [Path(name).read_bytes() for name in named if name and Path(name).is_file()]
    for bundle in bundles:
        yield from map(base64.b64decode, PEM.findall(bundle))


# ------------------------------------------------------------------------------------------------ the list


class Warned(NamedTuple):
    """A row: its stable name, when it holds and with which values, what is said, and whom to ask."""

    name: str
    holds: Callable[[Facts, Surroundings], Mapping[str, object] | None]
    text: str
    contact: Contact | None
    severity: Severity = Severity.WARNS
    exit_code: int = 0
    is_quiet: bool = False
    in_recovery: bool = False
    """Whether it matters to whoever finishes or undoes too."""

    def finding(self, values: Mapping[str, object]) -> Finding:
        """What is told where it holds."""
        return Finding(self.name, self.severity, self.text, values, self.contact, self.exit_code, self.is_quiet)


def _if(holds: bool) -> dict[str, object] | None:  # noqa: FBT001  it is the answer
    return {} if holds else None


def _is_low(percent: int | None) -> bool:
    return percent is not None and percent < LEAST_BATTERY


def _clock_doubtful(facts: Facts, around: Surroundings) -> dict[str, object] | None:
    if around.hint is None or facts.time is not None:
        return None
    difference = abs(around.hint.at - around.hint.clock)
    return {"span": difference} if difference > CLOCK_TOLERANCE else None


def _expires_soon(facts: Facts, around: Surroundings) -> dict[str, object] | None:  # noqa: ARG001  as every test
    end = expires(facts.contents, facts.campaign)
    is_soon = end is not None and facts.now < end <= facts.now + SOON
    return {"date": end.astimezone().date()} if end and is_soon else None


def _old_expired(facts: Facts, around: Surroundings) -> dict[str, object] | None:  # noqa: ARG001  as every test
    end = expires(facts.contents, facts.campaign)
    return _if(facts.stage is Stage.BEGUN and end is not None and end <= facts.now)


def _room_unknown(facts: Facts, around: Surroundings) -> dict[str, object] | None:  # noqa: ARG001  as every test
    return _if(any(token.roles and token.info.free_public_memory is None for token in facts.contents.tokens))


def _old_fixed(facts: Facts, around: Surroundings) -> dict[str, object] | None:  # noqa: ARG001  as every test
    old = [c for c in facts.contents.certificates if facts.campaign.replaces(c.certificate)]
    return _if(any(not c.found.modifiable for c in old))


_ISSUER, _IT = Contact.DEPUTY_ISSUER, Contact.LOCAL_IT

WARNINGS = (
    Warned(
        "JOURNAL_UNWRITABLE",
        lambda _, around: around.journal.values if around.journal else None,
        mark("The program cannot save anything in {path}. Nothing is begun without that."),
        _IT,
        severity=Severity.STOPS,
        exit_code=JournalUnwritableError.exit_code,
        in_recovery=True,
    ),
    Warned(
        "AUTHORITY_UNREACHABLE",
        lambda _, around: _if(around.unreachable is not None),
        mark("The certificate issuer cannot be reached now. Nothing can be upgraded without it."),
        _IT,
        in_recovery=True,
    ),
    Warned(
        "LOCKS_UNUSABLE",
        lambda _, around: {"path": around.locks} if around.locks else None,
        mark(
            "This computer cannot keep two accounts from the card at once: {path} cannot be used. Use the card under "
            "one account at a time."
        ),
        _IT,
        in_recovery=True,
    ),
    Warned(
        "CLOCK_DOUBTFUL",
        _clock_doubtful,
        mark("The clock of this computer may be wrong: it differs from the issuer's by {span}."),
        _IT,
    ),
    Warned(
        "BATTERY_LOW",
        lambda _, around: {"count": around.battery} if _is_low(around.battery) else None,
        mark("The battery has {count} % left. Plug the computer in before you begin."),
        None,
        in_recovery=True,
    ),
    Warned(
        "CARD_EXPIRES_SOON",
        _expires_soon,
        mark("The card expires on {date}. It may be better to order a new card than to upgrade this one."),
        _ISSUER,
    ),
    Warned(
        "OLD_EXPIRED",
        _old_expired,
        mark(
            "The old certificates have expired. If the issuer refuses to go on, the card is put back: order a new one."
        ),
        _ISSUER,
        in_recovery=True,
    ),
    Warned(
        "ROOT_NOT_TRUSTED",
        lambda _, around: _if(around.trusts_roots is False),
        mark("This computer does not trust the new certificates yet. Log-in with them may fail here."),
        _IT,
    ),
    Warned(
        "AD_MAPPING_NOT_READY",
        lambda facts, _: _if(not facts.campaign.ad_mapping_ready),
        mark("Log-in to the computers of your organisation is not ready for the new certificates yet."),
        _IT,
    ),
    Warned(
        "ROOM_UNKNOWN",
        _room_unknown,
        mark("The card does not tell how much room it has. If it has too little, everything is put back."),
        None,
        is_quiet=True,
    ),
    Warned(
        "OLD_NOT_MODIFIABLE",
        _old_fixed,
        mark("The card calls its old certificates unchangeable. It may not let go of them."),
        _IT,
        is_quiet=True,
    ),
)


def warnings(facts: Facts, around: Surroundings) -> tuple[Finding, ...]:
    """What is told besides the reasons, the first to tell first; of an upgraded card, nothing."""
    if facts.stage is Stage.DONE:
        return ()
    rows = [row for row in WARNINGS if facts.stage is Stage.FRESH or row.in_recovery]
    found = ((row, row.holds(facts, around)) for row in rows)
    return tuple(row.finding(values) for row, values in found if values is not None)


def warning(name: str, **values: object) -> Finding:
    """One of the list, for whoever knows by other means that it holds."""
    return next(row for row in WARNINGS if row.name == name).finding(values)
