"""The virtual card's heart: what it answers, what it refuses, and what a cut of the power leaves of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from asn1crypto import keys as asn1_keys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from sithsup.demo.virtual import personalize
from sithsup.demo.virtual.apdu import Instruction, Refused, Status, data_object, data_objects, parse_command
from sithsup.demo.virtual.codes import padded
from sithsup.demo.virtual.keys import new_key
from sithsup.demo.virtual.memory import Memory
from sithsup.demo.virtual.power import Cut, Exchange, When, cuts, supply, tear_points
from tests.demo.virtual.bare import (
    APPLICATION,
    FIRST,
    KEY,
    KEY_RIGHTS,
    PRIVATE_KEYS,
    PUBLIC_KEY,
    PUK,
    SECOND,
    Session,
    apdu,
    creation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = b"Jag provar mitt kort."


@pytest.fixture
def session() -> Session:
    return Session()


# --------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("raw", "data", "expected"),
    [
        ("00A40000", "", 0),
        ("00B0000010", "", 16),
        ("00B0000000", "", 256),
        ("00A4000002AABB", "AABB", 0),
        ("00A4000002AABB00", "AABB", 256),
        ("00A40000000002AABB", "AABB", 0),
        ("00A40000000002AABB0000", "AABB", 65536),
        ("00B00000000100", "", 256),
    ],
)
def test_every_case_of_command_is_taken_apart(raw: str, data: str, expected: int) -> None:
    """ISO 7816-4, section 5.1: cases 1 to 4, short and extended."""
    command = parse_command(bytes.fromhex(raw))
    assert (command.data, command.expected) == (bytes.fromhex(data), expected)


@pytest.mark.parametrize("raw", ["", "00A4", "00A4000003AABB", "00A4000002AABBCCDD", "00A40000000003AABB"])
def test_lengths_that_disagree_are_refused(raw: str) -> None:
    """A command that is too short or too long for its own lengths."""
    with pytest.raises(Refused) as caught:
        parse_command(bytes.fromhex(raw))
    assert caught.value.status == Status.WRONG_LENGTH


@given(st.dictionaries(st.integers(0, 255), st.binary(max_size=127), max_size=5))
def test_data_objects_are_read_as_they_were_written(objects: dict[int, bytes]) -> None:
    """Tag by tag."""
    assert data_objects(b"".join(data_object(tag, value) for tag, value in objects.items())) == objects


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_whatever_is_sent_the_card_answers(commands: list[bytes]) -> None:
    """Two bytes of status at least, no exception, and a memory that can be stored."""
    session = Session()
    for raw in commands:
        session.send(raw)
        assert len(session.last.response) >= 2
    assert Memory.model_validate_json(session.memory.model_dump_json()) == session.memory


@given(st.sampled_from(list(Instruction)), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=255))
def test_no_known_instruction_breaks_it(instruction: Instruction, p1: int, p2: int, data: bytes) -> None:
    """With both codes given, whatever the parameters."""
    session = Session()
    session.verify(1, FIRST)
    session.verify(2, SECOND)
    session.select(PRIVATE_KEYS)
    session.send(apdu(f"{instruction:02X}", p1, p2, data))
    assert len(session.last.response) >= 2


# ------------------------------------------------------------------------------------------------- files


def test_a_file_is_selected_by_every_way(session: Session) -> None:
    """By path, by name, by identifier from its DF, and its parent."""
    assert session.select(PRIVATE_KEYS) == Status.OK
    assert session.last.data[0] == 0x6F
    name = personalize.APPLICATION_ID
    for raw, selected in (
        (apdu("A4", 4, 0x0C, name), APPLICATION),
        (apdu("A4", 0, 0x0C, bytes.fromhex("4402")), PRIVATE_KEYS),
        (apdu("A4", 3, 0x0C), "3F00"),
        (apdu("A4", 9, 0x0C, bytes.fromhex("5015")), APPLICATION),
        (apdu("A4", 0, 0x0C, bytes.fromhex("3F00")), "3F00"),
    ):
        assert session.send(raw) == Status.OK
        assert session.card.volatile.selected == selected
        assert session.last.data == b""
    assert session.send(apdu("A4", 8, 0, bytes.fromhex("50154999"))) == Status.NO_SUCH_FILE
    assert session.send(apdu("A4", 1, 0)) == Status.WRONG_PARAMETERS


def test_a_directory_is_written_with_either_code_only(session: Session) -> None:
    """Without a code neither written nor deleted; with the second one written too, and never past its end."""
    write = apdu("D6", 0, 4, b"new")
    session.select(PRIVATE_KEYS)
    assert session.send(write) == Status.NOT_SATISFIED
    assert session.verify(2, SECOND) == Status.OK
    assert session.send(write) == Status.OK
    assert session.memory.files[PRIVATE_KEYS].content[4:7] == b"new"
    assert session.send(apdu("D6", 0xFF, 0, b"new")) == Status.NO_ROOM
    assert session.send(apdu("E4", 0, 0)) == Status.NOT_SATISFIED


def test_a_key_is_opened_by_its_own_code_only(session: Session) -> None:
    """The second code neither uses nor deletes a key of the first."""
    session.verify(2, SECOND)
    session.select(KEY)
    assert session.send(apdu("E4", 0, 0)) == Status.NOT_SATISFIED
    session.send(apdu("22", 0x41, 0xB6, bytes.fromhex("80010281024B01")))
    assert session.send(apdu("2A", 0x9E, 0x9A, b"x")) == Status.NOT_SATISFIED


def test_a_card_that_is_full_takes_no_file(session: Session) -> None:
    """What is there stays readable; what is deleted makes room."""
    session.verify(1, FIRST)
    taken = sum(file.room for file in session.memory.files.values())
    full = Session(session.memory.but(room=taken + 100))
    full.verify(1, FIRST)
    assert full.create("4301", 200, 1, bytes.fromhex("011FFF")) == Status.NO_ROOM
    full.select(PUBLIC_KEY)
    assert full.send(apdu("E4", 0, 0)) == Status.OK
    assert full.create("4301", 200, 1, bytes.fromhex("011FFF")) == Status.OK
    assert full.create("4301", 10, 1, bytes.fromhex("011FFF")) == Status.FILE_EXISTS


def test_a_read_only_card_changes_no_file(session: Session) -> None:
    """It says so in its token information, takes codes, and refuses the rest."""
    card = Session(personalize.make_read_only(session.memory, "TEST kort"))
    assert card.verify(1, FIRST) == Status.OK
    card.select(PRIVATE_KEYS)
    assert card.send(apdu("D6", 0, 0, b"new")) == Status.CONDITIONS
    assert card.create("4301", 10, 1, bytes.fromhex("011FFF")) == Status.CONDITIONS
    card.select(PUBLIC_KEY)
    assert card.send(apdu("E4", 0, 0)) == Status.CONDITIONS


# ------------------------------------------------------------------------------------------------- codes


def test_the_third_wrong_code_blocks_and_the_other_code_is_not_touched(session: Session) -> None:
    """63C2, 63C1, 63C0, and from then on 6983 even for the right one."""
    answers = [session.verify(1, "000000") for _ in range(3)]
    assert answers == [0x63C2, 0x63C1, 0x63C0]
    assert session.verify(1, FIRST) == session.send(apdu("20", 0, 1)) == Status.BLOCKED
    assert session.verify(2, SECOND) == Status.OK
    assert session.send(apdu("20", 0, 9, b"x")) == Status.NO_SUCH_REFERENCE


def test_the_state_of_a_code_is_told_without_a_try(session: Session) -> None:
    """VERIFY without data counts nothing."""
    session.verify(1, "000000")
    assert session.send(apdu("20", 0, 1)) == 0x63C2
    assert session.verify(1, FIRST) == session.send(apdu("20", 0, 1)) == Status.OK
    assert session.tries_left(1) == 3
    assert session.verify(1, "000000") == 0x63C2
    assert session.send(apdu("20", 0, 1)) == 0x63C2, "a wrong code takes back the right one"


def test_the_unblocking_code_gives_a_new_code(session: Session) -> None:
    """RESET RETRY COUNTER with the PUK; a wrong one counts down its own tries."""
    for _ in range(3):
        session.verify(1, "000000")
    assert session.send(apdu("2C", 0, 1, padded("00000000") + padded("135791"))) == 0x63C9
    assert session.send(apdu("2C", 0, 1, padded(PUK) + padded("135791"))) == Status.OK
    assert session.verify(1, "135791") == Status.OK


def test_a_code_is_changed_with_the_old_one(session: Session) -> None:
    """CHANGE REFERENCE DATA."""
    assert session.send(apdu("24", 0, 1, padded("000000") + padded("135791"))) == 0x63C2
    assert session.send(apdu("24", 0, 1, padded(FIRST) + padded("135791"))) == Status.OK
    assert session.verify(1, "135791") == Status.OK
    assert session.send(apdu("24", 0, 1, b"short")) == Status.WRONG_LENGTH


def test_codes_are_forgotten_when_they_are_told_to_be(session: Session) -> None:
    """One by its reference, all of them by 0."""
    for number, kept in ((1, {2}), (0, set[int]())):
        session.verify(1, FIRST)
        session.verify(2, SECOND)
        session.send(apdu("2E", 0, number))
        assert session.card.volatile.verified == kept


# -------------------------------------------------------------------------------------------------- keys


def generated(session: Session, descriptor: int, size: int) -> str:
    """Make a key file and a key in it; its path."""
    session.verify(1, FIRST)
    assert session.create("4B07", size, descriptor, KEY_RIGHTS) == Status.OK
    assert session.send(apdu("46", 0, 0, bytes.fromhex("30058103010001"))) == Status.OK
    return f"{APPLICATION}4B07"


@pytest.mark.parametrize(("bits", "digest"), [(256, hashes.SHA256()), (384, hashes.SHA384())])
def test_an_elliptic_key_signs_a_digest(session: Session, bits: int, digest: hashes.HashAlgorithm) -> None:
    """The signature verifies under the point that GET DATA tells; signing again gives the same bytes."""
    generated(session, 0x22, bits)
    assert session.send(apdu("CA", 1, 0x86) + b"\0") == Status.OK
    curve = ec.SECP256R1() if bits == 256 else ec.SECP384R1()
    point = ec.EllipticCurvePublicKey.from_encoded_point(curve, session.last.data[-(bits // 4 + 1) :])
    hashed = hashlib.new(digest.name, MESSAGE).digest()
    session.send(apdu("22", 0x41, 0xB6, bytes.fromhex("80010481024B07")))
    signatures = set()
    for _ in range(2):
        assert session.send(apdu("2A", 0x9E, 0x9A, hashed) + b"\0") == Status.OK
        signatures.add(session.last.data)
    (signature,) = signatures
    point.verify(signature, hashed, ec.ECDSA(utils.Prehashed(digest)))


@pytest.mark.parametrize("chained", [False, True])
def test_an_rsa_key_signs_padded_by_the_card_or_by_the_caller(session: Session, chained: bool) -> None:
    """PKCS #1: a DigestInfo in one command, or the whole block in two that are chained."""
    path = generated(session, 0x11, 2048)
    public = load_der_public_key(session.memory.files[path].public)
    assert isinstance(public, rsa.RSAPublicKey)
    info = bytes.fromhex("3031300D060960864801650304020105000420") + hashlib.sha256(MESSAGE).digest()
    block = b"\0\1" + b"\xff" * (256 - 3 - len(info)) + b"\0" + info
    session.send(apdu("22", 0x41, 0xB6, bytes.fromhex("80010081024B07" if chained else "80010281024B07")))
    if chained:
        assert session.send(apdu("2A", 0x9E, 0x9A, block[:200], kind=0x10)) == Status.OK
    assert session.send(apdu("2A", 0x9E, 0x9A, block[200:] if chained else info) + b"\0") == Status.OK
    public.verify(session.last.data, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_a_long_answer_is_fetched_in_parts(session: Session) -> None:
    """More than 256 bytes do not fit into a short response: 61xx, and GET RESPONSE."""
    session.card = replace(session.card, make_key=new_key)
    generated(session, 0x11, 3072)
    assert session.send(apdu("CA", 1, 1) + b"\0") == 0x6180
    first = session.last.data
    assert session.send(apdu("C0", 0, 0) + b"\x80") == Status.OK
    key = asn1_keys.PublicKeyInfo.load(session.memory.files[f"{APPLICATION}4B07"].public)["public_key"].parsed
    assert int.from_bytes(first + session.last.data) == key["modulus"].native


def test_the_same_commands_give_the_same_card() -> None:
    """Nothing in the heart is random but the maker of keys, which is handed in."""

    def run() -> Memory:
        session = Session()
        generated(session, 0x22, 256)
        return session.memory

    assert run() == run()


# ------------------------------------------------------------------------------------------------- power


def updating(session: Session) -> bytes:
    session.verify(1, FIRST)
    session.select(PRIVATE_KEYS)
    return apdu("D6", 0, 0, b"neu!")


def creating(session: Session) -> bytes:
    session.verify(1, FIRST)
    session.select(APPLICATION)
    return creation("4301", 4, 1, bytes.fromhex("011FFF"))


def deleting(session: Session) -> bytes:
    session.verify(1, FIRST)
    session.select(KEY)
    return apdu("E4", 0, 0)


def generating(session: Session) -> bytes:
    session.verify(1, FIRST)
    session.create("4B07", 256, 0x22, KEY_RIGHTS)
    return apdu("46", 0, 0)


def giving_a_code(session: Session) -> bytes:
    return apdu("20", 0, 1, padded(FIRST))


def changing_a_code(session: Session) -> bytes:
    return apdu("24", 0, 1, padded(FIRST) + padded("135791"))


WRITING: dict[str, Callable[[Session], bytes]] = {
    made.__name__: made for made in (updating, creating, deleting, generating, giving_a_code, changing_a_code)
}


@pytest.mark.parametrize("what", WRITING)
def test_a_write_is_cut_before_after_and_between_any_two_steps(session: Session, what: str) -> None:
    """Nothing of it, all of it, or exactly so many steps; what was given before is forgotten."""
    raw = WRITING[what](session)
    whole = session.card.exchange(raw)
    assert whole.status == Status.OK
    assert whole.write is not None
    left = [supply(session.card, raw, 1, Cut(at=1))]
    steps = range(whole.write.steps + 1)
    left += [supply(session.card, raw, 1, Cut(at=1, when=When.TORN, step=step)) for step in steps]
    left.append(supply(session.card, raw, 1, Cut(at=1, when=When.AFTER)))
    memories = [outcome.card.memory for outcome in left]
    assert memories[0] == memories[1] == session.memory
    assert memories[-1] == memories[-2] == whole.write.done
    assert all(outcome.response is None and not outcome.card.volatile.verified for outcome in left)
    inner = memories[2:-2]
    assert len(inner) == whole.write.steps - 1
    assert all(torn != session.memory for torn in inner)


def test_an_update_is_torn_byte_by_byte(session: Session) -> None:
    """A prefix of the new, and the old after it."""
    raw, before = updating(session), session.memory.files[PRIVATE_KEYS].content
    torn = supply(session.card, raw, 7, Cut(at=7, when=When.TORN, step=3)).card.memory
    assert torn.files[PRIVATE_KEYS].content == b"neu" + before[3:]


def test_a_torn_generation_leaves_a_key_that_is_dead_or_not_told_of(session: Session) -> None:
    """Half a key signs nothing; a whole one without its public half signs and tells nothing."""
    raw, path = generating(session), f"{APPLICATION}4B07"
    for step, status in ((1, Status.MEMORY_FAILURE), (2, Status.OK)):
        torn = Session(supply(session.card, raw, 1, Cut(at=1, when=When.TORN, step=step)).card.memory)
        torn.verify(1, FIRST)
        torn.select(path)
        assert torn.send(apdu("CA", 1, 0x86) + b"\0") == Status.NO_SUCH_REFERENCE
        torn.send(apdu("22", 0x41, 0xB6, bytes.fromhex("80010481024B07")))
        assert torn.send(apdu("2A", 0x9E, 0x9A, bytes(32))) == status


def test_no_cut_gives_a_try_away(session: Session) -> None:
    """Cut in VERIFY before the comparison, even the right code has cost a try; the next right one gives it back."""
    raw = giving_a_code(session)
    cut = Cut(at=1, when=When.TORN, step=1)
    for left in (2, 1, 0):
        session.card = supply(session.card, raw, 1, cut).card
        assert session.tries_left(1) == left
    assert session.send(raw) == Status.BLOCKED


def test_a_reset_forgets_codes_and_serves_the_command(session: Session) -> None:
    """As when another application resets the card in between: nothing is stored, and power stays."""
    session.verify(1, FIRST)
    session.select(PRIVATE_KEYS)
    outcome = supply(session.card, apdu("20", 0, 1), 1, Cut(at=1, when=When.RESET))
    assert (outcome.response, outcome.struck) == (bytes.fromhex("63C3"), True)
    assert outcome.card.memory == session.memory


def test_a_command_is_served_when_another_one_is_meant(session: Session) -> None:
    """A cut waits for its turn, and a list of commands tells of each what it wrote."""
    outcome = supply(session.card, giving_a_code(session), 1, Cut(at=2))
    assert outcome.response == b"\x90\x00"
    assert (outcome.exchange.name, outcome.exchange.steps, outcome.exchange.writes) == ("VERIFY", 2, True)
    assert outcome.exchange.header == "00200001"


def test_what_is_worth_cutting() -> None:
    """Before everything; after and inside of what writes, the inside spread over all of it."""
    reading = Exchange(number=1, name="SELECT", header="00A40000", status=0x9000)
    writing = reading.but(number=2, name="UPDATE_BINARY", steps=200)
    assert tear_points(reading) == ()
    assert tear_points(writing) == (1, 100, 199)
    assert tear_points(writing.but(steps=3)) == (1, 2)
    assert [(cut.at, cut.when, cut.step) for cut in cuts([reading, writing.but(steps=3)])] == [
        (1, When.BEFORE, 0),
        (2, When.BEFORE, 0),
        (2, When.TORN, 1),
        (2, When.TORN, 2),
        (2, When.AFTER, 0),
    ]
