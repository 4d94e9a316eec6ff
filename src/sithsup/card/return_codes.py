"""What a module's return codes (CKR_*, PKCS#11 section 5.1) mean in the words of `errors`.

Only codes whose meaning every stack agrees on have an entry. A pulled card is mostly *not* among them: modules answer
a bare CKR_GENERAL_ERROR, so whoever gets a `ModuleRefusedError` looks afterwards whether the card is still there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sithsup.errors import (
    CardError,
    CardFullError,
    CardReadOnlyError,
    CardRemovedError,
    CodeLockedError,
    CodeNeededError,
    ModuleRefusedError,
    NotSupportedError,
    ObjectGoneError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

REMOVED = frozenset(
    {
        "CKR_DEVICE_REMOVED",
        "CKR_TOKEN_NOT_PRESENT",
        "CKR_SESSION_CLOSED",
        "CKR_SESSION_HANDLE_INVALID",
        "CKR_SLOT_ID_INVALID",
    }
)
"""The card is gone, or was gone for a moment, which a session does not survive."""

INCORRECT = frozenset({"CKR_PIN_INCORRECT", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE"})
"""The code was wrong. Its error carries the state of the code, so that only the caller can make it."""

MEANINGS: Mapping[str, type[CardError]] = {
    **dict.fromkeys(REMOVED, CardRemovedError),
    "CKR_DEVICE_MEMORY": CardFullError,
    "CKR_FUNCTION_NOT_SUPPORTED": NotSupportedError,
    "CKR_MECHANISM_INVALID": NotSupportedError,
    "CKR_KEY_SIZE_RANGE": NotSupportedError,
    "CKR_CURVE_NOT_SUPPORTED": NotSupportedError,
    "CKR_TOKEN_WRITE_PROTECTED": CardReadOnlyError,
    "CKR_SESSION_READ_ONLY": CardReadOnlyError,
    "CKR_OBJECT_HANDLE_INVALID": ObjectGoneError,
    "CKR_KEY_HANDLE_INVALID": ObjectGoneError,
    "CKR_PIN_LOCKED": CodeLockedError,
    "CKR_USER_NOT_LOGGED_IN": CodeNeededError,
    "CKR_FUNCTION_CANCELED": CodeNeededError,  # cancelled on the reader's own PIN pad
    "CKR_CANCEL": CodeNeededError,
}


def error_for(name: str, value: int, role: str) -> CardError:
    """The error for a return code; `role` says whose code it would be, should it be about one.

    The native code is kept as name and number, as support people search for it.
    """
    answer = f"{name} (0x{value:X})"
    kind = MEANINGS.get(name, ModuleRefusedError)
    return kind(answer, answer=answer, role=role)
