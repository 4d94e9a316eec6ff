"""DER as a tree, changed in a few places, with every length around them mended: a reader comes as far as the change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asn1crypto.parser import emit, parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

CONSTRUCTED = 0x20
STRANGE = (b"", b"\0", b"\xff" * 9, b"\x7f" + b"\xff" * 40, b"20200101000000Z", b"\x1b[2J\xc3\xa5\xff")


@dataclass
class Node:
    """One element: its identifier octet, and what it holds."""

    tag: int
    content: bytes = b""
    children: list[Node] = field(default_factory=list)

    @classmethod
    def read(cls, der: bytes) -> Node:
        tag, content = der[0], parse(der)[4]
        return cls(tag, children=_elements(content)) if tag & CONSTRUCTED else cls(tag, content)

    def write(self) -> bytes:
        content = self.content + b"".join(child.write() for child in self.children)
        return bytes(emit(self.tag >> 6, (self.tag & CONSTRUCTED) >> 5, self.tag & 0x1F, content))


def _elements(content: bytes) -> list[Node]:
    found = []
    while content:
        header, _, trailer = parse(content)[3:]
        size = len(header) + len(parse(content)[4]) + len(trailer)
        found.append(Node.read(content[:size]))
        content = content[size:]
    return found


def _place(random: Random, root: Node) -> tuple[Node, int]:
    """An element's parent and its number, as likely high up as deep down."""
    node = root
    while True:
        number = random.randrange(len(node.children))
        child = node.children[number]
        if not child.children or random.random() < 0.3:
            return node, number
        node = child


def _drop(_: Random, node: Node, number: int) -> None:
    del node.children[number]


def _repeat(random: Random, node: Node, number: int) -> None:
    node.children[number:number] = [node.children[number]] * random.choice((1, 1, 2, 50))


def _swap(random: Random, node: Node, number: int) -> None:
    other = random.randrange(len(node.children))
    node.children[number], node.children[other] = node.children[other], node.children[number]


def _retag(random: Random, node: Node, number: int) -> None:
    found = node.children[number]
    form = found.tag & CONSTRUCTED
    node.children[number] = Node(
        random.randrange(256) & ~0x3F | form | random.randrange(31), found.content, found.children
    )


def _empty(_: Random, node: Node, number: int) -> None:
    node.children[number] = Node(node.children[number].tag)


def _replace(random: Random, node: Node, number: int) -> None:
    tag = node.children[number].tag
    node.children[number] = Node(tag & ~CONSTRUCTED if random.random() < 0.3 else tag, random.choice(STRANGE))


def _flip(random: Random, node: Node, number: int) -> None:
    found = node.children[number]
    content = bytearray(found.content or b"\0")
    content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    node.children[number] = Node(found.tag, bytes(content), found.children)


CHANGES: tuple[Callable[[Random, Node, int], None], ...] = (_drop, _repeat, _swap, _retag, _empty, _replace, _flip)


def change(random: Random, der: bytes) -> bytes:
    """Change one to three elements of what is constructed; the outermost keeps its tag."""
    root = Node.read(der)
    for _ in range(random.randint(1, 3)):
        if root.children:
            random.choice(CHANGES)(random, *_place(random, root))
    return root.write()
