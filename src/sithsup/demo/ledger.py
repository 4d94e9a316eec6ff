"""What the demo authority knows and has done, in one SQLite file: cards, certificates, and the answers it gave.

One message is one database transaction (`Ledger.transaction`), so the authority may be killed at any moment: either
everything that a message did is there, with its stored answer, or nothing of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sithsup.certificate import Certificate
from sithsup.demo.profiles import PROFILES, Holder, Profile
from sithsup.demo.shared_secret import SharedSecret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS card (
    number TEXT PRIMARY KEY, given_name TEXT, surname TEXT, hsa_id TEXT, personal_number TEXT,
    organization TEXT, locality TEXT, title TEXT, expires TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS certificate (
    fingerprint TEXT PRIMARY KEY, der BLOB NOT NULL, issuer TEXT NOT NULL, serial TEXT NOT NULL,
    profile TEXT NOT NULL, card TEXT NOT NULL REFERENCES card, state TEXT NOT NULL, issued_at TEXT NOT NULL,
    confirm_by TEXT, revoked_at TEXT, reason TEXT, updates TEXT REFERENCES certificate,
    UNIQUE (issuer, serial)
) STRICT;
CREATE TABLE IF NOT EXISTS exchange (
    sender TEXT NOT NULL, transaction_id BLOB NOT NULL, request TEXT NOT NULL, answer BLOB NOT NULL,
    nonce BLOB NOT NULL, issued TEXT REFERENCES certificate, body TEXT NOT NULL,
    PRIMARY KEY (sender, transaction_id, request)
) STRICT;
CREATE TABLE IF NOT EXISTS waiting (
    sender TEXT NOT NULL, transaction_id BLOB NOT NULL, question BLOB NOT NULL, label TEXT, ready_at TEXT NOT NULL,
    PRIMARY KEY (sender, transaction_id)
) STRICT;
CREATE TABLE IF NOT EXISTS secret (reference BLOB PRIMARY KEY, secret BLOB NOT NULL, card TEXT REFERENCES card) STRICT;
CREATE TABLE IF NOT EXISTS revoked_authority (name TEXT PRIMARY KEY, revoked_at TEXT NOT NULL) STRICT;
"""


class State(StrEnum):
    """What has become of a certificate."""

    ISSUED = "issued"  # and neither confirmed nor rejected yet
    GRANTED = "granted"  # to be used without a confirmation, and nothing was heard of it yet
    CONFIRMED = "confirmed"
    REVOKED = "revoked"


class Reason(StrEnum):
    """Why a certificate was revoked, by the names of asn1crypto (CRLReason, RFC 5280, section 5.3.1)."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key_compromise"
    AFFILIATION = "affiliation_changed"
    SUPERSEDED = "superseded"
    CESSATION = "cessation_of_operation"  # nobody confirmed it, or its holder did not want it
    PRIVILEGE = "privilege_withdrawn"


@dataclass(frozen=True, slots=True)
class Card:
    """A card and its holder, as the authority knows them."""

    number: str
    holder: Holder
    expires: datetime
    """Until when a certificate on it may be valid."""
    reason: str = "ELIGIBLE"
    """The answer to whether it may be upgraded: one of the eligibility reasons."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A certificate in the ledger."""

    der: bytes
    profile: Profile
    card: str
    state: State
    issued_at: datetime
    confirm_by: datetime | None
    revoked_at: datetime | None
    reason: Reason | None
    updates: str | None = None
    """The fingerprint of the certificate that it takes the place of (kur)."""

    @property
    def is_good(self) -> bool:
        """Whether its holder may use it."""
        return self.state in {State.GRANTED, State.CONFIRMED}

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hex; the key of the table."""
        return hashlib.sha256(self.der).hexdigest()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and the answer that it got, kept so that the same question gets the same answer.

    `sender` is the signer's fingerprint or the name of a shared secret, `nonce` the answer's senderNonce, `issued`
    the fingerprint of the certificate that the transaction is about, `body` that of the question.
    """

    sender: str
    transaction_id: bytes
    request: str
    answer: bytes
    nonce: bytes
    issued: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An order that was found good, and whose certificate must be polled for."""

    question: bytes
    """The whole message."""
    label: str | None
    """The profile that the address named."""
    ready_at: datetime


class Ledger:
    """The file. Every method may be called from any thread; what belongs together stands in one `transaction`."""

    def __init__(self, path: Path, profiles: Mapping[str, Profile] = PROFILES) -> None:
        """Open the ledger, or begin it; these are the profiles of what is entered."""
        self._profiles = profiles
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(_SCHEMA)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything in the block or nothing of it, and let no other thread in between."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()

    # ------------------------------------------------------------------------------------------ cards

    def add_card(self, card: Card) -> None:
        """Take a card in, or change what is known of it."""
        who = card.holder
        self._rows(
            "INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(card.number, who.given_name, who.surname, who.hsa_id, who.personal_number),
            *(who.organization, who.locality, who.title, _text(card.expires), card.reason),
        )

    def card(self, number: str) -> Card:
        """Find a card; KeyError for one that nobody took in."""
        rows = self._rows("SELECT * FROM card WHERE number = ?", number)
        if not rows:
            raise KeyError(number)
        values: dict[str, Any] = dict(rows[0])
        number, expires, reason = values.pop("number"), values.pop("expires"), values.pop("reason")
        return Card(number, Holder(**values), datetime.fromisoformat(expires), reason)

    # ----------------------------------------------------------------------------------- certificates

    def add_certificate(
        self,
        der: bytes,
        profile: str,
        card: str,
        issued_at: datetime,
        confirm_by: datetime | None = None,
        updates: str | None = None,
    ) -> Entry:
        """Enter a certificate: to be confirmed until `confirm_by`, or confirmed already where that is None.

        `updates` is the fingerprint of the one whose place it takes.
        """
        parsed = Certificate.parse(der)
        state = State.ISSUED if confirm_by else State.CONFIRMED
        self._rows(
            "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?)",
            *(parsed.fingerprint, der, parsed.issuer_common_name, f"{parsed.serial_number:x}"),
            *(profile, card, state, _text(issued_at), _text(confirm_by) if confirm_by else None, updates),
        )
        return Entry(der, self._profiles[profile], card, state, issued_at, confirm_by, None, None, updates)

    def certificate(self, fingerprint: str) -> Entry | None:
        """Find a certificate by its fingerprint (SHA-256, hex)."""
        return next(iter(self._certificates("fingerprint = ?", fingerprint)), None)

    def certificate_by(self, issuer: str, serial: int) -> Entry | None:
        """Find a certificate by its issuer's common name and its serial number."""
        return next(iter(self._certificates("issuer = ? AND serial = ?", issuer, f"{serial:x}")), None)

    def on_card(self, number: str) -> tuple[Entry, ...]:
        """Tell every certificate that was ever made for a card, the oldest first."""
        return self._certificates("card = ?", number)

    def revoked_by(self, issuer: str) -> tuple[Entry, ...]:
        """Tell what an issuer has revoked."""
        return self._certificates("issuer = ? AND state = 'revoked'", issuer)

    def grant(self, entry: Entry) -> None:
        """Note that the holder need not confirm the certificate."""
        self._rows("UPDATE certificate SET state = 'granted' WHERE fingerprint = ?", entry.fingerprint)

    def confirm(self, entry: Entry) -> None:
        """Note that the holder has the certificate."""
        self._rows("UPDATE certificate SET state = 'confirmed' WHERE fingerprint = ?", entry.fingerprint)

    def revoke(self, entry: Entry, at: datetime, reason: Reason) -> None:
        """Revoke a certificate; one that is revoked already stays as it is."""
        self._rows(
            "UPDATE certificate SET state = 'revoked', revoked_at = ?, reason = ?"
            " WHERE fingerprint = ? AND state != 'revoked'",
            *(_text(at), reason, entry.fingerprint),
        )

    def revoke_unconfirmed(self, at: datetime) -> None:
        """Revoke whatever nobody confirmed in time (confirmWaitTime, RFC 9810, section 5.1.1.2)."""
        self._rows(
            "UPDATE certificate SET state = 'revoked', revoked_at = confirm_by, reason = ?"
            " WHERE state = 'issued' AND confirm_by <= ?",
            *(Reason.CESSATION, _text(at)),
        )

    def _certificates(self, where: str, *values: object) -> tuple[Entry, ...]:
        rows = self._rows(f"SELECT * FROM certificate WHERE {where} ORDER BY issued_at, rowid", *values)  # noqa: S608  a constant of ours
        return tuple(_entry(row, self._profiles) for row in rows)

    # ------------------------------------------------------------------------------------ authorities

    def revoke_authority(self, name: str, at: datetime) -> None:
        """Note that an authority of the hierarchy (by its common name) was revoked by its issuer."""
        self._rows("INSERT OR IGNORE INTO revoked_authority VALUES (?, ?)", name, _text(at))

    def revoked_authorities(self) -> dict[str, datetime]:
        """Tell which authorities were revoked, and when."""
        rows = self._rows("SELECT * FROM revoked_authority")
        return {row["name"]: datetime.fromisoformat(row["revoked_at"]) for row in rows}

    # -------------------------------------------------------------------------------------- exchanges

    def exchanges(self, sender: str, transaction_id: bytes) -> tuple[Exchange, ...]:
        """Tell what was said in a transaction so far, in order."""
        rows = self._rows(
            "SELECT * FROM exchange WHERE sender = ? AND transaction_id = ? ORDER BY rowid", sender, transaction_id
        )
        return tuple(Exchange(**dict(row)) for row in rows)

    def add_exchange(self, exchange: Exchange) -> None:
        """Keep an answer."""
        self._rows(
            "INSERT INTO exchange VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(exchange.sender, exchange.transaction_id, exchange.request),
            *(exchange.answer, exchange.nonce, exchange.issued, exchange.body),
        )

    def waiting(self, sender: str, transaction_id: bytes) -> Waiting | None:
        """Find what a transaction waits for."""
        rows = self._rows("SELECT * FROM waiting WHERE sender = ? AND transaction_id = ?", sender, transaction_id)
        return next((Waiting(r["question"], r["label"], datetime.fromisoformat(r["ready_at"])) for r in rows), None)

    def add_waiting(self, sender: str, transaction_id: bytes, waiting: Waiting) -> None:
        """Let a transaction wait for its certificate."""
        values = waiting.question, waiting.label, _text(waiting.ready_at)
        self._rows("INSERT INTO waiting VALUES (?, ?, ?, ?, ?)", sender, transaction_id, *values)

    def end_waiting(self, sender: str, transaction_id: bytes) -> None:
        """Note that a transaction waits no longer."""
        self._rows("DELETE FROM waiting WHERE sender = ? AND transaction_id = ?", sender, transaction_id)

    # ---------------------------------------------------------------------------------------- secrets

    def add_secret(self, shared: SharedSecret) -> None:
        """Take in a secret under which a client without a certificate may order for a card."""
        self._rows("INSERT INTO secret VALUES (?, ?, ?)", shared.reference, shared.secret, shared.card)

    def secret(self, reference: bytes) -> SharedSecret | None:
        """Find a secret by its reference."""
        rows = self._rows("SELECT * FROM secret WHERE reference = ?", reference)
        return next((SharedSecret(**dict(row)) for row in rows), None)


def _entry(row: sqlite3.Row, profiles: Mapping[str, Profile]) -> Entry:
    return Entry(
        der=row["der"],
        profile=profiles[row["profile"]],
        card=row["card"],
        state=State(row["state"]),
        issued_at=datetime.fromisoformat(row["issued_at"]),
        confirm_by=_time(row["confirm_by"]),
        revoked_at=_time(row["revoked_at"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
        updates=row["updates"],
    )


def _text(time: datetime) -> str:
    """Write a time so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
