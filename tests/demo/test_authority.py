"""The demo authority, in-process: what it issues, what it believes, what it refuses."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sithsup.ca import cmp_asn1
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
    public_der,
)

if TYPE_CHECKING:
    from pathlib import Path

WAIT = timedelta(minutes=10)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


@pytest.fixture
def client(world: World) -> Client:
    """The holder of the ordinary old card."""
    world.enrol("old-signature")
    return world.enrol()


def upgrade(client: Client) -> None:
    """Order and confirm everything that an upgraded card has."""
    for name in NEW_PROFILES:
        assert client.confirm(client.order(name)).body == "pkiconf"


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
        ({"popo": cmp_asn1.ProofOfPossession("raVerified", core.Null())}, "badPOP"),
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


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256K1())])
def test_a_weak_key_is_not_certified(client: Client, key: Any) -> None:
    """RSA under 2048 bits and unusual curves are refused, before their proof of possession is looked at."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    order = client.order(template={"publicKey": cmp_asn1.keys.PublicKeyInfo.load(spki)})
    assert order.answer.failure == "badCertTemplate"


def test_a_card_that_may_not_be_upgraded_gets_nothing(world: World, client: Client) -> None:
    """The reason that the question is answered with holds for the order too."""
    world.ledger.add_card(dataclasses.replace(world.ledger.card(NUMBER), reason="NOT_HANDED_OUT"))
    assert client.order().answer.failure == "notAuthorized"


@pytest.mark.parametrize("body", ["ir", "kur"])
def test_other_bodies_are_refused(client: Client, body: str) -> None:
    """What is not handled gets an error that says so."""
    order = client.order()
    content = cmp_asn1.PKIMessage.load(order.der)["body"].chosen.untag()
    answer = client.say(cmp_asn1.PKIBody(body, content))
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


# ---------------------------------------------------------------------------------------------- replaying


def test_the_same_bytes_get_the_same_answer(client: Client) -> None:
    """A lost answer is fetched by sending the order again; nothing is issued twice."""
    order = client.order()
    confirmation = client.confirmation(order)
    answer = client.send(confirmation)
    assert client.send(order.der) == order.answer.der
    assert client.send(confirmation) == answer
    assert client.send(order.der) == order.answer.der


def test_an_answer_is_kept_for_a_signer_who_was_revoked_since(world: World, client: Client) -> None:
    """The last pkiConf revokes the old certificate that signed the question, and may still get lost."""
    orders = [client.order(name) for name in NEW_PROFILES]
    answers = [client.confirm(order).der for order in orders[:-1]]
    last = client.confirmation(orders[-1])
    answers.append(client.send(last))
    assert world.states()["old-authentication"] == "revoked"
    assert client.send(last) == answers[-1]
    assert client.query().failure == "signerNotTrusted"


def test_other_bytes_under_a_used_transaction_id_are_refused(client: Client) -> None:
    """A transactionID begins one transaction only; another signer may use the same by chance."""
    order = client.order()
    assert client.order(transaction=order.transaction).answer.failure == "transactionIdInUse"


def test_a_transaction_belongs_to_its_signer(world: World, client: Client) -> None:
    """Two signers may use the same transactionID, and neither can conclude the other's transaction."""
    order, stranger = client.order(), world.enrol(card=OTHER_NUMBER)
    assert stranger.confirm(order).failure == "badRequest"
    assert stranger.order(transaction=order.transaction).answer.body == "cp"
    assert world.states()[AUTHENTICATION] == "issued"


def test_everything_survives_a_restart(world: World, client: Client) -> None:
    """An authority that was started anew gives the old answers and goes on with open transactions."""
    order = client.order()
    world.open()
    client = dataclasses.replace(client, send=world.authority.answer)
    assert client.send(order.der) == order.answer.der
    assert client.confirm(order).body == "pkiconf"
    assert world.states()[AUTHENTICATION] == "confirmed"


# --------------------------------------------------------------------------------------------- confirming


def test_a_rejected_certificate_is_revoked(world: World, client: Client) -> None:
    """A certConf that rejects gets a pkiConf, and the certificate is dead."""
    order = client.order()
    assert client.confirm(order, accept=False).body == "pkiconf"
    assert world.states()[AUTHENTICATION] == "revoked"
    assert client.confirm(order).failure == "certRevoked"


def test_an_empty_confirmation_rejects_everything(world: World, client: Client) -> None:
    """RFC 9810, section 5.3.18."""
    assert client.confirm(client.order(), content=[]).body == "pkiconf"
    assert world.states()[AUTHENTICATION] == "revoked"


def test_a_client_that_gives_up_frees_the_authority(world: World, client: Client) -> None:
    """An error message in a transaction revokes what was issued in it."""
    order = client.order()
    status = {"pKIStatusInfo": {"status": "rejection"}}
    body = cmp_asn1.PKIBody("error", cmp_asn1.ErrorMsgContent(status))
    answer = client.say(body, order.transaction, {"recipNonce": order.answer.nonce})
    assert answer.body == "pkiconf"
    assert world.states()[AUTHENTICATION] == "revoked"


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"status": {"certHash": b"another certificate's hash"}}, "badCertId"),
        ({"status": {"certReqId": 1}}, "badRequest"),
        ({"header": {"recipNonce": b"not the last answer's"}}, "badRecipientNonce"),
        ({"header": {"recipNonce": None}}, "badRecipientNonce"),
        ({"header": {"transactionID": b"nobody began this one"}}, "badRequest"),
    ],
)
def test_a_wrong_confirmation_is_refused_and_changes_nothing(
    world: World, client: Client, changes: dict[str, Any], failure: str
) -> None:
    """The right one may follow."""
    order = client.order()
    assert client.confirm(order, **changes).failure == failure
    assert world.states()[AUTHENTICATION] == "issued"
    assert client.confirm(order).body == "pkiconf"


def test_the_hash_algorithm_can_be_named(world: World, client: Client) -> None:
    """A pvno 3 client may say which hash it used (RFC 9810, section 5.3.18)."""
    import hashlib

    order = client.order()
    status = {"certHash": hashlib.sha256(order.issued).digest(), "hashAlg": {"algorithm": "sha256"}}
    answer = client.confirm(order, status=status, header={"pvno": 3})
    assert answer.body == "pkiconf"
    assert answer.message["header"]["pvno"].native == 3


def test_a_second_confirmation_hears_that_it_is_one(client: Client) -> None:
    """Other bytes than the first get certConfirmed, which a client takes for done."""
    order = client.order()
    assert client.confirm(order).body == "pkiconf"
    assert client.confirm(order).failure == "certConfirmed"
    assert client.confirm(order, accept=False).failure == "certConfirmed"


def test_what_nobody_confirms_in_time_is_revoked(world: World, client: Client) -> None:
    """One second before the deadline the certificate can be confirmed; at the deadline it is dead and forgotten."""
    in_time, late = client.order(), client.order("hsa-id-signature")
    world.clock.now += WAIT - timedelta(seconds=1)
    assert client.confirm(in_time).body == "pkiconf"
    world.clock.now += timedelta(seconds=1)
    assert client.confirm(late).failure == "badRequest"
    assert world.states()["hsa-id-signature"] == "revoked"
    assert world.states()[AUTHENTICATION] == "confirmed"
    assert client.order("hsa-id-signature", key=late.key).answer.body == "cp"


def test_the_wait_can_be_chosen(world: World, client: Client) -> None:
    """A shorter confirmWaitTime is both announced and kept."""
    world.open(confirm_wait=timedelta(seconds=60))
    client = dataclasses.replace(client, send=world.authority.answer)
    order = client.order()
    assert order.answer.info("confirmWaitTime") == START + timedelta(seconds=60)
    world.clock.now += timedelta(seconds=60)
    assert client.confirm(order).failure == "badRequest"


# ------------------------------------------------------------------------------------------- superseding


def test_the_old_certificates_die_with_the_last_confirmation(world: World, client: Client) -> None:
    """As long as one new certificate is missing, both old ones live; other certificates live on."""
    world.enrol("telia-authentication")
    world.enrol("old-authentication", OTHER_NUMBER)
    for name in NEW_PROFILES:
        assert {world.states()[old] for old in ("old-authentication", "old-signature")} == {"confirmed"}
        client.confirm(client.order(name))
    states = world.states()
    assert [states.pop(old) for old in ("old-authentication", "old-signature")] == ["revoked", "revoked"]
    assert set(states.values()) == {"confirmed"}
    assert world.states(OTHER_NUMBER) == {"old-authentication": "confirmed"}
    assert {str(entry.reason) for entry in world.ledger.on_card(NUMBER) if entry.revoked_at} == {"superseded"}


def test_an_authority_may_leave_the_old_certificates_alone(world: World, client: Client) -> None:
    """With `revoke_old` off they stay."""
    world.open(revoke_old=False)
    upgrade(dataclasses.replace(client, send=world.authority.answer))
    assert set(world.states().values()) == {"confirmed"}


def test_a_newer_certificate_supersedes_an_older_one(world: World, client: Client) -> None:
    """Of one profile a card has one confirmed certificate; the older dies when the newer is confirmed, not before."""
    first = client.order()
    client.confirm(first)
    second = client.order()
    assert str(world.entry(first.issued).state) == "confirmed"
    client.confirm(second)
    assert str(world.entry(first.issued).state) == "revoked"
    assert str(world.entry(second.issued).state) == "confirmed"


def test_a_new_certificate_can_sign_once_it_is_confirmed(world: World, client: Client) -> None:
    """After the upgrade the card speaks with its new identity."""
    order = client.order()
    new = Client(client.send, order.key, order.issued)
    assert new.query().failure == "signerNotTrusted"
    client.confirm(order)
    assert new.query().body == "genp"
    assert new.order("hsa-id-signature").answer.body == "cp"


# ---------------------------------------------------------------------------------------- hostile input


class ForgetfulLedger(Ledger):
    """Fails just when the answer should be kept."""

    def add_exchange(self, exchange: Exchange) -> None:
        raise OSError("the disk is full")


def test_a_fault_in_the_middle_leaves_nothing_behind(
    world: World, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Either the whole message is done or nothing of it; the client hears systemFailure and may try again."""
    good, before = world.ledger, world.states()
    world.authority._ledger = ForgetfulLedger(world.folder / "ledger.sqlite3")
    assert client.order().answer.failure == "systemFailure"
    caplog.clear()
    assert world.states() == before
    world.authority._ledger = good
    assert client.order().answer.body == "cp"


@pytest.mark.parametrize("junk", [b"", b"\x30\x00", b"<html>", b"\x30\x84\xff\xff\xff\xff", b"\x00" * 5000])
def test_what_is_no_message_gets_a_signed_error(world: World, junk: bytes) -> None:
    """Even then the answer is a message that can be believed."""
    answer = Said(world.authority.answer(junk))
    assert answer.failure == "badDataFormat"
    assert answer.is_signed_by(world.hierarchy.cmp_signer.der)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, bytes]:
    """An authority and a good order that it has not seen."""
    world = World(tmp_path_factory.mktemp("hostile") / "authority")
    client = world.enrol()
    deaf = dataclasses.replace(client, send=lambda _: client.order().answer.der)
    return world, deaf.order().der


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_damaged_message_is_refused_and_never_raises(target: tuple[World, bytes], data: st.DataObject) -> None:
    """Any change of any byte ends in a signed refusal, or in nothing being different (unsigned parts)."""
    world, order = target
    place = data.draw(st.integers(0, len(order) - 1))
    damaged = order[:place] + bytes([order[place] ^ data.draw(st.integers(1, 255))]) + order[place + 1 :]
    answer = Said(world.authority.answer(damaged))
    assert answer.is_signed_by(world.hierarchy.cmp_signer.der)
    assert answer.failure in {"badDataFormat", "badMessageCheck", "badAlg", "signerNotTrusted", "unsupportedVersion",
                              "badRequest", "badSenderNonce"}  # fmt: skip


def test_the_root_is_not_sent(client: Client, world: World) -> None:
    """A trust anchor that came with the message would prove nothing."""
    assert world.hierarchy.authorities[ROOT_2].der not in [
        each.dump() for each in client.order().answer.message["extraCerts"]
    ]
