"""How a run ends, in words and exit codes: interrupted by a person, stopped by the network, nothing to do, done before.

What is said must be true and must be said once: whoever reads it has a card in the reader and a queue at the door.
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup.demo.start import Kind
from sithsup.journal import Journal
from tests.support.demo import CONSENT, NEW, OLD, Demo, Demos, authority_beside

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

KEYS_MADE = "Make a new key for signatures on the card"
PROVEN = "Test that the new certificates work"
HEARS_CTRL_C = (
    sys.executable,
    "-c",
    "import runpy, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # noqa: ISC004  one program
    "runpy.run_module('sithsup', run_name='__main__')",
)
"""A shell starts what runs in the background deaf to it, these tests perhaps among them."""
SINCE = (datetime.now(UTC) - timedelta(days=60)).astimezone().date()
"""When the demo's upgraded card was upgraded."""
BOTH_WAYS = "Go on with “sithsup resume”, or go back with “sithsup restore”."


def begin(demo: Demo, environ: dict[str, str]) -> subprocess.Popen[str]:
    """Start an upgrade with the right codes on its standard input."""
    with (demo.folder / "pins").open("rb") as pins:
        return demo.start(
            "upgrade", *CONSENT, "--yes", "--pin-stdin", program=HEARS_CTRL_C, environ=environ, stdin=pins
        )


def wait_for(text: str, running: subprocess.Popen[str]) -> list[str]:
    """Read what a person sees until a row is done; all of it so far."""
    seen: list[str] = []
    assert running.stderr
    while not (seen and text in seen[-1]):
        line = running.stderr.readline()
        assert line, "".join(seen)
        seen.append(line)
    return seen


def rest(running: subprocess.Popen[str]) -> list[str]:
    """What is said until the end, line by line."""
    _, err = running.communicate(timeout=60)
    return err.splitlines()


def interrupted(demo: Demo, after: str) -> tuple[int, list[str]]:
    """Press Ctrl-C in the row after this one; the exit code and what was said since."""
    with authority_beside(demo, delay=1) as environ:
        running = begin(demo, environ)
        wait_for(after, running)
        time.sleep(0.4)
        running.send_signal(signal.SIGINT)
        return running.wait(60), rest(running)


def test_ctrl_c_before_the_line(demo: Demo) -> None:
    """The card works, and both ways are open: said once, the case code last; `check` agrees."""
    code, said = interrupted(demo, KEYS_MADE)
    assert code == 4
    assert said[0] == "You interrupted the upgrade. (SU-5007)"
    assert said[1:3] == ["The card still works.", BOTH_WAYS]
    assert said[-1].startswith("Case code: ")
    assert sum("resume" in line for line in said) == 1
    assert "another" not in "".join(said)
    assert demo.run("check", "--json").result["choices"] == ["continue", "restore"]
    assert demo.act("restore").code == 0
    assert demo.identity() == OLD


def test_ctrl_c_past_the_line(demo: Demo) -> None:
    """Going back is not offered, because it is not possible."""
    code, said = interrupted(demo, PROVEN)
    assert code == 4
    assert said[:3] == [
        "You interrupted the upgrade. (SU-5007)",
        "The card still works.",
        "Go on with “sithsup resume”.",
    ]
    assert demo.run("check", "--json").result["choices"] == ["continue"]
    assert demo.act("resume").code == 0
    assert demo.identity() == NEW


def test_the_network_fails_on_the_way(demo: Demo) -> None:
    """It is not called an interruption; what happened comes next, and how to go on is said once."""
    with authority_beside(demo, delay=1) as environ:
        running = begin(demo, environ)
        wait_for(KEYS_MADE, running)
    said = rest(running)
    assert running.returncode == 8
    assert said[:2] == [
        "The upgrade did not get further this time.",
        "The certificate issuer cannot be reached. (SU-2001)",
    ]
    assert "You can log in with the card now." in said
    assert said[-1].startswith("Case code: ")
    assert sum("sithsup" in line for line in said) == 1
    assert "interrupted" not in "".join(said)


def test_a_begun_upgrade_is_told_with_its_case_code(demo: Demo) -> None:
    """`upgrade` on an interrupted card names the case that the journal knows; so does the run that ends it."""
    interrupted(demo, KEYS_MADE)
    again = demo.act("upgrade")
    assert (again.code, again.error_code) == (4, "SU-5007")
    case = again.result["case_code"]
    assert len(case) == 8
    assert f"Case code: {case}" in again.err
    assert demo.act("resume").result["case_code"] == case


@pytest.mark.parametrize("action", ["resume", "restore"])
def test_what_another_computer_finished_is_closed_under_its_case_code(action: str, demo: Demo) -> None:
    """The first computer has only its case left to close: it says which one, and the history has it too."""
    interrupted(demo, PROVEN)
    case = demo.act("upgrade").result["case_code"]
    elsewhere = {"SITHSUP_DATA": demo.folder / "elsewhere"}
    try:
        assert demo.act("resume", elsewhere).code == 0
    finally:
        shutil.rmtree(demo.folder / "elsewhere", ignore_errors=True)
    seen = demo.run("check", "--json")
    assert (seen.code, seen.result["case_open"]) == (0, True)
    assert "Run “sithsup resume” once on this computer to close the case." in seen.err
    if action == "restore":
        closed = demo.run("restore", "--json")
        assert (closed.code, closed.error_code, closed.result["case_code"]) == (3, "SU-5008", case)
    else:
        closed = demo.act("resume")
        assert (closed.code, closed.result["outcome"], closed.result["case_code"]) == (0, "upgraded", case)
    assert f"Case code: {case}" in closed.err
    assert demo.run("check", "--json").result["case_open"] is False
    (entry,) = demo.run("history", "--json").result["history"]
    assert entry["case_code"] == case
    assert f"case {case} ended" in (demo.logs / "sithsup.log").read_text()


def test_what_another_computer_restored_is_closed_by_restore(demo: Demo) -> None:
    """The documents say so: the first computer still has its journal, and `restore` there changes nothing but that."""
    interrupted(demo, KEYS_MADE)
    elsewhere = {"SITHSUP_DATA": demo.folder / "elsewhere"}
    try:
        assert demo.act("restore", elsewhere).code == 0
    finally:
        shutil.rmtree(demo.folder / "elsewhere", ignore_errors=True)
    before = demo.card()
    assert demo.run("check").code == 4
    assert demo.act("restore").result["outcome"] == "restored"
    assert demo.card() == before
    assert demo.run("check").code == 10
    assert demo.identity() == OLD


def test_resume_where_nothing_was_begun(demo: Demo) -> None:
    """10, as `check`: `sithsup resume && report` must not report a card that is not upgraded."""
    ended = demo.act("resume")
    assert (ended.code, ended.result["outcome"], ended.result["situation"]) == (10, None, "fresh")
    assert "No upgrade of this card was begun. Run “sithsup upgrade”." in ended.err
    swedish = demo.run("resume", environ={"SITHSUP_LANGUAGE": "sv"})
    assert "Ingen uppgradering av kortet är påbörjad. Kör ”sithsup upgrade”." in swedish.err
    assert demo.identity() == OLD


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        (Kind.SPARE, 3, "TEST: This is a spare card."),
        (Kind.FOREIGN, 3, "TEST: This is a card from Telia, not a SITHS card."),
        (Kind.UPGRADED, 0, f"Your card is upgraded already. Its new certificates are from {SINCE}.\nNothing needs"),
        (Kind.FACTORY_NEW, 0, "or later are made so.\nNothing needs to be done.\n"),
    ],
)
def test_resume_of_a_card_that_is_not_to_be_upgraded(kind: Kind, code: int, words: str, demos: Demos) -> None:
    """The reason and its exit code, as `check` gives them; no advice to begin."""
    demo = demos.fresh(kind)
    ended = demo.act("resume")
    assert ended.code == code == demo.run("check").code
    assert words in ended.err
    assert "Run “sithsup upgrade”" not in ended.err


def test_restore_where_nothing_was_begun(demo: Demo) -> None:
    """0, because the old identity works, and it is said that nothing was undone."""
    ended = demo.act("restore")
    assert (ended.code, ended.result["outcome"]) == (0, None)
    assert ended.err.endswith(
        "No upgrade of this card was begun. There is nothing to undo.\nThe old certificates work.\n"
    )
    assert ended.result["case_code"] == ""
    assert demo.identity() == OLD


def test_after_everything_is_done(demo: Demo) -> None:
    """`restore` says that it is too late for ever, not that something is left to do; `upgrade` makes no fuss."""
    assert demo.act("upgrade").code == 0
    back = demo.run("restore", "--json")
    assert (back.code, back.error_code) == (3, "SU-5008")
    assert "The card is upgraded and everything is done." in back.err
    assert "The old certificates cannot be brought back." in back.err
    assert "resume" not in back.err
    again = demo.run("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin")
    assert (again.code, again.error_code) == (0, "SU-5001")
    today = datetime.now(UTC).astimezone().date()
    assert again.err.endswith(f"Its new certificates are from {today}.\nNothing needs to be done.\n")
    assert (
        f"Kortet är redan uppgraderat. De nya certifikaten är från {today}.\nDu behöver inte göra något."
        in demo.run("check", environ={"SITHSUP_LANGUAGE": "sv"}).err
    )


def test_whoever_gives_a_wrong_code_is_told_who_has_new_ones(demo: Demo) -> None:
    """It may be forgotten. The case code comes last."""
    ended = demo.run("upgrade", "--json", *CONSENT, "--yes", "--pin-stdin", codes="000000\n000000\n")
    assert ended.error_code == "SU-1101"
    assert ended.result["error"]["contact"].startswith("Your deputy issuer: ")
    lines = ended.err.splitlines()
    assert [line for line in lines if "SU-1101" in line]
    assert lines[-1].startswith("Case code: ")


@pytest.mark.parametrize("action", ["resume", "restore"])
def test_another_card_than_the_one_that_waits(action: str, demo: Demo) -> None:
    """It is named, and so is the one that is meant, before a code is asked for: the codes here would be wrong."""
    with Journal(demo.data, "of another card", lambda: datetime.now(UTC)) as journal:
        journal.begin("…4711", "demo", "2B426L72")
    ended = demo.run(action, "--json", "--yes", "--pin-stdin", codes="000000\n000000\n")
    assert (ended.code, ended.error_code) == (7, "SU-1009")
    assert ended.err.startswith(f"Card {ended.result['card']['number']} in ")
    assert "not finished: …4711." in ended.err
    assert demo.act("upgrade").code == 0


def test_the_card_is_named_before_a_code_is_asked_for(demo: Demo) -> None:
    """Whoever is asked for a code must be able to see whose card it would be tried on."""
    interrupted(demo, KEYS_MADE)
    ended = demo.run("restore", "--json")
    assert ended.error_code == "SU-1103"
    assert ended.err.startswith(f"Card {ended.result['card']['number']} in ")
