"""A PKCS#11 module in front of simulated cards: `card.token.Token`, honest and fast.

What it shows was measured on real stacks:

* A card that is pulled in the middle of a call is answered for by a bare CKR_GENERAL_ERROR; later calls find
  no card. Listing calls do not fail: they list what is left.
* Log-ins belong to the module's process and to the card's power: pulling, restarting and crashing end them.
* A process that hung or crashed stays dead until `restart`.
* After a certificate for which there was no room, whatever is written next costs every certificate of the card, unless
  the module is started anew before: OpenSC then writes an empty directory.
* Private keys are seen only by whoever logged in; nothing is written without a log-in.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeVar

from sithsup.card import unblocking
from sithsup.errors import (
    CardError,
    CardFullError,
    CardRemovedError,
    CodeIncorrectError,
    CodeLockedError,
    CodeNeededError,
    ModuleCrashedError,
    ModuleHungError,
    NotSupportedError,
    ObjectGoneError,
    PukIncorrectError,
)
from sithsup.model import CardObject, KeyAlgorithm, ModuleInfo, ObjectKind, TokenId, TokenInfo
from sithsup.sim import keys
from sithsup.sim.card import Desk, SimulatedCard, StoredObject, StoredToken, refused
from sithsup.sim.faults import Failure, Faults, Mishap, Tear, When

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sithsup.card.pin import Code

R = TypeVar("R")
MODULE = ModuleInfo("simulated", "sithsup", "Simulated cards", "1.0")
PATIENCE = 60
"""Seconds that the errors say a hanging module was given; nobody waits here."""


class SimulatedToken:
    """One module process. The desk with its cards outlives it, and so does `path`, where there is one."""

    def __init__(
        self,
        desk: Desk,
        faults: Faults | None = None,
        pool: keys.KeyPool | None = None,
        path: Path | None = None,
    ) -> None:
        """Start the module. With a `path`, the desk is saved after each call that may have changed it."""
        self.desk = desk
        self.faults = faults or Faults()
        self._pool = pool or keys.KeyPool()
        self._path = path
        self.codes_sent = 0
        """How many codes ever came here, right or wrong."""
        self._open: set[TokenId] = set()
        self._dead = False
        self._is_spoilt = False
        self._lock = threading.RLock()

    # -- what a person does ----------------------------------------------------------------------------------

    def pull(self) -> None:
        """Take every card out."""
        for card in self.desk.cards:
            self._pull(card)

    def insert(self) -> None:
        """Put every card back where it was."""
        for card in self.desk.cards:
            card.present = True

    def restart(self, faults: Faults | None = None) -> None:
        """Start a new process, with a new script; without one, the old script goes on counting."""
        self._open.clear()
        self._dead = False
        self._is_spoilt = False
        self.faults = faults or self.faults

    def renew(self) -> None:
        """Start a new process in peace. Not counted among the calls."""
        self.restart()

    # -- listing ---------------------------------------------------------------------------------------------

    def module(self) -> ModuleInfo:
        """Introduce the simulator."""
        return self._list("module", lambda: MODULE)

    def readers(self) -> tuple[str, ...]:
        """Name every reader."""
        return self._list("readers", lambda: self.desk.all_readers)

    def unrecognized(self) -> tuple[str, ...]:
        """Name every reader with a card that has no token: such a card is mute."""
        return self._list(
            "unrecognized", lambda: tuple(card.reader for card in self.desk.cards if card.present and not card.tokens)
        )

    def tokens(self) -> tuple[TokenInfo, ...]:
        """Describe every token of every card that is in."""
        return self._list(
            "tokens",
            lambda: tuple(_info(card, token) for card in self.desk.cards if card.present for token in card.tokens),
        )

    def objects(self, token: TokenId) -> tuple[CardObject, ...]:
        """Read a token; private keys only after a log-in."""
        return self._call("objects", token, lambda: self._objects(token))

    def _objects(self, token_id: TokenId) -> tuple[CardObject, ...]:
        card, token = self._find(token_id)
        hidden = set() if token_id in self._open else {ObjectKind.PRIVATE_KEY}
        return tuple(card.seen(token, stored) for stored in token.objects if stored.kind not in hidden)

    # -- codes -----------------------------------------------------------------------------------------------

    def log_in(self, token: TokenId, code: Code | None) -> None:
        """Open a token; on a PIN pad the holder is taken to type the right code."""
        self.codes_sent += code is not None
        try:
            self._call("log_in", token, lambda: self._log_in(token, code))
        finally:
            if code is not None:
                code.wipe()

    def _log_in(self, token_id: TokenId, code: Code | None) -> None:
        _, token = self._find(token_id)
        if token_id not in self._open:
            _check_code(token, code)
            self._open.add(token_id)

    def log_out(self, token: TokenId) -> None:
        """Close a token."""
        self._call("log_out", token, lambda: self._open.discard(token))

    def unblock(self, token: TokenId, puk: Code, code: Code) -> None:
        """Give a locked code a new value, and leave the token closed."""
        self.codes_sent += 1
        with puk as known, code as chosen:
            self._call("unblock", token, lambda: self._unblock(token, bytes(known), bytearray(chosen)))

    def _unblock(self, token_id: TokenId, puk: bytes, chosen: bytearray) -> None:
        card, token = self._find(token_id)
        info = _info(card, token)
        unblocking.require_way(MODULE, info)
        unblocking.require_suitable(info, chosen)
        self._open.discard(token_id)
        if not token.try_puk(puk, bytes(chosen)):
            raise PukIncorrectError("CKR_PIN_INCORRECT (0xA0)", state=token.puk, role=token.label)

    def close(self) -> None:
        """End the process in peace. Not counted among the calls: it ends even what is dead."""
        self._open.clear()

    # -- keys ------------------------------------------------------------------------------------------------

    def generate_key_pair(self, token: TokenId, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """Generate a pair whose keys come from the pool."""

        def make() -> tuple[SimulatedCard, StoredToken, bytes]:
            card, stored = self._find_writable(token)
            if algorithm not in card.algorithms:
                raise NotSupportedError("CKR_MECHANISM_INVALID (0x70)", answer="CKR_MECHANISM_INVALID (0x70)")
            card.check_room_for_key(key_id)
            card.keys_made += 1
            return card, stored, self._pool.key(algorithm, f"{card.serial}/{card.keys_made}")

        def whole() -> None:
            card, stored, secret = make()
            card.add_key_pair(stored, secret, key_id, label)

        def torn(tear: Tear) -> None:
            card, stored, secret = make()
            card.tear_generation(stored, secret, (key_id, label), tear)

        self._call("generate_key_pair", token, whole, torn)

    def sign(self, key: CardObject, data: bytes, code: Code | None = None) -> bytes:
        """Sign for real."""
        self.codes_sent += code is not None
        try:
            return self._call("sign", key.token, lambda: self._sign(key, data, code))
        finally:
            if code is not None:
                code.wipe()

    def _sign(self, key: CardObject, data: bytes, code: Code | None) -> bytes:
        _, token = self._find(key.token)
        self._check_open(key.token)
        stored = self._find_object(key)
        if token.always_authenticate:
            _check_code(token, code)
        if not stored.secret:
            raise refused()
        return keys.sign(stored.secret, data)

    # -- writing ---------------------------------------------------------------------------------------------

    def write_certificate(self, token: TokenId, certificate: bytes, key_id: bytes, label: str) -> None:
        """Write a certificate."""

        def whole() -> None:
            card, stored = self._find_writable(token)
            card.add_certificate(stored, certificate, key_id, label)

        def torn(tear: Tear) -> None:
            card, stored = self._find_writable(token)
            card.tear_certificate(stored, certificate, (key_id, label), tear)

        self._call("write_certificate", token, whole, torn)

    def rename(self, found: CardObject, key_id: bytes, label: str) -> None:
        """Rename an object."""

        def whole() -> None:
            card, _ = self._find_writable(found.token)
            card.rename(self._find_object(found), key_id, label)

        def torn(_: Tear) -> None:
            card, _stored = self._find_writable(found.token)
            card.tear_renaming(self._find_object(found), key_id)

        self._call("rename", found.token, whole, torn)

    def destroy(self, found: CardObject) -> None:
        """Destroy an object; a phantom refuses."""

        def whole() -> None:
            _, token = self._find_writable(found.token)
            stored = self._find_object(found)
            if stored.phantom:
                raise refused()
            token.objects.remove(stored)

        def torn(_: Tear) -> None:
            card, token = self._find_writable(found.token)
            card.tear_destruction(token, self._find_object(found))

        self._call("destroy", found.token, whole, torn)

    # -- finding ---------------------------------------------------------------------------------------------

    def _find(self, token_id: TokenId) -> tuple[SimulatedCard, StoredToken]:
        for card in self.desk.cards:
            token = card.token(token_id) if card.present else None
            if token is not None:
                return card, token
        raise CardRemovedError("CKR_TOKEN_NOT_PRESENT (0xE0)")

    def _find_writable(self, token_id: TokenId) -> tuple[SimulatedCard, StoredToken]:
        card, token = self._find(token_id)
        self._check_open(token_id)
        card.check_writable()
        if self._is_spoilt:
            card.forget_certificates()
        return card, token

    def _find_object(self, found: CardObject) -> StoredObject:
        card, token = self._find(found.token)
        for stored in token.objects:
            if card.seen(token, stored) == found:
                return stored
        raise ObjectGoneError("CKR_OBJECT_HANDLE_INVALID (0x82)")

    def _check_open(self, token_id: TokenId) -> None:
        if token_id not in self._open:
            raise CodeNeededError("CKR_USER_NOT_LOGGED_IN (0x101)", role=token_id.label)

    # -- going wrong -----------------------------------------------------------------------------------------

    def _list(self, verb: Literal["module", "readers", "unrecognized", "tokens"], act: Callable[[], R]) -> R:
        """Make a call that names no card: pulling one shows in the answer, or in the next one."""
        with self._lock:
            mishap = self._due(verb)
            if mishap is None:
                return act()
            if mishap.failure is not Failure.CARD_PULLED:
                raise self._strike(verb, mishap, None)
            answer = act()
            self.pull()
            return answer if mishap.when is When.AFTER else act()

    def _call(self, verb: str, token: TokenId, act: Callable[[], R], torn: Callable[[Tear], None] | None = None) -> R:
        """Make a call, and let the script have its way with it."""
        with self._lock:
            mishap = self._due(verb)
            try:
                if mishap is None:
                    return act()
                with suppress(CardError):  # whatever it would have said, nobody hears it
                    if mishap.when is When.AFTER:
                        act()
                    elif mishap.tear is not None and torn is not None:
                        torn(mishap.tear)
                raise self._strike(verb, mishap, token)
            except CardFullError:
                self._is_spoilt = verb == "write_certificate"
                raise
            finally:
                self._save()

    def _due(self, verb: str) -> Mishap | None:
        if self._dead:
            raise ModuleCrashedError("the process has ended")
        return self.faults.due(verb)

    def _strike(self, verb: str, mishap: Mishap, token: TokenId | None) -> BaseException:
        """Bring about what the failure does besides the call, and name what is raised."""
        if mishap.failure is Failure.CARD_REFUSED:
            return refused()
        if mishap.failure is Failure.CARD_PULLED:
            for card in self.desk.cards:
                if token is not None and card.token(token) is not None:
                    self._pull(card)
            return refused()
        if mishap.failure is Failure.PROCESS_KILLED:
            return self.faults.kill(verb)
        self._dead = True
        if mishap.failure is Failure.MODULE_HUNG:
            return ModuleHungError(seconds=PATIENCE)
        return ModuleCrashedError()

    def _pull(self, card: SimulatedCard) -> None:
        card.present = False
        self._open -= {card.id_of(token) for token in card.tokens}
        self._save()

    def _save(self) -> None:
        if self._path is not None:
            self.desk.save(self._path)


def _check_code(token: StoredToken, code: Code | None) -> None:
    """Compare a code with the token's. The third wrong one locks, and is still called wrong, as on cards."""
    if token.tries == 0:
        raise CodeLockedError("CKR_PIN_LOCKED (0xA4)", role=token.label)
    if code is None:
        if token.pin_pad:
            return
        raise CodeNeededError("CKR_USER_NOT_LOGGED_IN (0x101)", role=token.label)
    with code as given:
        right = token.try_code(bytes(given))
    if not right:
        raise CodeIncorrectError("CKR_PIN_INCORRECT (0xA0)", state=token.code, role=token.label)


def _info(card: SimulatedCard, token: StoredToken) -> TokenInfo:
    return TokenInfo(
        id=card.id_of(token),
        reader=card.reader,
        manufacturer="sithsup",
        model="simulated",
        code=token.code,
        pin_pad=token.pin_pad,
        read_only=card.read_only,
        algorithms=card.algorithms,
        free_public_memory=card.room_left(),
        puk=token.puk,
    )
