"""Makes a SoftHSM2 card that looks like a real old SITHS card; `demo.kinds` says what is on it.

The module runs in a process of its own: it reads its configuration from the environment, and a process holds it only
once.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Self

import PyKCS11
from asn1crypto import core, keys, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PyKCS11 import LowLevel

from sithsup.demo.issuing import BlankCard, MadeToken, finish
from sithsup.demo.kinds import Kind, plan_tokens
from sithsup.model import KeyRole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sithsup.demo.hierarchy import Hierarchy
    from sithsup.demo.issuing import DemoCard, WrittenCertificate
    from sithsup.demo.kinds import KeyPlan, TokenPlan
    from sithsup.demo.profiles import Holder

CONFIGURATION_VARIABLE = "SOFTHSM2_CONF"
_LABEL_LENGTH = 32
_RSA_BITS = 2048


class Workshop:
    """A folder of cards and the process that makes them. Use as a context manager."""

    def __init__(self, folder: Path, module: Path) -> None:
        """Write the module's configuration; nothing is started yet."""
        self._setup = (_write_configuration(folder), module)
        self._process = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def __enter__(self) -> Self:
        """Keep the process for the length of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.shutdown(cancel_futures=True)

    @property
    def environment(self) -> dict[str, str]:
        """What leads the module to the cards, and the program to the module."""
        configuration, module = self._setup
        return {CONFIGURATION_VARIABLE: str(configuration), "SITHSUP_MODULE": str(module)}

    def blank_card(self, kind: Kind) -> BlankCard:
        """Begin a card, beside those that are there already: its keys are made in the background."""
        return BlankCard(kind, self._process.submit(_make_tokens, *self._setup, plan_tokens(kind)))

    def personalize(
        self, blank: BlankCard, number: str, holder: Holder, hierarchy: Hierarchy, now: datetime
    ) -> DemoCard:
        """Issue the holder's certificates and write them to the card."""
        tokens = blank.tokens.result()
        card, certificates = finish(blank.kind, number, holder, hierarchy, tokens, now)
        self._process.submit(_write_certificates, *self._setup, tokens, certificates).result()
        return card


def _write_configuration(folder: Path) -> Path:
    tokens, configuration = folder / "tokens", folder / "softhsm2.conf"
    tokens.mkdir(mode=0o700, parents=True)
    lines = (f"directories.tokendir = {tokens}", "objectstore.backend = file", "log.level = ERROR")
    configuration.write_text("\n".join((*lines, "slots.removable = true", "")), encoding="utf-8")
    return configuration


# ----------------------------------------------------------------------- inside the process of the module


@contextmanager
def _library(configuration: Path, module: Path) -> Iterator[Any]:
    os.environ[CONFIGURATION_VARIABLE] = str(configuration)
    library = PyKCS11.PyKCS11Lib()
    library.load(str(module))
    try:
        yield library
    finally:
        library.unload()


@contextmanager
def _session(library: Any, slot: int, code: str | None, user: int) -> Iterator[Any]:
    """A session that may write; without a code, what is public."""
    session = library.openSession(slot, LowLevel.CKF_SERIAL_SESSION | LowLevel.CKF_RW_SESSION)
    if code is not None:
        session.login(code, user)
    try:
        yield session
    finally:
        if code is not None:
            session.logout()
        session.closeSession()


def _make_tokens(configuration: Path, module: Path, plans: tuple[TokenPlan, ...]) -> tuple[MadeToken, ...]:
    with _library(configuration, module) as library:
        return tuple(_make_token(library, plan) for plan in plans)


def _make_token(library: Any, plan: TokenPlan) -> MadeToken:
    others = _slots(library)
    blank = next(slot for slot in library.getSlotList() if slot not in others.values())
    library.initToken(blank, plan.puk, plan.label.ljust(_LABEL_LENGTH))  # PyKCS11 fills it up with NULs
    serial, slot = next(found for found in _slots(library).items() if found[0] not in others)
    if not plan.has_code:
        return MadeToken(plan, serial, {key.key_id: _public_alone(library, slot, key) for key in plan.keys})
    with _session(library, slot, plan.puk, LowLevel.CKU_SO) as session:
        session.initPin(plan.code)
    with _session(library, slot, plan.code, LowLevel.CKU_USER) as session:
        return MadeToken(plan, serial, {key.key_id: _generate(session, key) for key in plan.keys})


def _public_alone(library: Any, slot: int, plan: KeyPlan) -> bytes:
    """The public half of a key on a token that nobody can open; its SubjectPublicKeyInfo (DER).

    SoftHSM2 keeps private keys from whoever has no code, and without a code there is none that could be seen.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS).public_key()
    numbers = key.public_numbers()
    template = [
        (LowLevel.CKA_CLASS, LowLevel.CKO_PUBLIC_KEY),
        (LowLevel.CKA_KEY_TYPE, LowLevel.CKK_RSA),
        (LowLevel.CKA_TOKEN, True),
        (LowLevel.CKA_PRIVATE, False),
        (LowLevel.CKA_ID, plan.key_id),
        (LowLevel.CKA_LABEL, plan.label),
        (LowLevel.CKA_MODULUS, numbers.n.to_bytes(_RSA_BITS // 8)),
        (LowLevel.CKA_PUBLIC_EXPONENT, numbers.e.to_bytes(3)),
    ]
    with _session(library, slot, None, LowLevel.CKU_USER) as session:
        session.createObject(template)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _slots(library: Any) -> dict[str, int]:
    """The initialised tokens' slots by serial number. SoftHSM2 gives slots new numbers whenever a token is made."""
    infos = {slot: library.getTokenInfo(slot) for slot in library.getSlotList(tokenPresent=True)}
    return {
        info.serialNumber.strip(): slot for slot, info in infos.items() if info.flags & LowLevel.CKF_TOKEN_INITIALIZED
    }


def _generate(session: Any, key: KeyPlan) -> bytes:
    """Make a key pair; its SubjectPublicKeyInfo (DER). The authentication key opens encrypted e-mail too."""
    deciphers = key.role is KeyRole.AUTHENTICATION
    named = [(LowLevel.CKA_TOKEN, True), (LowLevel.CKA_ID, key.key_id), (LowLevel.CKA_LABEL, key.label)]
    public_template = [
        *named,
        (LowLevel.CKA_PRIVATE, False),
        (LowLevel.CKA_VERIFY, True),
        (LowLevel.CKA_ENCRYPT, deciphers),
        (LowLevel.CKA_MODULUS_BITS, _RSA_BITS),
        (LowLevel.CKA_PUBLIC_EXPONENT, b"\x01\x00\x01"),
    ]
    private_template = [
        *named,
        (LowLevel.CKA_PRIVATE, True),
        (LowLevel.CKA_SENSITIVE, True),
        (LowLevel.CKA_EXTRACTABLE, False),
        (LowLevel.CKA_SIGN, True),
        (LowLevel.CKA_DECRYPT, deciphers),
    ]
    mechanism = PyKCS11.Mechanism(LowLevel.CKM_RSA_PKCS_KEY_PAIR_GEN, None)
    public, _ = session.generateKeyPair(public_template, private_template, mechanism)
    numbers = session.getAttributeValue(public, [LowLevel.CKA_MODULUS, LowLevel.CKA_PUBLIC_EXPONENT])
    modulus, exponent = (int.from_bytes(bytes(number), "big") for number in numbers)
    rsa_key = keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent})
    return bytes(keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"}, "public_key": rsa_key}).dump())


def _write_certificates(
    configuration: Path,
    module: Path,
    tokens: tuple[MadeToken, ...],
    certificates: tuple[WrittenCertificate, ...],
) -> None:
    with _library(configuration, module) as library:
        slots = _slots(library)
        for token in tokens:
            code = token.plan.code if token.plan.has_code else None
            with _session(library, slots[token.serial], code, LowLevel.CKU_USER) as session:
                for certificate in certificates:
                    if certificate.serial == token.serial:
                        session.createObject(_template(certificate))


def _template(written: WrittenCertificate) -> list[tuple[int, object]]:
    certificate = x509.Certificate.load(written.der)
    return [
        (LowLevel.CKA_CLASS, LowLevel.CKO_CERTIFICATE),
        (LowLevel.CKA_CERTIFICATE_TYPE, LowLevel.CKC_X_509),
        (LowLevel.CKA_TOKEN, True),
        (LowLevel.CKA_PRIVATE, False),
        (LowLevel.CKA_ID, written.key_id),
        (LowLevel.CKA_LABEL, written.label),
        (LowLevel.CKA_SUBJECT, certificate.subject.dump()),
        (LowLevel.CKA_ISSUER, certificate.issuer.dump()),
        (LowLevel.CKA_SERIAL_NUMBER, core.Integer(certificate.serial_number).dump()),
        (LowLevel.CKA_VALUE, written.der),
    ]
