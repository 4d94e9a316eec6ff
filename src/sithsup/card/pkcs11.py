"""The PKCS#11 module itself, as a `Token`. No CKA_*, CKR_* or handle leaves this file, `slots` and `native`.

Traps of PyKCS11 that this file steers around, all measured:

* It holds the interpreter lock during every C call, so this runs in the card process (`card.process`).
* `getAttributeValue` asks an object once per attribute as soon as one is missing. With buffers reserved beforehand a
  single C_GetAttributeValue fills whatever there is, whatever its return code.
* The repr of a handle reads the whole object from the card. Handles are never printed.
* Its mechanism list has an entry of its own (0x1D), so the native list is asked.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import PyKCS11 as P11  # noqa: N814  a name for every line of this file
from PyKCS11 import LowLevel

from sithsup.card import attributes, libraries, mechanisms, native, templates, unblocking
from sithsup.card.attributes import Attribute, Attributes, text
from sithsup.card.return_codes import INCORRECT, error_for
from sithsup.card.slots import Slots
from sithsup.card.traffic import Traffic
from sithsup.card.unblocking import Way
from sithsup.errors import (
    CardReadOnlyError,
    CardRemovedError,
    CodeIncorrectError,
    CodeNeededError,
    ModuleRefusedError,
    ObjectGoneError,
)
from sithsup.model import CardObject, CodeState, KeyAlgorithm, ModuleInfo, TokenId, TokenInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.card.native import Session
    from sithsup.card.pin import Code
    from sithsup.card.slot_info import SlotInfo
    from sithsup.card.traffic import Tell

# CKA_VALUE is not among them: that of a private key is none of our business.
COMMON_ATTRIBUTES = tuple(attribute for attribute in Attribute if attribute is not Attribute.VALUE)
ROOM = 1024  # bytes; an RSA-4096 modulus has 512
CERTIFICATE_ROOM = 16384
LOGGED_IN = frozenset({P11.CKS_RO_USER_FUNCTIONS, P11.CKS_RW_USER_FUNCTIONS})
FOR_WRITING = frozenset({P11.CKS_RW_PUBLIC_SESSION, P11.CKS_RW_USER_FUNCTIONS, P11.CKS_RW_SO_FUNCTIONS})
LONGEST_SIGNATURE = 1024  # bytes


class Opened(NamedTuple):
    """A session as it was a moment ago: many modules ask the card for it, so it is asked for once in each act."""

    session: Session
    slot: int
    is_logged_in: bool
    may_write: bool


class Pkcs11Token:
    """A loaded module. Sessions are opened when they are needed, one per token: for reading until a code is given."""

    def __init__(self, path: str, reader: str | None = None, tell: Tell | None = None) -> None:
        """Load and initialise the module; raises `ModuleBrokenError`. If it crashes, so does this process.

        With a `reader`, no card in another one is asked for anything. `tell` is told of each call.
        """
        self._path = path
        self._library = P11.PyKCS11Lib()
        if tell is not None:
            self._library.lib = Traffic(self._library.lib, tell)
        self._slots = Slots(self._library, reader)
        self._sessions: dict[TokenId, tuple[Session, int]] = {}
        self._opened: set[TokenId] = set()
        """Tokens that a code was given for: nobody else's log-in is ended, should a module share them."""
        self._load()

    def _load(self) -> None:
        try:
            self._library.load(self._path)
        except P11.PyKCS11Error as error:
            raise libraries.broken(self._path, native.name_of(error.value)) from error

    # ------------------------------------------------------------------------------------------ reading

    def module(self) -> ModuleInfo:
        """Tell which module this is."""
        with native.errors():
            info = self._library.getInfo()
        version = ".".join(str(part) for part in info.libraryVersion)
        return ModuleInfo(self._path, text(info.manufacturerID), text(info.libraryDescription), version)

    def readers(self) -> tuple[str, ...]:
        """Name every reader."""
        return self._slots.readers()

    def unrecognized(self) -> tuple[str, ...]:
        """Name every reader with a card of which no token is shown."""
        return self._slots.unrecognized()

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Describe every token that is present and initialised."""
        return tuple(info for _, info in self._present())

    def slots(self) -> tuple[SlotInfo, ...]:
        """Describe every slot, whatever is in it; one whose card goes at this moment is left out."""
        return self._slots.described(self._token_info, self._mechanisms)

    def objects(self, token: TokenId) -> tuple[CardObject, ...]:
        """Read every object: one search, then one call per object and one more per certificate."""
        with native.errors():
            session = self._open(token).session
            read = [self._attributes(session, handle) for handle in native.search(session)]
            read = [shown for shown in read if attributes.is_stored(shown)]
            session.getSessionInfo()  # modules list a pulled card from memory for a while; its session tells
        known = attributes.exponents(read)
        return tuple(attributes.card_object(token, shown, known) for shown in read)

    # ------------------------------------------------------------------------------------------ the code

    def log_in(self, token: TokenId, code: Code | None) -> None:
        """C_Login, unless the session is logged in already."""
        with code or nullcontext() as digits, native.errors(token.label):
            opened = self._open(token, writes=True)
            if opened.is_logged_in:
                return
            self._flags(opened, token)  # that it is the token, once more: a code is about to be sent
            self._opened.add(token)
            value = native.log_in(opened.session, P11.CKU_USER, digits)
            if value not in (P11.CKR_OK, P11.CKR_USER_ALREADY_LOGGED_IN):
                raise self._code_error(token, value)

    def log_out(self, token: TokenId) -> None:
        """C_Logout where a code was given, and close the session, where there is one."""
        session, _ = self._sessions.pop(token, (None, 0))
        if session is not None:
            with suppress(P11.PyKCS11Error):  # a session that died with its card is closed already
                if token in self._opened:
                    session.logout()
            with suppress(P11.PyKCS11Error):
                session.closeSession()
        self._opened.discard(token)

    def unblock(self, token: TokenId, puk: Code, code: Code) -> None:
        """The one way that is known of this module (`unblocking.TABLE`); nobody is logged in before or after."""
        with puk as known, code as chosen, native.errors(token.label):
            self.log_out(token)  # a session that is logged in would take the PUK code for something else
            opened = self._open(token, writes=True)
            info = self._token_info(opened.slot)
            if info is None or info.id != token:
                raise CardRemovedError("the slot holds another token")
            way = unblocking.require_way(self.module(), info)
            unblocking.require_suitable(info, chosen)
            send = native.init_pin if way is Way.SECURITY_OFFICER else native.set_pin
            value = send(opened.session, known, chosen)
            if value != P11.CKR_OK:
                state = next((each.puk for each in self.tokens() if each.id == token), info.puk)
                raise unblocking.error_for_puk(native.name_of(value), value, state, token.label)

    def _code_error(self, token: TokenId, value: int) -> Exception:
        """The error for a refused code, with what the flags say after the try."""
        name = native.name_of(value)
        if name not in INCORRECT:
            return error_for(name, value, token.label)
        state = next((info.code for info in self.tokens() if info.id == token), CodeState.OK)
        if state is CodeState.OK:  # a module that does not know how many tries there were at first
            state = CodeState.COUNT_LOW
        return CodeIncorrectError(f"{name} (0x{value:X})", state=state, role=token.label)

    # ---------------------------------------------------------------------------------------------- acts

    def generate_key_pair(self, token: TokenId, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """C_GenerateKeyPair."""
        wanted = templates.key_pair(algorithm, key_id, label)
        with native.errors(token.label):
            opened = self._open(token, writes=True)
            self._require_writable(opened, token)
            opened.session.generateKeyPair(wanted.public, wanted.private, P11.Mechanism(wanted.mechanism))

    def sign(self, key: CardObject, data: bytes, code: Code | None = None) -> bytes:
        """C_SignInit, C_Login for the key's own sake where it wants that (CKA_ALWAYS_AUTHENTICATE), C_Sign."""
        with code or nullcontext() as digits, native.errors(key.token.label):
            opened = self._open(key.token)
            session = opened.session
            handle, shown = self._find(session, key)
            if key.always_authenticate:
                has_pin_pad = self._flags(opened, key.token) & P11.CKF_PROTECTED_AUTHENTICATION_PATH
                if digits is None and not has_pin_pad:
                    raise CodeNeededError("CKA_ALWAYS_AUTHENTICATE", role=key.token.label)
            mechanism, prepared = self._prepared(opened.slot, shown, data)
            native.require_ok(session.lib.C_SignInit(session.session, P11.Mechanism(mechanism).to_native(), handle))
            if key.always_authenticate:
                self._authenticate_again(session, key.token, digits)
            signature = P11.ckbytelist(bytes(LONGEST_SIGNATURE))
            native.require_ok(session.lib.C_Sign(session.session, P11.ckbytelist(prepared), signature))
        return bytes(signature) if attributes.is_rsa(shown) else mechanisms.ecdsa_signature(bytes(signature))

    def _prepared(self, slot: int, key: Attributes, data: bytes) -> tuple[int, bytes]:
        """The mechanism for a key, and the data in the shape that the mechanism wants."""
        if not attributes.is_rsa(key):
            return P11.CKM_ECDSA, mechanisms.ecdsa_digest(key.get(Attribute.EC_PARAMS, b""), data)
        if P11.CKM_SHA256_RSA_PKCS in self._mechanisms(slot):
            return P11.CKM_SHA256_RSA_PKCS, data
        return P11.CKM_RSA_PKCS, mechanisms.digest_info(data)

    def _authenticate_again(self, session: Session, token: TokenId, digits: bytearray | None) -> None:
        value = native.log_in(session, P11.CKU_CONTEXT_SPECIFIC, digits)
        if value != P11.CKR_OK:
            # A refused C_Sign ends the operation that C_SignInit began; nothing else does.
            session.lib.C_Sign(session.session, P11.ckbytelist(bytes(1)), P11.ckbytelist(bytes(LONGEST_SIGNATURE)))
            raise self._code_error(token, value)

    def write_certificate(self, token: TokenId, certificate: bytes, key_id: bytes, label: str) -> None:
        """C_CreateObject. A module that takes one certificate per id gets it under another id, and then its own."""
        with native.errors(token.label):
            opened = self._open(token, writes=True)
            self._require_writable(opened, token)
            try:
                opened.session.createObject(templates.certificate(certificate, key_id, label))
            except P11.PyKCS11Error as error:
                stored = self._all_objects() if error.value == P11.CKR_GENERAL_ERROR else []
                if not attributes.is_taken(token, certificate, key_id, stored):
                    raise
                passing = attributes.free_id(key_id, {each.key_id for each in stored})  # unique on the whole card
                handle = opened.session.createObject(templates.certificate(certificate, passing, label))
                opened.session.setAttributeValue(handle, [(P11.CKA_ID, key_id)])

    def _all_objects(self) -> list[CardObject]:
        return [found for info in self.tokens() for found in self.objects(info.id)]

    def rename(self, found: CardObject, key_id: bytes, label: str) -> None:
        """C_SetAttributeValue, of what differs only."""
        changes: list[tuple[int, object]] = []
        if key_id != found.key_id:
            changes.append((P11.CKA_ID, key_id))
        if label != found.label:
            changes.append((P11.CKA_LABEL, label))
        with native.errors(found.token.label):
            opened = self._open(found.token, writes=True)
            handle, _ = self._find(opened.session, found)
            self._require_writable(opened, found.token)
            if changes:
                opened.session.setAttributeValue(handle, changes)

    def destroy(self, found: CardObject) -> None:
        """C_DestroyObject."""
        with native.errors(found.token.label):
            opened = self._open(found.token, writes=True)
            handle, _ = self._find(opened.session, found)
            self._require_writable(opened, found.token)
            opened.session.destroyObject(handle)

    def renew(self) -> None:
        """C_Finalize, then C_Initialize."""
        self.close()
        self._load()

    def close(self) -> None:
        """Log out everywhere and C_Finalize."""
        for token in tuple(self._sessions):
            self.log_out(token)
        self._library.unload()

    # -------------------------------------------------------------------------------- slots and sessions

    def _present(self) -> Iterator[tuple[int, TokenInfo]]:
        """Every initialised token and its slot of this moment. One that vanishes meanwhile is left out."""
        for slot in self._slots.listed(present=True):
            try:
                with native.errors():
                    info = self._token_info(slot)
            except (CardRemovedError, ModuleRefusedError):
                continue  # gone again, or a card that this module does not recognise
            if info is not None:
                yield slot, info

    def _token_info(self, slot: int) -> TokenInfo | None:
        found = self._library.getTokenInfo(slot)
        if not found.flags & P11.CKF_TOKEN_INITIALIZED:
            return None
        return TokenInfo(
            id=native.token_id(found),
            reader=self._slots.reader_of(slot),
            manufacturer=text(found.manufacturerID),
            model=text(found.model),
            code=attributes.code_state(found.flags),
            pin_pad=bool(found.flags & P11.CKF_PROTECTED_AUTHENTICATION_PATH),
            read_only=bool(found.flags & P11.CKF_WRITE_PROTECTED),
            algorithms=self._algorithms(slot),
            free_public_memory=found.ulFreePublicMemory if found.ulFreePublicMemory >= 0 else None,
            puk=attributes.puk_state(found.flags),
            code_lengths=range(found.ulMinPinLen, found.ulMaxPinLen + 1),
        )

    def _mechanisms(self, slot: int) -> frozenset[int]:
        found = LowLevel.ckulonglist()
        native.require_ok(self._library.lib.C_GetMechanismList(slot, found))
        return frozenset(found)

    def _algorithms(self, slot: int) -> frozenset[KeyAlgorithm]:
        offered = self._mechanisms(slot)
        wanted = (
            ("CKM_RSA_PKCS_KEY_PAIR_GEN", mechanisms.RSA_BITS),
            ("CKM_EC_KEY_PAIR_GEN", mechanisms.CURVE_BITS),
        )
        sizes = [(self._sizes(slot, name), bits) for name, bits in wanted if getattr(P11, name) in offered]
        return frozenset(algorithm for allowed, bits in sizes for algorithm, size in bits.items() if size in allowed)

    def _sizes(self, slot: int, mechanism: str) -> range:
        """The key sizes of a mechanism in bits. A module that names no largest one is believed to do all."""
        info = self._library.getMechanismInfo(slot, mechanism)
        return range(info.ulMinKeySize, (info.ulMaxKeySize or max(mechanisms.RSA_BITS.values())) + 1)

    def _open(self, token: TokenId, *, writes: bool = False) -> Opened:
        """The session of a token. A dead one is replaced by a new one, which is not logged in.

        One that was opened for reading is replaced for whoever `writes`; nobody is logged out by that.
        """
        opened = self._still_open(token)
        if opened is not None and (opened.may_write or opened.is_logged_in or not writes):
            return opened
        self.log_out(token)
        slot = next((slot for slot, info in self._present() if info.id == token), None)
        if slot is None:
            raise CardRemovedError("no slot holds the token")
        try:
            session = self._library.openSession(slot, P11.CKF_RW_SESSION if writes else 0)
        except P11.PyKCS11Error as error:
            if error.value != P11.CKR_TOKEN_WRITE_PROTECTED:
                raise
            session = self._library.openSession(slot)
        self._sessions[token] = session, slot
        return _opened(session, slot, session.getSessionInfo().state)

    def _still_open(self, token: TokenId) -> Opened | None:
        """The session that was opened before, unless it died with its card.

        The slot is asked first: OpenSC sees only then that a card was pulled and another one, or the same, put in.
        Until it does, it answers from memory, and gives its own copy of the code to whatever card there is.
        """
        session, slot = self._sessions.get(token, (None, 0))
        if session is None:
            return None
        try:
            self._library.getSlotInfo(slot)
            info = session.getSessionInfo()
        except P11.PyKCS11Error:
            return None
        # The handle of a dead session may have been given to that of another slot.
        return _opened(session, slot, info.state) if info.slotID == slot else None

    def _flags(self, opened: Opened, token: TokenId) -> int:
        """The flags of a token; raises `CardRemovedError` when its slot holds another one."""
        found = self._library.getTokenInfo(opened.slot)
        if native.token_id(found) != token:
            raise CardRemovedError("the slot holds another token")
        return int(found.flags)

    def _require_writable(self, opened: Opened, token: TokenId) -> None:
        """Refuse to begin a write that cannot end.

        Some modules begin a write without a log-in all the same: the card refuses in the middle, and the module says
        no more than CKR_GENERAL_ERROR. Where the flags cannot be read, the act itself will tell.
        """
        with suppress(P11.PyKCS11Error):
            flags = self._flags(opened, token)
            if flags & P11.CKF_WRITE_PROTECTED:
                raise CardReadOnlyError("CKF_WRITE_PROTECTED")
            if flags & P11.CKF_LOGIN_REQUIRED and not opened.is_logged_in:
                raise CodeNeededError("CKF_LOGIN_REQUIRED", role=token.label)

    # ------------------------------------------------------------------------------------------- objects

    def _attributes(self, session: Session, handle: Session) -> Attributes:
        """What an object shows. One that cannot be read at all shows nothing."""
        shown = native.read(session, handle, COMMON_ATTRIBUTES, ROOM)
        if attributes.is_certificate(shown):
            shown |= native.read(session, handle, (Attribute.VALUE,), CERTIFICATE_ROOM)
        return shown

    def _find(self, session: Session, wanted: CardObject) -> tuple[Any, Attributes]:
        """The handle of this moment of the object that matches all of what was seen; raises `ObjectGoneError`."""
        template: list[tuple[int, object]] = [(P11.CKA_ID, wanted.key_id)] if wanted.key_id else []
        if wanted.kind in attributes.CLASSES:
            template.append((P11.CKA_CLASS, attributes.CLASSES[wanted.kind]))
        numbers = mechanisms.rsa_numbers(wanted.value)
        known = dict([numbers]) if numbers else {}
        for handle in native.search(session, template):
            shown = self._attributes(session, handle)
            if attributes.card_object(wanted.token, shown, known) == wanted:
                return handle, shown
        raise ObjectGoneError(wanted.kind.value)


def _opened(session: Session, slot: int, state: int) -> Opened:
    return Opened(session, slot, state in LOGGED_IN, state in FOR_WRITING)
