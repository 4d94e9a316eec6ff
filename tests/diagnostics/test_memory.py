"""What this computer remembers, as the diagnosis tells it: what waits, what was finished, what cannot be read."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.database import make_private
from sithsup.diagnostics.probes.memory import LONGEST_LIST, STEPS, history, journal, locks
from sithsup.diagnostics.scene import Scene
from sithsup.diagnostics.values import Foreign, Term
from sithsup.errors import HistoryUnreadableError, new_case_code
from sithsup.history import FILE, HistoryEntry, append_history
from sithsup.journal import Journal
from sithsup.model import Message, MessageKind
from sithsup.settings import Settings
from sithsup.upgrade import UPGRADE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.diagnostics.probe import Found, Group
    from sithsup.diagnostics.values import Value

NOW = datetime(2030, 1, 8, 12, tzinfo=UTC)
BEGUN = NOW - timedelta(days=7)
CASE = new_case_code()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def scene(tmp_path: Path, data: Path) -> Scene:
    places = {"SITHSUP_DATA": data, "SITHSUP_LOCKS": tmp_path, "SITHSUP_LOGS": tmp_path / "state"}
    return Scene(Settings.resolve({name: str(place) for name, place in places.items()}, ()), clock=lambda: NOW)


def begun(data: Path) -> Journal:
    made = Journal(data, "card", lambda: BEGUN)
    made.begin("…1234", "campaign", CASE)
    return made


def facts(of: Found | Group) -> dict[str, Value]:
    return {fact.name: fact.value for fact in of.facts}


def problems(found: Found) -> list[tuple[str, str]]:
    return [(problem.code, problem.name) for problem in found.problems]


# ---------------------------------------------------------------------------------------------------- journals


def test_nothing_waits_where_nothing_was_begun(scene: Scene, data: Path) -> None:
    """And nothing is left of having looked."""
    found = journal(scene)
    told = facts(found)
    assert (told["waiting"], told["in-use"], told["set-aside"], told["is-writable"]) == (0, 0, 0, True)
    assert isinstance(told["free-mebibytes"], int)
    assert (found.groups, found.problems) == ((), ())
    assert not data.exists()


def test_what_waits_is_told_with_its_case_its_age_and_what_was_announced(scene: Scene, data: Path) -> None:
    with begun(data) as made:
        made.announce_key("authentication", b"1")
        made.remember("target", Message(MessageKind.CONFIRM, b"one", b"der"))
        made.remember("target", Message(MessageKind.ORDER, b"one", b"der"), b"key")
    found = journal(scene)
    assert facts(found)["waiting"] == 1
    (group,) = found.groups
    assert (group.name, group.title) == ("journal", Foreign("…1234"))
    assert facts(group) == {
        "state": "whole",
        "case-code": CASE,
        "campaign": "campaign",
        "begun": BEGUN,
        "days": 7,
        "keys": 1,
        "steps": "order-certificates, confirm-certificates",
        "is-full": False,
    }
    assert problems(found) == [("SU-5007", "UpgradeWaitsError")]
    (problem,) = found.problems
    assert "…1234" in problem.what
    assert CASE in problem.cause
    assert "sithsup resume" in problem.remedy


def test_the_steps_are_those_of_the_table() -> None:
    assert set(STEPS.values()) <= {step.name for step in UPGRADE}


def test_one_that_is_in_use_is_told_and_left_alone(scene: Scene, data: Path) -> None:
    """It is the program itself: that is no problem."""
    with begun(data):
        found = journal(scene)
    assert (facts(found)["in-use"], facts(found)["waiting"], found.problems) == (1, 0, ())
    assert facts(found.groups[0]) == {"state": "in-use"}


def test_a_damaged_one_is_named(scene: Scene, data: Path) -> None:
    data.mkdir()
    (data / "journal-card.sqlite3").write_bytes(b"this is no database, it is a text" * 100)
    (data / "journal-other.unreadable").touch()
    found = journal(scene)
    assert problems(found) == [("SU-4003", "JournalUnreadableError")]
    assert "journal-card.sqlite3" in found.problems[0].cause
    assert facts(found)["set-aside"] == 1
    assert facts(found.groups[0]) == {"state": "damaged"}
    assert isinstance(found.groups[0].title, Term)


def test_a_folder_that_is_none_is_named(scene: Scene, data: Path) -> None:
    """Nothing can be read there, and nothing written: one thing is wrong, with its place."""
    data.touch()
    found = journal(scene)
    assert set(problems(found)) == {("SU-4001", "JournalUnwritableError")}
    assert {problem.cause for problem in found.problems} == {f"{data}: part of the path is a file, not a folder"}
    assert facts(found)["is-writable"] is False


def test_a_folder_that_nobody_may_look_into_is_named(scene: Scene, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir()

    def refused(_: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    found = journal(scene)
    assert problems(found) == [("SU-4001", "JournalUnwritableError")]
    assert found.problems[0].cause == f"{data}: access to it is refused"


def test_a_full_disk_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024  as the library's
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 0))
    found = journal(scene)
    assert problems(found) == [("SU-4001", "DiskFullError")]
    assert "disk" in found.problems[0].remedy
    assert facts(found)["free-mebibytes"] == 0


# ------------------------------------------------------------------------------------------------------- locks


def test_locks_are_counted(scene: Scene, tmp_path: Path) -> None:
    """Whether somebody holds one, and whether another account has made it; nothing else of them is told."""
    for name in ("one", "two"):
        (tmp_path / f"sithsup-{name}.lock").touch()
    with (tmp_path / "sithsup-one.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = locks(scene)
    told = facts(found)
    assert (told["is-usable"], told["cards"], told["of-others"], told["taken"]) == (True, 2, 0, 1)
    assert found.problems == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_account_s_lock_is_counted(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "sithsup-one.lock").touch()
    os.chown(tmp_path / "sithsup-one.lock", 65534, 65534)
    assert facts(locks(scene))["of-others"] == 1


def test_a_computer_that_keeps_nobody_apart_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = locks(Scene(Settings.resolve({"SITHSUP_LOCKS": str(tmp_path / "file")}, ())))
    assert problems(found) == [("SU-5001", "LOCKS_UNUSABLE")]
    assert facts(found)["is-usable"] is False


# ----------------------------------------------------------------------------------------------------- history


def entry(number: int, case: str = CASE) -> HistoryEntry:
    return HistoryEntry(f"…{number:04}", "campaign", case, BEGUN.isoformat(), NOW.isoformat(), "upgraded")


def test_finished_cases_are_told_the_newest_first(scene: Scene, data: Path) -> None:
    for number in range(LONGEST_LIST + 1):
        append_history(data, entry(number, new_case_code()))
    append_history(data, entry(9999))
    found = history(scene)
    assert facts(found) == {"cases": LONGEST_LIST + 2}
    assert len(found.groups) == LONGEST_LIST
    assert found.groups[0].title == Foreign("…9999")
    assert facts(found.groups[0]) == {
        "case-code": CASE,
        "outcome": "upgraded",
        "campaign": "campaign",
        "begun": BEGUN,
        "ended": NOW,
    }


def test_what_is_no_case_code_is_text_from_outside(scene: Scene, data: Path) -> None:
    append_history(data, entry(1, "738291"))
    assert isinstance(facts(history(scene).groups[0])["case-code"], Foreign)


def test_a_damaged_list_is_an_error_of_its_own(scene: Scene, data: Path) -> None:
    make_private(data, data / FILE)
    (data / FILE).write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(HistoryUnreadableError):
        history(scene)
