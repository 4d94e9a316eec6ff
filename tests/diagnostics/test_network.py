"""The network's probe: how far each way leads, whom it meets, and which proxy is taken from where."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from sithsup.ca import passage
from sithsup.diagnostics import passages, windows
from sithsup.diagnostics.probes.network import INTERNET_SETTINGS, network
from sithsup.diagnostics.probes.status import status
from sithsup.diagnostics.scene import Scene
from sithsup.errors import ProxyUnusableError
from sithsup.settings import Settings
from tests.ca.test_passage import closed_port, looked_up, silent, unknown
from tests.ca.test_tls import ANSWER, ROOT, saying, server_certificate, speaking
from tests.diagnostics.site import FakeWindows, OwnScene, campaign_of, codes, facts, site

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.campaign import Campaign
    from sithsup.diagnostics.probe import Found

GATE = "http://127.0.0.1:1/cmp"
PROXIES = [name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper())]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def asked(authority: str, **environ: str) -> Found:
    return network(Scene(Settings.resolve({"SITHSUP_AUTHORITY": authority, **environ}, ())))


# ------------------------------------------------------------------------------------------------------- the ways


def test_a_way_that_leads_there(tmp_path: Path) -> None:
    with site(tmp_path) as world:
        found = network(OwnScene(campaign_of(world)))
    (group,) = found.groups
    told = facts(group)
    assert codes(found) == []
    assert (group.name, group.title) == ("authority", "http://127.0.0.1")
    assert (told["addresses"], told["through-proxy"], told["http-status"]) == ("127.0.0.1", False, 405)
    assert 0 <= told["name-ms"] <= told["connection-ms"] <= told["answer-ms"] < 4000
    assert "tls-ms" not in told


def test_the_campaign_s_address_is_tried_beside_the_authority_s() -> None:
    """Each is told by its own name, and of neither more than the host."""
    with saying(ANSWER) as port:
        found = asked(
            f"http://127.0.0.1:{port}/738291",
            SITHSUP_CAMPAIGN_URL=f"https://localhost:{closed_port()}/738291",
        )
    assert {group.name: group.title for group in found.groups} == {
        "authority": "http://127.0.0.1",
        "campaign": "https://localhost",
    }
    assert codes(found) == ["ConnectionRejectedError"]
    assert "738291" not in f"{found} {found.problems[0].what} {found.problems[0].cause}"


def test_without_a_campaign_and_an_address_only_the_computer_is_looked_at() -> None:
    found = network(OwnScene(None))
    assert (found.groups, found.problems) == ((), ())
    assert facts(found)["proxy-source"] == "none"


def test_an_interceptor_is_named(tmp_path: Path) -> None:
    """With its certificate, so that local IT knows whose box it is."""
    keyed = server_certificate()
    with speaking(tmp_path, keyed, above=(ROOT,)) as (address, heard):
        found = asked(address)
    assert codes(found) == ["InterceptedError"]
    assert found.problems[0].cause.endswith(": TEST Root")
    told = facts(found.groups[0])
    assert (told["vouched-by"], told["issuer-1"], told["certificate-2"]) == ("nobody", "TEST Root", "TEST Root")
    assert told["fingerprint-1"] == keyed.parsed.fingerprint
    assert not any(heard)


def test_a_certificate_for_another_name_is_no_interceptor_s(tmp_path: Path) -> None:
    with speaking(tmp_path, server_certificate("127.0.0.2")) as (address, _):
        found = asked(address)
    assert codes(found) == ["InterceptedError"]  # of whom nobody knows anything
    with speaking(tmp_path, server_certificate("127.0.0.2")) as (address, _):
        found = network(OwnScene(own_campaign(tmp_path, anchor=True), {"SITHSUP_AUTHORITY": address}))
    assert codes(found) == ["ServerUntrustedError"]


def own_campaign(folder: Path, *, anchor: bool) -> Campaign:
    """The demo's campaign, with the root of the servers of these tests among its anchors."""
    with site(folder) as world:
        campaign = campaign_of(world)
    more = (ROOT.certificate.public_bytes(Encoding.PEM).decode(),) if anchor else ()
    return campaign.model_copy(update={"trust_anchors": (*campaign.trust_anchors, *more)})


@pytest.mark.parametrize("vouches", ["campaign", "system"])
def test_who_vouches_for_the_server(vouches: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The campaign's own anchors, or only what the system trusts: then it may be an interceptor's."""
    campaign = own_campaign(tmp_path, anchor=vouches == "campaign")
    if vouches == "system":
        (tmp_path / "roots").write_bytes(ROOT.certificate.public_bytes(Encoding.PEM))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots"))
    with speaking(tmp_path, server_certificate(), question=b"\r\n\r\n") as (address, _):
        found = network(OwnScene(campaign, {"SITHSUP_AUTHORITY": address}))
    told = facts(found.groups[0])
    assert codes(found) == []
    assert (told["vouched-by"], told["issuer-1"]) == (vouches, "TEST Root")
    assert told["tls"] in {"TLSv1.2", "TLSv1.3"}
    assert told["tls-ms"] >= told["connection-ms"]


@pytest.mark.parametrize(
    ("host", "answer", "name"),
    [
        ("authority.example", socket.EAI_NONAME, "NameUnknownError"),
        ("authority.example", socket.EAI_AGAIN, "NameServiceSilentError"),
        ("authority.sjunet.org", socket.EAI_NONAME, "SjunetOnlyError"),
    ],
)
def test_a_name_that_leads_nowhere_is_told(host: str, answer: int, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage, "has_route", lambda: True)
    looked_up(monkeypatch, unknown(answer))
    found = asked(f"https://{host}/cmp")
    assert codes(found) == [name]
    assert host in found.problems[0].what + found.problems[0].cause


def test_whoever_is_late_is_told_by_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """No probe waits until its own time is over: then nothing would be named."""
    monkeypatch.setattr(passages, "LONGEST", 0.3)
    with silent() as port:
        found = asked(f"http://127.0.0.1:{port}/cmp")
    assert codes(found) == ["ServerSilentError"]
    assert facts(found.groups[0])["connection-ms"] is not None


# ------------------------------------------------------------------------------------------------------ the proxy


@pytest.mark.parametrize(
    ("environ", "source", "proxy"),
    [
        ({}, "none", None),
        ({"http_proxy": "http://anna:hemligt@proxy.example:8080"}, "environment", "http://proxy.example"),
        ({"https_proxy": "proxy.example:8080"}, "environment", "http://proxy.example"),
        (
            {"http_proxy": "http://other.example", "SITHSUP_PROXY": "http://me:pw@own.example:1"},
            "setting",
            "http://own.example",
        ),
        ({"http_proxy": "http://other.example", "SITHSUP_PROXY": "direct"}, "setting", None),
    ],
)
def test_where_the_proxy_comes_from(
    environ: dict[str, str], source: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And never the log-in to it."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = network(OwnScene(None, environ))
    told = facts(found)
    assert (told["proxy-source"], told.get("proxy"), "proxy" in told) == (source, proxy, proxy is not None)


def test_the_system_s_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows and macOS have one beside the environment."""
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"http": "http://proxy.example:8080"})
    found = network(OwnScene(None))
    assert (facts(found)["proxy-source"], facts(found)["proxy"]) == ("system", "http://proxy.example")


def test_a_proxy_that_cannot_be_used_is_named_and_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:1080")
    found = asked(GATE)
    assert (codes(found), found.groups) == (["ProxyUnusableError"], ())
    with pytest.raises(ProxyUnusableError):
        status(OwnScene(None))
    found = asked(GATE, SITHSUP_PROXY="direct")
    assert codes(found) == ["ConnectionRejectedError"]


def test_the_proxy_that_is_taken_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with saying(ANSWER) as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        found = asked("http://authority.example/cmp")
    assert facts(found.groups[0])["through-proxy"] is True
    assert codes(found) == []


SCRIPT = {f"{windows.Hive.USER}\\{INTERNET_SETTINGS}\\AutoConfigURL": "http://wpad.example/proxy.pac"}


@pytest.mark.parametrize(
    ("values", "proxy", "told", "expected"),
    [
        (SCRIPT, None, True, ["ConnectionRejectedError", "ProxyScriptError"]),
        (SCRIPT, "direct", True, ["ConnectionRejectedError"]),
        ({}, None, False, ["ConnectionRejectedError"]),
    ],
)
def test_a_script_that_finds_proxies_is_told_where_nothing_else_leads_there(
    values: dict[str, object], proxy: str | None, told: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "here", lambda: FakeWindows(values))
    found = asked(GATE, **({"SITHSUP_PROXY": proxy} if proxy else {}))
    assert facts(found)["proxy-script"] is told
    assert codes(found) == expected


def test_a_script_is_no_matter_where_the_authority_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "here", lambda: FakeWindows(SCRIPT))
    with saying(ANSWER) as port:
        assert codes(asked(f"http://127.0.0.1:{port}/")) == []
