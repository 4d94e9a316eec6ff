"""What the rows share: the marks of a row that leaves nothing, and what earlier rows must have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import StepNotSeenError
from sithsup.evidence import World, chosen, our_key
from sithsup.model import KeyRole, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sithsup.evidence import Candidate
    from sithsup.model import KeyPair, Target


def never(world: World) -> Seen:  # noqa: ARG001  a row of the table
    """See nothing: this row leaves no trace and is done on every walk."""
    return Seen.ABSENT


def nothing(world: World) -> None:
    """Undo nothing: this row leaves nothing behind."""


def fold(seen: Iterable[Seen]) -> Seen:
    """Of many targets: live or absent when all are, otherwise something in between."""
    kinds = set(seen)
    return kinds.pop() if len(kinds) == 1 else Seen.DEAD


def made_key(world: World, role: KeyRole) -> KeyPair:
    """The key of ours that a row has made; raises when it is not seen."""
    pair = our_key(world, role)
    if pair is None:
        raise StepNotSeenError(step=f"generate-{role}-key")
    return pair


def ordered_certificate(world: World, target: Target) -> Candidate:
    """The certificate that was ordered for a target; raises when there is none (any more)."""
    wanted = chosen(world, target)
    if wanted is None:
        raise StepNotSeenError(step="order-certificates")
    return wanted
