"""What surrounds a card: each probe finds its own, fails alone, and takes no longer than it may."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from sithsup import preflight
from sithsup.ca.status import NOT_OF_THIS_TIME
from sithsup.card.session import find_cards
from sithsup.eligibility import AuthorityTime, Facts, Severity, Stage
from sithsup.errors import (
    AnswerOfAnotherTimeError,
    AnswerUntrustedError,
    AuthorityUnreachableError,
    Contact,
    JournalUnwritableError,
    NotEligibleError,
    PortalError,
    StatusNotOfferedError,
)
from sithsup.model import CertificateState, CertificateStatus
from sithsup.preflight import WARNINGS, Preflight, Surroundings, battery, journal_problem, trusts, warnings
from sithsup.texts import tr
from tests.support.lab import OLD, START, Lab, acts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EARLIER, LATER = START - timedelta(hours=1), START + timedelta(hours=1)
ROOMY = 1 << 16
UNWRITABLE = JournalUnwritableError(path="/data", problem="Read-only file system")
SILENT = AuthorityUnreachableError("nobody is there", address="-")


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """Give a card of which nothing is to be told."""
    lab = Lab(tmp_path)
    contents = find_cards(lab.token)[0]
    tokens = tuple(replace(t, info=replace(t.info, free_public_memory=ROOMY)) for t in contents.tokens)
    return Facts(replace(contents, tokens=tokens), lab.case.campaign, START)


# ------------------------------------------------------------------------------------------------ what is told


def expiring(facts: Facts, at: datetime) -> Facts:
    changed = [replace(c, certificate=replace(c.certificate, not_after=at)) for c in facts.contents.certificates]
    return replace(facts, contents=replace(facts.contents, certificates=tuple(changed)))


def unchangeable(facts: Facts) -> Facts:
    changed = [replace(c, found=replace(c.found, modifiable=False)) for c in facts.contents.certificates]
    return replace(facts, contents=replace(facts.contents, certificates=tuple(changed)))


def silent_on_room(facts: Facts) -> Facts:
    tokens = tuple(replace(t, info=replace(t.info, free_public_memory=None)) for t in facts.contents.tokens)
    return replace(facts, contents=replace(facts.contents, tokens=tokens))


def same(facts: Facts) -> Facts:
    return facts


NOTHING = Surroundings()
AHEAD = AuthorityTime(LATER, START, is_exact=True)
TABLE: dict[str, tuple[Callable[[Facts], Facts], Surroundings, list[str]]] = {
    "nothing known": (same, NOTHING, []),
    "all is well": (same, Surroundings(battery=None, trusts_roots=True), []),
    "no journal": (same, Surroundings(journal=UNWRITABLE), ["JOURNAL_UNWRITABLE"]),
    "no lock": (same, Surroundings(locks="/locks"), ["LOCKS_UNUSABLE"]),
    "no network": (same, Surroundings(unreachable=SILENT), ["AUTHORITY_UNREACHABLE"]),
    "an unsigned time": (same, Surroundings(hint=AHEAD), ["CLOCK_DOUBTFUL"]),
    "an unsigned time, much the same": (same, Surroundings(hint=AuthorityTime(START, START, is_exact=True)), []),
    "an unsigned time beside a signed one": (lambda f: replace(f, time=AHEAD), Surroundings(hint=AHEAD), []),
    "an empty battery": (same, Surroundings(battery=0), ["BATTERY_LOW"]),
    "a low battery": (same, Surroundings(battery=19), ["BATTERY_LOW"]),
    "a battery that will do": (same, Surroundings(battery=20), []),
    "a root that is not trusted": (same, Surroundings(trusts_roots=False), ["ROOT_NOT_TRUSTED"]),
    "log-in is not ready": (
        lambda f: replace(f, campaign=f.campaign.model_copy(update={"ad_mapping_ready": False})),
        NOTHING,
        ["AD_MAPPING_NOT_READY"],
    ),
    "weeks are left": (lambda f: expiring(f, START + timedelta(weeks=6)), NOTHING, ["CARD_EXPIRES_SOON"]),
    "months are left": (lambda f: expiring(f, START + timedelta(weeks=6, seconds=1)), NOTHING, []),
    "expired": (lambda f: expiring(f, START), NOTHING, []),
    "expired meanwhile": (lambda f: replace(expiring(f, START), stage=Stage.BEGUN), NOTHING, ["OLD_EXPIRED"]),
    "expired meanwhile, below the line": (
        lambda f: replace(expiring(f, START), stage=Stage.TO_FINISH),
        NOTHING,
        [],
    ),
    "no figure of the room": (silent_on_room, NOTHING, ["ROOM_UNKNOWN"]),
    "old certificates that cannot be changed": (unchangeable, NOTHING, ["OLD_NOT_MODIFIABLE"]),
    "done": (lambda f: replace(f, stage=Stage.DONE), Surroundings(unreachable=SILENT, battery=1), []),
    "begun": (
        lambda f: replace(f, stage=Stage.BEGUN),
        Surroundings(unreachable=SILENT, battery=1, trusts_roots=False),
        ["AUTHORITY_UNREACHABLE", "BATTERY_LOW"],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_each_finding_is_told_and_no_other(case: str, facts: Facts) -> None:
    """In the order of the list; to whoever recovers a card only what matters to them."""
    change, around, told = TABLE[case]
    assert [finding.name for finding in warnings(change(facts), around)] == told


def test_every_row_is_in_the_table_above() -> None:
    assert {row.name for row in WARNINGS} == {name for _, _, told in TABLE.values() for name in told}


def test_what_stops_and_whom_to_ask(facts: Facts) -> None:
    """Only an unwritable journal stops; the places, days and amounts stand in the words."""
    found = warnings(facts, Surroundings(journal=UNWRITABLE, battery=7, trusts_roots=False))
    assert [(f.severity, f.contact, f.exit_code) for f in found] == [
        (Severity.STOPS, Contact.LOCAL_IT, 5),
        (Severity.WARNS, None, 0),
        (Severity.WARNS, Contact.LOCAL_IT, 0),
    ]
    assert "/data" in found[0].text()
    assert found[1].text().startswith("The battery has 7 % left.")
    quiet = {row.name for row in WARNINGS if row.is_quiet}
    assert quiet == {"ROOM_UNKNOWN", "OLD_NOT_MODIFIABLE"}


# ------------------------------------------------------------------------------------------------- the probes


@dataclass
class FakeWay:
    """The network as a test wants it; keeps what it was asked."""

    told: datetime | Exception | None = None
    takes: float = 0
    asked: list[str] = field(default_factory=list)
    address: str = "http://sim.invalid/cmp"

    def greet(self, seconds: float) -> datetime | None:
        self.asked.append("greet")
        time.sleep(min(seconds, self.takes))
        if isinstance(self.told, Exception):
            raise self.told
        return self.told

    def fetch(self, address: str, question: bytes | None = None, *, seconds: float = 99) -> bytes:
        self.asked.append(f"fetch {address}")
        time.sleep(min(seconds, self.takes))
        raise TimeoutError


class Room(NamedTuple):
    """Everything that a preflight is made of."""

    facts: Facts
    folder: Path
    executor: ThreadPoolExecutor

    def preflight(self, way: FakeWay) -> Preflight:
        return Preflight(self.facts.campaign, way, self.folder, lambda: START, self.executor, locks=self.folder)

    def look(self, way: FakeWay) -> Surroundings:
        return self.preflight(way).look(self.facts.contents)


@pytest.fixture
def room(facts: Facts, tmp_path: Path) -> Iterator[Room]:
    with ThreadPoolExecutor(4) as executor:
        yield Room(facts, tmp_path, executor)


def answers(monkeypatch: pytest.MonkeyPatch, told: CertificateStatus | Exception) -> None:
    """Have the status service give this answer."""

    def ask(*_: object) -> CertificateStatus:
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr("sithsup.ca.status.ask", ask)


def test_a_revoked_card_is_seen_and_the_time_learned(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status service says both, and whether its answer was made for this question."""
    answers(monkeypatch, CertificateStatus(CertificateState.REVOKED, LATER, is_fresh=True))
    found = room.look(FakeWay())
    assert (found.is_revoked, found.time) == (True, AuthorityTime(LATER, START, is_exact=True))
    answers(monkeypatch, CertificateStatus(CertificateState.GOOD, EARLIER))
    found = room.look(FakeWay())
    assert (found.is_revoked, found.time) == (False, AuthorityTime(EARLIER, START, is_exact=False))


@pytest.mark.parametrize("state", [CertificateState.GOOD, CertificateState.UNKNOWN])
def test_unknown_blocks_nobody(state: CertificateState, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, CertificateStatus(state, START, is_fresh=True))
    assert not room.look(FakeWay()).is_revoked


def test_two_witnesses_make_an_unsigned_time_believed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status that is of another time, and the Date of an HTTP answer."""
    answers(monkeypatch, AnswerOfAnotherTimeError(check=tr(NOT_OF_THIS_TIME)))
    assert room.look(FakeWay(told=LATER)).time == AuthorityTime(LATER, START, is_exact=True)
    assert room.look(FakeWay()).time is None
    answers(monkeypatch, AnswerUntrustedError(check="something else"))
    found = room.look(FakeWay(told=LATER))
    assert (found.time, found.hint) == (None, AuthorityTime(LATER, START, is_exact=True))


@pytest.mark.parametrize("error", [SILENT, PortalError(address="-")])
def test_why_nobody_is_there_is_known(error: Exception, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, StatusNotOfferedError(address="-"))
    assert room.look(FakeWay(told=error)).unreachable is error


def test_a_bug_of_one_probe_leaves_the_others(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fails alone, and what it should have found is not known."""
    answers(monkeypatch, RuntimeError("a bug"))
    monkeypatch.setattr(preflight, "battery", lambda: 1 // 0)
    found = room.look(FakeWay(told=ZeroDivisionError()))
    assert (found.unreachable, found.time, found.battery) == (None, None, None)
    assert found.journal is None


def test_nothing_is_asked_twice(room: Room) -> None:
    """A second look, as `upgrade` takes one, asks nobody."""
    way = FakeWay()
    once = room.preflight(way)
    first = once.look(room.facts.contents)
    asked = list(way.asked)
    assert once.look(room.facts.contents) is first
    assert way.asked == asked


def test_a_network_that_swallows_everything_is_not_waited_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check` answers all the same."""
    monkeypatch.setattr(preflight, "LONGEST", 0.3)
    begun = time.monotonic()
    found = room.look(FakeWay(takes=2))
    assert time.monotonic() - begun < 1
    assert (found.unreachable, found.time) == (None, None)


def test_the_way_is_given_what_is_left_of_the_time(room: Room) -> None:
    """And nothing is asked when none is left."""
    way = FakeWay()
    looking = room.preflight(way)
    late, soon = (looking._fetch_until(time.monotonic() + left) for left in (-1, 9))
    with pytest.raises(AuthorityUnreachableError, match="no time"):
        late("http://a", b"?")
    with pytest.raises(AuthorityUnreachableError):
        soon("http://b", b"?")
    assert [asked for asked in way.asked if asked != "greet"] == ["fetch http://b"]


def test_where_a_journal_can_be_written(tmp_path: Path) -> None:
    """The folder need not be there yet; what was written to see it is gone, and nothing is made of the folder."""
    assert journal_problem(tmp_path / "new" / "deep") is None
    assert journal_problem(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def problem_of(folder: Path) -> tuple[str, str]:
    problem = journal_problem(folder)
    assert problem
    return str(problem.values["path"]), str(problem.values["problem"])


def test_where_no_journal_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder's place, or above it; a disk that is read-only, or nearly full: each with its cause."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        assert problem_of(folder) == (str(tmp_path / "file"), "part of the path is a file, not a folder")
    monkeypatch.setattr(preflight, "LEAST_DISK", 1 << 62)
    assert problem_of(tmp_path) == (str(tmp_path), "the disk is full")

    def read_only(_: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "fsync", read_only)
    assert problem_of(tmp_path / "new") == (str(tmp_path), "nothing can be written on this disk: it can only be read")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_nobody_may_look_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is not even known whether it is there."""

    def closed(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "exists", closed)
    assert problem_of(tmp_path) == (str(tmp_path), "access to it is refused")


def test_nothing_is_begun_where_no_journal_can_be_written(tmp_path: Path) -> None:
    """No code is asked for it, whoever asked for the upgrade; a reason of the card's own is told first."""

    class Around:
        def look(self, _: object) -> Surroundings:
            return Surroundings(journal=UNWRITABLE)

    lab = Lab(tmp_path)
    with lab.operation() as operation:
        operation._preflight = Around()  # type: ignore[assignment]
        assert [finding.name for finding in operation.look().stops] == ["JOURNAL_UNWRITABLE"]
        with pytest.raises(JournalUnwritableError) as told:
            list(acts(operation, "upgrade"))
        operation.world.campaign = operation.world.campaign.model_copy(update={"paused": True})
        with pytest.raises(NotEligibleError):
            list(acts(operation, "upgrade"))
    assert told.value.why == "/data: Read-only file system"
    assert (lab.holder.given, lab.end()) == (0, OLD)


class Power(NamedTuple):
    percent: float
    power_plugged: bool | None


@pytest.mark.parametrize(
    ("power", "told"), [(None, None), (Power(9.6, False), 10), (Power(9, True), None), (Power(9, None), None)]
)
def test_the_battery_is_told_where_there_is_nothing_else(
    power: Power | None, told: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: power, raising=False)
    assert battery() == told


@pytest.mark.skipif(sys.platform != "linux", reason="where Linux keeps what it trusts")
def test_what_the_system_trusts(facts: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A root among others; one that is not there; and a system that says nothing."""
    monkeypatch.setattr(preflight, "BUNDLES", (str(tmp_path / "bundle"),))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    assert trusts(facts.campaign.anchors) is None
    others = "".join(pem for pem in facts.campaign.intermediates)
    (tmp_path / "bundle").write_text(others)
    assert trusts(facts.campaign.anchors) is False
    (tmp_path / "bundle").write_text(others + "".join(facts.campaign.trust_anchors))
    assert trusts(facts.campaign.anchors) is True
