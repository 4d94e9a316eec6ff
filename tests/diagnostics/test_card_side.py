"""Everything that may be wrong with readers, modules and cards, for real: the diagnosis ends in time and names it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sithsup.card_lock import CardLock
from sithsup.certificate import Certificate
from sithsup.demo import start as life
from sithsup.demo.start import Kind
from sithsup.demo.virtual import service
from sithsup.demo.virtual.holder import Pace
from tests.contract import tokens
from tests.contract.conftest import softhsm_template, troubled
from tests.support import campaigns, pcscd
from tests.support.demo import CONSENT, NEW, Demo, authority_beside
from tests.support.diagnosed import Diagnosed, diagnose
from tests.support.pcscd import Share, hold, readers
from tests.support.virtual import NEEDED, VirtualBench, short_folder
from tests.support.virtual_lab import first_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["softhsm_template", "troubled"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="SoftHSM2, pcscd and /proc")

NOWHERE = {"PCSCLITE_CSOCK_NAME": "/nowhere/pcscd.comm"}
"""No smart card service, whatever this computer has."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo") / "d"
    demo = Demo.make(folder, Kind.ORDINARY)
    yield demo
    life.stop(folder)


@pytest.fixture
def troubled_card(
    softhsm_template: Path, troubled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """What leads to a SoftHSM2 card behind the module that misbehaves."""
    tokens.use_tokens(softhsm_template, tmp_path / "card", monkeypatch)
    configuration = str(tmp_path / "card" / "softhsm2.conf")
    return {
        "SITHSUP_MODULE": str(troubled),
        "SOFTHSM2_CONF": configuration,
        "TROUBLED_MODULE": tokens.softhsm_module(),
        **NOWHERE,
    }


@contextmanager
def opensc_with(slots: str) -> Iterator[dict[str, str]]:
    """OpenSC in front of these readers."""
    with short_folder() as folder, readers(folder, slots) as environment:
        yield {**environment, "SITHSUP_MODULE": service.module()}


def loaded(found: Diagnosed) -> dict[str, object]:
    """What is said of the module that is used."""
    (taken,) = [group["facts"] for group in found.groups("modules", "module") if group["facts"].get("is-taken")]
    return taken  # type: ignore[no-any-return]


# --------------------------------------------------------------------------------------------------- nothing wrong


@pytest.mark.needs("softhsm2-util")
def test_a_card_that_can_be_upgraded(demo: Demo, tmp_path: Path) -> None:
    """Everything is told of it but whose it is; that SoftHSM2 needs no smart card service is no fault."""
    found = diagnose(demo.environment | NOWHERE, tmp_path)

    assert found.problems == set()
    assert found.probe("readers")["facts"]["service"] == "stopped"
    assert loaded(found)["manufacturer"] == "SoftHSM"
    (card,) = found.groups("card", "card")
    assert (card["facts"]["certificates"], card["facts"]["key-pairs"], card["facts"]["unreadable"]) == (5, 2, 0)
    certificates = found.groups("card", "certificate")
    assert {each["facts"]["subject"] for each in certificates} == {"hsa-id", "personal-number", None}
    assert {each["facts"]["has-key"] for each in certificates if each["facts"]["role"]} == {True}
    (judged,) = found.groups("eligibility", "card")
    assert judged["facts"]["situation"] == "fresh"
    assert (judged["facts"]["old_works"], judged["facts"]["new_works"]) == (True, False)


@pytest.mark.needs("softhsm2-util")
def test_nothing_of_its_holder_is_told(demo: Demo, tmp_path: Path) -> None:
    """The card has their names, their HSA-id and their personal identity number; the report has none of them."""
    on_card = [Certificate.parse(der) for der in demo.known()]
    said = [(c.given_name, c.surname, c.subject_serial) for c in on_card if c.identity]
    people = {word for words in said for word in words}
    assert len(people) >= 4
    text = json.dumps(diagnose(demo.environment | NOWHERE, tmp_path).data, ensure_ascii=False)
    assert not [person for person in people if person in text]


@pytest.mark.needs(*NEEDED)
def test_a_card_in_a_reader(tmp_path: Path) -> None:
    """Through pcscd and OpenSC: reader, answer to reset, slots by code."""
    with short_folder() as folder, VirtualBench(folder, first_day().memory) as bench:
        found = diagnose(bench.environment, tmp_path)
    assert found.named("readers") == found.named("modules") == found.named("card") == []
    (reader, *_) = found.groups("readers", "reader")
    assert (reader["facts"]["state"], reader["facts"]["atr"][:2]) == ("card", "3b")
    assert loaded(found)["manufacturer"] == "OpenSC Project"
    assert [slot["facts"]["code"] for slot in found.groups("modules", "slot")] == ["ok", "ok"]


# ------------------------------------------------------------------------------------------------- the module


def test_no_module(tmp_path: Path) -> None:
    found = diagnose({"SITHSUP_MODULE": "/nowhere/module.so", **NOWHERE}, tmp_path)

    assert found.named("modules") == found.named("card") == found.named("eligibility") == ["NoModuleError"]
    assert found.told("NoModuleError")["code"] == "SU-1001"
    assert found.named("readers") == ["CardServiceStoppedError"]


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_module_that_hangs_while_it_is_loaded(troubled_card: dict[str, str], tmp_path: Path) -> None:
    found = diagnose({**troubled_card, "TROUBLED_HANG": "C_Initialize"}, tmp_path)

    assert "ModuleNotStartingError" in found.named("modules")
    assert "troubled.so was not loaded within" in found.told("ModuleNotStartingError")["cause"]
    assert loaded(found)["loads"] is False


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_module_that_hangs_while_it_is_asked(troubled_card: dict[str, str], tmp_path: Path) -> None:
    """What it said before is told."""
    found = diagnose({**troubled_card, "TROUBLED_HANG": "C_GetSlotList"}, tmp_path)

    assert "ModuleHungError" in found.named("modules")
    assert (loaded(found)["loads"], loaded(found)["manufacturer"]) == (True, "SoftHSM")


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_module_that_crashes_while_it_is_loaded(troubled_card: dict[str, str], tmp_path: Path) -> None:
    found = diagnose({**troubled_card, "TROUBLED_CRASH": "C_Initialize"}, tmp_path)

    assert found.named("modules") == found.named("card") == ["ModuleCrashesError"]
    assert loaded(found)["error"] == "SU-1002 ModuleCrashesError"


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_module_that_crashes_while_it_is_asked(troubled_card: dict[str, str], tmp_path: Path) -> None:
    found = diagnose({**troubled_card, "TROUBLED_CRASH": "C_GetSlotList"}, tmp_path)

    assert found.named("modules") == found.named("card") == ["ModuleCrashedError"]


def test_a_module_for_another_kind_of_computer(tmp_path: Path) -> None:
    """Nothing but its head: it is not loaded to find that out."""
    module = tmp_path / "module.so"
    module.write_bytes(b"\x7fELF\x01\x01\x01".ljust(16, b"\0") + b"\x03\0\x03\0" + bytes(80))
    found = diagnose({"SITHSUP_MODULE": str(module), **NOWHERE}, tmp_path)

    assert found.named("modules") == ["ModuleOfOtherKindError"]
    assert "Linux (x86)," in found.told("ModuleOfOtherKindError")["cause"]


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_module_that_is_too_old(demo: Demo, tmp_path: Path) -> None:
    """By the campaign, whether a card is in or not."""
    campaign = campaigns.content(demo.folder) | {"middleware": [{"manufacturer": "SoftHSM", "version": "9.1"}]}
    asked = campaigns.signed(demo.folder, campaign, tmp_path / "campaign.p7m")
    for card in ({}, {"SOFTHSM2_CONF": empty_card(tmp_path)}):
        found = diagnose({**demo.environment, **NOWHERE, "SITHSUP_CAMPAIGN": str(asked), **card}, tmp_path)

        assert found.named("modules") == ["MIDDLEWARE_TOO_OLD"]
        assert "At least 9.1 is needed" in found.told("MIDDLEWARE_TOO_OLD")["what"]


def empty_card(folder: Path) -> str:
    """A place for SoftHSM2 with nothing in it."""
    (folder / "none" / "tokens").mkdir(parents=True)
    return str(tokens._configuration(folder / "none"))


# ------------------------------------------------------------------------------------------ service and readers


def test_no_smart_card_service(tmp_path: Path) -> None:
    found = diagnose({**NOWHERE, "SITHSUP_MODULE": service.module()}, tmp_path)

    assert found.problems == {"CardServiceStoppedError"}
    assert "SCARD_E_NO_SERVICE (0x8010001D)" in found.told("CardServiceStoppedError")["cause"]


@pytest.mark.needs(*pcscd.NEEDED)
def test_a_service_that_hangs(tmp_path: Path) -> None:
    """Somebody listens and never answers."""
    with short_folder() as folder, socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(folder / "pcscd.comm"))
        deaf.listen()
        found = diagnose(
            {"PCSCLITE_CSOCK_NAME": str(folder / "pcscd.comm"), "SITHSUP_MODULE": service.module()}, tmp_path
        )

    assert found.problems == {"CardServiceHungError"}


@pytest.mark.needs(*pcscd.NEEDED)
def test_five_readers(tmp_path: Path) -> None:
    """Each is told by itself: what is wrong with one hides nothing of another."""
    with opensc_with("ecmee") as environment:
        found = diagnose(environment, tmp_path)

    states = [group["facts"]["state"] for group in found.groups("readers", "reader")]
    assert states == ["empty", "card", "mute", "empty", "empty"]
    assert found.named("readers") == ["CardMuteError"]
    assert "TEST Reader 00 02" in found.told("CardMuteError")["cause"]


@pytest.mark.needs(*pcscd.NEEDED)
def test_a_mute_card(tmp_path: Path) -> None:
    """The wrong way round, say."""
    with opensc_with("m") as environment:
        found = diagnose(environment, tmp_path)

    assert found.problems == {"CardMuteError"}
    assert "chip up" in found.told("CardMuteError")["remedy"]


@pytest.mark.needs(*pcscd.NEEDED)
def test_a_reader_without_a_card(tmp_path: Path) -> None:
    with opensc_with("e") as environment:
        found = diagnose(environment, tmp_path)

    assert found.problems == {"NoCardError"}


@pytest.mark.needs(*pcscd.NEEDED)
def test_a_card_that_the_module_does_not_know(tmp_path: Path) -> None:
    with opensc_with("c") as environment:
        found = diagnose(environment, tmp_path)

    assert found.problems == {"CardUnknownError"}
    assert [group["facts"]["is-known"] for group in found.groups("modules", "slot")] == [False]


@pytest.mark.needs(*NEEDED)
def test_a_card_that_another_program_keeps_to_itself(tmp_path: Path) -> None:
    """Its name is told, since it has the service open."""
    with (
        short_folder() as folder,
        VirtualBench(folder, first_day().memory) as bench,
        hold("00 00", Share.EXCLUSIVE, bench.environment),
    ):
        found = diagnose(bench.environment, tmp_path)

    assert found.problems == {"CardHeldError"}
    assert "python" in found.told("CardHeldError")["cause"]
    assert "python" in [group["title"] for group in found.groups("readers", "program")]
    assert found.groups("readers", "reader")[0]["facts"]["state"] == "exclusive"


@pytest.mark.needs(*NEEDED)
def test_a_card_that_another_program_is_in_the_middle_of_something_with(tmp_path: Path) -> None:
    """The module waits for it, and the diagnosis does not: it is told who is waited for. Nobody resets the card."""
    with (
        short_folder() as folder,
        VirtualBench(folder, first_day().memory) as bench,
        hold("00 00", Share.SHARED, bench.environment, seconds=9) as holder,
    ):
        found = diagnose(bench.environment, tmp_path)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "let go\n"
        assert is_whole(holder)

    assert found.problems == {"CardHeldError"}
    assert found.groups("readers", "reader")[0]["facts"]["state"] == "in-use"


def is_whole(holder: subprocess.Popen[str]) -> bool:
    """Whether nobody has reset the card that a program is connected to: its log-in would be gone."""
    assert holder.stdin is not None
    assert holder.stdout is not None
    time.sleep(1)
    holder.stdin.write("\n")
    holder.stdin.flush()
    return holder.stdout.readline() == "whole\n"


@pytest.mark.needs(*NEEDED)
def test_a_card_that_is_too_slow_is_not_reset_for_others(tmp_path: Path) -> None:
    """A process that is killed in the middle of its reading would do that (measured). It is left to end by itself."""
    with (
        short_folder() as folder,
        VirtualBench(folder, first_day().memory) as bench,
        hold("00 00", Share.SHARED, bench.environment, seconds=0.1) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "let go\n"
        bench.set_pace(Pace(command=0.1))
        found = diagnose(bench.environment, tmp_path)
        assert is_whole(holder)

    assert found.problems == {"CardHeldError"}


# ------------------------------------------------------------------------------------------------------- the card


@pytest.mark.needs("softhsm2-util")
def test_two_cards(demo: Demo, tmp_path: Path) -> None:
    """Each is told, and judged."""
    both = tmp_path / "both"
    shutil.copytree(demo.tokens, both / "tokens")
    environment = os.environ | {"SOFTHSM2_CONF": str(tokens._configuration(both))}
    command = ["softhsm2-util", "--init-token", "--free", "--label", "Another card", "--so-pin", "60493817"]
    subprocess.run([*command, "--pin", "804917"], env=environment, check=True, capture_output=True, timeout=60)
    found = diagnose({**demo.environment, **NOWHERE, "SOFTHSM2_CONF": environment["SOFTHSM2_CONF"]}, tmp_path)

    assert "CardChoiceError" in found.named("card")
    assert len(found.groups("card", "card")) == len(found.groups("eligibility", "card")) == 2
    assert found.named("eligibility") == ["FOREIGN_ISSUER"]


@pytest.mark.needs("softhsm2-util", "gcc")
def test_a_locked_code(demo: Demo, troubled: Path, tmp_path: Path) -> None:
    environment = {
        **demo.environment,
        **NOWHERE,
        "SITHSUP_MODULE": str(troubled),
        "TROUBLED_MODULE": tokens.softhsm_module(),
        "TROUBLED_TRIES": "0",
    }
    found = diagnose(environment, tmp_path)

    assert found.problems == {"CodeLockedError"}
    assert {slot["facts"].get("code") for slot in found.groups("modules", "slot")} == {"locked", None}
    assert next(reason["title"] for reason in found.groups("eligibility", "reason")) == "PIN_LOCKED"


@pytest.mark.needs("softhsm2-util")
def test_a_card_that_a_run_is_at_work_on_is_left_in_peace(demo: Demo, tmp_path: Path) -> None:
    """No module is loaded, ours or another, as long as the lock of any card is taken."""
    lock = CardLock(tmp_path / "locks", "some card")
    lock.take()
    try:
        found = diagnose({**demo.environment, **NOWHERE, "SITHSUP_LOCKS": str(tmp_path / "locks")}, tmp_path)
    finally:
        lock.release()

    assert found.named("modules") == found.named("card") == found.named("eligibility") == ["SecondInstanceError"]
    assert not [group for group in found.groups("modules", "module") if group["facts"].get("loads") is not None]


@pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")
def test_an_upgrade_that_is_under_way_is_left_in_peace(demo: Demo, tmp_path: Path) -> None:
    """The diagnosis says that somebody is at work, and the upgrade ends as if nobody had looked."""
    with authority_beside(demo, delay=1.5) as slow:
        run = demo.start("upgrade", *CONSENT, "--json", "--yes", "--pin-stdin", environ=slow, stdin=subprocess.PIPE)
        assert run.stdin is not None
        run.stdin.write(demo.pins)
        run.stdin.close()
        deadline = time.monotonic() + 60
        while not list((demo.folder / "locks").glob("*.lock")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        found = diagnose(demo.environment | NOWHERE, tmp_path)
        assert run.poll() is None, "it was over before it could be disturbed"
        assert found.named("card") == ["SecondInstanceError"]
        assert run.wait(120) == 0
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        run.stderr.close()
    assert demo.identity() == NEW
    demo.reset()
