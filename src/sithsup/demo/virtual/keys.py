"""The instructions about keys: GENERATE, MANAGE SECURITY ENVIRONMENT, COMPUTE DIGITAL SIGNATURE, GET DATA. Pure.

(ISO 7816-8, section 5.) A new key comes from a maker that is handed in, and ECDSA is deterministic (RFC 6979), so the
same commands give the same card.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from sithsup.demo.virtual import writes
from sithsup.demo.virtual.apdu import Refused, Status, data_object, data_objects
from sithsup.demo.virtual.files import Right, current_df, require, require_writable, selected_file
from sithsup.demo.virtual.memory import ID_DIGITS, KEY_KINDS, FileKind

if TYPE_CHECKING:
    from sithsup.demo.virtual.apdu import Command
    from sithsup.demo.virtual.card import Answer, Card

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

CURVES: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
RSA_SIZES = frozenset({1024, 2048, 3072, 4096})
DIGESTS: dict[int, hashes.HashAlgorithm] = {
    digest.digest_size: digest for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
}
EXPONENT = 65537
EXPONENT_SIZE = 3

RAW = 0x00
"""The algorithm reference of RSA without a padding of the card's own; any other one pads by PKCS #1."""
ALGORITHM, KEY_FILE = 0x80, 0x81  # tags of a control reference template (ISO 7816-4, section 10.3.3)
SIGNATURE_OF_INPUT = (0x9E, 0x9A)  # P1 and P2 of COMPUTE DIGITAL SIGNATURE
MODULUS, PUBLIC_EXPONENT, POINT, APPLET, ABILITIES = 0x01, 0x02, 0x86, 0xA0, 0xAA  # P2 of GET DATA
FAMILY, VERSION = b"MyEID", bytes([4, 5, 5])
CAN_RSA_AND_EC = 0x09


def new_key(kind: FileKind, size: int) -> bytes:
    """Make a key, as PKCS#8: what a card's own generator does."""
    if kind is FileKind.EC_KEY:
        return pkcs8(ec.generate_private_key(CURVES[size]))
    return pkcs8(rsa.generate_private_key(EXPONENT, size))


def pkcs8(key: PrivateKey) -> bytes:
    """Encode a private key as a card file keeps it."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=64)
def load(secret: bytes) -> PrivateKey:
    """The private key of a file; one that was torn is refused. Checking it anew each time would take long."""
    try:
        key = load_der_private_key(secret, None, unsafe_skip_rsa_key_validation=True)
    except ValueError:
        raise Refused(Status.MEMORY_FAILURE) from None
    if not isinstance(key, PrivateKey):
        raise Refused(Status.MEMORY_FAILURE)
    return key


def public_half(secret: bytes) -> bytes:
    """SubjectPublicKeyInfo (DER) of a private key."""
    return load(secret).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# --------------------------------------------------------------------------------------- the instructions


def generate_key_pair(card: Card, _: Command) -> Answer:
    """GENERATE ASYMMETRIC KEY PAIR into the selected key file; the exponent is always 65537."""
    file, path = selected_file(card, *KEY_KINDS), card.volatile.selected
    require(card, path, Right.GENERATE)
    require_writable(card.memory)
    if file.size not in (CURVES if file.kind is FileKind.EC_KEY else RSA_SIZES):
        raise Refused(Status.WRONG_DATA)
    secret = card.make_key(file.kind, file.size)
    return card.wrote(writes.generate(card.memory, path, secret, public_half(secret)))


def manage_security_environment(card: Card, command: Command) -> Answer:
    """Remember which key file is to be used, and how (SET)."""
    told = data_objects(command.data)
    key = told.get(KEY_FILE, b"").hex().upper()
    return card.answer(key=key[-ID_DIGITS:], algorithm=(told.get(ALGORITHM) or bytes([RAW]))[0])


def perform_security_operation(card: Card, command: Command) -> Answer:
    """Sign what is sent: a digest with an elliptic key, a padded block or a DigestInfo with RSA."""
    if (command.p1, command.p2) != SIGNATURE_OF_INPUT:
        raise Refused(Status.WRONG_PARAMETERS)
    path = current_df(card) + card.volatile.key
    file = card.memory.files.get(path)
    if file is None or file.kind not in KEY_KINDS:
        raise Refused(Status.NO_SUCH_REFERENCE)
    require(card, path, Right.USE)
    if not file.secret:
        raise Refused(Status.CONDITIONS)
    key = load(file.secret)
    if isinstance(key, rsa.RSAPrivateKey):
        return card.answer(_rsa_signature(key, command.data, pads=card.volatile.algorithm != RAW))
    return card.answer(_ecdsa_signature(key, command.data))


def _rsa_signature(key: rsa.RSAPrivateKey, data: bytes, *, pads: bool) -> bytes:
    size = key.key_size // 8
    if pads:
        data = b"\x00\x01" + b"\xff" * (size - len(data) - 3) + b"\x00" + data
    if len(data) != size:
        raise Refused(Status.WRONG_DATA)
    numbers = key.private_numbers()
    return pow(int.from_bytes(data), numbers.d, numbers.public_numbers.n).to_bytes(size)


def _ecdsa_signature(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    if len(digest) not in DIGESTS:
        raise Refused(Status.WRONG_DATA)
    return key.sign(digest, ec.ECDSA(Prehashed(DIGESTS[len(digest)]), deterministic_signing=True))


def get_data(card: Card, command: Command) -> Answer:
    """Tell about the card, or about the public half of the selected key."""
    if command.p2 == APPLET:
        return card.answer(FAMILY + VERSION + card.memory.serial + bytes(2))
    if command.p2 == ABILITIES:
        sizes = (CAN_RSA_AND_EC, max(RSA_SIZES), 0, 0, max(CURVES))
        return card.answer(b"\x01" + b"".join(size.to_bytes(2) for size in sizes))
    file = selected_file(card, *KEY_KINDS)
    if not file.public:
        raise Refused(Status.NO_SUCH_REFERENCE)
    return card.answer(_public_part(file.public, command.p2))


def _public_part(public: bytes, wanted: int) -> bytes:
    key = load_der_public_key(public)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        parts = {MODULUS: (numbers.n, key.key_size // 8), PUBLIC_EXPONENT: (numbers.e, EXPONENT_SIZE)}
        if wanted in parts:
            number, size = parts[wanted]
            return number.to_bytes(size)
    elif isinstance(key, ec.EllipticCurvePublicKey) and wanted == POINT:
        return data_object(POINT, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    raise Refused(Status.NO_SUCH_REFERENCE)
