"""What the computer trusts, what may put it to sleep, and how its screen is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from sithsup import preflight
from sithsup.demo.profiles import ROOT_2
from sithsup.diagnostics import windows
from sithsup.diagnostics.probes.power import LID_CLOSES, USB_SUSPENDS, power, reader_sleeps
from sithsup.diagnostics.probes.session import WINLOGON, session
from sithsup.diagnostics.probes.trust import trust
from sithsup.diagnostics.windows import Hive, Service
from tests.diagnostics.site import FakeWindows, OwnScene, campaign_of, codes, facts, site

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = OwnScene(None)
ELSEWHERE = ("SESSIONNAME", "SSH_CONNECTION", "XRDP_SESSION")


@pytest.fixture(autouse=True)
def _at_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ELSEWHERE:
        monkeypatch.delenv(name, raising=False)


def is_windows(monkeypatch: pytest.MonkeyPatch, system: FakeWindows) -> None:
    monkeypatch.setattr(windows, "here", lambda: system)


# ------------------------------------------------------------------------------------------------------- trust


@pytest.mark.parametrize("trusted", ["the new root", "another", "nothing"])
def test_each_root_is_told(trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system says nothing, nothing is known."""
    with site(tmp_path) as world:
        campaign = campaign_of(world)
    pems = {"the new root": campaign.trust_anchors, "another": campaign.intermediates, "nothing": ()}[trusted]
    (tmp_path / "bundle").write_text("".join(pems))
    monkeypatch.setattr(preflight, "BUNDLES", (str(tmp_path / "bundle"),))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    found = trust(OwnScene(campaign))
    (group,) = found.groups
    assert (group.title, facts(found)["roots"]) == (ROOT_2, len(pems))
    assert facts(group)["is-trusted"] == {"the new root": True, "another": False, "nothing": None}[trusted]
    assert codes(found) == (["ROOT_NOT_TRUSTED"] if trusted == "another" else [])


# ------------------------------------------------------------------------------------------------------- power


class Power(NamedTuple):
    percent: float
    power_plugged: bool | None


@pytest.mark.parametrize(
    ("found", "percent", "names"),
    [(None, None, []), (Power(12, False), 12, ["BATTERY_LOW"]), (Power(12, True), 12, []), (Power(80, False), 80, [])],
)
def test_a_battery_that_will_not_do_is_told(
    found: Power | None, percent: int | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: found, raising=False)
    told = power(NOWHERE)
    assert (facts(told).get("battery"), codes(told)) == (percent, names)
    assert facts(told)["has-battery"] is (found is not None)


@pytest.mark.parametrize(
    ("lid", "usb", "told"),
    [((1, 2), (0, 1), ("sleep", "hibernate", True)), ((0, 0), (0, 0), ("nothing", "nothing", False))],
)
def test_what_windows_does_to_save_power(
    lid: tuple[int, int], usb: tuple[int, int], told: tuple[str, str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_windows(monkeypatch, FakeWindows(powers={LID_CLOSES: lid, USB_SUSPENDS: usb}))
    found = facts(power(NOWHERE))
    assert (found["lid-plugged-in"], found["lid-battery"], found["usb-suspends"]) == told


def test_a_power_plan_that_cannot_be_read_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    is_windows(monkeypatch, FakeWindows())
    found = facts(power(NOWHERE))
    assert (found["lid-plugged-in"], found["lid-battery"], found["usb-suspends"]) == (None, None, None)


@pytest.mark.parametrize(("kind", "control", "told"), [("0b", "auto", True), ("0b", "on", False), ("08", "auto", None)])
def test_whether_linux_suspends_a_reader(kind: str, control: str, told: bool | None, tmp_path: Path) -> None:
    """By the class of what hangs on USB."""
    (tmp_path / "1-2:1.0").mkdir()
    (tmp_path / "1-2:1.0" / "bInterfaceClass").write_text(f"{kind}\n")
    (tmp_path / "1-2" / "power").mkdir(parents=True)
    (tmp_path / "1-2" / "power" / "control").write_text(f"{control}\n")
    assert reader_sleeps(tmp_path) is told


# ----------------------------------------------------------------------------------------------------- session


@pytest.mark.parametrize(
    ("environ", "protocol", "told"),
    [
        ({}, 0, "local"),
        ({"SESSIONNAME": "Console"}, 0, "local"),
        ({"SESSIONNAME": "RDP-Tcp#7"}, 2, "rdp"),
        ({"SESSIONNAME": "ICA-CGP#1"}, 0, "citrix"),
        ({}, 1, "citrix"),
        ({}, 9, None),
        ({}, None, "local"),
    ],
)
def test_how_the_screen_of_windows_is_reached(
    environ: dict[str, str], protocol: int | None, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_windows(monkeypatch, FakeWindows(protocol=protocol))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert facts(session(NOWHERE))["kind"] == told


@pytest.mark.parametrize(
    ("environ", "told"),
    [({}, "local"), ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "ssh"), ({"XRDP_SESSION": "1"}, "rdp")],
)
def test_how_the_screen_of_linux_is_reached(
    environ: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And of what Windows alone has nothing is told."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert facts(session(NOWHERE)) == {"kind": told}


WELL = {"SCardSvr": Service("running", "manual"), "CertPropSvc": Service("stopped", DISABLED := "disabled")}


def test_the_services_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one for cards must be allowed to start; some packages of middleware want the one that copies off."""
    is_windows(monkeypatch, FakeWindows(services=WELL))
    found = session(NOWHERE)
    told = facts(found)
    assert (told["SCardSvr"], told["SCardSvr-start"]) == ("running", "manual")
    assert (told["CertPropSvc"], told["CertPropSvc-start"], told["SCPolicySvc"]) == ("stopped", DISABLED, None)
    assert codes(found) == []
    is_windows(monkeypatch, FakeWindows(services={"SCardSvr": Service("stopped", "manual")}))
    assert codes(session(NOWHERE)) == []  # it starts with the first reader
    is_windows(monkeypatch, FakeWindows(services={"SCardSvr": Service("stopped", DISABLED)}))
    found = session(NOWHERE)
    assert codes(found) == ["ServiceDisabledError"]
    assert "SCardSvr" in found.problems[0].cause


@pytest.mark.parametrize(
    ("option", "told"),
    [("0", "nothing"), ("1", "lock"), (2, "log-off"), ("3", "disconnect"), ("9", None), (None, None)],
)
def test_what_windows_does_when_a_card_is_pulled(
    option: object, told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_windows(monkeypatch, FakeWindows(values={f"{Hive.MACHINE}\\{WINLOGON}\\ScRemoveOption": option}))
    assert facts(session(NOWHERE))["removal"] == told


def test_certificates_that_windows_has_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those that are replaced count, and whose card is not there only where a card is."""
    with site(tmp_path) as world:
        campaign = campaign_of(world)
        here, gone = (world.enrol().certificate for _ in range(2))
        new = world.enrol("hsa-id-authentication").certificate
    is_windows(monkeypatch, FakeWindows(store=(here, gone, new, b"no certificate")))
    found = session(OwnScene(campaign, card=(here,)))
    assert (facts(found)["in-store"], codes(found)) == (2, ["CertificatesLeftError"])
    assert "in a reader: 1." in found.problems[0].cause
    assert codes(session(OwnScene(campaign, card=(here, gone)))) == []
    found = session(OwnScene(campaign))
    assert (facts(found)["in-store"], codes(found)) == (2, [])
    assert facts(session(NOWHERE))["in-store"] == 0
