"""How often a text lies in the memory of another process, looked at from outside."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

ENCODINGS = ("ascii", "utf-16-le", "utf-32-le")


def copies(process: int, text: str) -> int:
    """Count the copies of a text, in any of the encodings, in all memory that the process may write to."""
    patterns = [text.encode(encoding) for encoding in ENCODINGS]
    found = 0
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            span, rights = line.split()[:2]
            if "w" not in rights:
                continue
            begin, end = (int(edge, 16) for edge in span.split("-"))
            with suppress(OSError, OverflowError):  # devices, and what has gone meanwhile
                memory.seek(begin)
                content = memory.read(end - begin)
                found += sum(content.count(pattern) for pattern in patterns)
    return found
