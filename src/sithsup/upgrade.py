"""READ THIS FIRST. The whole promise on one screen.

Whenever the upgrade is interrupted, and however often, the card ends with its old identity working or with its new
one. Never neither.

Each row says what is done, how one *sees* that it is done, and how it is undone. `runner.roll_forward` walks down the
table doing what is not seen; `runner.roll_back` walks up it undoing what is seen. Recovery is one of these two, run on
what is seen, and there is no other recovery code. What is seen is read off the card, the authority's status service
and the authority's own signed messages, never off a note that says how far we came.

* The old identity stays usable until the new one was written, read back, proven by a signature, and confirmed.
* Exactly one line separates what can be undone from what can only be finished. It stands above the first
  confirmation, because some authorities retire the old certificate at that very moment.
* What the authority is told is on this computer's disk before it is sent.
* Old certificates are revoked before they are removed, for revoking one takes its key. Certificates are removed before
  keys, and the old private keys go last, if at all: a card that loses power while it destroys a private key may lose
  its neighbours' too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sithsup import steps
from sithsup.evidence import lifted
from sithsup.model import KeyRole, Seen
from sithsup.texts import mark

if TYPE_CHECKING:
    from collections.abc import Callable

    from sithsup.campaign import Campaign
    from sithsup.evidence import World

AUTH, SIGN = KeyRole.AUTHENTICATION, KeyRole.SIGNATURE


def once(_: Campaign) -> int:
    """Of most rows: they have something to do in every campaign."""
    return 1


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `undo` is None below the point of no return."""

    name: str
    do: Callable[[World], None]
    seen: Callable[[World], Seen]
    undo: Callable[[World], None] | None
    text: str
    """What a person reads while it goes on (a message id)."""
    seconds: int
    """About how long it takes on an ordinary card: for a bar, and for telling how much is left."""
    times: Callable[[Campaign], int] = once
    """How much of it a campaign has: so many keys of a role are made. Where it has none the row is left out."""


# fmt: off
UPGRADE = (
    #    name                        do                       seen                      undo
    Step("ask-authority",            steps.query,             steps.begun,              steps.nothing,
         mark("Ask the certificate issuer whether the card may be upgraded"), 2),
    Step("generate-auth-key",        steps.generate(AUTH),    steps.has_key(AUTH),      steps.destroy_key(AUTH),
         mark("Make a new key for authentication on the card"), 20, steps.makes_keys(AUTH)),
    Step("generate-signature-key",   steps.generate(SIGN),    steps.has_key(SIGN),      steps.destroy_key(SIGN),
         mark("Make a new key for signatures on the card"), 20, steps.makes_keys(SIGN)),
    Step("order-certificates",       steps.order,             steps.ordered,            steps.reject,
         mark("Order the new certificates"), 5),
    Step("write-certificates",       steps.write_certificates, steps.has_certificates,  steps.erase_certificates,
         mark("Write the new certificates to the card"), 5),
    Step("prove-new-identity",       steps.sign_and_verify,   steps.never,              steps.nothing,
         mark("Test that the new certificates work"), 2),
    # ------------------------------------ point of no return ------------------------------------
    Step("confirm-certificates",     steps.confirm,           steps.confirmed,          None,
         mark("Tell the certificate issuer that the new certificates work"), 4),
    Step("revoke-old-certificates",  steps.revoke_old,        steps.old_revoked,        None,
         mark("Have the old certificates revoked"), 4, steps.revokes_old),
    Step("remove-old-certificates",  steps.remove_old,        steps.old_removed,        None,
         mark("Remove the old certificates from the card"), 3),
    Step("remove-old-keys",          steps.remove_old_keys,   steps.old_keys_removed,   None,
         mark("Remove the old keys from the card"), 3, steps.destroys_old),
)
TIGHT = (
    # A card with room for the new keys, and not for the new certificates beside the old ones. What is lifted is in the
    # journal, and is put back last, when there is room again; the old identity for authentication stays.
    *UPGRADE[:1],
    Step("lift-old-certificates",    steps.lift,              steps.has_room,           steps.put_back,
         mark("Make room: take the old certificate for signatures off the card"), 3),
    *UPGRADE[1:],
)
# fmt: on


def table(world: World) -> tuple[Step, ...]:
    """The rows for this card: it has refused a certificate for want of room, or something was lifted off it."""
    is_tight = (world.journal.is_full or lifted(world)) and steps.confirmed(world) is not Seen.LIVE
    return rows(TIGHT if is_tight else UPGRADE, world.campaign)


def rows(every: tuple[Step, ...], campaign: Campaign) -> tuple[Step, ...]:
    """Those of a table that have something to do in a campaign.

    One that certifies the existing keys has no row that makes one, and most have nothing revoked by this program.
    """
    return tuple(replace(step, seconds=step.seconds * many) for step in every if (many := step.times(campaign)))
