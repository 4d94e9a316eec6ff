"""Cards to run the contract of `card.token.Token` on: each has two tokens, and can be opened as often as one likes.

The SoftHSM2 cards are real; with `CardOptions` that SoftHSM2 does not have by itself, `troubled.c` stands in front.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from sithsup.card.pin import Code
from sithsup.card.pkcs11 import Pkcs11Token
from sithsup.card.process import CardProcess
from sithsup.certificate import CARD_NUMBER_OID
from sithsup.demo.virtual.personalize import CodePlan, blank, make_read_only
from tests.support.virtual import VirtualBench, short_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from sithsup.card.token import Token
    from sithsup.demo.virtual.memory import Memory
    from sithsup.model import CardObject, ObjectKind, TokenId

AUTHENTICATION_LABEL = "TEST Åsas kort (legitimering)"
SIGNATURE_LABEL = "TEST Åsas kort (underskrift)"
CODES = {AUTHENTICATION_LABEL: "804917", SIGNATURE_LABEL: "715093"}
CARD_NUMBER = "9752269876543210987"
SECURITY_OFFICER = "60493817"
TRIES = 3

MODULE_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class CardOptions:
    """What a card does that SoftHSM2 does not."""

    pin_pad: bool = False
    tries: int | None = None
    always_authenticate: bool = False
    one_certificate_per_id: bool = False
    read_only: bool = False


@dataclass
class Bench:
    """A card on the bench. `start` starts the program anew, as often as wanted, on the same card."""

    start: Callable[[], Token]
    authentication: TokenId
    signature: TokenId
    token: Token = field(init=False)

    def code(self, token: TokenId) -> Code:
        """A fresh copy of a token's code."""
        return Code(bytearray(CODES[token.label], "ascii"))

    def log_in(self, token: TokenId) -> None:
        """Open a token with its code."""
        self.token.log_in(token, self.code(token))

    def only(self, token: TokenId, kind: ObjectKind, key_id: bytes) -> CardObject:
        """The one object of a kind under an id."""
        (found,) = (o for o in self.token.objects(token) if o.kind is kind and o.key_id == key_id)
        return found


def softhsm_module() -> str:
    """The path of SoftHSM2's library."""
    return next(place for place in MODULE_PLACES if Path(place).is_file())


def make_tokens(folder: Path) -> None:
    """Make a SoftHSM2 card of two tokens in an empty folder (slow: do it once and copy it)."""
    (folder / "tokens").mkdir(parents=True)
    environment = dict(os.environ, SOFTHSM2_CONF=str(_configuration(folder)))
    for label, code in CODES.items():
        command = ["softhsm2-util", "--init-token", "--free", "--label", label]
        codes = ["--so-pin", SECURITY_OFFICER, "--pin", code]
        subprocess.run([*command, *codes], env=environment, check=True, capture_output=True, timeout=60)


def use_tokens(template: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy a card that `make_tokens` made, and let SoftHSM2 find the copy."""
    shutil.copytree(template, folder)
    monkeypatch.setenv("SOFTHSM2_CONF", str(_configuration(folder)))


def _configuration(folder: Path) -> Path:
    path = folder / "softhsm2.conf"
    path.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    return path


def compile_troubled(folder: Path) -> Path:
    """Compile `troubled.c`."""
    library = folder / "troubled.so"
    source = Path(__file__).with_name("troubled.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    return library


def use_options(options: CardOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell `troubled.c` what the card is like."""
    settings = {
        "TROUBLED_PIN_PAD": CODES[AUTHENTICATION_LABEL] if options.pin_pad else None,
        "TROUBLED_TRIES": options.tries,
        "TROUBLED_ALWAYS": options.always_authenticate or None,
        "TROUBLED_READ_ONLY": options.read_only or None,
        "TROUBLED_ONE_PER_ID": options.one_certificate_per_id or None,
    }
    monkeypatch.setenv("TROUBLED_MODULE", softhsm_module())
    for name, value in settings.items():
        if value is not None:
            monkeypatch.setenv(name, str(value))


@contextmanager
def opened(start: Callable[[], Token]) -> Iterator[Bench]:
    """A bench whose every start is closed at the end."""
    with ExitStack() as stack:

        def start_and_close() -> Token:
            token = start()
            stack.callback(token.close)
            return token

        first = start_and_close()
        ids = {info.id.label: info.id for info in first.tokens()}
        bench = Bench(start_and_close, ids[AUTHENTICATION_LABEL], ids[SIGNATURE_LABEL])
        bench.token = first
        yield bench


@contextmanager
def softhsm2(module: str) -> Iterator[Bench]:
    """SoftHSM2 through `Pkcs11Token`, in this process."""
    with opened(lambda: Pkcs11Token(module)) as bench:
        yield bench


@contextmanager
def card_process(module: str) -> Iterator[Bench]:
    """SoftHSM2 through `CardProcess`."""
    with opened(lambda: CardProcess(module)) as bench:
        yield bench


def virtual_memory(options: CardOptions = CardOptions(), serial: bytes = bytes(10)) -> Memory:
    """What is stored on a virtual card of these two tokens."""
    stem = AUTHENTICATION_LABEL.partition(" (")[0]
    plans = [
        CodePlan(label.partition("(")[2].rstrip(")"), code, SECURITY_OFFICER, options.tries or TRIES)
        for label, code in CODES.items()
    ]
    memory = blank(stem, serial, plans)
    return make_read_only(memory, stem) if options.read_only else memory


@contextmanager
def virtual(options: CardOptions, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A virtual card in a reader of its own, through pcscd, OpenSC and `CardProcess`."""
    with short_folder() as folder, VirtualBench(folder, virtual_memory(options)) as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        module = card.environment["SITHSUP_MODULE"]
        with opened(lambda: CardProcess(module)) as bench:
            yield bench


@contextmanager
def simulated(options: CardOptions) -> Iterator[Bench]:
    """The simulated card."""
    from sithsup.sim.card import Desk, SimulatedCard, StoredToken, code_digest  # noqa: PLC0415
    from sithsup.sim.token import SimulatedToken  # noqa: PLC0415

    def token(label: str, code: str) -> StoredToken:
        digest = code_digest(code.encode("ascii"))
        return StoredToken(
            label=label,
            code_digest=digest,
            puk_digest=code_digest(SECURITY_OFFICER.encode("ascii")),
            pin_pad=options.pin_pad,
            always_authenticate=options.always_authenticate,
        )

    tokens = [token(label, code) for label, code in CODES.items()]
    card = SimulatedCard(
        serial="1",
        reader="Simulated",
        tokens=tokens,
        unique_ids=options.one_certificate_per_id,
        read_only=options.read_only,
    )
    desk = Desk(cards=[card])
    with opened(lambda: SimulatedToken(desk)) as bench:
        yield bench


# ----------------------------------------------------------------------------------- certificates and proofs


def certificate(
    public_key: bytes,
    name: str = "Testa Åkesson-Öberg",
    *,
    size: int = 0,
    usage: str = "digital_signature",
    number: str = CARD_NUMBER,
) -> bytes:
    """A certificate (DER) of an authority that never was, with a card number, of at least `size` bytes."""
    key = load_der_public_key(public_key)
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    printed = b"\x13" + bytes([len(number)]) + number.encode("ascii")
    usages = dict.fromkeys(USAGES, False) | {usage: True}
    filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(size))
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST issuer")]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(CARD_NUMBER_OID), printed), critical=False)
        .add_extension(x509.KeyUsage(**usages), critical=True)
        .add_extension(filling, critical=False)
        .sign(ISSUER, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
ISSUER = ec.generate_private_key(ec.SECP256R1())
