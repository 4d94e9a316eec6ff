"""Room for the new certificates on a card that has none: the old ones for signatures are lifted off for a while.

Their keys stay, the old identity for authentication stays, and the journal holds every certificate that was lifted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.evidence import lifted, old_signatures
from sithsup.model import Seen
from sithsup.steps.certificates import has_certificates

if TYPE_CHECKING:
    from sithsup.evidence import World


def lift(world: World) -> None:
    """Take the old certificates for signatures off the card; the journal has them from the beginning of the run."""
    for seen in old_signatures(world):
        world.card.destroy(seen.found)


def has_room(world: World) -> Seen:
    """See none of them left, or the new certificates on the card, whatever lies beside them."""
    if not old_signatures(world) or has_certificates(world) is Seen.LIVE:
        return Seen.LIVE
    return Seen.DEAD if lifted(world) else Seen.ABSENT
