"""What must be agreed to, and what is left at the end, of the program as a person or a script runs it."""

from __future__ import annotations

import json
import os
import re
import select
import stat
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup.demo.campaign import TERMS_VERSION
from tests.demo.tools import openssl
from tests.support.campaigns import content, signed
from tests.support.demo import CONSENT, NEW, OLD, PROGRAM, TIME_OUT

if TYPE_CHECKING:
    from tests.support.demo import Demo

TERMS = ("--accept-terms", TERMS_VERSION)
MAIL = ("--mail-understood",)


@pytest.mark.parametrize(
    ("arguments", "error_code", "said"),
    [
        (("--yes",), "SU-5015", f"version “{TERMS_VERSION}”"),
        (("--yes", "--accept-terms", "demo-0", *MAIL), "SU-5015", f"--accept-terms {TERMS_VERSION}"),
        (("--yes", *TERMS), "SU-5016", "--mail-understood"),
    ],
)
def test_a_script_must_say_it_itself(arguments: tuple[str, ...], error_code: str, said: str, demo: Demo) -> None:
    """2, before a code is read: `--yes` implies nothing. No try is spent, no journal is left, the card is as it was."""
    ended = demo.run("upgrade", "--json", "--pin-stdin", *arguments, codes="000000\n000000\n")
    assert (ended.code, ended.error_code) == (2, error_code)
    assert said in ended.err
    assert "Nothing was begun" not in ended.err or ended.result["outcome"] is None
    assert "count low" not in demo.tool.run("--list-slots")
    assert not list(demo.data.glob("journal-*"))
    assert demo.identity() == OLD


def test_check_tells_a_script_what_to_add(demo: Demo) -> None:
    """The version of the terms, the certificate that opens mail, and the arguments, which then do."""
    ended = demo.run("check", "--json")
    assert ended.code == 10
    assert ended.result["terms"] == TERMS_VERSION
    (mail,) = ended.result["encrypted_mail"]
    assert (mail["issuer"], mail["stays"]) == ("TEST SITHS Type 1 CA v1", False)
    assert mail["address"].endswith("@example.org")
    assert mail["address"] in ended.err
    assert tuple(ended.result["upgrade_arguments"]) == CONSENT
    done = demo.run("upgrade", "--pin-stdin", *ended.result["upgrade_arguments"], codes=demo.pins)
    assert done.code == 0
    assert demo.identity() == NEW


def test_the_receipt_lies_where_it_is_said_to(demo: Demo) -> None:
    """On the screen, in JSON and in the history; for its owner; with what IT needs, as openssl reads it."""
    ended = demo.act("upgrade")
    assert ended.code == 0
    receipt = ended.result["receipt"]
    page, data_file = Path(receipt["page"]), Path(receipt["data_file"])
    assert page.parent == demo.data / "receipts"
    assert str(page) in ended.err
    assert {stat.S_IMODE(path.stat().st_mode) for path in (page, data_file)} == {0o600}
    assert json.loads(data_file.read_bytes()) == receipt["data"]
    assert receipt["data"]["case_code"] == ended.result["case_code"]
    assert receipt["data"]["terms"]["version"] == TERMS_VERSION
    assert receipt["data"]["works"] is True
    assert receipt["data"]["level"] == {"before": 2, "after": 3}
    (entry,) = demo.run("history", "--json").result["history"]
    assert entry["receipt"] == str(page)
    assert str(page) in demo.run("history").out
    identities = {each["value"] for each in receipt["data"]["alt_security_identities"]}
    assert identities == {by_openssl(row.der) for row in demo.upgraded() if row.profile.endswith("authentication")}
    assert all(each.replace("<", "&lt;").replace(">", "&gt;") in page.read_text("utf-8") for each in identities)
    page.unlink()
    assert demo.run("history", "--json").result["history"][0]["receipt"] is None


def by_openssl(der: bytes) -> str:
    """What Active Directory calls a certificate, put together from what openssl says of it."""
    said = openssl(
        "x509", "-inform", "DER", "-noout", "-issuer", "-serial", "-nameopt", "compat,sep_comma_plus", stdin=der
    )
    issuer = re.search(r"^issuer=\s*(.*)$", said, re.MULTILINE)
    serial = re.search(r"^serial=(.*)$", said, re.MULTILINE)
    assert issuer
    assert serial
    names = ",".join(part.replace(" = ", "=").strip() for part in issuer[1].split(","))
    number = bytes.fromhex(serial[1])
    number = b"\0" + number if number[0] >= 0x80 else number
    return f"X509:<I>{names}<SR>{number[::-1].hex()}"


def test_what_the_campaign_keeps_for_old_mail_is_on_the_card(demo: Demo, tmp_path: Path) -> None:
    """No yes is needed; the old certificate and a key that signs under it are there, as others see the card."""
    campaign = content(demo.folder) | {"encrypted_mail": "keep"}
    environ = {"SITHSUP_CAMPAIGN": signed(demo.folder, campaign, tmp_path / "campaign.p7m")}
    (mail,) = demo.run("check", "--json", environ=environ).result["encrypted_mail"]
    assert mail["stays"]
    ended = demo.run("upgrade", "--json", "--pin-stdin", *TERMS, codes=demo.pins, environ=environ)
    assert (ended.code, ended.error_code) == (0, None)
    assert "can still read old e-mail" in ended.err
    receipt = ended.result["receipt"]["data"]
    assert receipt["mail_kept"] == [mail["serial_number"]]
    assert [each["serial_number"] for each in receipt["removed"]] != [mail["serial_number"]]
    serial = int(mail["serial_number"], 16)
    (kept,) = [each for each in demo.card().objects if each.serial == serial]
    (row,) = [row for row in demo.ledger() if row.serial == serial]
    assert demo.signs(kept.token, dict(demo.opened())[kept.token], kept.key_id, row.der)


def test_a_receipt_that_cannot_be_saved_is_shown(demo: Demo) -> None:
    """The upgrade ends as ever, with 0."""
    demo.data.mkdir(parents=True, exist_ok=True)
    (demo.data / "receipts").write_text("in the way")
    ended = demo.act("upgrade")
    assert ended.code == 0
    assert ended.result["receipt"]["page"] is None
    assert ended.result["receipt"]["problem"]
    assert "The receipt could not be saved" in ended.err
    assert "X509:<I>C=SE,O=Inera AB,CN=" in ended.err
    assert demo.identity() == NEW


def test_a_person_at_a_terminal_is_asked(demo: Demo) -> None:
    """First the terms, then the mail, then whether to begin, and only then for codes."""
    told = at_terminal(
        demo, ("accept the terms?", "y"), ("encrypted e-mail afterwards", "y"), ("Upgrade this card?", "y"),
        ("Code for authentication", demo.codes[0]), ("Code for signature", demo.codes[1]),
    )  # fmt: skip
    assert "TEST: the card is personal." in told
    assert "Your card is upgraded." in told
    assert demo.identity() == NEW


@pytest.mark.parametrize("answers", [("n",), ("y", "n")])
def test_a_person_who_says_no_is_asked_for_no_code(answers: tuple[str, ...], demo: Demo) -> None:
    questions = ("accept the terms?", "encrypted e-mail afterwards")
    told = at_terminal(demo, *zip(questions, answers, strict=False), arguments=("--yes",), code=130)
    assert "Code for" not in told
    assert "No upgrade was begun." in told
    assert ("without them there is no upgrade" in told) is (len(answers) == 1)
    assert demo.identity() == OLD


def test_an_answer_that_is_neither_is_asked_for_once_more(demo: Demo) -> None:
    told = at_terminal(demo, ("accept the terms?", "perhaps"), ("accept the terms?", "nej"), code=130)
    assert "No upgrade was begun." in told


def at_terminal(demo: Demo, *dialogue: tuple[str, str], arguments: tuple[str, ...] = (), code: int = 0) -> str:
    """Answer at a pseudo-terminal; everything that was told."""
    master, slave = os.openpty()
    running = subprocess.Popen(
        [*PROGRAM, "upgrade", *arguments], env=demo.variables(), stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    told, waiting, until = "", list(dialogue), time.monotonic() + TIME_OUT
    seen = 0
    while time.monotonic() < until:
        if select.select([master], [], [], 0.1)[0]:
            try:
                told += os.read(master, 4096).decode(errors="replace")
            except OSError:
                break  # the other end is closed
        if waiting and waiting[0][0] in told[seen:]:
            seen = len(told)
            os.write(master, f"{waiting.pop(0)[1]}\n".encode())
    assert running.wait(TIME_OUT) == code
    os.close(master)
    assert not waiting
    return told
