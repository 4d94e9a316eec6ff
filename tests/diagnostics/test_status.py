"""What the status services answer, and whose silence is told."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sithsup.ca import passage as way
from sithsup.demo.ledger import Reason
from sithsup.demo.profiles import ROOT_2, TYPE_1
from sithsup.diagnostics import statuses
from sithsup.diagnostics.card_side import CardsSeen
from sithsup.diagnostics.probes.status import status
from sithsup.diagnostics.scene import Once
from tests.ca.test_tls import PAGES, saying
from tests.ca.test_transport import serving
from tests.diagnostics.site import OwnScene, campaign_of, codes, facts, site

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    import pytest

    from sithsup.diagnostics.probe import Found
    from tests.demo.conversation import World


def by_service(found: Found) -> dict[str, dict[str, Any]]:
    return {facts(group)["service"]: facts(group) for group in found.groups}


def test_every_place_is_asked_once(tmp_path: Path) -> None:
    """What two issuers of one root name is one place."""
    with site(tmp_path) as world:
        found = status(OwnScene(campaign_of(world)))
    told = by_service(found)
    assert list(told) == ["OCSP", "CRL"]
    assert len(found.groups) == 2
    assert codes(found) == []
    assert all((each["answers"], each["state"], each["issuer"]) == (True, "good", ROOT_2) for each in told.values())
    assert [told[service]["is-fresh"] for service in told] == [True, False]


def test_how_old_an_answer_is(tmp_path: Path) -> None:
    """By this computer's clock; an old list is of another time, which is the clock's matter."""
    with site(tmp_path) as world:
        world.clock.now -= timedelta(minutes=3)
        found = status(OwnScene(campaign_of(world)))
    assert 170 < by_service(found)["OCSP"]["age"] < 200


def test_silence_is_told_where_nobody_else_answers(tmp_path: Path) -> None:
    """By the issuer, the host, and what was in the way."""
    with site(tmp_path) as world:
        campaign = campaign_of(world)
    found = status(OwnScene(campaign))
    assert codes(found) == ["StatusSilentError"]
    (problem,) = found.problems
    assert ROOT_2 in problem.cause
    assert "127.0.0.1 refuses the connection." in problem.cause
    assert "the computer must reach 127.0.0.1" in problem.remedy
    assert all(each["answers"] is False and each["error"] == "SU-2104" for each in by_service(found).values())


def test_one_who_answers_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(tmp_path) as world:
        monkeypatch.setattr(world.status, "ocsp", lambda _: b"no answer at all")
        found = status(OwnScene(campaign_of(world)))
    assert codes(found) == []
    told = by_service(found)
    assert (told["OCSP"]["error"], told["CRL"]["state"]) == ("SU-2004", "good")


def test_answers_that_cannot_be_trusted_are_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(tmp_path) as world:
        monkeypatch.setattr(world.status, "ocsp", lambda _: b"no answer at all")
        monkeypatch.setattr(world.status, "crl", lambda _: b"no list at all")
        found = status(OwnScene(campaign_of(world)))
    assert codes(found) == ["AnswerUntrustedError"]


def test_a_page_instead_of_an_answer(tmp_path: Path) -> None:
    """A guest network answers whoever is asked."""
    with site(tmp_path) as world:
        campaign = campaign_of(world)
    with saying(PAGES["a page"]) as port:
        found = status(OwnScene(campaign, {"SITHSUP_PROXY": f"http://127.0.0.1:{port}"}))
    assert codes(found) == ["StatusSilentError"]
    assert "web page" in found.problems[0].cause


def test_without_a_network_that_is_told_and_no_service_blamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with site(tmp_path) as world:
        campaign = campaign_of(world)
    monkeypatch.setattr(way, "has_route", lambda: False)
    monkeypatch.setattr(way, "is_this_computer", lambda _: False)
    assert codes(status(OwnScene(campaign))) == ["NoNetworkError"]


def test_a_list_that_is_too_long_to_wait_for_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statuses, "SECONDS", 0.5)
    begun = b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nContent-Length: 99999\r\n\r\nbegun"
    with site(tmp_path) as world:
        campaign = campaign_of(world)
    done = threading.Event()

    def begin(connection: socket.socket) -> None:
        connection.sendall(begun)
        done.wait(5)

    with serving(begin) as proxy:
        found = status(OwnScene(campaign, {"SITHSUP_PROXY": proxy.address.removesuffix("/.well-known/cmp")}))
        done.set()
    assert codes(found) == []
    assert all(facts(group)["answers"] is True for group in found.groups)


def test_without_a_campaign_nobody_is_asked() -> None:
    found = status(OwnScene(None))
    assert (found.groups, found.problems) == ((), ())


def test_the_card_s_certificates_are_asked_about_where_they_say(tmp_path: Path) -> None:
    """Once for each issuer, and about the one for authentication; of each place no more than its host is told."""
    with site(tmp_path) as world:
        signing, logging_in = (world.enrol(profile).certificate for profile in ("old-signature", "old-authentication"))
        revoke(world, logging_in)
        found = status(OwnScene(campaign_of(world), card=(signing, logging_in)))
    old = [facts(group) for group in found.groups if facts(group)["issuer"] == TYPE_1]
    assert [(each["service"], each["about"], each["state"]) for each in old] == [
        (service, "authentication", "revoked") for service in ("OCSP", "OCSP", "CRL", "CRL")
    ]
    assert facts(found)["about-card"] is True
    assert codes(found) == []


def revoke(world: World, der: bytes) -> None:
    with world.ledger.transaction():
        world.ledger.revoke(world.entry(der), world.clock(), Reason.SUPERSEDED)


def test_a_card_that_is_slow_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The issuers are asked about meanwhile."""
    monkeypatch.setattr(statuses, "CARD_SECONDS", 0.2)
    done, begun = threading.Event(), time.monotonic()

    def look() -> CardsSeen:
        done.wait(30)
        return CardsSeen("-")

    with site(tmp_path) as world:
        scene = OwnScene(campaign_of(world))
        scene.cards = Once(look)
        found = status(scene)
        done.set()
    assert time.monotonic() - begun < statuses.LONGEST
    assert [facts(group)["about"] for group in found.groups] == ["issuer", "issuer"]
    assert facts(found)["about-card"] is False
