"""How a writing instruction ends up half done when power goes.

A write is a row of steps, each of which the silicon is taken to do whole or not at all; power may go between any two.
What is assumed of the silicon, for each instruction:

* UPDATE BINARY: byte after byte in ascending order. Torn at k, a file holds k new bytes and then the old ones.
* CREATE FILE: first the directory entry of a file without content, then its content, set to zero.
* DELETE FILE: first the content is erased (of a key its secret), then the entry goes. Of a DF one file after the other.
* GENERATE KEY PAIR: first half of the private key, which cannot sign; then the whole, which can; then the public half.
* VERIFY: the counter goes down before the code is compared, and up again when it was right: a power cut costs a try,
  never gives one away.
* CHANGE REFERENCE DATA, RESET RETRY COUNTER: the counter down; the new code; the counter up. A counter is one cell.

A silicon that keeps a copy of what it overwrites (atomic writes) tears less. None is known to tear more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.demo.virtual.memory import File, Memory


@dataclass(frozen=True, slots=True)
class Write:
    """One write: how many steps it has, and the memory after so many of them (0: as before)."""

    steps: int
    after: Callable[[int], Memory]

    @property
    def done(self) -> Memory:
        """The memory when all of it is done."""
        return self.after(self.steps)


def stages(*memories: Memory) -> Write:
    """A write by its memories, the one before the first step included."""
    return Write(len(memories) - 1, lambda step: memories[step])


def update(memory: Memory, path: str, offset: int, data: bytes) -> Write:
    """Overwrite part of a file."""
    file = memory.files[path]

    def after(step: int) -> Memory:
        content = file.content[:offset] + data[:step] + file.content[offset + step :]
        return memory.with_file(path, file.but(content=content))

    return Write(len(data), after)


def create(memory: Memory, path: str, file: File) -> Write:
    """Make a file; an empty one first."""
    return stages(memory, memory.with_file(path, file.but(content=b"")), memory.with_file(path, file))


def delete(memory: Memory, path: str) -> Write:
    """Delete a file and everything below it, the deepest and last first."""
    row = [memory]
    for doomed in sorted((other for other in memory.files if other.startswith(path)), reverse=True):
        erased = row[-1].files[doomed].but(content=b"", secret=b"", public=b"")
        row.append(row[-1].with_file(doomed, erased))
        row.append(row[-1].without(doomed))
    return stages(*row)


def generate(memory: Memory, path: str, secret: bytes, public: bytes) -> Write:
    """Put a new key into its file."""
    file = memory.files[path]
    return stages(
        memory,
        memory.with_file(path, file.but(secret=secret[: len(secret) // 2], public=b"")),
        memory.with_file(path, file.but(secret=secret, public=b"")),
        memory.with_file(path, file.but(secret=secret, public=public)),
    )
