"""The inner side of the door to a virtual card: serves what `door.Door` asks."""

from __future__ import annotations

import json
import socketserver
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sithsup.demo.virtual.holder import Pace
from sithsup.demo.virtual.memory import Memory
from sithsup.demo.virtual.power import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sithsup.demo.virtual.holder import Holder
    from sithsup.demo.virtual.reader import Reader


class DoorServer(socketserver.ThreadingUnixStreamServer):
    """Serves in a thread of its own."""

    daemon_threads = True

    def __init__(self, path: Path, holder: Holder, reader: Reader) -> None:
        """Listen, and begin to serve."""
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self._verbs: Mapping[str, Callable[[Any], object]] = {
            "insert": lambda _: reader.insert(),
            "pull": lambda _: reader.pull(),
            "is_in": lambda _: reader.is_in,
            "reset": lambda _: holder.lose_power(),
            "arm": lambda cuts: holder.arm(tuple(Cut.model_validate(cut) for cut in cuts)),
            "exchanges": lambda _: [line.model_dump(mode="json") for line in holder.exchanges()],
            "memory": lambda _: holder.memory().model_dump_json(),
            "replace": lambda memory: holder.replace(Memory.model_validate_json(memory)),
            "set_pace": lambda pace: holder.set_pace(Pace.model_validate(pace)),
        }
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def perform(self, verb: str, value: Any) -> object:
        """Do one thing."""
        return self._verbs[verb](value)


class _Handler(socketserver.StreamRequestHandler):
    server: DoorServer

    def handle(self) -> None:
        with suppress(BrokenPipeError):
            verb, value = json.loads(self.rfile.readline())
            self.wfile.write(json.dumps(self.server.perform(verb, value)).encode() + b"\n")
