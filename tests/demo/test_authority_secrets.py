"""The demo authority, in-process: clients that have a secret and no certificate, and what every header must hold."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import core

from sithsup.ca import cmp_asn1
from sithsup.certificate import Certificate
from sithsup.demo import pbm_asn1
from sithsup.demo.people import PEOPLE
from sithsup.model import Identity, SubjectKind
from tests.demo.conversation import AUTHENTICATION, OTHER_NUMBER, START, Client, Said, Stranger, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "authority")


def is_macced(answer: Said, stranger: Stranger) -> bool:
    """Whether the answer is protected by the secret, with the parameters of the question."""
    parameter = pbm_asn1.pbm_parameter(answer.message["header"]["protectionAlg"])
    alike = parameter is not None and parameter.dump() == stranger.parameter.dump()
    return alike and answer.message["protection"].native == stranger.protection(cmp_asn1.protected_part(answer.message))


@pytest.mark.parametrize("body", ["ir", "p10cr"])
@pytest.mark.parametrize("mac", ["sha1", "hmac_sha1", "sha256", "sha512"])
def test_a_secret_enrols(world: World, body: str, mac: str) -> None:
    """A card without any certificate gets one; every answer is protected by the secret, and by it alone."""
    stranger = world.share(mac={"algorithm": mac})
    order = stranger.order(body=body)
    assert is_macced(order.answer, stranger)
    assert order.answer.message["header"]["senderKID"].native == stranger.secret.reference
    assert [Certificate.parse(each.dump()).is_ca for each in order.answer.message["extraCerts"]] == [True]
    assert Certificate.parse(order.issued).identity == Identity(SubjectKind.HSA_ID, PEOPLE[1].hsa_id)
    done = stranger.confirm(order)
    assert (done.body, is_macced(done, stranger)) == ("pkiconf", True)
    assert world.states(OTHER_NUMBER) == {AUTHENTICATION: "confirmed"}
    assert Client(stranger.send, order.key, order.issued).query(OTHER_NUMBER).body == "genp"


def test_a_secret_polls_and_is_answered_again(world: World) -> None:
    """The same bytes get the same answer here too."""
    world.open(poll=10)
    stranger = world.share()
    order = stranger.order(body="ir")
    assert stranger.send(order.der) == order.answer.der
    world.clock.now += timedelta(seconds=10)
    assert stranger.poll(order).body == "ip"


def test_a_wrong_secret_and_an_unknown_one_look_alike(world: World) -> None:
    """The refusal is signed, so that anybody can believe it, and does not tell which references exist."""
    wrong = world.share()
    wrong.secret = type(wrong.secret)(wrong.secret.reference, b"wrong", OTHER_NUMBER)
    unknown = world.share()
    unknown.secret = type(unknown.secret)(b"nobody", unknown.secret.secret, OTHER_NUMBER)
    answers = [client.order(body="ir").answer for client in (wrong, unknown)]
    assert [answer.failure for answer in answers] == ["badMessageCheck"] * 2
    assert len({answer.content["pKIStatusInfo"]["statusString"].native[0] for answer in answers}) == 1
    assert all(answer.is_signed_by(world.hierarchy.cmp_signer.der) for answer in answers)
    assert world.states(OTHER_NUMBER) == {}


@pytest.mark.parametrize("body", ["cr", "kur"])
def test_a_secret_is_for_a_beginning(world: World, body: str) -> None:
    """Who has a certificate signs with it; revoking and asking need one too."""
    stranger = world.share()
    assert stranger.order(body=body).answer.failure == "wrongIntegrity"
    assert stranger.query(OTHER_NUMBER).failure == "wrongIntegrity"
    assert stranger.revoke(stranger.certificate).failure == "wrongIntegrity"


@pytest.mark.parametrize(
    "parameters",
    [
        {"iterationCount": 99},
        {"iterationCount": 100_001},
        {"iterationCount": 1 << 70},
        {"salt": b"short"},
        {"owf": {"algorithm": "sha1"}},
        {"owf": {"algorithm": "md5"}},
        {"mac": {"algorithm": "1.2.3.4"}},
    ],
)
def test_parameters_that_protect_nothing_or_cost_too_much_are_refused(world: World, parameters: dict[str, Any]) -> None:
    """Before anything is computed."""
    stranger = world.share()
    stranger.parameters = parameters
    body = cmp_asn1.PKIBody("pollReq", [{"certReqId": 0}])
    assert stranger.say(body, signature=b"any").failure == "badAlg"


def test_parameters_that_are_none_are_refused(world: World) -> None:
    """Whatever stands in their place."""
    stranger = world.share()
    for junk in (core.Null(), core.OctetString(b"salt"), cmp_asn1.PKIFreeText(["salt"])):
        header = {"protectionAlg": {"algorithm": pbm_asn1.PBM, "parameters": junk}}
        body = cmp_asn1.PKIBody("pollReq", [{"certReqId": 0}])
        assert stranger.say(body, header=header, signature=b"any").failure == "badDataFormat"


def test_a_secret_and_a_certificate_do_not_mix(world: World) -> None:
    """A transaction that a secret has begun is not known to the holder of a certificate."""
    stranger, client = world.share(), world.enrol(card=OTHER_NUMBER)
    order = stranger.order(body="ir")
    assert client.confirm(order).failure == "badRequest"


# ------------------------------------------------------------------------------------------ every header


@pytest.mark.parametrize(("days", "failure"), [(-2, "badTime"), (2, "badTime"), (0.9, None), (-0.9, None)])
def test_an_old_message_begins_nothing(world: World, days: float, failure: str | None) -> None:
    """messageTime may be a day off; what was answered before is answered again however old it is."""
    client = world.enrol()
    order = client.order(header={"messageTime": START + timedelta(days=days)})
    assert order.answer.failure == failure
    world.clock.now += timedelta(days=3)
    assert (client.send(order.der) == order.answer.der) is (failure is None)


def test_a_beginning_replies_to_nothing(world: World) -> None:
    """RFC 9483, section 3.5: there is no nonce yet that it could repeat."""
    assert world.enrol().order(header={"recipNonce": b"0123456789abcdef"}).answer.failure == "badRecipientNonce"


@pytest.mark.parametrize("body", ["certConf", "pollReq", "error"])
def test_a_continuation_continues_something(world: World, body: str) -> None:
    """Each is refused where nothing was begun."""
    content: dict[str, Any] = {
        "certConf": [],
        "pollReq": [{"certReqId": 0}],
        "error": {"pKIStatusInfo": {"status": "rejection"}},
    }
    assert world.enrol().say(cmp_asn1.PKIBody(body, content[body])).failure == "badRequest"
