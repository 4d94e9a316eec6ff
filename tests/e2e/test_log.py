"""The log of a whole upgrade at its fullest: it names every call, and nothing of a person or a code is in it.

The codes are unmistakable, and so is the holder; what is on the card and what the authority knows is looked for in
every form in which a text may lie somewhere. A control plants one.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import logs
from sithsup.demo.people import PEOPLE
from tests.support import system_log
from tests.support.demo import CONSENT, NEW, OLD, PROGRAM, Demo
from tests.support.spy import spied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

CODES = ("Legit-Kod-kvast-4711", "Under-Kod-mossa-1742")
UPGRADE = ("upgrade", "--json", "--yes", "--pin-stdin", *CONSENT)
ASKED_TWICE = "C_GetSlotList"
"""The binding asks for the length first; the log has one line for both."""


@pytest.fixture
def demo(demo: Demo) -> Iterator[Demo]:
    """Give the ordinary demo with unmistakable codes."""
    ordinary = demo.codes
    for (token, code), new in zip(demo.opened(), CODES, strict=True):
        demo.tool.run("--login", "--pin", code, "--change-pin", "--new-pin", new, "--token-label", token)
    demo.codes = CODES
    yield demo
    demo.codes = ordinary


def secrets() -> dict[str, tuple[str, ...]]:
    """What is nobody's business, each with the ways in which it is written. The holder is the first of the demo."""
    holder = PEOPLE[0]
    number = holder.personal_number
    return {
        "codes": CODES,
        "personal identity number": (
            *(number, number[2:], f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}"),
            *(f"{number[:8]}+{number[8:]}", f"{number[:8]} {number[8:]}"),
        ),
        "name": (holder.given_name, holder.surname, holder.surname.partition("-")[0]),
        "HSA-id": (holder.hsa_id, holder.hsa_id.partition("-")[2]),
    }


def forms(secret: str) -> Iterator[bytes]:
    """As it is, in the encodings of certificates and labels, as digits, as escapes, as base64 at each of its places."""
    for plain in {secret.encode(), secret.encode("latin-1"), secret.encode("utf-16-be"), secret.encode("utf-16-le")}:
        yield plain
        yield plain.hex().encode()
        yield plain.hex().upper().encode()
        yield repr(plain)[2:-1].encode()
        yield from (base64.b64encode(bytes(n) + plain)[(0, 4, 4)[n] : -4] for n in range(3) if len(plain) > 8)
    yield json.dumps(secret)[1:-1].encode()


def told_in(content: bytes) -> set[str]:
    """Whatever of it is in a text."""
    return {what for what, ways in secrets().items() if any(f in content for way in ways for f in forms(way) if f)}


def written(demo: Demo) -> bytes:
    """Every file of the log, one after the other."""
    files = sorted(demo.logs.iterdir())
    assert {path.name.partition(".log")[0] for path in files} == {"sithsup"}
    return b"".join(path.read_bytes() for path in files)


def records(demo: Demo) -> list[dict[str, Any]]:
    """Every object of a log that was written as JSON Lines."""
    return [json.loads(line) for line in written(demo).decode().splitlines()]


# ------------------------------------------------------------------------------------------- what is in it


def test_the_fullest_log_has_every_call_and_no_secret(demo: Demo) -> None:
    """As often as a spy between program and module counted it; of messages their kinds, of answers their statuses."""
    seen = spied(demo, *UPGRADE, environ={"SITHSUP_LOG_LEVEL": "TRAFFIC", "SITHSUP_LOG_FORMAT": "json"})
    assert seen.ended.code == 0
    assert demo.identity() == NEW
    assert told_in(written(demo)) == set()
    assert told_in(seen.ended.err.encode()) & {"codes", "personal identity number"} == set()
    found = records(demo)
    calls = Counter(each["message"] for each in found if each["message"].startswith("C_"))
    counted = Counter(name for name, _ in seen.calls if name != "C_GetFunctionList")  # is no call of the module yet
    calls[ASKED_TWICE] *= 2
    assert {"C_Initialize", "C_Login", "C_GenerateKeyPair", "C_CreateObject", "C_Sign", "C_DestroyObject"} <= set(calls)
    assert calls == counted
    said = {each["message"] for each in found}
    assert {f"sends {kind}" for kind in ("genm", "cr", "certConf")} <= said
    assert {f"receives {kind}" for kind in ("genp", "cp", "pkiconf")} <= said
    asked = [each["facts"] for each in found if each["message"] == "POST"]
    assert {facts["status"] for facts in asked} == {200}
    assert all(facts["received_bytes"] > 0 and "ms" in facts for facts in asked)
    ours = [each["facts"] for each in found if each["message"] == "C_Sign"]
    assert all({"session", "data_bytes", "signature_bytes", "answer", "ms"} == set(facts) for facts in ours)


@pytest.mark.parametrize("level", ["INFO", "DEBUG", "TRAFFIC"])
def test_no_level_has_a_secret_in_it(demo: Demo, level: str) -> None:
    """As text too, and when codes are wrong: the steps and the outcome are there at each."""
    right, demo.codes = demo.codes, ("Legit-Kod-fel", CODES[1])
    refused = demo.act("upgrade", {"SITHSUP_LOG_LEVEL": level})
    demo.codes = right
    done = demo.act("upgrade", {"SITHSUP_LOG_LEVEL": level})
    assert (refused.code, done.code) == (6, 0)
    text = written(demo)
    assert told_in(text) == set()
    assert b"Legit-Kod-fel" not in text
    assert b"SU-1101 CodeIncorrectError: CKR_PIN_INCORRECT (0xA0)" in text
    assert b"do confirm-certificates" in text
    assert f"case {done.result['case_code']} ended: upgraded".encode() in text
    assert (b" C_Login " in text) is (level == "TRAFFIC")
    assert (" C_Login " in done.err) is False


def test_the_search_finds_what_is_planted() -> None:
    """The control: each of them, in each form."""
    for what, ways in secrets().items():
        for way in ways:
            for form in forms(way):
                assert what in told_in(b"anything " + form + b" whatever"), (way, form)
    assert told_in(b"sithsup.runner: do ask-authority TSTNMT2321000156-**** ********-****") == set()


# ------------------------------------------------------------------------------------ nothing is stopped by it


FULL = """
mount -t tmpfs -o size=8k tmpfs "$SITHSUP_LOGS" || exit 99
"$@"
code=$?
df --output=avail "$SITHSUP_LOGS" >&2
exit $code
"""


@pytest.mark.needs("unshare", "mount")
@pytest.mark.parametrize("form", logs.FORMATS)
def test_a_full_disk_stops_nothing(demo: Demo, form: str) -> None:
    """There is room for the first lines of many; nobody hears of the others."""
    demo.logs.mkdir()
    ended = demo.run(
        *UPGRADE,
        program=("unshare", "--map-root-user", "--mount", "sh", "-c", FULL, "sh", *PROGRAM),
        codes=demo.pins,
        environ={"SITHSUP_LOG_LEVEL": "TRAFFIC", "SITHSUP_LOG_FORMAT": form},
    )
    assert ended.code == 0
    assert ended.err.split()[-1] == "0"  # it was full
    assert "Traceback" not in ended.err
    assert "Logging error" not in ended.err
    assert demo.identity() == NEW


@pytest.mark.parametrize("level", ["INFO", "TRAFFIC"])
def test_a_folder_that_cannot_be_written_stops_nothing(demo: Demo, level: str) -> None:
    """It is told once, and the outcome is as ever."""
    ended = demo.act("upgrade", {"SITHSUP_LOGS": "/dev/null/logs", "SITHSUP_LOG_LEVEL": level})
    assert ended.code == 0
    assert ended.err.count("there is no log in /dev/null/logs") == 1
    assert "Traceback" not in ended.err
    assert demo.identity() == NEW


# ------------------------------------------------------------------------------------- the computer's own log


@pytest.mark.needs(*system_log.NEEDED)
def test_the_computer_s_own_log_is_told_of_a_run(demo: Demo, tmp_path: Path) -> None:
    """That it began, and how it ended, with the codes by which support finds the rest; and nothing else."""
    right, demo.codes = demo.codes, ("Legit-Kod-fel", CODES[1])
    wrong = system_log.in_namespace(tmp_path, [*PROGRAM, *UPGRADE], demo.variables(), demo.pins)
    demo.codes = right
    done = system_log.in_namespace(tmp_path, [*PROGRAM, *UPGRADE], demo.variables(), demo.pins)
    looked = system_log.in_namespace(tmp_path, [*PROGRAM, "check"], demo.variables(), demo.pins)
    assert (wrong.code, done.code, looked.code) == (6, 0, 0)
    began, failed = wrong.entries
    assert re.fullmatch(r"<14>.* sithsup\[[0-9]+\]: upgrade began version=[0-9.]+\0?", began)
    assert re.fullmatch(r"<12>.* sithsup\[[0-9]+\]: upgrade failed error=SU-1101 case=[0-9A-Z]{8}\0?", failed)
    again, succeeded = done.entries
    assert again.split("sithsup[")[1].partition("]")[2] == began.split("sithsup[")[1].partition("]")[2]
    assert re.fullmatch(r"<14>.* sithsup\[[0-9]+\]: upgrade succeeded outcome=upgraded case=[0-9A-Z]{8}\0?", succeeded)
    assert looked.entries == []
    assert told_in("".join(wrong.entries + done.entries).encode()) == set()


def test_nothing_is_lost_where_there_is_no_such_log(demo: Demo) -> None:
    """As in a container; the program's own log has the same words."""
    assert demo.identity() == OLD
    assert demo.act("upgrade").code == 0
    assert b"sithsup.system_log: upgrade succeeded outcome=upgraded case=" in written(demo)
