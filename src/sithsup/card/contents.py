"""From the objects on tokens to whole cards. Pure, and tolerant of anything: it never raises.

The rules, each because a real card needs it:

* A card with several codes shows one token per code. They belong together when they share reader and serial number;
  or, where a module gives each token its own, when certificates on both carry the same card number and the labels
  are the same up to the parenthesis.
* A token's role stands in its label in parentheses, in Swedish or English, perhaps cut off (a label has 32 bytes).
  Where the label is silent, the key usage of the certificates tells; a card with a single code opens both roles.
* Keys and certificates are paired by public key. CKA_ID is only a hint: for an EC private key, which does not show
  its public key, it is all there is.
* What does not parse is kept as `Unreadable`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sithsup.certificate import Certificate, UnreadableCertificateError
from sithsup.model import (
    CardCertificate,
    CardContents,
    CardObject,
    KeyPair,
    KeyRole,
    ObjectKind,
    TokenContents,
    TokenInfo,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

BOTH_ROLES = frozenset(KeyRole)

# Signature first: "Digital Signature PIN" must not be read as somebody's PIN1.
ROLE_WORDS = (
    (KeyRole.SIGNATURE, re.compile(r"underskr|sign|pin ?2", re.IGNORECASE)),
    (KeyRole.AUTHENTICATION, re.compile(r"legitim|identif|auth|pin ?1", re.IGNORECASE)),
)
CUT_WORDS = {
    KeyRole.SIGNATURE: ("underskrift", "signering", "signature", "digital signature"),
    KeyRole.AUTHENTICATION: ("legitimering", "identifiering", "identification", "authentication"),
}
SHORTEST_CUT = 3
"""Letters that a cut-off word must still have to be taken for a role."""

PARENTHESIS = re.compile(r"\s*\(([^()]*)\)?\s*$")


@dataclass(frozen=True, slots=True)
class _Read:
    """A token as it was read, and what its certificates say."""

    info: TokenInfo
    objects: tuple[CardObject, ...]
    certificates: tuple[CardCertificate, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset(c.certificate.card_number for c in self.certificates if c.certificate.card_number)

    def belongs_with(self, other: _Read) -> bool:
        """Whether two tokens are one card."""
        if self.info.reader == other.info.reader and self.info.id.serial == other.info.id.serial:
            return True
        return bool(self.numbers & other.numbers) and label_stem(self.info) == label_stem(other.info)


def group_cards(tokens: Iterable[tuple[TokenInfo, tuple[CardObject, ...]]]) -> tuple[CardContents, ...]:
    """Group tokens into the cards that they are on, in the order of their first token."""
    cards: list[list[_Read]] = []
    for token in (_read(info, objects) for info, objects in tokens):
        mine = [card for card in cards if any(token.belongs_with(other) for other in card)]
        joined = [other for card in mine for other in card] + [token]
        place = cards.index(mine[0]) if mine else len(cards)
        cards = [card for card in cards if not any(card is other for other in mine)]
        cards.insert(place, joined)
    return tuple(_contents(card) for card in cards)


def card_contents(tokens: Iterable[tuple[TokenInfo, tuple[CardObject, ...]]]) -> CardContents:
    """One card whose tokens are known to belong together; at least one."""
    return _contents([_read(info, objects) for info, objects in tokens])


def label_stem(info: TokenInfo) -> str:
    """The token's label up to the parenthesis."""
    return PARENTHESIS.sub("", info.id.label).strip()


def label_role(label: str) -> KeyRole | None:
    """The role that a token's label names in parentheses, None where it names none."""
    found = PARENTHESIS.search(label)
    word = found.group(1).strip() if found else ""
    for role, known in ROLE_WORDS:
        if known.search(word):
            return role
    return next((role for role, words in CUT_WORDS.items() if _is_cut_off(word.lower(), words)), None)


def _is_cut_off(word: str, words: tuple[str, ...]) -> bool:
    return len(word) >= SHORTEST_CUT and any(known.startswith(word) for known in words)


@lru_cache(maxsize=256)
def _parse(der: bytes) -> Certificate | str:
    """The certificate, or why it cannot be read. Remembered: a card is read over and over again."""
    try:
        return Certificate.parse(der)
    except UnreadableCertificateError as error:
        return str(error)


def _read(info: TokenInfo, objects: tuple[CardObject, ...]) -> _Read:
    found = [(o, _parse(o.value)) for o in objects if o.kind is ObjectKind.CERTIFICATE]
    return _Read(
        info,
        tuple(objects),
        tuple(CardCertificate(o, parsed) for o, parsed in found if isinstance(parsed, Certificate)),
        tuple(Unreadable(o, parsed) for o, parsed in found if isinstance(parsed, str)),
    )


def _contents(card: list[_Read]) -> CardContents:
    """Put the tokens in the order of their roles, so that codes are always asked for in the same order."""
    tokens = [TokenContents(token.info, _roles(token, card), token.objects) for token in card]
    tokens.sort(key=lambda token: [role not in token.roles for role in KeyRole])
    return CardContents(
        tokens=tuple(tokens),
        key_pairs=tuple(pair for token in card for pair in _key_pairs(token)),
        certificates=tuple(c for token in card for c in token.certificates),
        unreadable=tuple(u for token in card for u in token.unreadable),
    )


def _roles(token: _Read, card: list[_Read]) -> frozenset[KeyRole]:
    named = label_role(token.info.id.label)
    if named is not None:
        return frozenset({named})
    used = frozenset(c.certificate.role for c in token.certificates if c.certificate.role is not None)
    return BOTH_ROLES if used and len(card) == 1 else used


def _key_pairs(token: _Read) -> list[KeyPair]:
    """One pair per private key, then one per public key object that belongs to none of them."""
    public = [o for o in token.objects if o.kind is ObjectKind.PUBLIC_KEY]
    private = [o for o in token.objects if o.kind is ObjectKind.PRIVATE_KEY]
    pairs = [_pair(token, key, public) for key in private]
    taken = {pair.public_key for pair in pairs if pair.public_key}
    for key in public:
        if key.value and key.value not in taken:
            taken.add(key.value)
            pairs.append(KeyPair(token.info.id, key.key_id, key.value, None, key))
    return pairs


def _pair(token: _Read, private: CardObject, public: list[CardObject]) -> KeyPair:
    """Find the public half of a private key: by its own word, else by id among public keys, else certificates."""
    known = private.value or next((o.value for o in public if o.key_id == private.key_id and o.value), b"")
    if not known:
        same_id = (c for c in token.certificates if c.found.key_id == private.key_id)
        known = next((c.certificate.public_key for c in same_id), b"")
    halves = [o for o in public if known and o.value == known]
    halves.sort(key=lambda o: o.key_id != private.key_id)  # the one under the same id, where there are several
    return KeyPair(private.token, private.key_id, known, private, halves[0] if halves else None)
