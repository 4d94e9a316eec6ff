"""Keys and signatures between PKCS#11 and X.509."""

from __future__ import annotations

import hashlib

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from sithsup.card import mechanisms
from sithsup.card.attributes import CLASSES, Attribute, Attributes, card_object, exponents, free_id, text
from sithsup.model import KeyAlgorithm, ObjectKind, TokenId

TOKEN = TokenId("1", "t")
CURVES = {KeyAlgorithm.P_256: ec.SECP256R1(), KeyAlgorithm.P_384: ec.SECP384R1()}


def spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("exponent", [3, 65537])
def test_rsa_numbers_become_the_same_bytes_as_elsewhere(exponent: int) -> None:
    """Byte for byte what a certificate holds, since objects are paired by it; also old cards' exponent 3."""
    numbers = rsa.generate_private_key(exponent, 2048).public_key()
    modulus = numbers.public_numbers().n.to_bytes(256)
    assert mechanisms.rsa_public_key(modulus, bytes([0, 0]) + exponent.to_bytes(3)) == spki(numbers)
    assert mechanisms.rsa_numbers(spki(numbers)) == (modulus, exponent.to_bytes((exponent.bit_length() + 7) // 8))


def test_a_key_in_a_bit_string_of_no_bytes_is_none() -> None:
    """Found by fuzzing: the parser stumbles over it with an IndexError."""
    assert mechanisms.rsa_numbers(bytes.fromhex("3011300d06092a864886f70d01010105000300")) is None


@pytest.mark.parametrize("algorithm", list(CURVES))
def test_ec_points_with_and_without_their_wrapping(algorithm: KeyAlgorithm) -> None:
    """The standard wraps the point in an OCTET STRING; some modules do not."""
    key = ec.generate_private_key(CURVES[algorithm]).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    parameters = mechanisms.ec_parameters(algorithm)
    assert mechanisms.ec_public_key(parameters, point) == spki(key)
    assert mechanisms.ec_public_key(parameters, core.OctetString(point).dump()) == spki(key)
    assert mechanisms.ec_public_key(parameters, point[:-1]) == b""
    assert mechanisms.ec_public_key(b"\x06\x01\x01", point) == b""


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_nonsense_is_empty_and_never_an_error(one: bytes, other: bytes) -> None:
    """A card must be listed whatever is on it."""
    mechanisms.rsa_numbers(one)
    mechanisms.rsa_public_key(one, other)
    for algorithm in CURVES:
        assert mechanisms.ec_public_key(mechanisms.ec_parameters(algorithm), one[:60]) == b""
    assert mechanisms.ec_public_key(one, other) == b""


def test_signatures_get_the_shape_of_x509() -> None:
    """r and s side by side become a signature that another library verifies, with the digest of the curve."""
    for algorithm, digest in ((KeyAlgorithm.P_256, hashes.SHA256()), (KeyAlgorithm.P_384, hashes.SHA384())):
        key = ec.generate_private_key(CURVES[algorithm])
        made = key.sign(b"data", ec.ECDSA(digest))
        size = CURVES[algorithm].key_size // 8
        r, s = (int(part.native) for part in core.SequenceOf.load(made, spec=core.Integer))
        assert mechanisms.ecdsa_signature(r.to_bytes(size) + s.to_bytes(size)) == made
        ours = mechanisms.ecdsa_digest(mechanisms.ec_parameters(algorithm), b"data")
        key.public_key().verify(made, ours, ec.ECDSA(Prehashed(digest)))


def test_the_digest_info_is_the_one_of_pkcs1() -> None:
    """RFC 8017, section 9.2, note 1."""
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    assert mechanisms.digest_info(b"data") == prefix + hashlib.sha256(b"data").digest()


def test_an_object_that_shows_nothing_is_still_an_object() -> None:
    """It is listed as something else, with nothing in it."""
    found = card_object(TOKEN, {}, {})
    assert (found.kind, found.key_id, found.label, found.value) == (ObjectKind.OTHER, b"", "", b"")
    assert found.modifiable
    assert found.destroyable
    assert not found.always_authenticate


@given(st.dictionaries(st.sampled_from(Attribute), st.binary(max_size=300)), st.sampled_from(sorted(CLASSES.values())))
def test_hostile_attributes_never_raise(shown: Attributes, native: int) -> None:
    """Whatever a module answers, an object comes of it."""
    shown = {**shown, Attribute.CLASS: native.to_bytes(8, "little")}
    card_object(TOKEN, shown, exponents([shown]))


def test_a_free_id_has_the_same_length_and_is_free() -> None:
    """Also next to taken ones and at the end of the numbers."""
    assert free_id(b"\x00\x01", {b"\x00\x01", b"\x00\x02"}) == b"\x00\x03"
    assert free_id(b"\xff", {b"\xff"}) == b"\x00"
    assert free_id(b"", {b""}) == b"\x01"


def test_a_letter_that_was_cut_in_two_does_not_break_a_label() -> None:
    """A label has 32 bytes and may end in half of a Swedish letter; padding goes."""
    cut = "kort (Åsa".encode()[:7].decode("utf-8", "surrogateescape")
    assert text(cut + "  \0") == "kort (\ufffd"
