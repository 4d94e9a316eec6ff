"""The demo authority, in-process: every body that orders a certificate, polling for it, and revoking one."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core, x509

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate
from sithsup.demo.people import PEOPLE
from tests.demo.conversation import (
    AUTHENTICATION,
    NUMBER,
    OTHER_NUMBER,
    START,
    Client,
    Order,
    World,
    new_key,
    old_certificate,
    profile_info,
    public_der,
)

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = {"ir": "ip", "cr": "cp", "kur": "kup", "p10cr": "cp"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


@pytest.fixture
def client(world: World) -> Client:
    """The holder of the ordinary old card."""
    return world.enrol()


def reopened(world: World, client: Client, **knobs: Any) -> Client:
    """The same client at an authority with other knobs."""
    world.open(**knobs)
    return dataclasses.replace(client, send=world.authority.answer)


# ---------------------------------------------------------------------------------------------- ordering


@pytest.mark.parametrize("body", ANSWERS)
def test_every_body_orders_a_certificate(world: World, client: Client, body: str) -> None:
    """Each is answered by its own kind, for the key that it shows, and can be confirmed."""
    order = client.order(body=body)
    assert order.answer.body == ANSWERS[body]
    assert order.answer.content["response"][0]["certReqId"].native == (-1 if body == "p10cr" else 0)
    assert Certificate.parse(order.issued).public_key == public_der(order.key)
    assert client.confirm(order, status={"certReqId": -1} if body == "p10cr" else {}).body == "pkiconf"
    assert world.states()[AUTHENTICATION] == "confirmed"


def test_a_p10cr_may_be_confirmed_by_the_number_that_others_have(world: World, client: Client) -> None:
    """-1 is right, and 0 is what OpenSSL 3.0 says; any other number is wrong, and -1 is wrong elsewhere."""
    order = client.order(body="p10cr")
    assert client.confirm(order, status={"certReqId": 1}).failure == "badRequest"
    assert client.confirm(order, status={"certReqId": 0}).body == "pkiconf"
    assert client.confirm(client.order(), status={"certReqId": -1}).failure == "badRequest"


def test_a_p10cr_proves_the_possession_by_its_own_signature(client: Client) -> None:
    """Somebody else's signature under it does not do."""
    assert client.order(body="p10cr", prover=new_key()).answer.failure == "badPOP"


def test_the_subject_of_a_p10cr_is_only_a_wish(client: Client) -> None:
    """The ledger knows the holder better."""
    order = client.order(body="p10cr")
    assert order.status == "grantedWithMods"
    assert Certificate.parse(order.issued).surname == PEOPLE[0].surname


# ---------------------------------------------------------------------------------------------- updating


def test_an_updated_certificate_is_retired_by_the_confirmation(world: World, client: Client) -> None:
    """Not by the order, and not by a rejection; the other old certificate is not touched."""
    signature = world.enrol("old-signature").certificate
    assert client.confirm(client.order(body="kur"), accept=False).body == "pkiconf"
    order = client.order(body="kur")
    assert str(world.entry(client.certificate).state) == "confirmed"
    assert client.confirm(order).body == "pkiconf"
    assert (str(world.entry(client.certificate).state), str(world.entry(signature).state)) == ("revoked", "confirmed")
    assert str(world.entry(client.certificate).reason) == "superseded"
    assert client.order(body="kur").answer.failure == "signerNotTrusted"


def test_an_old_certificate_becomes_one_new_one(world: World, client: Client) -> None:
    """The holder's authentication key speaks for the signature key, each kind becomes its own kind, and once only."""
    signature = world.enrol("old-signature").certificate
    for profile in ("personal-number-signature", AUTHENTICATION):
        assert client.order(profile, body="kur", updates=signature).answer.failure == "badRequest"
    first = client.order("hsa-id-signature", body="kur", updates=signature)
    assert client.confirm(first).body == "pkiconf"
    assert client.order("hsa-id-signature", body="kur", updates=signature).answer.failure == "certRevoked"
    assert world.states() == {
        "old-authentication": "confirmed",
        "old-signature": "revoked",
        "hsa-id-signature": "confirmed",
    }


def test_what_cannot_be_updated_is_told_apart(world: World, client: Client) -> None:
    """No control, two, one that names nothing, another card's, one that is not confirmed, one that has expired."""
    twice = [old_certificate(client.certificate)] * 2
    unknown = [old_certificate(client.certificate, serialNumber=7)]
    other_issuer = x509.GeneralName("directory_name", x509.Name.build({"common_name": "TEST SITHS Type 1 CA v1"}))
    expired = world.enrol(validity=(START - timedelta(days=900), START - timedelta(days=1))).certificate
    pending = client.order().issued
    table: dict[str, list[Any]] = {
        "badRequest": [{"controls": []}, {"controls": twice}, {"updates": pending}],
        "badCertId": [
            {"controls": unknown},
            {"controls": [old_certificate(client.certificate, issuer=other_issuer)]},
            {"updates": expired},
        ],
        "notAuthorized": [{"updates": world.enrol(card=OTHER_NUMBER).certificate}],
    }
    for failure, cases in table.items():
        for changes in cases:
            assert client.order(body="kur", **changes).answer.failure == failure, changes
    assert str(world.entry(client.certificate).state) == "confirmed"


# --------------------------------------------------------------------------------------------- polling


@pytest.mark.parametrize("body", ANSWERS)
def test_an_order_is_polled_for(world: World, client: Client, body: str) -> None:
    """Waiting first, then pollRep as long as it takes, then the certificate in the answer to a poll."""
    client = reopened(world, client, poll=100, check_after=60)
    order, number = client.order(body=body), -1 if body == "p10cr" else 0
    assert (order.answer.body, order.status) == (ANSWERS[body], "waiting")
    assert AUTHENTICATION not in world.states()
    early = client.poll(order, number)
    assert early.body == "pollRep"
    assert early.content[0]["certReqId"].native == number
    assert early.content[0]["checkAfter"].native == 60
    world.clock.now += timedelta(seconds=60)
    again = client.poll(order, number, early.nonce)
    assert again.content[0]["checkAfter"].native == 40
    world.clock.now += timedelta(seconds=40)
    final = dataclasses.replace(order, answer=client.poll(order, number, again.nonce))
    assert (final.answer.body, final.status) == (ANSWERS[body], "grantedWithMods")
    assert Certificate.parse(final.issued).public_key == public_der(order.key)
    assert client.poll(final, number).failure == "badRequest"
    assert client.confirm(final, status={"certReqId": number}).body == "pkiconf"


def test_a_client_that_lost_an_answer_may_go_on_polling(world: World, client: Client) -> None:
    """The whole answer may be asked for by -1, with the nonce of any answer in the transaction, after a restart."""
    client = reopened(world, client, poll=100)
    order = client.order()
    client.poll(order)
    client = reopened(world, client, poll=100)
    world.clock.now += timedelta(seconds=100)
    final = dataclasses.replace(order, answer=client.poll(order, -1))
    assert client.confirm(final).body == "pkiconf"


def test_a_poll_that_belongs_to_nothing_is_refused(world: World, client: Client) -> None:
    """A wrong nonce, a wrong number, a transaction of somebody else, one that has its certificate."""
    stranger = world.enrol(card=OTHER_NUMBER)
    done = client.order()
    client = reopened(world, client, poll=100)
    order = client.order()
    assert client.poll(order, nonce=b"never given").failure == "badRecipientNonce"
    assert client.poll(order, 1).failure == "badRequest"
    assert reopened(world, stranger, poll=100).poll(order).failure == "badRequest"
    client = reopened(world, client)
    assert client.poll(done).failure == "badRequest"


def test_an_order_that_may_not_be_is_refused_at_once_and_at_the_end(world: World, client: Client) -> None:
    """Nobody waits for a refusal; what has changed meanwhile counts."""
    client = reopened(world, client, poll=100)
    assert client.order(profile="no-such").answer.failure == "badRequest"
    order = client.order()
    world.ledger.add_card(dataclasses.replace(world.ledger.card(NUMBER), reason="NOT_IN_HSA"))
    world.clock.now += timedelta(seconds=100)
    assert client.poll(order).failure == "notAuthorized"


def test_a_client_may_give_up_waiting(world: World, client: Client) -> None:
    """An error message ends the transaction; nothing is issued in it any more."""
    client = reopened(world, client, poll=100)
    order = client.order()
    body = cmp_asn1.PKIBody("error", cmp_asn1.ErrorMsgContent({"pKIStatusInfo": {"status": "rejection"}}))
    assert client.say(body, order.transaction, {"recipNonce": b"never given"}).failure == "badRecipientNonce"
    assert client.say(body, order.transaction, {"recipNonce": order.answer.nonce}).body == "pkiconf"
    world.clock.now += timedelta(seconds=100)
    assert client.poll(order).failure == "badRequest"


# ---------------------------------------------------------------------------------- implicit confirmation


def implicit(order: Order) -> bool:
    info = order.answer.message["header"]["generalInfo"]
    return "implicitConfirm" in {each["infoType"].native for each in info}


def test_implicit_confirmation_is_not_granted_because_it_is_asked_for(world: World, client: Client) -> None:
    """Whoever asks has to confirm all the same."""
    asked = {"infoType": "implicitConfirm", "infoValue": core.Null()}
    order = client.order(header={"generalInfo": [profile_info(AUTHENTICATION), asked]})
    assert not implicit(order)
    assert world.states()[AUTHENTICATION] == "issued"


@pytest.mark.parametrize("accept", [True, False])
def test_implicit_confirmation_may_be_granted_unasked(world: World, client: Client, *, accept: bool) -> None:
    """The certificate is good at once and for ever; a client that confirms or rejects all the same is heard, once."""
    client = reopened(world, client, implicit_confirm=True)
    order = client.order(body="kur")
    assert implicit(order)
    world.clock.now += timedelta(days=1)
    assert world.states() == {"old-authentication": "confirmed", AUTHENTICATION: "granted"}
    assert Client(client.send, order.key, order.issued).query().body == "genp"
    assert client.confirm(order, accept=accept).body == "pkiconf"
    old, new = ("revoked", "confirmed") if accept else ("confirmed", "revoked")
    assert world.states() == {"old-authentication": old, AUTHENTICATION: new}
    if not accept:
        assert client.confirm(order).failure == "certRevoked"


# -------------------------------------------------------------------------------------------- revoking


@pytest.mark.parametrize("profile", ["old-authentication", "old-signature", AUTHENTICATION])
def test_a_certificate_revokes_itself(world: World, profile: str) -> None:
    """Its key still being there is proof enough; a second time it hears that it was done."""
    client = world.enrol(profile)
    answer = client.revoke(client.certificate)
    assert (answer.body, answer.state) == ("rp", "accepted")
    entry = world.entry(client.certificate)
    assert (str(entry.state), str(entry.reason), entry.revoked_at) == ("revoked", "superseded", START)
    assert client.revoke(client.certificate).state == "rejection certRevoked"


def test_the_authentication_certificate_revokes_for_its_card(world: World, client: Client) -> None:
    """Also what was revoked before its own end came: the client may have missed the answer."""
    signature = world.enrol("old-signature")
    assert client.revoke(signature.certificate, "key_compromise").state == "accepted"
    assert str(world.entry(signature.certificate).reason) == "key_compromise"
    assert client.revoke(client.certificate).state == "accepted"
    assert client.revoke(signature.certificate).state == "rejection certRevoked"


def test_the_new_certificate_revokes_the_old_ones(world: World, client: Client) -> None:
    """Once it is confirmed; before that it is nobody's."""
    order = client.order()
    new = Client(client.send, order.key, order.issued)
    assert new.revoke(client.certificate).state == "rejection signerNotTrusted"
    client.confirm(order)
    assert new.revoke(client.certificate).state == "accepted"


def test_nobody_revokes_what_is_not_theirs(world: World, client: Client) -> None:
    """Another card's, another authority's, another key's, an unknown one: each with its failInfo, nothing revoked."""
    other, telia = world.enrol(card=OTHER_NUMBER).certificate, world.enrol("telia-authentication").certificate
    signature = world.enrol("old-signature")
    unknown = world.enrol(known=False).certificate
    assert client.revoke(other).state == "rejection notAuthorized"
    assert client.revoke(telia).state == "rejection wrongAuthority"
    assert client.revoke(unknown).state == "rejection badCertId"
    assert signature.revoke(client.certificate).state == "rejection notAuthorized"
    assert set(world.states().values()) | set(world.states(OTHER_NUMBER).values()) == {"confirmed"}


def test_a_revocation_names_one_certificate_and_one_reason(world: World, client: Client) -> None:
    """RFC 9483, section 4.2; some reasons are not a holder's to give."""
    der, rr = client.certificate, cmp_asn1.PKIBody
    assert client.revoke(der, None).failure == "badRequest"
    assert client.revoke(der, "ca_compromise").failure == "badRequest"
    assert client.revoke(der, "remove_from_crl").failure == "badRequest"
    for changes in ({"serialNumber": None}, {"issuer": None}):
        assert client.revoke(der, **changes).failure == "badCertTemplate"
    assert client.say(rr("rr", [])).failure == "badRequest"
    assert str(world.entry(der).state) == "confirmed"


def test_the_same_revocation_gets_the_same_answer(world: World, client: Client) -> None:
    """Byte for byte, although the signer is revoked by it."""
    parsed = x509.Certificate.load(client.certificate)
    reason = {"extn_id": "crl_reason", "critical": False, "extn_value": "superseded"}
    names = {"serialNumber": parsed.serial_number, "issuer": parsed.issuer}
    body = cmp_asn1.PKIBody("rr", [{"certDetails": names, "crlEntryDetails": [reason]}])
    der = client.message(body, b"0123456789abcdef")
    assert client.send(der) == client.send(der)
    assert world.status.crl("testsithstype1cav1") is not None
