"""Whether bytes are DER throughout (X.690, section 10.1), as far as lengths tell: nobody can read them in two ways."""

from __future__ import annotations

CONSTRUCTED, HIGH_TAG, LONG, INDEFINITE = 0x20, 0x1F, 0x80, 0x80
DEEPEST = 32


def require_der(data: bytes) -> None:
    """Raise ValueError for an indefinite, padded or wrong length, or a tag of several octets."""
    at, ends = 0, [len(data)]
    while at < len(data):
        tag, (length, at) = data[at], _length(data, at + 1)
        if tag & HIGH_TAG == HIGH_TAG:
            raise ValueError("a tag of several octets")
        end = at + length
        if end > ends[-1]:
            raise ValueError("an element is longer than what it stands in")
        if tag & CONSTRUCTED:
            ends.append(end)
        else:
            at = end
        while len(ends) > 1 and at == ends[-1]:
            ends.pop()
        if len(ends) > DEEPEST:
            raise ValueError("too many levels")


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length, and where it ends."""
    if at >= len(data):
        raise ValueError("cut in the middle of an element")
    first = data[at]
    if first < LONG:
        return first, at + 1
    octets = data[at + 1 : at + 1 + (first & ~LONG)]
    length = int.from_bytes(octets)
    if first == INDEFINITE or len(octets) < (first & ~LONG) or octets[0] == 0 or length < LONG:
        raise ValueError("a length that is not as DER has it")
    return length, at + 1 + len(octets)
