"""The demo authority, in-process: replays, confirmations, deadlines, and what takes the place of what."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.ca import cmp_asn1
from tests.demo.conversation import (
    AUTHENTICATION,
    NEW_PROFILES,
    NUMBER,
    OTHER_NUMBER,
    START,
    Client,
    World,
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


def test_an_authority_may_be_in_a_hurry(world: World, client: Client) -> None:
    """With `revoke_early` the first confirmation retires the old; the new identity has to speak for the rest."""
    world.open(revoke_early=True)
    client = dataclasses.replace(client, send=world.authority.answer)
    first, second = client.order(), client.order("hsa-id-signature")
    assert client.confirm(first).body == "pkiconf"
    assert {world.states()[old] for old in ("old-authentication", "old-signature")} == {"revoked"}
    assert client.confirm(second).failure == "signerNotTrusted"
    new = Client(client.send, first.key, first.issued)
    assert new.confirm(new.order("hsa-id-signature", key=second.key)).body == "pkiconf"


def test_granted_certificates_do_not_count_as_confirmed(world: World, client: Client) -> None:
    """Four that need no confirmation retire nothing before the last of them was confirmed all the same."""
    world.open(implicit_confirm=True)
    client = dataclasses.replace(client, send=world.authority.answer)
    orders = [client.order(name) for name in NEW_PROFILES]
    for order in orders[:-1]:
        client.confirm(order)
        assert world.states()["old-signature"] == "confirmed"
    client.confirm(orders[-1])
    assert world.states()["old-signature"] == "revoked"


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
