"""The instructions about files (ISO 7816-4, section 7.2; CREATE and DELETE FILE: ISO 7816-9). Pure.

One rule is this card's own. Both holder's codes open the directories and certificates of PKCS#15, for PIN 2 must be
able to list its keys where PIN 1 lists its own: an EF that one holder's code may write, any of them may. The compact
format of rights cannot say "one or the other", so such a right is shown as "always" and enforced all the same.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from sithsup.demo.virtual import writes
from sithsup.demo.virtual.apdu import Refused, Status, data_object, data_objects
from sithsup.demo.virtual.memory import ID_DIGITS, MF, File, FileKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sithsup.demo.virtual.apdu import Command
    from sithsup.demo.virtual.card import Answer, Card
    from sithsup.demo.virtual.memory import Memory

NEVER, ALWAYS = 15, 0
ACTIVATED = b"\x07"
DESCRIPTORS = {FileKind.DF: 0x38, FileKind.EF: 0x01, FileKind.RSA_KEY: 0x11, FileKind.EC_KEY: 0x22}
FILE_SIZE, DF_SIZE, DESCRIPTOR, FILE_ID, DF_NAME, PROPRIETARY, RIGHTS, LIFE_CYCLE = (
    *(0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86),
    0x8A,
)  # tags of file control parameters (section 5.3.3)
CONTROL_PARAMETERS, CONTROL_INFORMATION = 0x62, 0x6F


class Right(IntEnum):
    """Which half-byte of `File.access` a right is: of an EF, of a key, of a DF."""

    READ = USE = 0  # of a key
    UPDATE = CREATE = 1  # in a DF
    DELETE = 2
    GENERATE = 3


def code_for(file: File, right: Right) -> int:
    """Which code a right takes."""
    return file.access[right // 2] >> (0 if right % 2 else 4) & 15


def is_shared(file: File, right: Right, codes: frozenset[int]) -> bool:
    """Whether any code of the holder will do."""
    return file.kind is FileKind.EF and right in (Right.UPDATE, Right.DELETE) and code_for(file, right) in codes


def require(card: Card, path: str, right: Right) -> None:
    """Refuse what the codes given so far do not allow."""
    file, codes = card.memory.files[path], frozenset(card.memory.codes)
    code = code_for(file, right)
    allowed = codes if is_shared(file, right, codes) else {code}
    if code != ALWAYS and not card.volatile.verified & allowed:
        raise Refused(Status.NOT_SATISFIED)


def require_writable(memory: Memory) -> None:
    """Refuse to change a read-only card."""
    if memory.read_only:
        raise Refused(Status.CONDITIONS)


def parent(path: str) -> str:
    """The DF that holds a file; the master file holds itself."""
    return path[:-ID_DIGITS] or MF


def current_df(card: Card) -> str:
    """The DF in which a file identifier is looked up."""
    selected = card.volatile.selected
    return selected if card.memory.files[selected].kind is FileKind.DF else parent(selected)


def selected_file(card: Card, *kinds: FileKind) -> File:
    """The selected file, if it is of one of these kinds."""
    file = card.memory.files[card.volatile.selected]
    if file.kind not in kinds:
        raise Refused(Status.NO_FILE_SELECTED)
    return file


# --------------------------------------------------------------------------------------- the instructions


def select(card: Card, command: Command) -> Answer:
    """SELECT by identifier, by name, from the master file, from the current DF, or the parent DF."""
    by = {0x00: _by_identifier, 0x03: _the_parent, 0x04: _by_name, 0x08: _from_master, 0x09: _from_current}
    if command.p1 not in by:
        raise Refused(Status.WRONG_PARAMETERS)
    path = by[command.p1](card, command.data)
    if path is None or path not in card.memory.files:
        raise Refused(Status.NO_SUCH_FILE)
    is_silent = command.p2 & 0x0C == 0x0C  # noqa: PLR2004  section 7.1.1, table 40: no response data
    return card.answer(b"" if is_silent else _control_information(card, path), selected=path)


def _by_identifier(card: Card, data: bytes) -> str | None:
    wanted, here = data.hex().upper() or MF, current_df(card)
    if wanted == MF:
        return MF
    around = (here + wanted, parent(here) + wanted, here)
    return next((path for path in around if path in card.memory.files and path.endswith(wanted)), None)


def _the_parent(card: Card, _: bytes) -> str:
    return parent(current_df(card))


def _by_name(card: Card, data: bytes) -> str | None:
    return next((path for path, file in card.memory.files.items() if file.name and file.name.startswith(data)), None)


def _from_master(_: Card, data: bytes) -> str:
    return MF + data.hex().upper()


def _from_current(card: Card, data: bytes) -> str:
    return current_df(card) + data.hex().upper()


def _control_information(card: Card, path: str) -> bytes:
    file, codes = card.memory.files[path], frozenset(card.memory.codes)
    rights = [0 if is_shared(file, right, codes) else code_for(file, right) for right in Right]
    rights += [NEVER] * (6 - len(rights))
    shown = bytes(first << 4 | second for first, second in zip(rights[::2], rights[1::2], strict=True))
    is_ef = file.kind is FileKind.EF
    content = b"".join(
        (
            data_object(FILE_SIZE if is_ef else DF_SIZE, file.size.to_bytes(2)),
            data_object(DESCRIPTOR, bytes([DESCRIPTORS[file.kind]])),
            data_object(FILE_ID, bytes.fromhex(path[-ID_DIGITS:])),
            data_object(RIGHTS, shown),
            data_object(PROPRIETARY, bytes(2)),
            data_object(LIFE_CYCLE, ACTIVATED),
            data_object(DF_NAME, file.name) if file.name else b"",
        )
    )
    return data_object(CONTROL_INFORMATION, content)


def read_binary(card: Card, command: Command) -> Answer:
    """READ BINARY of the selected file, as much as there is."""
    file = selected_file(card, FileKind.EF)
    require(card, card.volatile.selected, Right.READ)
    if command.offset > len(file.content):
        raise Refused(Status.WRONG_OFFSET)
    return card.answer(file.content[command.offset : command.offset + command.expected])


def update_binary(card: Card, command: Command) -> Answer:
    """UPDATE BINARY of the selected file; it does not grow."""
    file, path = selected_file(card, FileKind.EF), card.volatile.selected
    require(card, path, Right.UPDATE)
    require_writable(card.memory)
    if command.offset + len(command.data) > len(file.content):
        raise Refused(Status.NO_ROOM)
    return card.wrote(writes.update(card.memory, path, command.offset, command.data))


def create_file(card: Card, command: Command) -> Answer:
    """CREATE FILE in the current DF, and select it."""
    here = current_df(card)
    require(card, here, Right.CREATE)
    require_writable(card.memory)
    parameters = data_objects(data_objects(command.data).get(CONTROL_PARAMETERS, b""))
    file, identifier = _new_file(parameters), parameters.get(FILE_ID, b"").hex().upper()
    if len(identifier) != ID_DIGITS:
        raise Refused(Status.WRONG_DATA)
    if here + identifier in card.memory.files:
        raise Refused(Status.FILE_EXISTS)
    if not card.memory.has_room_for(file):
        raise Refused(Status.NO_ROOM)
    return card.wrote(writes.create(card.memory, here + identifier, file), selected=here + identifier)


def _new_file(told: Mapping[int, bytes]) -> File:
    kinds = {bytes([descriptor]): kind for kind, descriptor in DESCRIPTORS.items()}
    kind = kinds.get(told.get(DESCRIPTOR, b""))
    access = told.get(RIGHTS, b"")
    if kind is None or len(access) != 3:  # noqa: PLR2004  three bytes of rights
        raise Refused(Status.WRONG_DATA)
    size = int.from_bytes(told.get(FILE_SIZE, told.get(DF_SIZE, b"")))
    content = bytes(size) if kind is FileKind.EF else b""
    return File(kind=kind, access=access, size=size, content=content, name=told.get(DF_NAME, b""))


def delete_file(card: Card, _: Command) -> Answer:
    """DELETE FILE: the selected one, with everything below it. Its DF is selected then."""
    path = card.volatile.selected
    if path == MF:
        raise Refused(Status.CONDITIONS)
    require(card, path, Right.DELETE)
    require_writable(card.memory)
    return card.wrote(writes.delete(card.memory, path), selected=parent(path))
