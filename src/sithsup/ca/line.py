"""The connections of one question to a server, and how they are cut."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Line:
    """The connections of one question, which can be cut."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._is_cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether they were."""
        return self._is_cut.is_set()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Learn of a connection; what httpcore calls it depends on who connects, and on whether to a proxy."""
        if event.endswith("connect_tcp.complete"):
            # a handle of our own: TLS takes over the connection's, and leaves none to cut
            self._sockets.append(info["return_value"].get_extra_info("socket").dup())
            if self.is_cut:
                _shut(self._sockets[-1])

    def cut(self) -> None:
        """End them all, whoever waits for one."""
        self._is_cut.set()
        for found in tuple(self._sockets):
            _shut(found)

    def close(self) -> None:
        """Let go of them."""
        for found in self._sockets:
            found.close()


def _shut(found: socket.socket) -> None:
    """Wake whoever reads from a socket; closing it from another thread would not."""
    try:
        found.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
