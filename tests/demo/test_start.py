"""The demo's life: everything in one folder, an authority that outlives its starter, and an end that hits no other."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup.campaign import Campaign, CardKind, Finder
from sithsup.certificate import Certificate
from sithsup.demo import background
from sithsup.demo import start as life
from sithsup.demo.ledger import Ledger, State
from sithsup.demo.people import PEOPLE
from sithsup.errors import AuthorityUnreachableError, NoModuleError, SettingsInvalidError
from sithsup.model import KeyAlgorithm
from sithsup.settings import Settings
from tests.demo.tools import Pkcs11Tool

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool")

FAST = KeyAlgorithm.P_256
AWKWARD = "en mapp med 'citat', åäö & $HOME"
VARIABLES = {
    "SOFTHSM2_CONF",
    "SITHSUP_MODULE",
    "SITHSUP_CAMPAIGN",
    "SITHSUP_CAMPAIGN_ANCHOR",
    "SITHSUP_DATA",
    "SITHSUP_LOGS",
    "SITHSUP_LOCKS",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a running demo in a folder whose name shells stumble over; no test changes it."""
    folder = tmp_path_factory.mktemp("demo") / AWKWARD
    life.start(folder, key_algorithm=FAST)
    yield folder
    life.stop(folder)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """Give a running demo that a test may end."""
    folder = tmp_path / "demo"
    life.start(folder, life.Kind.ONE_PIN, key_algorithm=FAST)
    yield folder
    life.stop(folder)


def process(folder: Path) -> int:
    """The authority's process id."""
    return int(json.loads((folder / "authority" / "server.json").read_bytes())["pid"])


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended (one that nobody waits for stays as a zombie)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def answers(folder: Path) -> bool:
    """Whether the authority hands out its certificate."""
    address = Campaign.load(folder / "campaign.json").authority.address
    root = address.removesuffix("/.well-known/cmp") + "/aia/testsithseidrootcav2.cer"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(root, timeout=10) as answer:
            return Certificate.parse(answer.read()).common_name == "TEST SITHS e-id Root CA v2"
    except OSError:
        return False


# ------------------------------------------------------------------------------------------------ start


def test_a_shell_takes_the_variables_from_env(demo: Path) -> None:
    """`. DIR/env` sets exactly what `environment` tells, whatever characters the path has."""
    script = f'. "$1/env" && exec "{sys.executable}" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    ended = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(demo)], env={"LANG": "C.UTF-8"}, check=True, capture_output=True, timeout=60
    )
    sourced = json.loads(ended.stdout)
    assert {name: sourced.get(name) for name in VARIABLES} == life.environment(demo)
    assert all(Path(value).is_absolute() for value in life.environment(demo).values())


def test_the_settings_follow_the_environment(demo: Path) -> None:
    """The program finds module and campaign there, and keeps its own folders inside DIR."""
    settings = Settings.load(life.environment(demo))
    assert settings.module is not None
    assert settings.module.is_file()
    assert (settings.campaign, settings.campaign_anchor) == (demo / "campaign.p7m", demo / "signing" / "anchor.pem")
    finder = Finder(settings)
    finder.start()
    assert finder.document().campaign == Campaign.load(demo / "campaign.json")
    assert {settings.data.parent, settings.logs.parent} == {demo}


def test_the_pins_open_the_tokens(demo: Path) -> None:
    """The authentication code stands first, the signature code second."""
    environment = life.environment(demo)
    tool = Pkcs11Tool(environment["SITHSUP_MODULE"], environment["SOFTHSM2_CONF"])
    first, second = (demo / "pins").read_text().split("\n")[:2]
    for token, code in (("TEST SITHS kort (legitimering)", first), ("TEST SITHS kort (underskrift)", second)):
        assert any(found.kind == "Private Key" for found in tool.objects(token, code))


def test_the_puks_are_the_officers(demo: Path) -> None:
    """One for each token, in the same order: SoftHSM2 takes it as the security officer's; no code changes."""
    environment = life.environment(demo)
    tool = Pkcs11Tool(environment["SITHSUP_MODULE"], environment["SOFTHSM2_CONF"])
    puks, pins = ((demo / name).read_text().split() for name in ("puks", "pins"))
    assert all(re.fullmatch(r"\d{8}", puk) for puk in puks)
    for token, puk, pin in zip(("legitimering", "underskrift"), puks, pins, strict=True):
        officer = ("--login", "--login-type", "so", "--so-pin", puk)
        tool.run(*officer, "--init-pin", "--new-pin", pin, "--token-label", f"TEST SITHS kort ({token})")


def test_only_the_owner_reads_the_demo(demo: Path) -> None:
    """The folder, the codes and the authority's keys are owner-only."""
    assert demo.stat().st_mode & 0o077 == 0
    secrets = [
        demo / "pins",
        demo / "puks",
        demo / "env",
        demo / "secret",
        demo / "reference",
        *(demo / "authority").glob("*.key"),
    ]
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


def test_the_campaign_goes_by_now(demo: Path) -> None:
    """Open since yesterday for ninety days more; it waits longer than the authority; it fits the demo's own names."""
    campaign, now = Campaign.load(demo / "campaign.json"), datetime.now(UTC)
    assert timedelta(hours=23) < now - campaign.window.opens < timedelta(hours=25)
    assert timedelta(days=89) < campaign.window.closes - now < timedelta(days=91)
    assert campaign.confirm_wait_max > timedelta(minutes=10)
    assert campaign.authority.query_oid
    issuers = {
        *campaign.source_issuers,
        *(issuer for row in campaign.cards if row.kind is CardKind.SPARE for issuer in row.issuers),
        *(target.issuer for target in campaign.wanted),
    }
    assert all(issuer.startswith("TEST SITHS ") for issuer in issuers)
    assert len(campaign.wanted) == 4
    assert Certificate.parse(campaign.anchors[0]).common_name == "TEST SITHS e-id Root CA v2"


def test_the_ledger_knows_the_card_and_its_holder(demo: Path) -> None:
    """The authority can tell the card from a stranger's: its number, its holder, its four certificates."""
    path = demo / "authority" / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        ((number,),) = database.execute("SELECT DISTINCT card FROM certificate").fetchall()
    with closing(Ledger(path)) as ledger:
        card, entries = ledger.card(number), ledger.on_card(number)
    assert (card.holder, card.reason) == (PEOPLE[0], "ELIGIBLE")
    assert Counter(entry.state for entry in entries) == {State.CONFIRMED: 4}
    assert max(Certificate.parse(entry.der).not_after for entry in entries) == card.expires


def test_another_holder_has_a_secret_and_nothing_else(demo: Path) -> None:
    """DIR/reference and DIR/secret enrol a client for a card of its own, on which there is nothing yet."""
    reference, secret = ((demo / name).read_bytes().strip() for name in ("reference", "secret"))
    with closing(Ledger(demo / "authority" / "ledger.sqlite3")) as ledger:
        shared = ledger.secret(reference)
        assert shared is not None
        assert shared.secret == secret
        assert ledger.card(shared.card).holder == PEOPLE[1]
        assert ledger.on_card(shared.card) == ()


def test_the_authority_answers(demo: Path) -> None:
    """When `start` is back, everything that the certificates point to can be fetched."""
    assert answers(demo)


def test_a_one_pin_card_has_one_code(other: Path) -> None:
    """`pins` has a line for each code, and a one-PIN card has one."""
    assert re.fullmatch(r"\d{6}\n", (other / "pins").read_text())


def test_a_used_folder_is_refused_and_left_alone(demo: Path) -> None:
    """A second start in the same folder changes nothing there, and the first demo goes on."""
    before = {path: path.stat().st_mtime_ns for path in demo.rglob("*") if not path.name.endswith(".log")}
    with pytest.raises(SettingsInvalidError) as caught:
        life.start(demo, key_algorithm=FAST)
    assert caught.value.values["name"] == str(demo)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert answers(demo)


@pytest.mark.parametrize("name", ["with # hash", "a file"])
def test_a_folder_that_cannot_be_used_is_refused(name: str, tmp_path: Path) -> None:
    """SoftHSM2's configuration ends at a #, and a file is no folder: said before anything is made."""
    (tmp_path / "a file").write_text("mine")
    with pytest.raises(SettingsInvalidError):
        life.start(tmp_path / name, key_algorithm=FAST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file"]


def test_without_softhsm_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error lists where the module was looked for."""
    monkeypatch.setattr(life, "SOFTHSM_PLACES", (str(tmp_path / "libsofthsm2.so"),))
    with pytest.raises(NoModuleError) as caught:
        life.start(tmp_path / "demo", key_algorithm=FAST)
    assert str(tmp_path / "libsofthsm2.so") in str(caught.value.values["places"])
    assert not (tmp_path / "demo").exists()


def test_an_authority_that_does_not_come_up_is_told_and_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error holds what the process said, nothing is left in the folder, and it can be used at once."""
    monkeypatch.setattr(background, "SERVER", "sithsup.demo.nowhere")
    folder = tmp_path / "demo"
    folder.mkdir()
    with pytest.raises(AuthorityUnreachableError, match=r"No module named sithsup\.demo\.nowhere"):
        life.start(folder, key_algorithm=FAST)
    assert not folder.exists()


def test_the_authority_outlives_its_starter_and_its_terminal(tmp_path: Path) -> None:
    """The command that started it may end, and Ctrl-C or a closed terminal hits its process group only."""
    folder = tmp_path / "demo"
    program = (
        "import sys, pathlib; from sithsup.demo import start; from sithsup.model import KeyAlgorithm\n"
        "if __name__ == '__main__': start.start(pathlib.Path(sys.argv[1]), key_algorithm=KeyAlgorithm.P_256)"
    )
    script = tmp_path / "starter.py"
    script.write_text(program)
    starter = subprocess.Popen([sys.executable, str(script), str(folder)], start_new_session=True)
    try:
        assert starter.wait(60) == 0
        assert os.getsid(process(folder)) != starter.pid
        assert answers(folder)
    finally:
        life.stop(folder)


# ------------------------------------------------------------------------------------------------- stop


def test_stop_ends_the_authority_and_leaves_the_folder(other: Path) -> None:
    """Its process is gone when `stop` is back; card and campaign are still there."""
    pid = process(other)
    life.stop(other)
    assert not runs(pid)
    assert not answers(other)
    assert (other / "card").is_dir()


def test_stop_may_be_called_again_and_on_anything(other: Path, tmp_path: Path) -> None:
    """A second stop, a folder without a demo and no folder at all are no errors."""
    for folder in (other, other, tmp_path, tmp_path / "nowhere"):
        life.stop(folder)


def test_stop_ends_a_killed_demo_too(other: Path) -> None:
    """After a kill the ready file still names a process that is gone: there is nothing to do."""
    os.kill(process(other), signal.SIGKILL)
    life.stop(other)
    assert not answers(other)


def test_stop_never_ends_another_process(other: Path, demo: Path) -> None:
    """A process id is given out again: neither a stranger nor another demo's authority is ended in its place."""
    ready = other / "authority" / "server.json"
    truth = ready.read_bytes()
    idle = [sys.executable, "-c", "input()", "sithsup.demo.server", str(other)]
    with subprocess.Popen(idle, stdin=subprocess.PIPE) as stranger:
        try:
            for pid in (stranger.pid, process(demo)):
                ready.write_text(json.dumps({"pid": pid}))
                life.stop(other)
                time.sleep(0.1)
                assert runs(pid)
        finally:
            stranger.kill()
            ready.write_bytes(truth)
    life.stop(other)
    assert not answers(other)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"pid": "x"}', b'{"pid": null}', b'{"pid": -1}', b"\xff"])
def test_a_torn_ready_file_ends_nothing(content: bytes, tmp_path: Path) -> None:
    """Whatever stands there, `stop` neither fails nor signals a process group."""
    (tmp_path / "authority").mkdir()
    (tmp_path / "authority" / "server.json").write_bytes(content)
    life.stop(tmp_path)
