"""Single calls of PyKCS11 and what comes of them: return codes into errors, searches, attributes of an object."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import PyKCS11 as P11  # noqa: N814  a name for every line of this file
from PyKCS11 import LowLevel

from sithsup.card.attributes import text
from sithsup.card.return_codes import REMOVED, error_for
from sithsup.model import TokenId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.attributes import Attribute, Attributes

Session = Any
"""A session or a handle of PyKCS11, which is untyped."""

PARTLY_READ = frozenset(
    {P11.CKR_OK, P11.CKR_ATTRIBUTE_TYPE_INVALID, P11.CKR_ATTRIBUTE_SENSITIVE, P11.CKR_BUFFER_TOO_SMALL}
)


@contextmanager
def errors(role: str = "") -> Iterator[None]:
    """Turn return codes into errors of ours."""
    try:
        yield
    except P11.PyKCS11Error as error:
        raise error_for(name_of(error.value), error.value, role) from error


def token_id(native: Any) -> TokenId:
    """What a token is named by, of its CK_TOKEN_INFO."""
    return TokenId(text(native.serialNumber), text(native.label))


def require_ok(value: int) -> None:
    """Raise what PyKCS11 raises for every return code but CKR_OK."""
    if value != P11.CKR_OK:
        raise P11.PyKCS11Error(value)


def name_of(value: int, prefix: str = "CKR") -> str:
    """The name of a return code, or of another constant of PKCS#11."""
    return str(getattr(P11, prefix).get(value, "unknown"))


def mechanism_name(value: int) -> str:
    """The name of a mechanism."""
    return str(P11.CKM.get(value, f"0x{value:X}"))


@contextmanager
def secret(digits: bytearray | None) -> Iterator[Any]:
    """Lend a code in a buffer of the binding's, overwritten afterwards. No digits make it empty: the PIN pad asks."""
    buffer = P11.ckbytelist(bytes(len(digits or b"")))
    try:
        for place, digit in enumerate(digits or b""):
            buffer[place] = digit
        yield buffer
    finally:
        for place in range(len(buffer)):
            buffer[place] = 0


def log_in(session: Session, user: int, digits: bytearray | None) -> int:
    """C_Login; its return code."""
    with secret(digits) as buffer:
        return int(session.lib.C_Login(session.session, user, buffer))


def set_pin(session: Session, puk: bytearray, chosen: bytearray) -> int:
    """C_SetPIN with the PUK code as the old one, nobody being logged in; its return code."""
    with secret(puk) as old, secret(chosen) as new:
        return int(session.lib.C_SetPIN(session.session, old, new))


def init_pin(session: Session, puk: bytearray, chosen: bytearray) -> int:
    """C_Login as CKU_SO with the PUK code, C_InitPIN, C_Logout; the return code of the first that fails."""
    value = log_in(session, P11.CKU_SO, puk)
    if value != P11.CKR_OK:
        return value
    try:
        with secret(chosen) as new:
            return int(session.lib.C_InitPIN(session.session, new))
    finally:
        session.lib.C_Logout(session.session)


def search(session: Session, template: list[tuple[int, object]] | None = None) -> list[Any]:
    """Handles of the objects that match. A search that fails is ended, else the session could never search again."""
    try:
        return list(session.findObjects(template or []))
    except P11.PyKCS11Error:
        session.lib.C_FindObjectsFinal(session.session)
        raise


def read(session: Session, handle: Session, wanted: tuple[Attribute, ...], room: int) -> Attributes:
    """C_GetAttributeValue in a single call; what is missing or secret is left out."""
    native = LowLevel.ckattrlist(len(wanted))
    for place, attribute in enumerate(wanted):
        native[place].SetType(attribute)
        native[place].Reserve(room)
    value = session.lib.C_GetAttributeValue(session.session, handle, native)
    if name_of(value) in REMOVED:
        require_ok(value)
    if value not in PARTLY_READ:
        return {}
    read = {attribute: bytes(native[place].GetBin()) for place, attribute in enumerate(wanted)}
    return {attribute: content for attribute, content in read.items() if content}
