"""The hands of the table: what each row does, how it is seen, how it is undone. Adjacent, and symmetric.

* Every `do` may be called again after any interruption: it looks first and does only what is missing.
* Every `undo` may be called on anything half done.
* Nothing that a call returns is believed: after an act the card is read again.
* What the authority is told is in the journal before it is sent; what it answers, before the card is touched.
"""

from sithsup.steps.certificates import (
    SENTENCE,
    erase_certificates,
    has_certificates,
    old_removed,
    remove_old,
    sign_and_verify,
    write_certificates,
)
from sithsup.steps.common import never, nothing
from sithsup.steps.confirmations import confirm, confirmed
from sithsup.steps.keys import (
    destroy_key,
    destroys_old,
    generate,
    has_key,
    makes_keys,
    old_keys_removed,
    remove_old_keys,
)
from sithsup.steps.lost import put_back
from sithsup.steps.orders import begun, order, ordered, query
from sithsup.steps.rejections import reject
from sithsup.steps.revocations import old_revoked, revoke_old, revokes_old
from sithsup.steps.room import has_room, lift

__all__ = [
    "SENTENCE",
    "begun",
    "confirm",
    "confirmed",
    "destroy_key",
    "destroys_old",
    "erase_certificates",
    "generate",
    "has_certificates",
    "has_key",
    "has_room",
    "lift",
    "makes_keys",
    "never",
    "nothing",
    "old_keys_removed",
    "old_removed",
    "old_revoked",
    "order",
    "ordered",
    "put_back",
    "query",
    "reject",
    "remove_old",
    "remove_old_keys",
    "revoke_old",
    "revokes_old",
    "sign_and_verify",
    "write_certificates",
]
