"""A command goes in, an answer comes out: pure, nothing is read or written here.

An answer carries the response, what the card knows until power goes (`Volatile`), and the write, if it is one, in all
its steps (`writes`): whoever gave the command decides how far that write came (`power`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sithsup.demo.virtual import codes, files, keys
from sithsup.demo.virtual.apdu import SHORT, Instruction, Refused, Status, parse_command
from sithsup.demo.virtual.memory import MF

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.virtual.apdu import Command
    from sithsup.demo.virtual.memory import FileKind, Memory
    from sithsup.demo.virtual.writes import Write

    KeyMaker = Callable[[FileKind, int], bytes]

ATR = bytes.fromhex("3BF51800008131FE454D794549449A")
"""Answer to reset; its historical bytes are the family's name."""


@dataclass(frozen=True, slots=True)
class Volatile:
    """What is forgotten without power."""

    selected: str = MF
    verified: frozenset[int] = frozenset()
    """References of the codes that were given."""
    key: str = ""
    """The identifier of the key file to sign with."""
    algorithm: int = keys.RAW
    chain: bytes = b""
    """Data of a command whose end has not come yet."""
    rest: bytes = field(default=b"", repr=False)
    """Of an answer that was too long for one response."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command brings about. `data` and `status` are the response."""

    volatile: Volatile
    data: bytes = b""
    status: int = Status.OK
    write: Write | None = None

    @property
    def response(self) -> bytes:
        """The response APDU."""
        return self.data + self.status.to_bytes(2)


@dataclass(frozen=True, slots=True)
class Card:
    """A card under power at one moment."""

    memory: Memory
    volatile: Volatile = Volatile()
    make_key: KeyMaker = keys.new_key

    def exchange(self, raw: bytes) -> Answer:
        """Answer a command APDU. Anything at all may be sent."""
        try:
            command = parse_command(raw)
            if command.chained:
                return self.answer(chain=self.volatile.chain + command.data)
            whole = replace(self, volatile=replace(self.volatile, chain=b""))
            return _in_parts(whole.perform(command.after(self.volatile.chain)), command.expected)
        except Refused as refusal:
            return Answer(replace(self.volatile, chain=b"", rest=b""), status=refusal.status)

    def perform(self, command: Command) -> Answer:
        """Do what a whole command says."""
        instruction = INSTRUCTIONS.get(command.instruction)
        if instruction is None:
            raise Refused(Status.NO_SUCH_INSTRUCTION)
        return instruction(self, command)

    # -- for the instructions -------------------------------------------------------------------------------

    def answer(self, data: bytes = b"", **changes: Any) -> Answer:
        """Make an answer without a write; `changes` are those of `Volatile`."""
        return Answer(replace(self.volatile, **changes), data)

    def wrote(
        self,
        write: Write,
        status: int = Status.OK,
        *,
        selected: str | None = None,
        verified: int | None = None,
        forget: int | None = None,
    ) -> Answer:
        """Make the answer of a write: another file selected, a code given, or a code forgotten."""
        given = self.volatile.verified | ({verified} if verified is not None else set())
        volatile = replace(
            self.volatile,
            selected=self.volatile.selected if selected is None else selected,
            verified=frozenset(given - {forget}),
        )
        return Answer(volatile, status=status, write=write)


def _in_parts(answer: Answer, expected: int) -> Answer:
    """Keep back what a short response has no room for: GET RESPONSE fetches it."""
    if expected > SHORT or len(answer.data) <= SHORT:
        return replace(answer, volatile=replace(answer.volatile, rest=b"")) if answer.data else answer
    rest = answer.data[SHORT:]
    more = Status.MORE | (len(rest) if len(rest) < SHORT else 0)
    return replace(answer, data=answer.data[:SHORT], status=more, volatile=replace(answer.volatile, rest=rest))


def _get_response(card: Card, _: Command) -> Answer:
    """GET RESPONSE (ISO 7816-4, section 7.6.1)."""
    return card.answer(card.volatile.rest)


INSTRUCTIONS: dict[int, Callable[[Card, Command], Answer]] = {
    Instruction.SELECT: files.select,
    Instruction.READ_BINARY: files.read_binary,
    Instruction.UPDATE_BINARY: files.update_binary,
    Instruction.CREATE_FILE: files.create_file,
    Instruction.DELETE_FILE: files.delete_file,
    Instruction.VERIFY: codes.verify,
    Instruction.CHANGE_REFERENCE_DATA: codes.change_reference_data,
    Instruction.RESET_RETRY_COUNTER: codes.reset_retry_counter,
    Instruction.LOGOUT: codes.logout,
    Instruction.GENERATE_KEY_PAIR: keys.generate_key_pair,
    Instruction.MANAGE_SECURITY_ENVIRONMENT: keys.manage_security_environment,
    Instruction.PERFORM_SECURITY_OPERATION: keys.perform_security_operation,
    Instruction.GET_DATA: keys.get_data,
    Instruction.GET_RESPONSE: _get_response,
}
