"""This computer's memory of one unfinished upgrade: names and messages, never progress, never a code (law 5).

One SQLite file per card, in a folder that only its owner can read. The file exists exactly as long as the upgrade is
unfinished (the journal is *hot*). Ordering rules:

* Whatever is to be remembered is on the disk (synchronous=FULL) before the act that it announces.
* The file is held exclusively for as long as it is open: a second process on the same card is refused.
* At the end one line goes to the history (no personal data, no messages); then the file is deleted, overwritten.
* A journal that is missing or damaged costs comfort, not the card: recovery then goes by the card alone. Only what was
  lifted off a full card for a while is nowhere else.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from sithsup.certificate import Certificate
from sithsup.database import DAMAGED, make_private, primary, require_whole, translated
from sithsup.errors import JournalUnreadableError
from sithsup.history import HistoryEntry, append_history
from sithsup.model import (
    AcceptedTerms,
    CardCertificate,
    CardObject,
    Message,
    MessageKind,
    ObjectKind,
    TokenId,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from sithsup.model import CardContents, Clock
    from sithsup.situation import Outcome

_log = logging.getLogger(__name__)

FORMAT = 1
PATTERN = "journal-*.sqlite3"
"""The names of all journals in their folder."""
NO_ROOM = "no room"
_SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS run (card TEXT, campaign TEXT, case_code TEXT, begun TEXT);
    CREATE TABLE IF NOT EXISTS campaign (one INTEGER PRIMARY KEY, id TEXT, version INTEGER, content BLOB);
    CREATE TABLE IF NOT EXISTS terms (version TEXT, at TEXT);
    CREATE TABLE IF NOT EXISTS refusal (reason TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS untouched (one INTEGER PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS generation (name TEXT, key_id BLOB, PRIMARY KEY (name, key_id));
    CREATE TABLE IF NOT EXISTS key (name TEXT, public_key BLOB, PRIMARY KEY (name, public_key));
    CREATE TABLE IF NOT EXISTS certificate (
        der BLOB, key_id BLOB, label TEXT, token_serial TEXT, token_label TEXT, PRIMARY KEY (der, token_label));
    CREATE TABLE IF NOT EXISTS message (
        entry INTEGER PRIMARY KEY, target TEXT, transaction_id BLOB, kind TEXT, der BLOB, public_key BLOB, at TEXT);
    PRAGMA user_version = {FORMAT};
"""
_ANNOUNCED = "SELECT 1 FROM generation UNION SELECT 1 FROM message"
_REMEMBER_CAMPAIGN = f"""
    INSERT OR REPLACE INTO campaign SELECT 1, ?, ?, ?
    WHERE NOT EXISTS (SELECT 1 FROM campaign) OR NOT EXISTS ({_ANNOUNCED})
"""  # noqa: S608  a constant
_FIELDS = {
    MessageKind.WAITING: "waiting",
    MessageKind.POLL: "poll",
    MessageKind.ISSUED: "issued",
    MessageKind.CONFIRM: "confirm",
    MessageKind.CONFIRMED: "confirmed",
    MessageKind.REJECT: "reject",
    MessageKind.REJECTED: "rejected",
    MessageKind.ERROR: "error",
}


def card_key(contents: CardContents) -> str:
    """Name a card for the journal's file name: the same for the same card on every computer, telling nobody whose."""
    return hashlib.sha256("|".join(contents.serials).encode()).hexdigest()[:24]


class Journal:
    """The hot journal of one card. Use as a context manager; `finish` ends it, leaving the block keeps it hot."""

    def __init__(self, folder: Path, card: str, clock: Clock, *, create: bool = True, only_looks: bool = False) -> None:
        """Open the card's journal, or make one. Raises `SecondInstanceError`, `JournalUnwritableError`.

        With `create=False` a journal that does not exist is an empty one in memory, for looking at a card. Whoever
        `only_looks` gets a copy in memory of one that does: nothing of the file is changed or held.
        """
        self._folder = folder
        self._path = folder / f"journal-{card}.sqlite3"
        self._clock = clock
        self.is_kept = create or self._path.exists()
        """Whether this journal is on the disk, not only in memory."""
        with translated(self._path):
            if self.is_kept and not only_looks:
                make_private(folder, self._path)
            self._db = (self._copied() if only_looks else self._open()) if self.is_kept else self._connect(":memory:")

    def __enter__(self) -> Self:
        """Keep the journal for the length of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, whatever happened; it stays hot unless it was finished."""
        self.close()

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        self._db.close()

    # ------------------------------------------------------------------------------------------ names

    def begin(self, card: str, campaign: str, case_code: str) -> None:
        """Remember what this is about; the first time only, so that a case keeps its code."""
        self._write(
            "INSERT INTO run SELECT ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM run)",
            (card, campaign, case_code, self._now()),
        )

    def remember_campaign(self, campaign: str, version: int, content: bytes) -> None:
        """Remember the campaign that this is begun with (law 6): the newest, as long as nothing was announced."""
        self._write(_REMEMBER_CAMPAIGN, (campaign, version, content))

    @property
    def case_code(self) -> str:
        """The case code of the unfinished upgrade; empty before `begin`."""
        rows = self._read("SELECT case_code FROM run")
        return str(rows[0][0]) if rows else ""

    def remember_terms(self, version: str) -> None:
        """Remember that the holder has accepted these terms just now; what was accepted before is superseded."""
        self._write("INSERT INTO terms VALUES (?, ?)", (version, self._now()))

    @property
    def terms(self) -> AcceptedTerms | None:
        """The terms that were accepted on this computer for this upgrade."""
        rows = self._read("SELECT version, at FROM terms ORDER BY rowid DESC LIMIT 1")
        return next((AcceptedTerms(version, datetime.fromisoformat(at)) for version, at in rows), None)

    def remember_full(self) -> None:
        """Remember that the card has refused a certificate because it has no room for it."""
        self._write("INSERT OR IGNORE INTO refusal VALUES (?)", (NO_ROOM,))

    @property
    def is_full(self) -> bool:
        """Whether the card has no room for the new certificates beside what is on it."""
        return bool(self._read("SELECT 1 FROM refusal WHERE reason = ?", (NO_ROOM,)))

    def remember_untouched(self) -> None:
        """Remember that nothing of ours was on the card when this computer began."""
        self._write("INSERT OR IGNORE INTO untouched VALUES (1)", ())

    @property
    def was_untouched(self) -> bool:
        """Whether every certificate that the card had before anything of ours is remembered here."""
        return bool(self._read("SELECT 1 FROM untouched"))

    def announce_key(self, name: str, key_id: bytes) -> None:
        """Remember that a key is about to be made under this id: a cut may leave one that hides behind its code."""
        self._write("INSERT OR IGNORE INTO generation VALUES (?, ?)", (name, key_id))

    @property
    def is_announced(self) -> bool:
        """Whether anything that leaves a trace on the card or at the authority was announced."""
        return bool(self._read(_ANNOUNCED))

    def remember_key(self, name: str, public_key: bytes) -> None:
        """Remember that this key (SubjectPublicKeyInfo) is ours."""
        self._write("INSERT OR IGNORE INTO key VALUES (?, ?)", (name, public_key))

    def keys(self, name: str) -> frozenset[bytes]:
        """The public keys of ours, of one name, that were generated from this computer."""
        return frozenset(row[0] for row in self._read("SELECT public_key FROM key WHERE name = ?", (name,)))

    def remember_certificates(self, certificates: tuple[CardCertificate, ...]) -> None:
        """Remember certificates as they lie on the card: their bytes, ids, labels and tokens."""
        for found in (c.found for c in certificates):
            self._write(
                "INSERT OR IGNORE INTO certificate VALUES (?, ?, ?, ?, ?)",
                (found.value, found.key_id, found.label, found.token.serial, found.token.label),
            )

    def certificates(self) -> tuple[CardCertificate, ...]:
        """Every certificate that was remembered, as it lay on the card."""
        rows = self._read("SELECT token_serial, token_label, key_id, label, der FROM certificate ORDER BY rowid")
        return tuple(
            CardCertificate(
                CardObject(TokenId(serial, token), ObjectKind.CERTIFICATE, key_id, label, der),
                Certificate.parse(der),
            )
            for serial, token, key_id, label, der in rows
        )

    def forget_certificate(self, certificate: Certificate) -> None:
        """Forget one that is not to be on the card, or cannot be."""
        self._write("DELETE FROM certificate WHERE der = ?", (certificate.der,))

    # --------------------------------------------------------------------------------------- messages

    def remember(self, target: str, message: Message, public_key: bytes = b"") -> None:
        """Remember a complete message: before it is sent, or as soon as it was received.

        `public_key` goes with an order: the key that it wants certified.
        """
        self._write(
            "INSERT INTO message (target, transaction_id, kind, der, public_key, at) VALUES (?, ?, ?, ?, ?, ?)",
            (target, message.transaction, message.kind.value, message.der, public_key, self._now()),
        )

    def transactions(self, target: str) -> tuple[Transaction, ...]:
        """Every transaction of a target, newest first."""
        rows = self._read(
            "SELECT transaction_id, kind, der, public_key, at FROM message WHERE target = ? ORDER BY entry",
            (target,),
        )
        found: dict[bytes, Transaction] = {}
        for transaction, kind, der, public_key, at in rows:
            message = Message(MessageKind(kind), transaction, der)
            if message.kind is MessageKind.ORDER:
                found[transaction] = Transaction(target, public_key, message)
                continue
            said: dict[str, Any] = {_FIELDS[message.kind]: message}
            if message.kind is MessageKind.POLL:
                said["waiting"] = None  # it was answered by being asked again
            if message.kind is MessageKind.ISSUED:
                said["issued_at"] = datetime.fromisoformat(at)
            found[transaction] = replace(found[transaction], **said)
        return tuple(reversed(found.values()))

    def transaction(self, target: str, transaction: bytes) -> Transaction:
        """One transaction, as it stands now."""
        return next(t for t in self.transactions(target) if t.order.transaction == transaction)

    def revocation(self, certificate: Certificate) -> Message | None:
        """The newest message about revoking an old certificate, remembered under its fingerprint."""
        rows = self._read(
            "SELECT kind, transaction_id, der FROM message WHERE target = ? ORDER BY entry DESC LIMIT 1",
            (certificate.fingerprint,),
        )
        return next((Message(MessageKind(kind), transaction, der) for kind, transaction, der in rows), None)

    # -------------------------------------------------------------------------------------------- end

    def finish(self, outcome: Outcome) -> None:
        """Write one line of history, then forget everything else."""
        for card, campaign, case_code, begun in self._read("SELECT card, campaign, case_code, begun FROM run"):
            entry = HistoryEntry(card, campaign, case_code, begun, self._now(), outcome.value)
            append_history(self._folder, entry)
        self.discard()

    def discard(self) -> None:
        """Forget everything: the journal of something that was never begun, or that is written in the history."""
        with translated(self._path):
            for table in ("message", "certificate", "key", "generation", "refusal", "campaign", "terms", "run"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  a constant; secure_delete overwrites
            self._db.close()
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(".unreadable").unlink(missing_ok=True)

    # --------------------------------------------------------------------------------------- the file

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect(self._path)
        except sqlite3.DatabaseError as error:
            if primary(error) not in DAMAGED:
                raise
            _log.error("journal is damaged, set aside: %s", error)
            os.replace(self._path, self._path.with_suffix(".unreadable"))  # noqa: PTH105  atomic on every system
            make_private(self._folder, self._path)
            return self._connect(self._path)

    def _copied(self) -> sqlite3.Connection:
        """What stands in the file. A damaged one costs comfort here too; it is set aside by whoever acts.

        It is not opened for reading alone: SQLite then refuses a file in which the last write was cut short, and that
        one is to be read of all files. What was cut is undone, as by everybody who opens it.
        """
        memory = sqlite3.connect(":memory:", isolation_level=None)
        with contextlib.closing(sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, timeout=0.2)) as file:
            try:
                file.execute("BEGIN")
                file.execute("SELECT * FROM sqlite_master")  # raises where somebody holds it; a backup waits for ever
                file.backup(memory)
                require_whole(memory)
                self._prepare(memory)
            except sqlite3.DatabaseError as error:
                memory.close()
                if primary(error) not in DAMAGED:
                    raise
                _log.warning("journal is damaged: %s", error)
                return self._connect(":memory:")
        return memory

    def _connect(self, path: Path | str) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, timeout=0.2)
        try:
            for pragma in ("locking_mode=EXCLUSIVE", "synchronous=FULL", "secure_delete=ON"):
                db.execute(f"PRAGMA {pragma}")
            require_whole(db)
            db.execute("BEGIN EXCLUSIVE")  # takes the lock now and keeps it; proves that the file can be written
            self._prepare(db)
            db.execute("COMMIT")
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the tables of a new file; refuse one of another format."""
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise JournalUnreadableError(path=str(self._path), problem=f"format {version}")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            db.execute(statement)

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with translated(self._path):
            self._db.execute(statement, values)

    def _read(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise JournalUnreadableError(str(error), path=str(self._path), problem=str(error)) from error

    def _now(self) -> str:
        return self._clock().isoformat()


# -------------------------------------------------------------------------------------------- unfinished


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upgrade that was begun on this computer. `card` is a masked card number, `begun` ISO 8601 in UTC."""

    card: str
    campaign: str
    case_code: str
    begun: str


def unfinished(folder: Path, besides: Collection[str] = ()) -> tuple[Unfinished, ...]:
    """Every upgrade that waits for its card on this computer, but for the cards of these keys (`card_key`).

    One that another process is at work on, or whose journal cannot be read, is not among them.
    """
    found = []
    for path in sorted(folder.glob(PATTERN)):
        if path.stem.removeprefix("journal-") in besides:
            continue
        with contextlib.suppress(sqlite3.Error), contextlib.closing(read_only(path)) as db:
            found += [Unfinished(*row) for row in db.execute("SELECT card, campaign, case_code, begun FROM run")]
    return tuple(found)


def kept_cards(folder: Path) -> tuple[str, ...]:
    """The cards (`card_key`) of which there is a journal, whether it can be read or not."""
    return tuple(path.stem.removeprefix("journal-") for path in sorted(folder.glob("journal-*.sqlite3")))


def begun_campaign(folder: Path, card: str) -> bytes:
    """The campaign with which the upgrade of a card (`card_key`) was begun here; empty where nothing was announced."""
    path = folder / f"journal-{card}.sqlite3"
    with contextlib.suppress(sqlite3.Error), contextlib.closing(read_only(path)) as db:
        for row in db.execute(f"SELECT content FROM campaign WHERE EXISTS ({_ANNOUNCED})"):  # noqa: S608  a constant
            return bytes(row[0])
    return b""


def read_only(path: Path) -> sqlite3.Connection:
    """Look into a file of ours that somebody else may be at work on; nothing in it is changed."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0.2)
