"""The lock of a card: one process of all accounts has it, its end frees it, and a strange file there does no harm."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup.card_lock import CardLock, at_work, unusable
from sithsup.errors import SecondInstanceError
from sithsup.settings import Settings, table
from sithsup.situation import Outcome
from tests.support.lab import NEW, Lab, acts

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
HOLD = """
import os, sys, pathlib
from sithsup.card_lock import CardLock, unusable
from sithsup.errors import SecondInstanceError
os.umask(0o077)
if sys.argv[2:]:
    os.setuid(int(sys.argv[2]))
lock = CardLock(pathlib.Path(sys.argv[1]), "card")
try:
    lock.take()
    print("held" if lock._held is not None else "without", flush=True)
except SecondInstanceError:
    print("refused", flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a name in the kernel there, and no file")


@contextmanager
def another(folder: Path, *user: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Take the lock from a process of its own, if need be of another account; gives what became of that."""
    arguments = [sys.executable, "-c", HOLD, str(folder), *map(str, user)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a folder as /run/lock is: everybody may make a file, nobody may remove another's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


def test_one_process_has_it_and_its_end_frees_it(shared: Path) -> None:
    """Also kill -9; the file stays, empty, and everybody may open it whatever the holder's umask was."""
    mine = CardLock(shared, "card")
    with another(shared) as (said, process):
        assert said == "held"
        assert mine.is_taken
        with pytest.raises(SecondInstanceError):
            mine.take()
        CardLock(shared, "another card").take()
        process.kill()
        process.wait()
        assert not mine.is_taken
        mine.take()
        mine.take()
        assert not mine.is_taken  # by another
    with another(shared) as (said, _):
        assert said == "refused"
    mine.release()
    mine.release()
    with another(shared) as (said, _):
        assert said == "held"
    (path,) = shared.glob("sithsup-card.lock")
    assert (path.stat().st_size, stat.S_IMODE(path.stat().st_mode)) == (0, 0o444)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can be somebody else")
def test_the_file_may_be_another_account_s(shared: Path) -> None:
    """Either way round: the file is only read, so that it is nobody's to write does not matter."""
    with another(shared, NOBODY) as (said, _):
        assert said == "held"
        with pytest.raises(SecondInstanceError):
            CardLock(shared, "card").take()
    assert (shared / "sithsup-card.lock").stat().st_uid == NOBODY
    (shared / "sithsup-card.lock").unlink()
    mine = CardLock(shared, "card")
    mine.take()
    with another(shared, NOBODY) as (said, _):
        assert said == "refused"
    mine.release()
    with another(shared, NOBODY) as (said, _):
        assert said == "held"


def test_a_file_that_cannot_be_opened(shared: Path) -> None:
    """Nobody wrote it for us: the run goes on without, instead of never."""
    path = shared / "sithsup-card.lock"
    path.touch()
    path.chmod(0)
    with another(shared, *([NOBODY] if os.geteuid() == 0 else [])) as (said, _):
        assert said == "without"


def test_looking_makes_nothing(shared: Path) -> None:
    """And does not stand in the way of whoever takes it in the same moment."""
    assert not CardLock(shared, "card").is_taken
    assert list(shared.iterdir()) == []


def test_a_link_is_not_followed(shared: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever lays one there gets neither a file of ours made nor one of theirs opened."""
    for target in (tmp_path / "not there", tmp_path / "there"):
        (tmp_path / "there").write_text("theirs")
        path = shared / "sithsup-card.lock"
        path.unlink(missing_ok=True)
        path.symlink_to(target)
        lock = CardLock(shared, "card")
        lock.take()
        assert lock._held is None
    assert not (tmp_path / "not there").exists()
    assert (tmp_path / "there").read_text() == "theirs"
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    caplog.clear()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(make: object, shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert callable(make)
    make(shared / "sithsup-card.lock")
    lock = CardLock(shared, "card")
    lock.take()
    assert (lock._held, lock.is_taken) == (None, False)
    caplog.clear()


def test_without_a_folder_it_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the journal's lock alone, and the log says so."""
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file"):
        lock = CardLock(folder, "card")
        assert not lock.is_taken
        lock.take()
        assert "no lock" in caplog.text
        caplog.clear()


def test_the_folder_is_one_that_all_accounts_share(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shared: Path
) -> None:
    """Not one's own, and the same for all: an account's TMPDIR has no say in it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(table, "_FOR_ALL", (str(tmp_path / "none"), str(tmp_path), str(shared), "/"))
    assert Settings.load({}).locks == shared
    monkeypatch.setattr(table, "_FOR_ALL", (str(tmp_path),))
    assert Settings.load({}).locks is None


def test_two_accounts_at_one_card(tmp_path: Path) -> None:
    """While one upgrades nothing is asked of anybody else, and the card ends well; then the other may."""
    lab = Lab(tmp_path)
    with lab.operation() as first:
        steps = acts(first, "upgrade")
        for _ in range(6):
            next(steps)
        given, lab.computer = lab.holder.given, "B"
        for action in ("resume", "restore", "upgrade"):
            assert isinstance(lab.run(action), SecondInstanceError)
        assert lab.holder.given == given
        assert not (tmp_path / "B").exists()
    assert lab.run("resume") is Outcome.UPGRADED
    assert (lab.end(), lab.broken) == (NEW, [])


def test_whoever_asks_a_person_first_holds_the_card_meanwhile(tmp_path: Path) -> None:
    """An answer may take an hour; nobody else begins in that hour."""
    lab = Lab(tmp_path)
    with lab.operation() as first, lab.operation() as second:
        first.hold()
        with pytest.raises(SecondInstanceError):
            list(acts(second, "upgrade"))


def test_a_folder_where_no_lock_can_be_made_is_told(tmp_path: Path) -> None:
    """One that is not there yet can be made; nothing is made to find that out."""
    (tmp_path / "file").touch()
    assert unusable(tmp_path) is None
    assert unusable(tmp_path / "new" / "er") is None
    assert unusable(tmp_path / "file" / "locks") == str(tmp_path / "file" / "locks")
    assert unusable(None) == "-"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_whether_anybody_is_at_work_on_any_card(shared: Path) -> None:
    """Another account's card too, whose name nobody here knows; looking takes nothing, and makes nothing."""
    assert not at_work(shared, ("card",))
    assert not list(shared.iterdir())
    with another(shared) as (came, _):
        assert came == "held"
        assert at_work(shared, ())
        assert at_work(shared, ("another",))
        assert at_work(None, ()) is False
    assert not at_work(shared, ("card",))
    mine = CardLock(shared, "mine")
    mine.take()
    assert at_work(shared, ())
    mine.release()


def test_a_look_at_locks_keeps_nobody_away(shared: Path) -> None:
    """Whoever takes one while it is looked at tries again."""
    CardLock(shared, "card").take()
    lock = CardLock(shared, "card2")
    for _ in range(200):
        lock.take()
        at_work(shared, ("card2",))
        lock.release()
