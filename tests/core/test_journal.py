"""The journal: what was announced is on the disk, nobody else can read it, and nothing stays behind."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.certificate import Certificate
from sithsup.errors import JournalUnreadableError, JournalUnwritableError, SecondInstanceError
from sithsup.history import history
from sithsup.journal import Journal, Unfinished, kept_cards, unfinished
from sithsup.model import Message, MessageKind
from sithsup.sim.case import CardKind, old_card
from sithsup.situation import Outcome

if TYPE_CHECKING:
    from pathlib import Path

BEGUN = datetime(2030, 1, 1, 12, tzinfo=UTC)
ORDER = Message(MessageKind.ORDER, b"one", b"the order")


FREE_PAGES = 36
"""Where the header of a database file says how many of its pages are free."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = BEGUN

    def __call__(self) -> datetime:
        return self.now


def opened(folder: Path, **options: bool) -> Journal:
    return Journal(folder, "card", Clock(), **options)


def test_messages_survive_and_come_back_as_transactions_newest_first(tmp_path: Path) -> None:
    """What was remembered before a crash is read after it, grouped by transaction."""
    clock = Clock()
    with Journal(tmp_path, "card", clock) as journal:
        journal.remember("target", ORDER, b"key")
        clock.now += timedelta(seconds=5)
        journal.remember("target", Message(MessageKind.ISSUED, b"one", b"the answer"))
        journal.remember("target", Message(MessageKind.ORDER, b"two", b"another order"), b"key 2")
        journal.remember("other", Message(MessageKind.ORDER, b"three", b"not this target"), b"key")
    with opened(tmp_path) as journal:
        newest, oldest = journal.transactions("target")
        assert (newest.order.der, newest.public_key, newest.issued) == (b"another order", b"key 2", None)
        assert oldest.issued is not None
        assert oldest.issued.der == b"the answer"
        assert oldest.issued_at == BEGUN + timedelta(seconds=5)
        assert journal.transaction("target", b"one") == oldest


def test_every_kind_of_message_has_its_place(tmp_path: Path) -> None:
    """A poll, a confirmation, a rejection, their answers and an error are told apart."""
    kinds = [kind for kind in MessageKind if kind not in ("order", "waiting", "rr", "rp")]
    with opened(tmp_path) as journal:
        journal.remember("target", ORDER, b"key")
        for kind in kinds:
            journal.remember("target", Message(kind, b"one", kind.value.encode()))
        said = journal.transaction("target", b"one")
    places = (said.poll, said.issued, said.confirm, said.confirmed, said.reject, said.rejected, said.error)
    assert [message.kind for message in places if message] == kinds


def test_what_waits_is_no_longer_known_to_wait_once_it_is_asked_for_again(tmp_path: Path) -> None:
    """A poll without an answer is to be sent again, byte for byte; with one, another is composed."""
    waiting, poll = Message(MessageKind.WAITING, b"one", b"w1"), Message(MessageKind.POLL, b"one", b"p1")
    with opened(tmp_path) as journal:
        journal.remember("target", ORDER, b"key")
        assert journal.transaction("target", b"one").asked == ORDER
        journal.remember("target", waiting)
        assert journal.transaction("target", b"one").waiting == waiting
        journal.remember("target", poll)
        said = journal.transaction("target", b"one")
        assert (said.waiting, said.asked) == (None, poll)
        journal.remember("target", waiting)
        assert journal.transaction("target", b"one").waiting == waiting


def test_the_newest_word_about_a_revocation_counts(tmp_path: Path) -> None:
    """Announced, refused, announced again, acknowledged; of another certificate nothing is known."""
    old, other = (Certificate.parse(der) for der in old_card(CardKind.TWO_PINS, BEGUN).old)
    with opened(tmp_path) as journal:
        assert journal.revocation(old) is None
        for kind in (MessageKind.REVOKE, MessageKind.ERROR, MessageKind.REVOKE, MessageKind.REVOKED):
            journal.remember(old.fingerprint, Message(kind, b"one", b"bytes"))
            assert journal.revocation(old) == Message(kind, b"one", b"bytes")
        assert journal.revocation(other) is None


def test_a_case_keeps_its_code(tmp_path: Path) -> None:
    """Resuming does not give the same case another code."""
    with opened(tmp_path) as journal:
        assert journal.case_code == ""
        journal.begin("…1234", "campaign", "CASE1")
    with opened(tmp_path) as journal:
        journal.begin("…1234", "campaign", "CASE2")
        assert journal.case_code == "CASE1"


def test_keys_are_remembered_by_name(tmp_path: Path) -> None:
    """A key of ours is known again by its public key."""
    with opened(tmp_path) as journal:
        for _ in range(2):
            journal.remember_key("signature", b"public")
        assert journal.keys("signature") == {b"public"}
        assert journal.keys("authentication") == frozenset()


def test_a_second_instance_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    """The lock is held from opening to closing, also when nothing is being written."""
    with opened(tmp_path), pytest.raises(SecondInstanceError):
        opened(tmp_path)
    opened(tmp_path).close()


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    """The lock holds between processes and dies with its holder."""
    code = (
        "import sys, pathlib, datetime; from sithsup.journal import Journal\n"
        "Journal(pathlib.Path(sys.argv[1]), 'card', datetime.datetime.now); print('open', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline().strip() == b"open"
    with pytest.raises(SecondInstanceError):
        opened(tmp_path)
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    opened(tmp_path).close()


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Folder and file belong to their owner alone, whatever the umask says."""
    folder = tmp_path / "deep" / "folder"
    before = os.umask(0)
    try:
        with opened(folder) as journal:
            journal.begin("…1234", "campaign", "CASE")
            modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
            assert folder.stat().st_mode & 0o777 == 0o700
            journal.finish(Outcome.UPGRADED)
    finally:
        os.umask(before)
    assert set(modes.values()) == {0o600}
    assert (folder / "history.sqlite3").stat().st_mode & 0o777 == 0o600


def test_the_end_leaves_one_line_of_history_and_no_message(tmp_path: Path) -> None:
    """After the end no byte of a message is in any file of the folder."""
    with opened(tmp_path) as journal:
        journal.begin("…1234", "campaign", "CASE")
        journal.remember("target", Message(MessageKind.ORDER, b"one", b"A-SECRET-MESSAGE"), b"key")
        journal.finish(Outcome.RESTORED)
    assert [(entry.case_code, entry.outcome) for entry in history(tmp_path)] == [("CASE", "restored")]
    left = list(tmp_path.iterdir())
    assert [path.name for path in left] == ["history.sqlite3"]
    assert b"A-SECRET-MESSAGE" not in left[0].read_bytes()


def test_finishing_twice_does_not_tell_the_case_twice(tmp_path: Path) -> None:
    """A crash between the history and the deletion is repaired by finishing again."""
    for _ in range(2):
        with opened(tmp_path) as journal:
            journal.begin("…1234", "campaign", "CASE")
            journal.finish(Outcome.UPGRADED)
    assert len(history(tmp_path)) == 1


def test_a_discarded_journal_leaves_nothing(tmp_path: Path) -> None:
    """What was never begun is not in the history."""
    with opened(tmp_path) as journal:
        journal.begin("…1234", "campaign", "CASE")
        journal.discard()
    assert list(tmp_path.iterdir()) == []
    assert history(tmp_path) == ()


def test_looking_makes_no_file(tmp_path: Path) -> None:
    """A card that nothing was begun on is looked at without a trace; an existing journal is used."""
    with opened(tmp_path / "none", create=False) as journal:
        assert not journal.is_kept
        journal.remember("target", ORDER, b"key")
        assert journal.transactions("target")
        journal.discard()
    assert not (tmp_path / "none").exists()
    opened(tmp_path).close()
    with opened(tmp_path, create=False) as journal:
        assert journal.is_kept


@pytest.mark.parametrize("damage", [b"this is no database, it is a text" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_journal_is_set_aside(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Damage costs the journal, not the upgrade: a new one is begun, the old one is kept until the end."""
    (tmp_path / "journal-card.sqlite3").write_bytes(damage)
    with opened(tmp_path) as journal:
        assert (tmp_path / "journal-card.unreadable").read_bytes() == damage
        assert "set aside" in caplog.text
        caplog.clear()
        journal.begin("…1234", "campaign", "CASE")
        journal.finish(Outcome.UPGRADED)
    assert not (tmp_path / "journal-card.unreadable").exists()


@pytest.mark.parametrize("is_a_page", [False, True])
def test_damage_in_the_middle_is_found_at_the_beginning(
    is_a_page: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file whose first page is whole opens well, and would fail at a later word."""
    with opened(tmp_path) as journal:
        for number in range(200):
            journal.remember("target", Message(MessageKind.ORDER, bytes([number]), bytes(500)), b"key")
    path = tmp_path / "journal-card.sqlite3"
    content = path.read_bytes()
    damage, at = (b"\xff" * 4096, 20 * 4096) if is_a_page else (b"\x00\x00\x00\x05", FREE_PAGES)
    path.write_bytes(content[:at] + damage + content[at + len(damage) :])
    with opened(tmp_path) as journal:
        assert journal.transactions("target") == ()
    assert (tmp_path / "journal-card.unreadable").exists()
    assert "set aside" in caplog.text
    caplog.clear()


def test_a_word_that_cannot_be_read_is_an_error_of_the_journal(tmp_path: Path) -> None:
    """Not a bug: it says what to do."""
    with opened(tmp_path) as journal:
        journal._db.execute("DROP TABLE message")
        with pytest.raises(JournalUnreadableError):
            journal.transactions("target")


def test_a_journal_of_another_version_is_left_alone(tmp_path: Path) -> None:
    """A newer program's journal is neither used nor destroyed."""
    opened(tmp_path).close()
    path = tmp_path / "journal-card.sqlite3"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalUnreadableError, match="format 99"):
        opened(tmp_path)
    assert path.exists()


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    """The person reads which path and why."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalUnwritableError) as caught:
        opened(tmp_path / "file")
    assert str(tmp_path / "file") in caught.value.why


def test_a_file_that_cannot_be_a_journal_is_an_error_of_ours(tmp_path: Path) -> None:
    """A folder where the file should be is refused without a traceback."""
    (tmp_path / "journal-card.sqlite3").mkdir()
    with pytest.raises(JournalUnwritableError):
        opened(tmp_path)


def test_a_full_disk_is_an_error_of_ours_and_costs_no_entry(tmp_path: Path) -> None:
    """When a message does not fit it is not announced; what was written before is still there."""
    code = """
import pathlib, resource, signal, sys, datetime
from sithsup.errors import JournalUnwritableError
from sithsup.journal import Journal
from sithsup.model import Message, MessageKind
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Journal(pathlib.Path(sys.argv[1]), "card", lambda: datetime.datetime.now(datetime.UTC)) as journal:
    journal.remember("target", Message(MessageKind.ORDER, b"one", b"small"), b"key")
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
    try:
        journal.remember("target", Message(MessageKind.ORDER, b"two", bytes(1_000_000)), b"key")
    except JournalUnwritableError as error:
        print(error.code)
"""
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "SU-4001"
    with opened(tmp_path) as journal:
        assert [t.order.der for t in journal.transactions("target")] == [b"small"]


def test_everything_is_synced_before_a_write_returns(tmp_path: Path) -> None:
    """synchronous=FULL and an exclusive lock are what the laws rest on."""
    with opened(tmp_path) as journal:
        pragmas = ("synchronous", "locking_mode", "secure_delete")
        values = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert values == [2, "exclusive", 1]


def test_an_error_of_the_database_is_an_error_of_ours(tmp_path: Path) -> None:
    """Whatever SQLite says while writing, the person reads the path and what is wrong with it."""
    with opened(tmp_path) as journal:
        journal._db.execute("DROP TABLE message")
        with pytest.raises(JournalUnwritableError, match="no such table"):
            journal.remember("target", ORDER, b"key")


# ------------------------------------------------------------------------------------------- looking alone


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file in a folder, its content and when it was written last."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_whoever_only_looks_sees_everything_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the counter that SQLite keeps in the file; and what is written to the copy stays there."""
    with opened(tmp_path) as journal:
        journal.begin("…1234", "campaign", "CASE")
        journal.remember("target", ORDER, b"key")
    before = snapshot(tmp_path)
    monkeypatch.setattr("sithsup.journal.make_private", None)  # it makes a file that has just gone
    with opened(tmp_path, create=False, only_looks=True) as copy:
        assert copy.is_kept
        assert copy.case_code == "CASE"
        assert copy.is_announced
        copy.remember("target", Message(MessageKind.ORDER, b"two", b"another"), b"key")
    assert snapshot(tmp_path) == before


def test_whoever_only_looks_makes_none(tmp_path: Path) -> None:
    with opened(tmp_path / "none", create=False, only_looks=True) as journal:
        assert not journal.is_kept
        assert not journal.is_announced
    assert not (tmp_path / "none").exists()


def test_whoever_only_looks_keeps_nobody_away(tmp_path: Path) -> None:
    """Two look at once, and somebody begins to work meanwhile."""
    opened(tmp_path).close()
    looks = {"create": False, "only_looks": True}
    with opened(tmp_path, **looks), opened(tmp_path, **looks), opened(tmp_path) as journal:
        journal.remember("target", ORDER, b"key")


def test_whoever_only_looks_does_not_wait_for_whoever_works(tmp_path: Path) -> None:
    """A copy would be made as soon as the run has ended, which may take minutes."""
    with opened(tmp_path), pytest.raises(SecondInstanceError):
        opened(tmp_path, create=False, only_looks=True)


@pytest.mark.parametrize("damage", [b"this is no database, it is a text" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_whoever_only_looks_leaves_a_damaged_journal_where_it_is(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is set aside by whoever acts; a case is open all the same."""
    (tmp_path / "journal-card.sqlite3").write_bytes(damage)
    before = snapshot(tmp_path)
    with opened(tmp_path, create=False, only_looks=True) as journal:
        assert journal.is_kept
        assert not journal.is_announced
    assert snapshot(tmp_path) == before
    assert "journal is damaged" in caplog.text
    caplog.clear()


def test_whoever_only_looks_sees_what_was_there_before_a_write_was_cut_short(tmp_path: Path) -> None:
    """The journal of a run that was killed is the one that must be read."""
    with opened(tmp_path) as journal:
        journal.remember("target", ORDER, b"key")
    path = tmp_path / "journal-card.sqlite3"
    code = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
for entry in range(200):
    db.execute("INSERT INTO message (target, kind, der) VALUES ('target', 'error', zeroblob(4000))")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.with_name(f"{path.name}-journal").stat().st_size, "a write was cut short"
    with opened(tmp_path, create=False, only_looks=True) as journal:
        assert [t.order for t in journal.transactions("target")] == [ORDER]
        assert journal._read("SELECT count(*) FROM message") == [(1,)]


def test_whoever_only_looks_is_told_what_else_is_wrong(tmp_path: Path) -> None:
    """A newer program's journal, and a folder in its place."""
    opened(tmp_path).close()
    path = tmp_path / "journal-card.sqlite3"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalUnreadableError, match="format 99"):
        opened(tmp_path, create=False, only_looks=True)
    path.unlink()
    path.mkdir()
    with pytest.raises(JournalUnwritableError):
        opened(tmp_path, create=False, only_looks=True)


# -------------------------------------------------------------------------------------------- unfinished


def test_what_waits_for_another_card_is_listed(tmp_path: Path) -> None:
    """For whoever put the wrong card in: which one is meant, and since when. The present card is not among them."""
    for key, name in (("one", "…1111"), ("two", "…2222")):
        with Journal(tmp_path, key, Clock()) as journal:
            journal.begin(name, "campaign", f"CASE {key}")
    assert unfinished(tmp_path, besides={"one"}) == (Unfinished("…2222", "campaign", "CASE two", BEGUN.isoformat()),)
    assert {each.card for each in unfinished(tmp_path)} == {"…1111", "…2222"}


def test_what_cannot_be_read_or_is_being_worked_on_is_not_listed(tmp_path: Path) -> None:
    """Looking at one card neither disturbs nor depends on the others."""
    (tmp_path / "journal-torn.sqlite3").write_bytes(b"no database at all" * 100)
    with Journal(tmp_path, "busy", Clock()) as journal:
        journal.begin("…1111", "campaign", "CASE")
        assert unfinished(tmp_path) == ()
    assert len(unfinished(tmp_path)) == 1
    assert unfinished(tmp_path / "nowhere") == ()


def test_every_card_with_a_journal_is_known_by_its_name(tmp_path: Path) -> None:
    """Also one whose journal cannot be read, or is held."""
    (tmp_path / "journal-damaged.sqlite3").write_bytes(b"x")
    (tmp_path / "journal-gone.unreadable").write_bytes(b"x")
    with opened(tmp_path):
        assert kept_cards(tmp_path) == ("card", "damaged")
    assert kept_cards(tmp_path / "none") == ()
