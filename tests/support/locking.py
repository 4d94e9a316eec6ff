"""Locks a code of a demo's card: by wrong codes, as another program may, or in SoftHSM2's own file, by hand."""

from __future__ import annotations

import struct
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.demo.virtual.door import Door
    from tests.demo.tools import Pkcs11Tool

FLAGS = struct.pack(">QQ", 0x8000534B, 2)
"""How SoftHSM2 begins the attribute of a token's flags: CKA_OS_TOKENFLAGS, and that it is a number."""
LOCKED = 0x40000
"""CKF_USER_PIN_LOCKED."""


def lock_softhsm(tokens: Path, label: str) -> None:
    """Lock the code of the token with this label. SoftHSM2 counts no tries, but tells and takes away the flag."""
    (found,) = (path for path in tokens.rglob("token.object") if label.encode() in path.read_bytes())
    content = bytearray(found.read_bytes())
    place = content.index(FLAGS) + len(FLAGS)
    (flags,) = struct.unpack_from(">Q", content, place)
    struct.pack_into(">Q", content, place, flags | LOCKED)
    found.write_bytes(content)


def lock_virtual(door: Door, tool: Pkcs11Tool, label: str, place: int) -> None:
    """Send wrong codes until the card has locked this one; `place` is its reference on the card."""
    while door.memory().codes[place].tries_left:
        with suppress(subprocess.CalledProcessError):
            tool.run("--login", "--pin", "000000", "--token-label", label, "--list-objects")
