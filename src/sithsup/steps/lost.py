"""What the card has lost is put back: what was lifted off it for a while, and what was in a directory that was torn."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sithsup.errors import CardFullError, ModuleRefusedError, StepNotSeenError
from sithsup.evidence import lost_old, lost_others
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from sithsup.evidence import World
    from sithsup.model import CardCertificate

_log = logging.getLogger(__name__)


def put_back(world: World) -> None:
    """Write to the card again what was lifted or lost: the same bytes, id and label on the same token."""
    for known in lost_old(world):
        _write_again(world, known, is_vital=known.certificate.role is KeyRole.AUTHENTICATION)
    if lost_old(world):
        raise StepNotSeenError(step="lift-old-certificates")
    put_others_back(world)


def put_others_back(world: World) -> None:
    """The same for what the campaign leaves on the card; nothing of ours waits for it."""
    for known in lost_others(world):
        try:
            _write_again(world, known, is_vital=False)
        except ModuleRefusedError as error:
            _log.warning("cannot put a certificate back: %s", error)
            _give_up(world, known)


def _write_again(world: World, known: CardCertificate, *, is_vital: bool) -> None:
    """Write one; where a torn write has cost the room for it, only the old authentication is worth another try."""
    try:
        world.card.put_back(known.found)
    except CardFullError:
        if is_vital:
            raise
        _give_up(world, known)
        world.card.log_in()


def _give_up(world: World, known: CardCertificate) -> None:
    world.journal.forget_certificate(known.certificate)
    world.given_up.append(known)
