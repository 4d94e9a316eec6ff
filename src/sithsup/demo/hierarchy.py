"""The demo's public-key infrastructure: throw-away authorities whose names all begin with TEST.

    TEST SITHS Root CA v1 ── TEST SITHS Type 1 CA v1               old certificates, SHA-1
    TEST Telia e-legitimation HW CA v1                             the other identity on the same card
    TEST SITHS e-id Root CA v2 ─┬─ ... Person HSA-id 3 CA v1       new certificates
                                ├─ ... Person ID 3 CA v1
                                ├─ ... Person HSA-id 2 CA v1       spare cards
                                └─ TEST SITHS e-id CMP v1          signs the authority's messages

Each authority has certified the one key of the status service for itself (RFC 6960, section 4.2.2.2). Everything is
kept in one folder as NAME.cer (DER) and NAME.key (PEM, owner-only).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sithsup.demo import profiles
from sithsup.demo.authorities import (
    CMP_SIGNER,
    RESPONDER,
    SERVICES,
    Maker,
    extend,
    key_identifiers,
    make_keys,
    new_builder,
)
from sithsup.demo.entity import Entity, PublicKey, load_key, sign_certificate, store_key
from sithsup.demo.profiles import Holder, Profile, Style, file_name
from sithsup.demo.scheme import SITHS, Scheme
from sithsup.model import KeyAlgorithm

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from sithsup.demo.entity import PrivateKey
    from sithsup.model import Clock

URL_FILE = "url"


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Every authority of the demo by its common name, and the two services."""

    url: str
    """Where the demo authority answers; every certificate points there. No slash at its end."""
    authorities: Mapping[str, Entity]
    cmp_signer: Entity
    responders: Mapping[str, Entity]
    """By the name of the authority that they answer for."""
    scheme: Scheme = SITHS

    @classmethod
    def make(
        cls,
        folder: Path,
        clock: Clock,
        url: str,
        key_algorithm: KeyAlgorithm = KeyAlgorithm.RSA_3072,
        scheme: Scheme = SITHS,
    ) -> Self:
        """Make the whole hierarchy and store it in `folder`. Keys that lie there already are used again.

        RSA keys get the sizes of the real ones, whichever RSA is named; P_256 makes all of them elliptic.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sizes = {name: plan.bits for name, plan in scheme.plans.items()} | SERVICES
        keys = _provide_keys(folder, sizes, elliptic=key_algorithm is KeyAlgorithm.P_256)
        maker = Maker(scheme, url, clock(), keys)
        made = cls(url, maker.authorities, maker.cmp_signer(), maker.responders(), scheme)
        for path, entity in _certificates(folder, made).items():
            path.write_bytes(entity.der)
        (folder / URL_FILE).write_text(url, "ascii")
        return made

    @classmethod
    def load(cls, folder: Path, scheme: Scheme = SITHS) -> Self:
        """Read a hierarchy that `make` stored, by the same scheme."""
        responder_key = load_key(_key_path(folder, RESPONDER))
        return cls(
            (folder / URL_FILE).read_text("ascii"),
            {name: _load(folder / file_name(name), load_key(_key_path(folder, name))) for name in scheme.plans},
            _load(folder / file_name(CMP_SIGNER), load_key(_key_path(folder, CMP_SIGNER))),
            {name: _load(folder / _responder(name), responder_key) for name in scheme.plans},
            scheme,
        )

    def issue(
        self,
        profile: Profile,
        public_key: bytes,
        holder: Holder,
        card_number: str | None,
        validity: tuple[datetime, datetime],
    ) -> bytes:
        """Issue a certificate of any profile for a SubjectPublicKeyInfo (DER); returns its DER. Keeps no record."""
        key, issuer = load_der_public_key(public_key), self.authorities[profile.issuer]
        if not isinstance(key, PublicKey):
            message = "only RSA and EC keys are certified"
            raise TypeError(message)
        subject = profiles.subject_name(profile, holder)
        serial_bytes = 16 if profile.style is Style.OLD else 15
        builder = new_builder(subject, issuer.certificate.subject, key, validity, serial_bytes)
        extensions = profiles.person_extensions(profile, holder, card_number, key, self.url)
        builder = extend(builder, [*extensions, *key_identifiers(key, issuer.key.public_key())])
        return Entity(sign_certificate(builder, issuer.key, self.scheme.plans[profile.issuer].hash), issuer.key).der

    @property
    def anchor(self) -> bytes:
        """The root of the new certificates, which a campaign trusts; DER."""
        return self.authorities[self.scheme.anchor].der

    def path(self, name: str) -> tuple[bytes, ...]:
        """The certificates from an authority upwards, its root left out; DER."""
        issuer = self.scheme.plans[name].issuer
        return () if issuer == name else (self.authorities[name].der, *self.path(issuer))


def _certificates(folder: Path, made: Hierarchy) -> dict[Path, Entity]:
    found = {file_name(name): entity for name, entity in {**made.authorities, CMP_SIGNER: made.cmp_signer}.items()}
    found |= {_responder(name): entity for name, entity in made.responders.items()}
    return {(folder / name).with_suffix(".cer"): entity for name, entity in found.items()}


def _load(path: Path, key: PrivateKey) -> Entity:
    return Entity(x509.load_der_x509_certificate(path.with_suffix(".cer").read_bytes()), key)


def _responder(authority: str) -> str:
    return f"{file_name(RESPONDER)}-{file_name(authority)}"


def _key_path(folder: Path, name: str) -> Path:
    return (folder / file_name(name)).with_suffix(".key")


def _provide_keys(folder: Path, sizes: Mapping[str, int], *, elliptic: bool) -> dict[str, PrivateKey]:
    """Make the keys that do not lie in the folder yet, and read the others."""
    missing = {name: bits for name, bits in sizes.items() if not _key_path(folder, name).exists()}
    made = make_keys(missing, elliptic=elliptic)
    for name, key in made.items():
        store_key(_key_path(folder, name), key)
    return {name: made.get(name) or load_key(_key_path(folder, name)) for name in sizes}
