"""What a simulator remembers is a plain value, kept in a JSON file when it shall outlive its process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pathlib import Path


class State(BaseModel):
    """A value that can be saved and loaded. Bytes are base64 in the file."""

    model_config = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    def to_bytes(self) -> bytes:
        """Encode."""
        return self.model_dump_json().encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Decode; raises `pydantic.ValidationError` for anything else."""
        return cls.model_validate_json(raw)

    def save(self, path: Path) -> None:
        """Write the file so that a reader finds the old state or the new one, never a mixture."""
        replace_file(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        return cls.from_bytes(path.read_bytes())


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable by its owner alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)
