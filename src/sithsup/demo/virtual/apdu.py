"""Command APDUs and status words (ISO 7816-4, section 5), and the data objects (BER-TLV) inside them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = 4
CHAINED = 0x10
"""In CLA: more of the same command follows (section 5.1.1)."""
SHORT, EXTENDED = 256, 65536
LONG_LENGTH = 0x80


class Instruction(IntEnum):
    """INS (section 5.1.2)."""

    VERIFY = 0x20
    MANAGE_SECURITY_ENVIRONMENT = 0x22
    CHANGE_REFERENCE_DATA = 0x24
    PERFORM_SECURITY_OPERATION = 0x2A
    RESET_RETRY_COUNTER = 0x2C
    LOGOUT = 0x2E
    GENERATE_KEY_PAIR = 0x46
    SELECT = 0xA4
    READ_BINARY = 0xB0
    GET_RESPONSE = 0xC0
    GET_DATA = 0xCA
    UPDATE_BINARY = 0xD6
    CREATE_FILE = 0xE0
    DELETE_FILE = 0xE4


class Status(IntEnum):
    """SW1-SW2 (section 5.1.3)."""

    OK = 0x9000
    MORE = 0x6100  # or'ed with how many bytes more, 0 for 256 or more
    WRONG_CODE = 0x63C0  # or'ed with the tries left
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    NOT_SATISFIED = 0x6982
    BLOCKED = 0x6983
    CONDITIONS = 0x6985
    NO_FILE_SELECTED = 0x6986
    WRONG_DATA = 0x6A80
    NO_SUCH_FILE = 0x6A82
    NO_ROOM = 0x6A84
    WRONG_PARAMETERS = 0x6A86
    NO_SUCH_REFERENCE = 0x6A88
    FILE_EXISTS = 0x6A89
    WRONG_OFFSET = 0x6B00
    NO_SUCH_INSTRUCTION = 0x6D00


class Refused(Exception):
    """A command that ends with another status than OK, and no data."""

    def __init__(self, status: int) -> None:
        """Keep the status word."""
        super().__init__(f"{status:04X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Command:
    """A command APDU taken apart."""

    chained: bool
    instruction: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int = 0
    """Ne: how many bytes the answer may have, 0 for none."""

    @property
    def offset(self) -> int:
        """P1-P2 as a place in a file."""
        return self.p1 << 8 | self.p2

    @property
    def name(self) -> str:
        """The instruction's name, or its number."""
        known = [instruction.name for instruction in Instruction if instruction == self.instruction]
        return known[0] if known else f"{self.instruction:02X}"

    def after(self, chain: bytes) -> Command:
        """The same command with what was chained before it."""
        return replace(self, data=chain + self.data)


def parse_command(raw: bytes) -> Command:
    """Take a command apart, short or extended; raises `Refused` for one whose lengths disagree."""
    if len(raw) < HEADER:
        raise Refused(Status.WRONG_LENGTH)
    data, expected = _body(raw[HEADER:])
    kind, instruction, p1, p2 = raw[:HEADER]
    return Command(bool(kind & CHAINED), instruction, p1, p2, data, expected)


def _body(body: bytes) -> tuple[bytes, int]:
    """Data and Ne (section 5.1, table 1)."""
    if not body:
        return b"", 0
    is_extended = body[0] == 0 and len(body) > 1
    size, most = (2, EXTENDED) if is_extended else (1, SHORT)
    rest = body[1:] if is_extended else body
    if len(rest) == size:
        return b"", int.from_bytes(rest) or most
    length = int.from_bytes(rest[:size])
    data, rest = rest[size : size + length], rest[size + length :]
    if not length or len(data) != length or len(rest) not in (0, size):
        raise Refused(Status.WRONG_LENGTH)
    return data, (int.from_bytes(rest) or most) if rest else 0


def data_objects(content: bytes) -> Mapping[int, bytes]:
    """Data objects by tag, of one byte each; raises `Refused` for a torn one."""
    found: dict[int, bytes] = {}
    while content:
        size = content[1] if len(content) > 1 else LONG_LENGTH
        if size >= LONG_LENGTH or len(content) < 2 + size:
            raise Refused(Status.WRONG_DATA)
        found[content[0]], content = content[2 : 2 + size], content[2 + size :]
    return found


def data_object(tag: int, value: bytes) -> bytes:
    """One data object of less than 256 bytes."""
    length = bytes([len(value)]) if len(value) < LONG_LENGTH else bytes([0x81, len(value)])
    return bytes([tag]) + length + value
