"""The demo authority, in-process: what it issues, what it believes, what it refuses."""

from __future__ import annotations

import contextlib
import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, keys, x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sithsup.ca import cmp_asn1, crmf_asn1
from sithsup.certificate import Certificate
from sithsup.demo.ledger import Exchange, Ledger
from sithsup.demo.people import PEOPLE
from sithsup.demo.profiles import HSA_ID_3, PROFILES, ROOT_2
from sithsup.model import Identity, KeyRole, SubjectKind
from tests.demo.conversation import (
    AUTHENTICATION,
    CARD_EXPIRES,
    NEW_PROFILES,
    NUMBER,
    OTHER_NUMBER,
    START,
    Client,
    Said,
    World,
    new_key,
    profile_info,
    public_der,
)

if TYPE_CHECKING:
    from pathlib import Path

WAIT = timedelta(minutes=10)

LATER = crmf_asn1.POPOPrivKey("subsequentMessage", 0)
"""A promise to prove the possession in another message."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


@pytest.fixture
def client(world: World) -> Client:
    """The holder of the ordinary old card."""
    world.enrol("old-signature")
    return world.enrol()


# ------------------------------------------------------------------------------------------------ asking


@pytest.mark.parametrize("reason", ["ELIGIBLE", "NOT_IN_HSA", "SPARE_CARD"])
def test_the_question_is_answered_with_the_reason_in_the_ledger(world: World, client: Client, reason: str) -> None:
    """Whoever asks about their own card hears what the ledger says of it."""
    world.ledger.add_card(dataclasses.replace(world.ledger.card(NUMBER), reason=reason))
    answer = client.query()
    assert answer.body == "genp"
    assert answer.content[0]["infoType"].dotted == "1.3.6.1.4.1.32473.2.1"
    assert answer.content[0]["infoValue"].parsed == core.UTF8String(reason)


def test_the_question_about_another_card_is_refused(client: Client) -> None:
    """Nobody learns anything about a card that is not theirs."""
    assert client.query(OTHER_NUMBER).failure == "notAuthorized"


def test_another_question_is_refused(client: Client) -> None:
    """An infoType that is not the campaign's gets an error, not an empty answer."""
    assert client.query(oid="1.3.6.1.4.1.32473.9").failure == "badRequest"


# ---------------------------------------------------------------------------------------------- ordering


@pytest.mark.parametrize("name", NEW_PROFILES)
def test_a_certificate_is_issued_as_its_profile_says(world: World, client: Client, name: str) -> None:
    """The certificate carries the ordered key, the ledger's holder, the card's number and end, and its role's usage."""
    order, profile, holder = client.order(name), PROFILES[name], PEOPLE[0]
    issued = Certificate.parse(order.issued)
    by_number = profile.subject is SubjectKind.PERSONAL_NUMBER
    authenticates = profile.role is KeyRole.AUTHENTICATION
    assert issued.public_key == public_der(order.key)
    assert issued.issuer_common_name == profile.issuer
    assert (issued.given_name, issued.surname) == (holder.given_name, holder.surname)
    assert issued.identity == Identity(profile.subject, holder.personal_number if by_number else holder.hsa_id)
    assert issued.organization == ("" if by_number else holder.organization)
    assert (issued.not_before, issued.not_after) == (START, START + CARD_EXPIRES)
    assert issued.card_number == NUMBER
    assert issued.key_usage == {"digital_signature" if authenticates else "non_repudiation"}
    assert ("microsoft_smart_card_logon" in issued.extended_key_usage) is authenticates
    assert x509.Certificate.load(order.issued).key_usage_value is not None
    assert "key_usage" in x509.Certificate.load(order.issued).critical_extensions
    assert world.states()[name] == "issued"


def test_the_answer_to_an_order_is_complete(world: World, client: Client) -> None:
    """It is signed by the authority, belongs to the order, and brings the chain and the deadline."""
    order = client.order()
    header, asked = order.answer.message["header"], cmp_asn1.PKIMessage.load(order.der)["header"]
    extra = [each.dump() for each in order.answer.message["extraCerts"]]
    assert order.answer.body == "cp"
    assert order.answer.is_signed_by(world.hierarchy.cmp_signer.der)
    assert extra == [world.hierarchy.cmp_signer.der, world.hierarchy.authorities[HSA_ID_3].der]
    assert header["transactionID"].native == order.transaction
    assert header["recipNonce"].native == asked["senderNonce"].native
    assert header["senderNonce"].native != asked["senderNonce"].native
    assert header["recipient"].chosen == asked["sender"].chosen
    assert header["senderKID"].native == world.hierarchy.cmp_signer.key_identifier
    assert header["messageTime"].native == START
    assert order.answer.info("confirmWaitTime") == START + WAIT


def test_only_a_subject_that_was_asked_for_is_accepted_as_it_is(world: World, client: Client) -> None:
    """The old subject gets grantedWithMods; the very subject of the answer, or none, gets accepted."""
    order = client.order()
    assert order.status == "grantedWithMods"
    subject = x509.Certificate.load(order.issued).subject
    assert client.order(template={"subject": subject}).status == "accepted"
    assert client.order(template={"subject": None}).status == "accepted"


def test_the_same_key_can_be_ordered_again(world: World, client: Client) -> None:
    """A lost transaction does not cost the key: another order for it gets another certificate."""
    first = client.order()
    second = client.order(key=first.key)
    assert second.answer.body == "cp"
    assert second.issued != first.issued
    assert Certificate.parse(second.issued).public_key == Certificate.parse(first.issued).public_key


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"prover": ec.generate_private_key(ec.SECP256R1())}, "badPOP"),
        ({"popo": None}, "badPOP"),
        ({"popo": crmf_asn1.ProofOfPossession("raVerified", core.Null())}, "badPOP"),
        ({"popo": crmf_asn1.ProofOfPossession("keyEncipherment", LATER)}, "badPOP"),
        ({"template": {"publicKey": None}}, "badCertTemplate"),
        ({"request_id": 1}, "badRequest"),
        ({"profile": None}, "badRequest"),
        ({"profile": "old-authentication"}, "badRequest"),
        ({"profile": "no-such-profile"}, "badRequest"),
    ],
)
def test_a_wrong_order_is_refused_and_leaves_no_trace(
    world: World, client: Client, changes: dict[str, Any], failure: str
) -> None:
    """Each fault has its failInfo, and nothing is issued."""
    before = world.states()
    assert client.order(**changes).answer.failure == failure
    assert world.states() == before


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())])  # noqa: S505  that is the point
def test_a_weak_key_is_not_certified(client: Client, key: Any) -> None:
    """RSA under 2048 bits and unusual curves are refused, before their proof of possession is looked at."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    order = client.order(template={"publicKey": keys.PublicKeyInfo.load(spki)})
    assert order.answer.failure == "badCertTemplate"


def test_a_card_that_may_not_be_upgraded_gets_nothing(world: World, client: Client) -> None:
    """The reason that the question is answered with holds for the order too."""
    world.ledger.add_card(dataclasses.replace(world.ledger.card(NUMBER), reason="NOT_HANDED_OUT"))
    assert client.order().answer.failure == "notAuthorized"


def test_a_body_that_is_none_of_an_authority_s_business_is_refused(client: Client) -> None:
    """An answer is no question, and gets an error that says so."""
    answer = client.say(cmp_asn1.PKIBody("pkiconf", core.Null()))
    assert answer.failure == "badRequest"


# ------------------------------------------------------------------------------------- who is believed


@pytest.mark.parametrize("profile", ["old-authentication", "hsa-id-authentication", "personal-number-authentication"])
def test_authentication_certificates_of_the_authority_are_believed(world: World, profile: str) -> None:
    """Old ones are, and new ones that were confirmed."""
    assert world.enrol(profile).query().body == "genp"


@pytest.mark.parametrize(
    ("profile", "changes"),
    [
        ("old-signature", {}),
        ("telia-authentication", {}),
        ("old-authentication", {"known": False}),
        ("old-authentication", {"validity": (START - 2 * CARD_EXPIRES, START - CARD_EXPIRES)}),
        ("hsa-id-authentication", {"confirm_by": START + WAIT}),
    ],
)
def test_other_signers_are_not_believed(world: World, profile: str, changes: dict[str, Any]) -> None:
    """Not for authentication, not of this authority, not in the ledger, expired, not confirmed yet."""
    client = world.enrol(profile, **changes)
    assert client.query().failure == "signerNotTrusted"
    assert client.order().answer.failure == "signerNotTrusted"


@pytest.mark.parametrize(
    ("header", "changes", "failure"),
    [
        ({}, {"signature": None}, "badMessageCheck"),
        ({}, {"signature": b"no signature"}, "badMessageCheck"),
        ({}, {"extra": ()}, "badMessageCheck"),
        ({"sender": x509.GeneralName("directory_name", x509.Name.build({}))}, {}, "badMessageCheck"),
        ({"senderKID": b"another key's"}, {}, "badMessageCheck"),
        ({"protectionAlg": {"algorithm": "sha1_ecdsa"}}, {}, "badAlg"),
        ({"protectionAlg": {"algorithm": "sha256_rsa"}}, {}, "badAlg"),
        ({"protectionAlg": None}, {}, "badAlg"),
        ({"pvno": 1}, {}, "unsupportedVersion"),
        ({"transactionID": None}, {}, "badRequest"),
        ({"senderNonce": b"short"}, {}, "badSenderNonce"),
        ({"senderNonce": None}, {}, "badSenderNonce"),
    ],
)
def test_a_message_that_is_not_protected_right_is_refused(
    client: Client, header: dict[str, Any], changes: dict[str, Any], failure: str
) -> None:
    """Header and protection are checked before anything in the body is looked at."""
    question = [{"infoType": "1.3.6.1.4.1.32473.2.1", "infoValue": core.PrintableString(NUMBER)}]
    body = cmp_asn1.PKIBody("genm", cmp_asn1.InfoTypesAndValues(question))
    assert client.say(body, header=header, **changes).failure == failure


def test_a_body_that_was_changed_after_signing_is_refused(client: Client) -> None:
    """The protection covers the body."""
    der = client.order().der
    changed = der.replace(b"hsa-id-authentication", b"hsa-id-authenticatioN")
    assert Said(client.send(changed)).failure == "badMessageCheck"


def test_somebody_elses_certificate_does_not_help(world: World, client: Client) -> None:
    """A message signed with one key and shown with another's certificate is refused."""
    stranger = Client(client.send, new_key(), client.certificate)
    assert stranger.query().failure == "badMessageCheck"


# ---------------------------------------------------------------------------------------- hostile input


class ForgetfulLedger(Ledger):
    """Fails just when the answer should be kept."""

    def add_exchange(self, exchange: Exchange) -> None:
        raise OSError("the disk is full")


def test_a_fault_in_the_middle_leaves_nothing_behind(
    world: World, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Either the whole message is done or nothing of it; the client hears systemFailure and may try again."""
    good, before = world.authority._office, world.states()
    world.authority._office = dataclasses.replace(good, ledger=ForgetfulLedger(world.folder / "ledger.sqlite3"))
    assert client.order().answer.failure == "systemFailure"
    caplog.clear()
    assert world.states() == before
    world.authority._office = good
    assert client.order().answer.body == "cp"


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"<html>", b"\x30\x84\xff\xff\xff\xff", b"\x00" * 5000])
def test_what_is_no_message_gets_a_signed_error(world: World, junk: bytes) -> None:
    """Even then the answer is a message that can be believed."""
    answer = Said(world.authority.answer(junk))
    assert answer.failure == "badDataFormat"
    assert answer.is_signed_by(world.hierarchy.cmp_signer.der)


Target = tuple[World, Client, bytes]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    """An authority and a good order that it has not seen."""
    world = World(tmp_path_factory.mktemp("hostile") / "authority")
    client = world.enrol()
    deaf = dataclasses.replace(client, send=lambda _: client.order().answer.der)
    return world, client, deaf.order().der


def test_a_signer_whose_certificate_cannot_be_read_is_refused(target: Target) -> None:
    """A card number that is no PrintableString any more: a damaged certificate, not a bug of the authority's."""
    world, _, order = target
    number = NUMBER.encode()
    tag = order.index(bytes([0x13, len(number)]) + number)
    answer = Said(world.authority.answer(order[:tag] + b"\x12" + order[tag + 1 :]))
    assert answer.failure == "badMessageCheck"


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_message_is_refused_and_never_raises(target: Target, data: st.DataObject) -> None:
    """Any change of any byte ends in a signed refusal, or in nothing being different (unsigned parts)."""
    world, _, order = target
    place = data.draw(st.integers(0, len(order) - 1))
    damaged = order[:place] + bytes([order[place] ^ data.draw(st.integers(1, 255))]) + order[place + 1 :]
    answer = Said(world.authority.answer(damaged))
    assert answer.is_signed_by(world.hierarchy.cmp_signer.der)
    assert answer.failure in {"badDataFormat", "badMessageCheck", "badAlg", "signerNotTrusted", "unsupportedVersion",
                              "badRequest", "badSenderNonce"}  # fmt: skip


@pytest.fixture(scope="module")
def bodies(target: Target) -> dict[str, bytes]:
    """A body of each kind, made once: signatures are never of the same length twice."""
    world, client, _ = target
    other = world.enrol(card=OTHER_NUMBER).certificate  # or else one example ends the client for the next ones
    return {name: sound_body(client, name, other) for name in ("ir", "kur", "p10cr", "rr")}


def sound_body(client: Client, name: str, revoked: bytes) -> bytes:
    """A body of this kind as it should be, which was sent nowhere."""
    sent: list[bytes] = []

    def keep(der: bytes) -> bytes:
        sent.append(der)
        raise InterruptedError

    deaf = dataclasses.replace(client, send=keep)
    with contextlib.suppress(InterruptedError):
        deaf.revoke(revoked) if name == "rr" else deaf.order(body=name)
    return bytes(cmp_asn1.PKIMessage.load(sent[0])["body"].dump())


@pytest.mark.parametrize("name", ["ir", "kur", "p10cr", "rr"])
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_nonsensical_body_is_refused_and_never_raises(
    target: Target, bodies: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    """A known signer may sign anything: whatever the body holds, no bug of the authority comes to light."""
    world, client, _ = target
    body = bodies[name]
    place = data.draw(st.integers(0, len(body) - 1))
    damaged = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    try:
        unclear = cmp_asn1.PKIBody.load(damaged, strict=True)
        sent = client.message(
            unclear, data.draw(st.binary(min_size=16, max_size=16)), {"generalInfo": [profile_info(AUTHENTICATION)]}
        )
    except (ValueError, TypeError):  # not even a body
        return
    assert Said(world.authority.answer(sent)).failure != "systemFailure"


def test_the_root_is_not_sent(client: Client, world: World) -> None:
    """A trust anchor that came with the message would prove nothing."""
    assert world.hierarchy.authorities[ROOT_2].der not in [
        each.dump() for each in client.order().answer.message["extraCerts"]
    ]
