"""The certificates of a demo card, whatever card it is: who issues them, and under which id and label they lie there.

Labels of certificates are "COMMON NAME, ISSUER'S ORGANISATION".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import x509

from sithsup.demo.kinds import BETWEEN_RENEWALS, age_of, key_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from datetime import datetime
    from typing import Any

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.kinds import Kind, TokenPlan
    from sithsup.demo.profiles import Holder


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A token with its keys. Its serial number tells it from the same token of another card."""

    plan: TokenPlan
    serial: str
    public_keys: Mapping[bytes, bytes]
    """SubjectPublicKeyInfo (DER) by key id."""


@dataclass(frozen=True, slots=True)
class BlankCard:
    """A card with keys and codes that belongs to nobody yet. What becomes of its making is its workshop's affair."""

    kind: Kind
    tokens: Future[Any]


@dataclass(frozen=True, slots=True)
class WrittenCertificate:
    """A certificate and where on the card it lies."""

    serial: str
    key_id: bytes
    label: str
    der: bytes


@dataclass(frozen=True, slots=True)
class DemoCard:
    """The finished card, with what the authority's ledger wants to know of it."""

    number: str
    holder: Holder
    codes: tuple[str, ...]
    """The authentication code, then the signature code; one for both on a card with one token.
    None of a token that no code opens."""
    puks: tuple[str, ...]
    """The PUK code of each token, in the same order."""
    certificates: tuple[tuple[str, bytes], ...]
    """(name of the profile, DER) of each of the holder's certificates, the oldest first."""


def finish(
    kind: Kind, number: str, holder: Holder, hierarchy: Hierarchy, tokens: tuple[MadeToken, ...], now: datetime
) -> tuple[DemoCard, tuple[WrittenCertificate, ...]]:
    """Issue the holder's certificates; what is to be written to the card, the authorities' own certificates too."""
    issued = tuple(_issue(kind, number, holder, hierarchy, tokens, now))
    written = (*_personal(kind, issued, holder, hierarchy, tokens), *_authorities(kind, hierarchy, tokens))
    codes = tuple(token.plan.code for token in tokens if token.plan.has_code)
    return DemoCard(number, holder, codes, tuple(token.plan.puk for token in tokens), issued), written


def _issue(
    kind: Kind,
    number: str,
    holder: Holder,
    hierarchy: Hierarchy,
    tokens: tuple[MadeToken, ...],
    now: datetime,
) -> Iterator[tuple[str, bytes]]:
    scheme = hierarchy.scheme
    filling = scheme.fillings[kind]
    for renewal in range(filling.renewals, -1, -1):
        for name in filling.profiles:
            begins = now - age_of(scheme.profiles[name], kind, filling) - renewal * BETWEEN_RENEWALS
            key_id = key_for(scheme.profiles[name], kind).key_id
            public_key = _token_with(key_id, tokens).public_keys[key_id]
            validity = (begins, begins + filling.lifetime)
            yield name, hierarchy.issue(scheme.profiles[name], public_key, holder, number, validity)


def _token_with(key_id: bytes, tokens: tuple[MadeToken, ...]) -> MadeToken:
    return next(token for token in tokens if key_id in token.public_keys)


def _personal(
    kind: Kind,
    issued: tuple[tuple[str, bytes], ...],
    holder: Holder,
    hierarchy: Hierarchy,
    tokens: tuple[MadeToken, ...],
) -> Iterator[WrittenCertificate]:
    for name, der in issued:
        key_id = key_for(hierarchy.scheme.profiles[name], kind).key_id
        organization = x509.Certificate.load(der).issuer.native["organization_name"]
        label = f"{holder.common_name}, {organization}"
        yield WrittenCertificate(_token_with(key_id, tokens).serial, key_id, label, der)


def _authorities(kind: Kind, hierarchy: Hierarchy, tokens: tuple[MadeToken, ...]) -> Iterator[WrittenCertificate]:
    for name in hierarchy.scheme.fillings[kind].authorities:
        yield WrittenCertificate(tokens[0].serial, name.encode(), name, hierarchy.authorities[name].der)
