"""What a hand can do to the card, over a Unix socket: put it in, take it out, cut its power, look what it was told.

One question and one answer in JSON, a line each, on a connection of its own. The inner side is `door_server`, which
can be loaded where there are such sockets only.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

from sithsup.demo.virtual.memory import Memory
from sithsup.demo.virtual.power import Exchange

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.demo.virtual.holder import Pace
    from sithsup.demo.virtual.power import Cut

PATIENCE = 30.0


class Door:
    """The outer side. Raises `OSError` when nobody is at home."""

    def __init__(self, path: Path) -> None:
        """Nothing is asked yet."""
        self._path = path

    def insert(self) -> bool:
        """Put the card in, and wait until its reader has seen it; tells whether it has."""
        return bool(self._ask("insert"))

    def pull(self) -> None:
        """Take the card out at once, in the middle of a command too."""
        self._ask("pull")

    def is_in(self) -> bool:
        """Whether the card is in the reader. When power was cut it is not."""
        return bool(self._ask("is_in"))

    def reset(self) -> None:
        """Reset the card, as another application may: codes that were given are forgotten."""
        self._ask("reset")

    def arm(self, *cuts: Cut) -> None:
        """Count commands from now on and cut power at these; none at all only counts anew."""
        self._ask("arm", [cut.model_dump(mode="json") for cut in cuts])

    def exchanges(self) -> tuple[Exchange, ...]:
        """Every command since `arm`."""
        return tuple(Exchange.model_validate(line) for line in self._ask("exchanges"))

    def memory(self) -> Memory:
        """What is stored on the card."""
        return Memory.model_validate_json(self._ask("memory"))

    def replace(self, memory: Memory) -> None:
        """Lay another memory into the card; pull it first, or nobody notices."""
        self._ask("replace", memory.model_dump_json())

    def set_pace(self, pace: Pace) -> None:
        """Make the card slow."""
        self._ask("set_pace", pace.model_dump())

    def _ask(self, verb: str, value: object = None) -> Any:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(str(self._path))
            with link.makefile("rw", encoding="utf-8") as lines:
                lines.write(f"{json.dumps([verb, value])}\n")
                lines.flush()
                answer = lines.readline()
        if not answer:
            message = f"the card did not do it: {verb}"
            raise ConnectionError(message)
        return json.loads(answer)
