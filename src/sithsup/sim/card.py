"""A simulated card as it lies on the desk: what is stored on it, and how a write ends up half done.

Nothing here asks whether a code was given: that is the module's affair (`sim.token`).
"""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from pydantic import Field

from sithsup.card.attributes import free_id
from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.errors import CardFullError, CardReadOnlyError, ModuleRefusedError
from sithsup.model import CardObject, CodeState, KeyAlgorithm, ObjectKind, TokenId
from sithsup.sim.faults import Tear
from sithsup.sim.keys import load_private, public_half
from sithsup.sim.state import State

TRIES = 3
"""Wrong codes until a code is locked."""
PUK_TRIES = 10
"""Wrong PUK codes until a code can never be unlocked again."""


def refused() -> ModuleRefusedError:
    """All that a real module says of most troubles."""
    return ModuleRefusedError("CKR_GENERAL_ERROR (0x5)", answer="CKR_GENERAL_ERROR (0x5)")


class StoredObject(State):
    """One object. `value` is a certificate or a SubjectPublicKeyInfo; `secret` is a private key (PKCS#8)."""

    kind: ObjectKind
    key_id: bytes
    label: str
    value: bytes = b""
    secret: bytes = b""
    phantom: bool = False


class StoredToken(State):
    """What one code opens. The code itself is not kept, only its digest."""

    label: str
    code_digest: str
    tries: int = TRIES
    puk_digest: str = ""
    puk_tries: int = PUK_TRIES
    pin_pad: bool = False
    always_authenticate: bool = False
    """Private keys want the code for each signature (CKA_ALWAYS_AUTHENTICATE)."""
    objects: list[StoredObject] = Field(default_factory=list)

    @property
    def code(self) -> CodeState:
        """What the flags say."""
        states = {TRIES: CodeState.OK, 1: CodeState.FINAL_TRY, 0: CodeState.LOCKED}
        return states.get(self.tries, CodeState.COUNT_LOW)

    @property
    def puk(self) -> CodeState:
        """What the flags say of the PUK code."""
        states = {PUK_TRIES: CodeState.OK, 1: CodeState.FINAL_TRY, 0: CodeState.LOCKED}
        return states.get(self.puk_tries, CodeState.COUNT_LOW)

    def try_puk(self, puk: bytes, code: bytes) -> bool:
        """Compare a PUK code, and count; the right one gives the code its new value."""
        right = code_digest(puk) == self.puk_digest
        self.puk_tries = PUK_TRIES if right else self.puk_tries - 1
        if right:
            self.code_digest, self.tries = code_digest(code), TRIES
        return right

    def try_code(self, code: bytes) -> bool:
        """Compare a code, and count."""
        right = code_digest(code) == self.code_digest
        self.tries = TRIES if right else self.tries - 1
        return right


class SimulatedCard(State):
    """One card with up to four tokens, and the ways of the middleware in front of it."""

    serial: str
    reader: str
    tokens: list[StoredToken]
    present: bool = True

    algorithms: frozenset[KeyAlgorithm] = frozenset(KeyAlgorithm)
    read_only: bool = False
    room_for_keys: int | None = None
    room_for_certificates: int | None = None
    """Bytes."""
    unique_ids: bool = False
    """A CKA_ID names one key on the whole card (OpenSC). A second certificate under an id is written under a
    passing one and renamed; `card.pkcs11` does so within one call, which can stop in between."""
    own_names: bool = False
    """Ids and labels are the middleware's own ("IdentificationC"), whatever it is asked for."""

    keys_made: int = 0
    """How many keys were ever generated on it, so that none comes twice."""
    lost_keys: int = 0
    lost_bytes: int = 0
    """Room that is taken by what nobody sees any more."""

    def token(self, token_id: TokenId) -> StoredToken | None:
        """Find a token of this card."""
        same = (token for token in self.tokens if self.id_of(token) == token_id)
        return next(same, None)

    def id_of(self, token: StoredToken) -> TokenId:
        """Name a token."""
        return TokenId(self.serial, token.label)

    def forget_certificates(self) -> None:
        """Lose every certificate, as a card whose directory of them was written empty."""
        for token in self.tokens:
            token.objects[:] = [o for o in token.objects if o.kind is not ObjectKind.CERTIFICATE]

    def seen(self, token: StoredToken, stored: StoredObject) -> CardObject:
        """Show an object as a module does: an EC private key does not tell its public half."""
        private = stored.kind is ObjectKind.PRIVATE_KEY
        return CardObject(
            self.id_of(token),
            stored.kind,
            stored.key_id,
            stored.label,
            stored.value,
            always_authenticate=private and token.always_authenticate,
        )

    def room_left(self) -> int | None:
        """Bytes for certificates; None where there is no end to them."""
        if self.room_for_certificates is None:
            return None
        used = sum(len(o.value) for o in self._every(ObjectKind.CERTIFICATE))
        return max(0, self.room_for_certificates - used - self.lost_bytes)

    # -- whole writes ----------------------------------------------------------------------------------------

    def check_writable(self) -> None:
        """Refuse to write to a card that is read-only."""
        if self.read_only:
            raise CardReadOnlyError("CKR_TOKEN_WRITE_PROTECTED (0xE2)")

    def check_room_for_key(self, key_id: bytes) -> None:
        """Refuse a key that has no room or whose id is taken."""
        keys = self._every(ObjectKind.PRIVATE_KEY)
        if self.room_for_keys is not None and len(keys) + self.lost_keys >= self.room_for_keys:
            raise CardFullError("CKR_DEVICE_MEMORY (0x31)")
        if self.unique_ids and any(key.key_id == key_id for key in keys):
            raise refused()

    def add_key_pair(self, token: StoredToken, secret: bytes, key_id: bytes, label: str) -> None:
        """Store both halves of a new key."""
        self.add_private_key(token, secret, key_id, label)
        private = token.objects[-1]
        public = StoredObject(
            kind=ObjectKind.PUBLIC_KEY, key_id=private.key_id, label=private.label, value=public_half(secret)
        )
        token.objects.append(public)

    def add_private_key(self, token: StoredToken, secret: bytes, key_id: bytes, label: str) -> None:
        """Store a private key alone."""
        shown = public_half(secret) if _is_rsa(secret) else b""  # CKA_MODULUS; EC has nothing of the kind
        if self.own_names:
            key_id, label = self._own_name()
        token.objects.append(
            StoredObject(kind=ObjectKind.PRIVATE_KEY, key_id=key_id, label=label, value=shown, secret=secret)
        )

    def add_certificate(self, token: StoredToken, certificate: bytes, key_id: bytes, label: str) -> None:
        """Store a certificate, if there is room and its id is free."""
        room = self.room_left()
        if room is not None and len(certificate) > room:
            raise CardFullError("CKR_DEVICE_MEMORY (0x31)")
        if self.own_names:
            key_id, label = self._names_for(certificate, key_id, label)
        token.objects.append(StoredObject(kind=ObjectKind.CERTIFICATE, key_id=key_id, label=label, value=certificate))

    def rename(self, stored: StoredObject, key_id: bytes, label: str) -> None:
        """Give an object another name, unless the middleware knows better."""
        if not self.own_names:
            stored.key_id, stored.label = key_id, label

    # -- torn writes -----------------------------------------------------------------------------------------

    def tear_generation(self, token: StoredToken, secret: bytes, name: tuple[bytes, str], tear: Tear) -> None:
        """Stop in the middle of a key generation."""
        if tear is Tear.UNSEEN:
            self.lost_keys += 1
            return
        self.add_private_key(token, secret, *name)
        if tear is Tear.PHANTOM:
            _make_phantom(token.objects[-1])

    def tear_certificate(self, token: StoredToken, certificate: bytes, name: tuple[bytes, str], tear: Tear) -> None:
        """Stop in the middle of a certificate: its file is in no directory, or listed under a passing id."""
        if tear is Tear.UNSEEN:
            self.lost_bytes += len(certificate)
            return
        key_id, label = name
        is_second = any(stored.key_id == key_id for stored in self._every(ObjectKind.CERTIFICATE))
        taken = {stored.key_id for other in self.tokens for stored in other.objects}
        passing = free_id(key_id, taken) if self.unique_ids and is_second else key_id
        self.add_certificate(token, certificate, passing, label)

    def tear_renaming(self, stored: StoredObject, key_id: bytes) -> None:
        """Stop between the id and the label."""
        self.rename(stored, key_id, stored.label)

    def tear_destruction(self, token: StoredToken, stored: StoredObject) -> None:
        """Stop in the middle of a destruction: a private key's file is gone, its directory entry is not."""
        if stored.kind is ObjectKind.PRIVATE_KEY:
            _make_phantom(stored)
        else:
            token.objects.remove(stored)

    # -- names -----------------------------------------------------------------------------------------------

    def _every(self, kind: ObjectKind) -> list[StoredObject]:
        return [o for token in self.tokens for o in token.objects if o.kind is kind]

    def _own_name(self) -> tuple[bytes, str]:
        name = f"Identification{chr(ord('B') + self.keys_made)}"
        return name.encode(), name

    def _names_for(self, certificate: bytes, key_id: bytes, label: str) -> tuple[bytes, str]:
        try:
            parsed = Certificate.parse(certificate)
        except UnreadableCertificateError:
            return key_id, label
        keys = self._every(ObjectKind.PUBLIC_KEY)
        own_id = next((key.key_id for key in keys if key.value == parsed.public_key), key_id)
        return own_id, f"{parsed.common_name}, {parsed.organization}"


class Desk(State):
    """The readers of a computer and the cards in them; every card's reader is one of them."""

    cards: list[SimulatedCard]
    readers: list[str] = Field(default_factory=list)
    """Readers besides those that hold a card."""

    @property
    def all_readers(self) -> tuple[str, ...]:
        """Every reader once, with a card in it or not."""
        return tuple(dict.fromkeys([*(card.reader for card in self.cards), *self.readers]))


def code_digest(code: bytes) -> str:
    """Hide a code from a casual look at the file; six digits are no secret before anybody who tries."""
    return hashlib.sha256(b"simulated code " + code).hexdigest()


def _make_phantom(stored: StoredObject) -> None:
    stored.phantom, stored.secret = True, b""


def _is_rsa(secret: bytes) -> bool:
    return isinstance(load_private(secret), RSAPrivateKey)
