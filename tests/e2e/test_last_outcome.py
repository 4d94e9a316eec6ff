"""What a run leaves for tools that look after many computers, on real parts: a good end, a kill, a bad disk."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from sithsup.demo import start as life
from sithsup.demo.people import PEOPLE
from sithsup.demo.start import Kind
from tests.support.demo import CONSENT, NEW, OLD, Demo, authority_beside
from tests.support.readers import make_cards

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.demo import Ended

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

DONE = {"id": "demo", "upgraded": 1, "restored": 0, "unfinished": 0, "done": True}
OPEN = {"id": "demo", "upgraded": 0, "restored": 0, "unfinished": 1, "done": False}


def test_an_upgrade_that_was_killed_says_so_until_it_is_finished(demo: Demo) -> None:
    """Nobody was left to say it. Then the computer is done, for its owner's eyes only, and nobody is named."""
    with authority_beside(demo, delay=1) as environ:
        run = demo.start("upgrade", *CONSENT, "--yes", "--pin-stdin", stdin=subprocess.PIPE, environ=environ)
        assert run.stdin
        assert run.stderr
        run.stdin.write(demo.pins)
        run.stdin.flush()
        while "Make a new key for signatures" not in run.stderr.readline():
            pass
        run.send_signal(signal.SIGKILL)
        run.communicate()
        told = demo.last_outcome()
        assert (told["last"]["outcome"], told["last"]["error"], told["campaigns"]) == ("interrupted", None, [OPEN])
        assert demo.act("resume").code == 0
    told = demo.last_outcome()
    assert (told["last"]["act"], told["last"]["outcome"], told["campaigns"]) == ("resume", "upgraded", [DONE])
    file = demo.data / "last-outcome.json"
    assert file.stat().st_mode & 0o777 == 0o600
    holder, number = PEOPLE[0], demo.run("check", "--json").result["card"]["number"]
    private = (holder.given_name, holder.surname, holder.hsa_id, holder.personal_number, number, *demo.codes)
    assert not [each for each in private if each in file.read_text("utf-8")]


def test_an_upgrade_that_the_issuer_refuses(demo: Demo) -> None:
    """A wrong code before, which begins nothing; then a way that leads nowhere."""
    wrong = demo.run("upgrade", *CONSENT, "--json", "--yes", "--pin-stdin", codes="000000\n000000\n")
    assert (wrong.code, demo.last_outcome()["last"]["outcome"]) == (6, "try-later")
    lost = demo.act("upgrade", {"SITHSUP_AUTHORITY": "http://127.0.0.1:9/"})
    last = demo.last_outcome()["last"]
    assert (lost.code, last["outcome"], last["error"]) == (8, "try-later", lost.error_code)
    assert demo.identity() == OLD


def test_a_place_that_cannot_be_written_stops_nothing(demo: Demo) -> None:
    """Something else lies where the file belongs: the upgrade ends well, and the log tells what is missing."""
    (demo.data / "last-outcome.json").mkdir(parents=True)
    assert demo.act("upgrade").code == 0
    assert demo.identity() == NEW
    assert "last outcome: file" in (demo.logs / "sithsup.log").read_text("utf-8")


def two_cards(folder: Path) -> tuple[Demo, dict[str, str | Path], list[tuple[str, str]]]:
    """A computer with two cards in it: what leads to them, and the number of each with its code."""
    demo = Demo.make(folder / "demo", Kind.ORDINARY)
    made = make_cards(demo, folder / "card", (Kind.ONE_PIN, Kind.ONE_PIN))
    environ: dict[str, str | Path] = {"SOFTHSM2_CONF": folder / "card" / "softhsm2.conf"}
    return demo, environ, [(card.number, card.codes[0]) for card in made]


def test_two_cards_of_one_computer(tmp_path: Path) -> None:
    """The computer is done when one is upgraded, and tells of both; `check --all-readers` knows that one is left."""
    demo, environ, cards = two_cards(tmp_path)

    def upgrade(number: str, code: str) -> Ended:
        arguments = ("upgrade", "--card", number, *CONSENT, "--json", "--yes", "--pin-stdin")
        return demo.run(*arguments, codes=f"{code}\n", environ=environ)

    try:
        for count, (number, code) in enumerate(cards, 1):
            assert demo.run("check", "--all-readers", environ=environ).code == 10
            assert upgrade(number, code).code == 0
            told = demo.last_outcome()
            assert told["last"]["card"] == f"…{number[-4:]}"
            assert told["campaigns"] == [DONE | {"upgraded": count}]
        assert demo.run("check", "--all-readers", environ=environ).code == 0
    finally:
        life.stop(demo.folder)
