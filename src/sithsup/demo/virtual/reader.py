"""The card's end of the vpcd protocol: it lies in a reader, which gives it power and commands over a socket.

A message is its length in two bytes and then itself. One byte alone is for the reader's contacts: power off, power on,
reset, and the question for the answer to reset; anything longer is a command APDU.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING

from sithsup.demo.virtual.card import ATR

if TYPE_CHECKING:
    from sithsup.demo.virtual.holder import Holder

HOST, PORT = "127.0.0.1", 35963
LENGTH_SIZE = 2
PAUSE = 0.02
NOTICE = 0.5
"""Seconds that pcscd may need to see that a card is gone (it looks every 0.4 s)."""


class Contact(IntEnum):
    """Messages of one byte."""

    OFF = 0
    ON = 1
    RESET = 2
    ATR = 4


class Reader:
    """Holds one card, in the reader or beside it. Commands are served by a thread of its own."""

    def __init__(self, holder: Holder, port: int = PORT, answer: bytes = ATR) -> None:
        """Put nothing in yet. `port` is the reader's, `answer` what the card says to a reset."""
        self._holder, self._port, self._answer = holder, port, answer
        self._wanted, self._noticed, self._out = threading.Event(), threading.Event(), threading.Event()
        self._out.set()
        self._pulled_at = 0.0
        self._socket: socket.socket | None = None
        threading.Thread(target=self._live, daemon=True).start()

    @property
    def is_in(self) -> bool:
        """Whether the card is in the reader."""
        return self._wanted.is_set()

    def insert(self, patience: float = 5.0) -> bool:
        """Put the card in; tells whether the reader gave it power in time."""
        if not self.is_in:
            time.sleep(max(0.0, self._pulled_at + NOTICE - time.monotonic()))  # else nobody sees that it was out
        self._wanted.set()
        return self._noticed.wait(patience)

    def pull(self) -> None:
        """Take the card out, whatever it is doing."""
        self._wanted.clear()
        self._holder.take_power()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._out.wait()

    def _live(self) -> None:
        while True:
            self._wanted.wait()
            try:
                self._socket = socket.create_connection((HOST, self._port))
            except OSError:  # pcscd is not there yet
                time.sleep(PAUSE)
                continue
            self._out.clear()
            with self._socket, suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._holder.lose_power()
                while self._wanted.is_set() and self._serve_one(self._socket):
                    pass
            self._pulled_at = time.monotonic()
            self._wanted.clear()
            self._noticed.clear()
            self._holder.lose_power()
            self._out.set()

    def _serve_one(self, link: socket.socket) -> bool:
        """Answer one message; False when power has gone or the reader has."""
        size = _receive(link, LENGTH_SIZE)
        message = _receive(link, int.from_bytes(size)) if size else b""
        if not message:
            return False
        if len(message) == 1:
            self._touch(link, message[0])
            return True
        response = self._holder.command(message)
        if response is None or not self._wanted.is_set():
            return False
        _send(link, response)
        return True

    def _touch(self, link: socket.socket, contact: int) -> None:
        if contact == Contact.ATR:
            _send(link, self._answer)
            self._noticed.set()
        else:
            self._holder.lose_power()


def _receive(link: socket.socket, size: int) -> bytes:
    """So many bytes, or none when the other end is gone.

    vpcd sends messages that nothing answers, one after the other: without TCP_QUICKACK it waits for each delayed
    acknowledgement, and a card is ten times slower.
    """
    received = b""
    while len(received) < size:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = link.recv(size - len(received))
        if not part:
            return b""
        received += part
    return received


def _send(link: socket.socket, message: bytes) -> None:
    link.sendall(len(message).to_bytes(LENGTH_SIZE) + message)
