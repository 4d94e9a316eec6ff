"""The demo with a virtual card: the same life, a card that can be pulled, and nothing left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.demo import start as life
from sithsup.demo.virtual import service
from sithsup.errors import NoCardError, NoReaderError, SettingsInvalidError
from sithsup.model import KeyAlgorithm
from tests.demo.tools import Pkcs11Tool
from tests.support.demo import CONSENT
from tests.support.virtual import NEEDED, short_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs(*NEEDED)

TOKENS = ["TEST SITHS kort (legitimering)", "TEST SITHS kort (underskrift)"]


def start(folder: Path, kind: life.Kind = life.Kind.ORDINARY) -> None:
    life.start(folder, kind, key_algorithm=KeyAlgorithm.P_256, card=life.CardType.VIRTUAL)


@pytest.fixture
def demo() -> Iterator[Path]:
    """Give a running demo whose card a test may do anything to."""
    with short_folder() as folder:
        try:
            start(folder / "demo")
            yield folder / "demo"
        finally:
            life.stop(folder / "demo")


def sithsup(demo: Path, *arguments: str, codes: bool = False) -> tuple[int, dict[str, Any]]:
    """Run the program; its exit code and what it wrote."""
    ended = subprocess.run(
        [sys.executable, "-m", "sithsup", *arguments, "--json"],
        env={**os.environ, **life.environment(demo)},
        input=(demo / "pins").read_bytes() if codes else b"",
        capture_output=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, json.loads(ended.stdout or b"{}")


def processes(folder: Path) -> list[int]:
    """Every process that has the card's folder in its command line, pcscd among them."""
    mark, found = str(folder).encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "cmdline").read_bytes() and int(process.name) != os.getpid():
                found.append(int(process.name))
        except OSError:
            continue  # it has ended
    return found


def test_a_virtual_card_is_upgraded_pulled_and_put_back(demo: Path) -> None:
    """`check` says 10, `upgrade` 0; out of its reader there is no card, and back in it is an upgraded one."""
    assert sithsup(demo, "check")[0] == 10
    code, result = sithsup(demo, "upgrade", *CONSENT, "--yes", "--pin-stdin", codes=True)
    assert (code, result["outcome"]) == (0, "upgraded")
    assert sithsup(demo, "demo", "pull", str(demo))[0] == 0
    code, result = sithsup(demo, "check")
    assert (code, result["error"]["kind"]) == (7, "NoCardError")
    assert sithsup(demo, "demo", "insert", str(demo))[0] == 0
    code, result = sithsup(demo, "check")
    assert (code, result["situation"]) == (0, "upgraded")


def test_other_eyes_see_two_tokens_and_their_objects(demo: Path) -> None:
    """pkcs11-tool opens each with its code: one private key there, the holder's two certificates, and a signature."""
    variables = life.environment(demo)
    tool = Pkcs11Tool(variables["SITHSUP_MODULE"], variables)
    assert tool.tokens() == TOKENS
    assert len(set(tool.serials())) == 1, "as on a real card"
    for token, code in zip(TOKENS, (demo / "pins").read_text().split(), strict=True):
        kinds = [found.kind for found in tool.objects(token, code).elements()]
        assert kinds.count("Private Key") == 1
        assert kinds.count("Certificate") >= 2


@pytest.mark.parametrize("kind", [life.Kind.ONE_PIN, life.Kind.BRIMMING, life.Kind.UPGRADED])
def test_other_kinds_of_cards(kind: life.Kind) -> None:
    """A card with one code, one with everything on it, and one that was upgraded are read as such."""
    with short_folder() as folder:
        try:
            start(folder / "demo", kind)
            code, result = sithsup(folder / "demo", "check")
            if kind is life.Kind.UPGRADED:
                assert (code, result["reasons"]) == (0, ["ALREADY_UPGRADED"])
                return
            assert code == 10
            code, result = sithsup(folder / "demo", "upgrade", *CONSENT, "--yes", "--pin-stdin", codes=True)
            assert (code, result["outcome"]) == (0, "upgraded")
        finally:
            life.stop(folder / "demo")


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        (life.Kind.FOREIGN_WITH_SITHS, 3, "FOREIGN_ISSUER"),
        (life.Kind.SPARE, 3, "SPARE_CARD"),
        (life.Kind.FACTORY_NEW, 0, "NO_NEED"),
        (life.Kind.NO_SIGN_CODE, 6, "PIN_LOCKED"),
    ],
)
def test_kinds_of_cards_that_are_not_upgraded(kind: life.Kind, code: int, reason: str) -> None:
    """Told through OpenSC too; here the maker of a card is its own, and the code for signatures is locked."""
    with short_folder() as folder:
        try:
            start(folder / "demo", kind)
            for command in (("check",), ("upgrade", "--yes", "--pin-stdin")):
                ended, result = sithsup(folder / "demo", *command, codes=True)
                assert (ended, result["reasons"]) == (code, [reason])
        finally:
            life.stop(folder / "demo")


def test_stop_leaves_no_process_and_keeps_the_card(demo: Path) -> None:
    """Card, reader and pcscd are gone; the card's file is there; there is no hand to reach it any more."""
    assert processes(demo)
    life.stop(demo)
    assert not processes(demo)
    assert (demo / "card" / service.CARD_FILE).is_file()
    with pytest.raises(NoCardError):
        life.card_door(demo)


def test_a_stopped_demo_goes_on_with_its_card(demo: Path) -> None:
    """The card that was upgraded lies in its reader again, and the authority knows it."""
    assert sithsup(demo, "upgrade", *CONSENT, "--yes", "--pin-stdin", codes=True)[0] == 0
    assert life.stop(demo)
    assert not life.stop(demo)
    knobs = life.made_knobs(demo)
    assert knobs == life.ORDINARY
    life.start_again(demo, knobs)
    with pytest.raises(SettingsInvalidError):
        life.start_again(demo, knobs)
    code, result = sithsup(demo, "check")
    assert (code, result["situation"]) == (0, "upgraded")


def test_pcscd_dies_with_the_card(demo: Path) -> None:
    """Even when the card's process is killed."""
    pid = json.loads((demo / "card" / service.READY_FILE).read_bytes())["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while [other for other in processes(demo / "card") if other != pid] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(demo / "card") in ([], [pid])


def test_only_the_owner_reads_the_card(demo: Path) -> None:
    """The card's file holds its keys and codes; the door lets anybody pull it."""
    card = demo / "card"
    assert demo.stat().st_mode & 0o077 == 0
    assert {(card / name).stat().st_mode & 0o777 for name in (service.CARD_FILE, service.DOOR)} == {0o600}


def test_a_folder_with_too_long_a_name_is_refused(tmp_path: Path) -> None:
    """A Unix socket's name has 107 bytes: said, and nothing is left."""
    folder = tmp_path / ("x" * 90)
    with pytest.raises(SettingsInvalidError):
        start(folder)
    assert not folder.exists()


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the reader's driver nothing is made."""
    monkeypatch.setattr(service, "DRIVER_PLACES", (str(tmp_path / "libifdvpcd.so"),))
    with pytest.raises(NoReaderError, match="vsmartcard-vpcd is not installed"):
        start(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_the_command_loads_where_there_are_no_unix_sockets() -> None:
    """`sithsup demo --help` shall work on Windows too: what needs such sockets is the card process's.

    The card's lock has a way of its own there, and is loaded before its way here is taken away.
    """
    program = (
        "import socket, socketserver, sys, sithsup.card_lock; del socket.AF_UNIX\n"
        "for name in [n for n in dir(socketserver) if 'Unix' in n]: delattr(socketserver, name)\n"
        "sys.modules['fcntl'] = None; import sithsup.cli.demo"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
