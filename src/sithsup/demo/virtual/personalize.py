"""From a plan to a card: codes, keys and certificates, written as PKCS #15 has them. Pure but for the keys' own chance.

What is written here is the card of the first day. Whatever comes later is written by OpenSC, in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from asn1crypto import keys as asn1_keys

from sithsup.demo.virtual import pkcs15_asn1 as pkcs15
from sithsup.demo.virtual.codes import LENGTH, PADDING, stored
from sithsup.demo.virtual.keys import EXPONENT, public_half
from sithsup.demo.virtual.memory import MF, File, FileKind, Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from asn1crypto import core

    from sithsup.demo.virtual.memory import StoredCode

APPLICATION_ID = bytes.fromhex("A000000063504B43532D3135")
APPLICATION = MF + "5015"
MAKER = "TEST"

DIR, ODF, TOKEN_INFO = MF + "2F00", APPLICATION + "5031", APPLICATION + "5032"
CODES, PRIVATE_KEYS, CERTIFICATES, PUBLIC_KEYS = (APPLICATION + name for name in ("4401", "4402", "4403", "4404"))
KEY_FILES, CERTIFICATE_FILES, PUBLIC_KEY_FILES = 0x4B00, 0x4300, 0x5500
SMALLEST_DIRECTORY = 1530
"""Bytes; it has room for what is there and as much again."""
ROOM = 48 * 1024
"""Bytes on a card of the usual size."""

HOLDER_WRITES = bytes.fromhex("01FFFF")  # read by all, written with a code, never deleted
HOLDER_DELETES = bytes.fromhex("011FFF")
NOBODY_WRITES = bytes.fromhex("0FFFFF")
HOLDER_CREATES = bytes.fromhex("00FFFF")


@dataclass(frozen=True, slots=True)
class CodePlan:
    """A code, its label, and the code (PUK) that unblocks it. A label stands in parentheses after the card's."""

    label: str
    code: str
    unblocking: str
    tries: int = 3
    is_locked: bool = False
    """Whether every try was used up already."""


@dataclass(frozen=True, slots=True)
class KeyOnCard:
    """A key pair to be put on the card. `code` is the place of its code, from 0."""

    code: int
    key_id: bytes
    label: str
    secret: bytes
    """RSA, as PKCS#8."""
    deciphers: bool = False
    wants_consent: bool = False
    """The code is to be given for each signature."""


@dataclass(frozen=True, slots=True)
class CertificateOnCard:
    """A certificate to be put on the card."""

    key_id: bytes
    label: str
    der: bytes
    is_authority: bool = False


def blank(
    label: str, serial: bytes, codes: Sequence[CodePlan], *, room: int | None = ROOM, maker: str = MAKER
) -> Memory:
    """A card with codes and nothing else."""
    application = pkcs15.ApplicationTemplate(
        {"application_id": APPLICATION_ID, "label": label, "path": bytes.fromhex(APPLICATION)}
    )
    files = {
        MF: File(kind=FileKind.DF, access=NOBODY_WRITES),
        APPLICATION: File(kind=FileKind.DF, access=HOLDER_CREATES, name=APPLICATION_ID),
        DIR: _fixed(application.dump()),
        ODF: _fixed(_directories()),
        TOKEN_INFO: _fixed(_token_info(label, serial, maker=maker)),
        CODES: _fixed(b"".join(_code(place, plan) for place, plan in enumerate(codes))),
        PRIVATE_KEYS: _directory(()),
        PUBLIC_KEYS: _directory(()),
        CERTIFICATES: _directory(()),
    }
    kept = {place: _kept(plan) for place, plan in enumerate(codes, 1)}
    return Memory(serial=serial, files=files, codes=kept, room=room)


def _kept(plan: CodePlan) -> StoredCode:
    code = stored(plan.code, plan.unblocking, plan.tries)
    return code.but(tries_left=0) if plan.is_locked else code


def personalize(card: Memory, keys: Sequence[KeyOnCard], certificates: Sequence[CertificateOnCard]) -> Memory:
    """Put keys and certificates on a blank card."""
    files = dict(card.files)
    for place, key in enumerate(keys, 1):
        public, rights = public_half(key.secret), key.code + 1
        numbers = _rsa_numbers(public)
        files[_path(KEY_FILES, place)] = File(
            kind=FileKind.RSA_KEY,
            access=bytes([rights << 4 | rights, rights << 4 | rights, 0xFF]),
            size=numbers["modulus"].native.bit_length(),
            secret=key.secret,
            public=public,
        )
        files[_path(PUBLIC_KEY_FILES, place)] = _file(numbers.dump())
    for place, certificate in enumerate(certificates, 1):
        files[_path(CERTIFICATE_FILES, place)] = _file(certificate.der)
    files[PRIVATE_KEYS] = _directory(_private_key(place, key) for place, key in enumerate(keys, 1))
    files[PUBLIC_KEYS] = _directory(_public_key(place, key) for place, key in enumerate(keys, 1))
    files[CERTIFICATES] = _directory(_certificate(place, each) for place, each in enumerate(certificates, 1))
    return card.but(files=files)


def make_read_only(card: Memory, label: str) -> Memory:
    """The same card, write-protected; it says so itself."""
    info = _fixed(_token_info(label, card.serial, read_only=True))
    return card.with_file(TOKEN_INFO, info).but(read_only=True)


# ----------------------------------------------------------------------------------------------- the files


def _path(first: int, place: int) -> str:
    return f"{APPLICATION}{first + place:04X}"


def _fixed(content: bytes) -> File:
    return File(kind=FileKind.EF, access=NOBODY_WRITES, size=len(content), content=content)


def _file(content: bytes) -> File:
    return File(kind=FileKind.EF, access=HOLDER_DELETES, size=len(content), content=content)


def _directory(entries: Iterable[bytes]) -> File:
    content = b"".join(entries)
    size = max(SMALLEST_DIRECTORY, 2 * len(content))
    return File(kind=FileKind.EF, access=HOLDER_WRITES, size=size, content=content.ljust(size, b"\0"))


# ---------------------------------------------------------------------------------------------- the entries


def _directories() -> bytes:
    named = {"private_keys": PRIVATE_KEYS, "public_keys": PUBLIC_KEYS, "certificates": CERTIFICATES, "codes": CODES}
    return b"".join(
        bytes(pkcs15.DirectoryPath(name, pkcs15.Path({"path": bytes.fromhex(path)})).dump())
        for name, path in named.items()
    )


def _token_info(label: str, serial: bytes, *, maker: str = MAKER, read_only: bool = False) -> bytes:
    flags = {"login_required", "prn_generation", "eid_compliant"} | ({"readonly"} if read_only else set())
    told = {"version": 0, "serial_number": serial, "manufacturer_id": maker, "label": label, "flags": flags}
    return bytes(pkcs15.TokenInfo(told).dump())


def _code(place: int, plan: CodePlan) -> bytes:
    attributes = {
        "flags": {"initialized", "needs_padding"},
        "type": "ascii_numeric",
        "min_length": 4,
        "stored_length": LENGTH,
        "max_length": LENGTH,
        "reference": place + 1,
        "pad_char": PADDING,
    }
    common = {"label": plan.label, "flags": {"private", "modifiable"}}
    told = {"common": common, "authentication": {"auth_id": bytes([place + 1])}, "type": attributes}
    return bytes(pkcs15.PinObject(told).dump())


def _private_key(place: int, key: KeyOnCard) -> bytes:
    common: dict[str, object] = {
        "label": key.label,
        "flags": {"private", "modifiable"},
        "auth_id": bytes([key.code + 1]),
    }
    if key.wants_consent:
        common["user_consent"] = 1
    about = {
        "id": key.key_id,
        "usage": {"sign", "decrypt", "unwrap"} if key.deciphers else {"sign", "non_repudiation"},
        "access_flags": {"sensitive", "always_sensitive", "never_extractable", "local"},
        "key_reference": place,
    }
    told = {"common": common, "key": about, "type": _where(KEY_FILES, place, key)}
    return bytes(pkcs15.RsaKeyType(told).dump())


def _public_key(place: int, key: KeyOnCard) -> bytes:
    about = {
        "id": key.key_id,
        "usage": {"verify", "encrypt", "wrap"} if key.deciphers else {"verify"},
        "native": False,
        "key_reference": 0,
    }
    common = {"label": key.label, "flags": {"modifiable"}}
    told = {"common": common, "key": about, "type": _where(PUBLIC_KEY_FILES, place, key)}
    return bytes(pkcs15.RsaKeyType(told).dump())


def _where(files: int, place: int, key: KeyOnCard) -> dict[str, object]:
    bits = _rsa_numbers(public_half(key.secret))["modulus"].native.bit_length()
    return {"value": {"path": bytes.fromhex(_path(files, place))}, "modulus_length": bits}


def _certificate(place: int, certificate: CertificateOnCard) -> bytes:
    told = {
        "common": {"label": certificate.label, "flags": {"modifiable"}},
        "certificate": {"id": certificate.key_id, "authority": certificate.is_authority},
        "type": {"value": {"path": bytes.fromhex(_path(CERTIFICATE_FILES, place))}},
    }
    return bytes(pkcs15.CertificateObject(told).dump())


def _rsa_numbers(public: bytes) -> core.Sequence:
    key = asn1_keys.PublicKeyInfo.load(public)["public_key"].parsed
    if key["public_exponent"].native != EXPONENT:
        message = "this card's keys have the exponent 65537"
        raise ValueError(message)
    return key
