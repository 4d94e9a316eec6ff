"""A card as the upgrade uses it: found, chosen, opened, read and changed, with the rules that hold for every act.

* Before a code is asked for or sent the card is read again, and must be the one that was begun with: else a try would
  be spent on a stranger's card.
* After every act, and after every error, what was seen of the touched tokens is forgotten and read again when needed.
* A module answers a bare general error when the card was pulled. So after an error it is asked, for a second, whether
  the card is still there; when it is not, the error becomes `CardRemovedError`.
* After something for which the card had no room the module is started anew, and the card must be opened again. Measured
  on OpenSC: it believes what it could not write, and writes the next directory empty.
* A code is asked for anew each time that one is sent. Nothing here keeps one.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sithsup.card.contents import card_contents, group_cards
from sithsup.card.pin import code_lengths
from sithsup.card.unblocking import way_of
from sithsup.errors import (
    CardChoiceError,
    CardError,
    CardFullError,
    CardReadOnlyError,
    CardRemovedError,
    CodeError,
    CodeLengthError,
    CodeLockedError,
    CodeNeededError,
    ModuleCrashedError,
    ModuleHungError,
    NoCardError,
    NoReaderError,
    NoSuchCardError,
    NoSuchReaderError,
    NotSupportedError,
    ObjectGoneError,
    OtherCardError,
    role_text,
)
from sithsup.model import CodeState, KeyRole, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sithsup.card.pin import Code, CodeSource
    from sithsup.card.token import Token
    from sithsup.model import CardContents, CardObject, KeyAlgorithm, TokenContents, TokenId, TokenInfo

CERTAIN = (
    CardFullError,
    CardReadOnlyError,
    CardRemovedError,
    CodeError,
    ModuleCrashedError,
    ModuleHungError,
    NotSupportedError,
    OtherCardError,
)
"""Errors that leave no doubt whether the card is there."""

PRESENCE_PAUSE = 0.1  # seconds between two looks
PRESENCE_LOOKS = 10  # a pulled card is listed for another 0.5 s (pcscd polls)


class Card:
    """One card, the codes that open it, and what was last seen on it."""

    def __init__(
        self, token: Token, contents: CardContents, codes: CodeSource, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Begin with a card as `find_cards` read it."""
        self._token = token
        self._codes = codes
        self._pause = pause
        self._contents = contents
        self._stale: set[TokenId] = set()
        self._open: set[TokenId] = set()
        self._public_keys = _public_keys(contents)
        self._number = contents.number

    def is_open(self, token: TokenId) -> bool:
        """Whether a token was opened with its code, and so shows all that it has."""
        return token in self._open

    # ------------------------------------------------------------------------------------------- reading

    @property
    def contents(self) -> CardContents:
        """What is on the card; tokens that were touched since the last reading are read again."""
        if self._stale:
            self._read(self._stale)
        return self._contents

    def refresh(self) -> CardContents:
        """Read all of it again, now."""
        self._stale.update(self._ids)
        return self.contents

    def _read(self, stale: set[TokenId]) -> None:
        with self._asking():
            kept = {token.info.id: token for token in self._contents.tokens if token.info.id not in stale}
            # a part of a card is read without a look at all of it: reading tells whether the token is there
            infos = {token.info.id: token.info for token in self._contents.tokens} if kept else self._infos()
            contents = card_contents(
                (infos[token], kept[token].objects if token in kept else self._objects(token)) for token in self._ids
            )
            self._check_same(contents)
        # what showed private keys and shows none any more was closed by another program, which resets cards
        self._open -= _with_private_keys(self._contents) - _with_private_keys(contents)
        self._contents = contents
        self._stale = set()

    def _objects(self, token: TokenId) -> tuple[CardObject, ...]:
        try:
            return self._token.objects(token)
        except CardRemovedError:
            self._infos()  # says so when another card is there
            raise

    def _infos(self) -> dict[TokenId, TokenInfo]:
        """The tokens of this card as they are now; raises when they are not all there."""
        present = self._token.tokens()
        infos = {info.id: info for info in present if info.id in self._ids}
        if len(infos) == len(self._ids):
            return infos
        readers = {token.info.reader for token in self._contents.tokens}
        if not infos and any(info.reader in readers for info in present):
            raise OtherCardError("other tokens in the same reader")
        raise CardRemovedError("not every token of the card is there")

    def _check_same(self, contents: CardContents) -> None:
        """The same tokens carry the same card number and a public key that was seen before."""
        if self._number is not None and self._number not in contents.numbers:
            raise OtherCardError("another card number")
        seen = _public_keys(contents)
        if self._public_keys and not self._public_keys & seen:
            raise OtherCardError("none of the known public keys")
        self._public_keys |= seen

    @property
    def _ids(self) -> tuple[TokenId, ...]:
        return tuple(token.info.id for token in self._contents.tokens)

    # -------------------------------------------------------------------------------------------- codes

    def log_in(self) -> None:
        """Open every token that has a role and is not open yet, the one for authentication first.

        Raises `OtherCardError` and `CodeLockedError` before any code is asked for, `CodeNeededError` when the person
        does not want to give one, `CodeIncorrectError`.
        """
        closed = [token for token in self.refresh().tokens if token.roles and token.info.id not in self._open]
        closed.sort(key=lambda token: KeyRole.AUTHENTICATION not in token.roles)
        for token in closed:
            _refuse_locked(token)
        for token in closed:
            with self._asking(token.info.id):
                self._send_code(token)
            self._open.add(token.info.id)

    @property
    def may_unblock(self) -> bool:
        """Whether a way is known by which the module gives a locked code a new value."""
        return way_of(self._token.module()) is not None

    def unblock(self, token: TokenId, puk: Code, code: Code) -> None:
        """Give the code of a token a new value by means of its PUK code; both are wiped."""
        with puk, code, self._asking(token):
            self._token.unblock(token, puk, code)

    def _send_code(self, token: TokenContents) -> None:
        with role_named(token):
            if token.info.pin_pad:
                self._token.log_in(token.info.id, None)
                return
            with self._asked(token) as code:
                self._token.log_in(token.info.id, code)

    @contextmanager
    def _asked(self, token: TokenContents) -> Iterator[Code]:
        """A code from the person, for the length of the block; one that cannot be it costs no try."""
        code = self._codes.code(token.info, token.roles)
        if code is None:
            raise CodeNeededError("none was given")
        with code:
            if len(code) not in code_lengths(token.info):
                raise CodeLengthError("not sent", state=token.info.code)
            yield code

    # --------------------------------------------------------------------------------------------- acts

    def generate_key_pair(self, role: KeyRole, algorithm: KeyAlgorithm, key_id: bytes, label: str) -> None:
        """Generate a key pair on the token of a role."""
        token = self._token_for(role)
        with self._asking(token):
            self._token.generate_key_pair(token, algorithm, key_id, label)

    def sign(self, public_key: bytes, data: bytes) -> bytes:
        """Sign with the private key of this public key. Where the key wants its code each time, it is asked for."""
        key = self._private_key(public_key)
        if not key.always_authenticate:
            with self._asking():
                return self._token.sign(key, data)
        self.refresh()  # a code is about to be sent: first see that it is the same card
        token = next(token for token in self._contents.tokens if token.info.id == key.token)
        _refuse_locked(token)
        with self._asking(key.token), role_named(token):
            if token.info.pin_pad:
                return self._token.sign(key, data)
            with self._asked(token) as code:
                return self._token.sign(key, data, code)

    def write_certificate(self, role: KeyRole, certificate: bytes, key_id: bytes, label: str) -> None:
        """Write a certificate on the token of a role."""
        token = self._token_for(role)
        with self._asking(token):
            self._token.write_certificate(token, certificate, key_id, label)

    def put_back(self, certificate: CardObject) -> None:
        """Write a certificate that was on the card before: on the same token, under the same id and label."""
        with self._asking(certificate.token):
            self._token.write_certificate(certificate.token, certificate.value, certificate.key_id, certificate.label)

    def rename(self, found: CardObject, key_id: bytes, label: str) -> None:
        """Give an object another id and label."""
        with self._asking(found.token):
            self._token.rename(found, key_id, label)

    def destroy(self, found: CardObject) -> None:
        """Destroy one object."""
        with self._asking(found.token):
            self._token.destroy(found)

    def _token_for(self, role: KeyRole) -> TokenId:
        token = self._contents.token_for(role)
        if token is None:
            raise NotSupportedError(f"no token for {role}", answer=role.value)
        return token.info.id

    def _private_key(self, public_key: bytes) -> CardObject:
        pair = self.contents.key_pair(public_key)
        if pair is None or pair.private is None:
            raise ObjectGoneError(ObjectKind.PRIVATE_KEY.value)
        return pair.private

    # ------------------------------------------------------------------------------------------- errors

    @contextmanager
    def _asking(self, *touched: TokenId) -> Iterator[None]:
        """Whatever happens in here, what was seen of the touched tokens is old; after an error, all of it is."""
        self._stale.update(touched)
        try:
            yield
        except CardError as error:
            self._stale.update(self._ids)
            if isinstance(error, CodeError):
                self._name_role(error)
            else:
                self._open.clear()
            if isinstance(error, CardFullError):
                self._token.renew()
            if not isinstance(error, CERTAIN) and self._is_gone():
                raise CardRemovedError(str(error)) from error
            raise

    def _name_role(self, error: CodeError) -> None:
        """Put into an error about a code what the code is for, where the module named the token by its label."""
        for token in self._contents.tokens:
            if token.roles and token.info.id.label == error.values.get("role"):
                error.values["role"] = role_text(token.roles)

    def _is_gone(self) -> bool:
        """Whether a token of the card goes away within a second of an error."""
        for look in range(PRESENCE_LOOKS):
            if look:
                self._pause(PRESENCE_PAUSE)
            try:
                present = {info.id for info in self._token.tokens()}
            except CardError:
                return False  # the module cannot tell: the first error stands
            if not present.issuperset(self._ids):
                return True
        return False


def _public_keys(contents: CardContents) -> frozenset[bytes]:
    """The public keys of the certificates on a card: what it is known by."""
    return frozenset(c.certificate.public_key for c in contents.certificates)


def _refuse_locked(token: TokenContents) -> None:
    if token.info.code is CodeState.LOCKED:
        with role_named(token):
            raise CodeLockedError("by the token's flags")


@contextmanager
def role_named(token: TokenContents) -> Iterator[None]:
    """Put into an error about a code what the code is for."""
    try:
        yield
    except CodeError as error:
        error.values["role"] = role_text(token.roles)
        raise


# ------------------------------------------------------------------------------------------------ finding


def find_cards(token: Token) -> tuple[CardContents, ...]:
    """Read every card in every reader, as far as that needs no code. Raises `NoReaderError`.

    A card that is pulled meanwhile is left out.
    """
    if not token.readers():
        raise NoReaderError
    read, gone = [], set()
    for info in token.tokens():
        try:
            read.append((info, token.objects(info.id)))
        except CardRemovedError:
            gone.add(info.reader)  # half a card would look like another card
    return group_cards((info, objects) for info, objects in read if info.reader not in gone)


def choose_card(cards: tuple[CardContents, ...], *, reader: str | None, number: str | None) -> CardContents:
    """The one card that is meant, by (part of) its reader's name or by its number, else the only one."""
    if not cards:
        raise NoCardError
    meant = cards
    if reader is not None:
        meant = tuple(card for card in meant if any(reader.casefold() in name.casefold() for name in _readers(card)))
        if not meant:
            raise NoSuchReaderError(reader, cards=_listed(cards))
    if number is not None:
        meant = tuple(card for card in meant if number in card.numbers)
    if not meant:
        raise NoSuchCardError(cards=_listed(cards))
    if len(meant) > 1:
        raise CardChoiceError(cards=_listed(meant))
    return meant[0]


def _listed(cards: tuple[CardContents, ...]) -> str:
    """Cards to choose from: their numbers, with their readers."""
    return "; ".join(f"{card.number or '-'} ({card.reader})" for card in cards)


def _readers(card: CardContents) -> tuple[str, ...]:
    return tuple(token.info.reader for token in card.tokens)


def _with_private_keys(contents: CardContents) -> set[TokenId]:
    return {pair.token for pair in contents.key_pairs if pair.private is not None}
