"""What a card keeps without power, as one frozen value: files, keys, codes and their counters.

A change makes a new value, so the memory before, after and in the middle of a write can lie side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

MF = "3F00"
"""The master file. A path is the hex of file identifiers from there on, four digits each."""
ID_DIGITS = 4
HEADER_SIZE = 16
"""Bytes of the card's room that a file takes besides its content."""


class Value(BaseModel):
    """A frozen value that can be written to a file. Bytes are base64 there."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    def but(self, **changes: Any) -> Self:
        """The same value but for this."""
        return self.model_copy(update=changes)


class FileKind(StrEnum):
    """ISO 7816-4, section 7.2.1, and the internal files that hold keys."""

    DF = "df"
    EF = "ef"
    RSA_KEY = "rsa-key"
    EC_KEY = "ec-key"


KEY_KINDS = frozenset({FileKind.RSA_KEY, FileKind.EC_KEY})


class File(Value):
    """One file. Of a key file `size` is the key's, in bits."""

    kind: FileKind
    access: bytes
    """Three bytes, a half-byte for each right: 0 always, 1 to 14 after that code, 15 never (see `files.Right`)."""
    size: int = 0
    content: bytes = b""
    name: bytes = b""
    """The application identifier of a DF."""
    secret: bytes = b""
    """A private key (PKCS#8); what does not parse is a key that was torn."""
    public: bytes = b""
    """The SubjectPublicKeyInfo that the card tells."""

    @property
    def room(self) -> int:
        """Bytes of the card that it takes; a key takes its public and private half."""
        sizes = {FileKind.DF: 0, FileKind.EF: self.size}
        return HEADER_SIZE + sizes.get(self.kind, 2 * self.size // 8)


class StoredCode(Value):
    """A code (PIN) with its counter, and the code (PUK) that unblocks it. Both are padded to their stored length."""

    value: bytes
    tries: int
    tries_left: int
    unblocking: bytes
    unblocking_tries_left: int

    def one_try_less(self) -> Self:
        """Counted down."""
        return self.but(tries_left=self.tries_left - 1)


class Memory(Value):
    """The whole card."""

    serial: bytes
    """Ten bytes."""
    files: Mapping[str, File]
    codes: Mapping[int, StoredCode]
    """By reference."""
    room: int | None = None
    """Bytes for files in all; None is no end to them."""
    read_only: bool = False

    def with_file(self, path: str, file: File) -> Self:
        """With one file more, or another in its place."""
        return self.but(files={**self.files, path: file})

    def without(self, path: str) -> Self:
        """Without a file and everything below it."""
        return self.but(files={other: file for other, file in self.files.items() if not other.startswith(path)})

    def with_code(self, reference: int, code: StoredCode) -> Self:
        """With another state of a code."""
        return self.but(codes={**self.codes, reference: code})

    def has_room_for(self, file: File) -> bool:
        """Whether one file more fits."""
        taken = sum(other.room for other in self.files.values())
        return self.room is None or taken + file.room <= self.room
