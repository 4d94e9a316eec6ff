"""What the card, the authority and this computer's journal together say of the upgrade (law 4).

* Ours is found without a journal (`keys`, `certificates`); what it replaces is `old`.
* A certificate's fate is read off signed messages and the status service (`fates`). UNKNOWN is never taken for seen
  nor for not seen: such a certificate is not trusted to live, and not erased until another one was confirmed.
* `room` says what was lifted off a card that has no room for old and new at once.
* `line` says whether going back is still possible, and whose key speaks for the card; `world` holds what was asked.
"""

from sithsup.evidence.certificates import (
    Candidate,
    candidates,
    chosen,
    lost_old,
    lost_others,
    ours_on_card,
    strays,
)
from sithsup.evidence.fates import Fate
from sithsup.evidence.keys import (
    is_alive,
    is_held,
    key_ids,
    our_key,
    our_key_pairs,
    reused_key_pairs,
    target_key,
    targets_of,
)
from sithsup.evidence.line import past_no_return, require_settled, signer, signer_with, was_begun_elsewhere
from sithsup.evidence.old import is_kept, is_old, old_on_card, replaced_by, spent_on_card
from sithsup.evidence.room import is_lifted_elsewhere, lifted, may_lift, old_signatures
from sithsup.evidence.world import World, ask_status, is_overdue, is_revoked, judge, read_issued, status

__all__ = [
    "Candidate",
    "Fate",
    "World",
    "ask_status",
    "candidates",
    "chosen",
    "is_alive",
    "is_held",
    "is_kept",
    "is_lifted_elsewhere",
    "is_old",
    "is_overdue",
    "is_revoked",
    "judge",
    "key_ids",
    "lifted",
    "lost_old",
    "lost_others",
    "may_lift",
    "old_on_card",
    "old_signatures",
    "our_key",
    "our_key_pairs",
    "ours_on_card",
    "past_no_return",
    "read_issued",
    "replaced_by",
    "require_settled",
    "reused_key_pairs",
    "signer",
    "signer_with",
    "spent_on_card",
    "status",
    "strays",
    "target_key",
    "targets_of",
    "was_begun_elsewhere",
]
