"""A canary in every cage: an unmistakable holder and unmistakable codes, and none of them where they do not belong.

They are on the card (subjects of certificates, labels of objects and tokens), in settings, in the environment, and in
what the authority says. An upgrade is refused, interrupted and finished, a code is unblocked, a fault of the program is
provoked, and a diagnosis is made before, in between and afterwards. Then report, log, journal and what a fault leaves
behind are searched. Each search has its control.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from sithsup import last_outcome
from sithsup.demo import start as life
from sithsup.demo.campaign import CMP_PATH
from tests.hostile import forging as f
from tests.hostile.row import ORDERS
from tests.hostile.server import Page, hostile_authority
from tests.support import system_log
from tests.support.canary import CODES, CONTACT, EVERYTHING, IDENTITY, NEW_PIN, PINS, Search, environment, make_demo
from tests.support.demo import CONSENT, NEW, PROGRAM, Demo, Ended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hostile.server import Turn

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl", *system_log.NEEDED)

FAULT = """
import os, runpy
from sithsup import operation
def begin(self, token, contents, **others):
    raise ValueError(f"{contents.certificates[0].certificate!r} {others!r} {os.environ['KANARIE']}")
operation.Operation.__init__ = begin
runpy.run_module("sithsup", run_name="__main__")
"""
FAULTY = (sys.executable, "-c", FAULT)
"""The program with a fault in it that tells everything that it knows, before it has shown the holder their card."""


@dataclass
class Lived:
    """What has been lived through, and what is left of it."""

    demo: Demo
    folder: Path
    search: Search
    environ: dict[str, str]
    puk: str
    said: dict[str, Ended] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    """Every answer of the authority."""
    logged: list[str] = field(default_factory=list)
    """What the computer's own log was told."""
    while_hot: set[tuple[str, str]] = field(default_factory=set)
    """What was found in the data folder while an upgrade waited."""

    @property
    def place(self) -> Path:
        return self.folder / EVERYTHING

    def run(self, name: str, *arguments: str, **options: object) -> Ended:
        """Run the program, and remember what it said under this name."""
        environ = {**self.environ, **options.pop("environ", {})}  # type: ignore[dict-item]
        self.said[name] = self.demo.run(*arguments, environ=environ, **options)  # type: ignore[arg-type]
        return self.said[name]

    def act(self, name: str, action: str) -> Ended:
        self.said[name] = self.demo.act(action, self.environ)
        return self.said[name]

    def act_overheard(self, action: str) -> None:
        """Act where somebody listens to what the computer's own log is told."""
        folder = self.folder / f"devices-{len(self.logged)}"
        folder.mkdir()
        consent = CONSENT if action == "upgrade" else ()
        command = [*PROGRAM, action, *consent, "--json", "--yes", "--pin-stdin"]
        told = system_log.in_namespace(folder, command, self.demo.variables(self.environ), self.demo.pins)
        self.logged += told.entries

    def diagnose(self, name: str, **options: object) -> None:
        """Save a report under this name, and remember what was told."""
        out = str(self.folder / f"{name}.zip")
        assert self.run(f"diagnosis {name}", "diagnose", "--out", out, **options).code == 0
        assert self.run(f"diagnosis {name} for machines", "diagnose", "--json", **options).code == 0

    @property
    def reports(self) -> dict[str, bytes]:
        return {path.stem: path.read_bytes() for path in self.folder.glob("*.zip")}


class Talker:
    """Changes what the authority says, as long as it is told to."""

    def __init__(self, sent: list[bytes]) -> None:
        self.mode, self._sent = "honest", sent

    def __call__(self, turn: Turn) -> bytes | Page:
        """Refuse orders, fail at the confirmation, or only talk; all of it signed, and full of names."""
        signer, refused = turn.hierarchy.cmp_signer, f.error("badRequest", text=EVERYTHING)
        if self.mode == "refusing" and turn.body in ORDERS:
            made = f.message_again(turn.honest, signer, body=refused, header={"freeText": [EVERYTHING]})
        elif self.mode == "failing" and turn.body == "certConf":
            return Page(EVERYTHING.encode(), status=500)
        else:
            made = f.message_again(turn.honest, signer, header={"freeText": [EVERYTHING]})
        self._sent.append(made)
        return made


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Live through everything, once."""
    folder = tmp_path_factory.mktemp("canary")
    with pytest.MonkeyPatch.context() as monkeypatch:
        demo = make_demo(folder / "demo", monkeypatch)
    puk = (demo.folder / "puks").read_text().split()[1]
    search = Search(IDENTITY | CODES | {"PUK": puk})
    sent: list[bytes] = []
    talker = Talker(sent)
    try:
        with hostile_authority(demo, talker) as (address, _):
            environ = {**environment(folder, address), "SITHSUP_AUTHORITY": f"{address}{CMP_PATH}"}
            made = Lived(demo, folder, search, environ, puk, sent=sent)
            live(made, talker)
            yield made
    finally:
        life.stop(demo.folder)


def live(lived: Lived, talker: Talker) -> None:
    """An upgrade that is refused, one that is interrupted and finished, a fault, an unblocking; diagnoses all along."""
    lived.run("check", "check", "--json")
    lived.diagnose("before")
    talker.mode = "refusing"
    assert lived.act("refused", "upgrade").error_code == "SU-2003"
    lived.act_overheard("upgrade")
    talker.mode = "failing"
    assert lived.act("interrupted", "upgrade").code == 8
    lived.while_hot = lived.search.below(lived.place / "data")
    lived.diagnose("interrupted")
    lived.run("faulty", "check", program=FAULTY)
    lived.run("faulty for machines", "check", "--json", program=FAULTY)
    talker.mode = "talking"
    lived.act_overheard("resume")
    assert lived.run("looked at afterwards", "check", "--json").code == 0
    assert lived.demo.identity() == NEW
    changing = (*("unblock", "--role", "signature", "--pin-stdin"), "--json")
    assert lived.run("unblocked", *changing, codes=f"{lived.puk}\n{NEW_PIN}\n").code == 0
    assert lived.run("wrongly unblocked", *changing, codes=f"{PINS[0]}\n{NEW_PIN}\n").code == 6
    lived.diagnose("afterwards")


# ----------------------------------------------------------------------------------------------- they are there


def test_the_card_has_them(lived: Lived) -> None:
    """The control: certificates, labels of objects, labels of tokens; and both codes have opened it."""
    ders = b"".join(row.der for row in lived.demo.ledger())
    assert lived.search.within(ders) == set(IDENTITY)
    first = lived.demo.before.objects
    assert "given name" in lived.search.within(" ".join({each.token for each in first}).encode())
    assert "surname" in lived.search.within(" ".join(e.label for e in first if e.kind == "Private Key").encode())
    assert tuple(lived.demo.codes) == PINS
    assert lived.said["looked at afterwards"].result["situation"] == "upgraded"


def test_the_settings_and_the_environment_have_them(lived: Lived) -> None:
    """The control: paths, contacts, the proxy's log-in; the program has read them."""
    told = lived.run("settings", "settings", "--json").result["settings"]
    values = {each["name"]: each for each in told}
    planted = set(IDENTITY) | {"PIN 1", "PIN 2"}
    for name in ("data", "local_it", "deputy_issuer"):
        assert lived.search.within(str(values[name]["value"]).encode()) == planted
    assert values["proxy"]["hidden"]
    assert lived.search.within(lived.environ["SITHSUP_PROXY"].encode()) == {"given name", "PIN 1"}
    assert lived.search.within(lived.environ["KANARIE"].encode()) == planted


def test_the_authority_has_told_them(lived: Lived) -> None:
    """The control: in its refusal, which the person at the screen reads, and in what it says besides."""
    assert len(lived.sent) > 5
    assert all(set(IDENTITY) <= lived.search.within(message) for message in lived.sent)
    assert set(IDENTITY) <= lived.search.within(lived.said["refused"].err.encode())


def test_the_journal_had_them_as_long_as_it_was_hot(lived: Lived) -> None:
    """The control of the search in it."""
    assert {"surname", "HSA-id"} <= {name for _, name in lived.while_hot}


# ------------------------------------------------------------------------------------------------- and nowhere else


@pytest.mark.parametrize("name", ["before", "interrupted", "afterwards"])
def test_no_report_has_them(name: str, lived: Lived) -> None:
    """Neither the file, nor its parts, nor its name, nor what was told of it."""
    report = lived.reports[name]
    assert lived.search.within(report) == set()
    for said in (lived.said[f"diagnosis {name}"], lived.said[f"diagnosis {name} for machines"]):
        assert lived.search.within(said.out.encode()) == set()


def test_what_support_asks_for_is_told(lived: Lived) -> None:
    """The control: number and certificates of the card, the smart card program, and how this program came here."""
    number = lived.said["check"].result["card"]["number"]
    asked = lived.said["diagnosis before"].out.partition("HSA-id is not in the report")[0].splitlines()
    facts = dict(line.split(": ", 1) for line in asked if ": " in line)
    assert facts["Card number"].replace(" ", "") == number
    assert (facts["Smart card program"], facts["Made by"]) == ("Implementation of PKCS11", "SoftHSM")
    assert facts["Its file"] == lived.demo.module
    for name in ("Version of the smart card program", "Version of this program", "Runs from an installation package"):
        assert facts[name] != "not known"
    certificates = [line for line in asked if line.startswith("Certificate on the card: ")]
    assert len(certificates) == len(lived.said["check"].result["card"]["certificates"])
    assert any("TEST SITHS Type 1 CA v1, " in line and "authentication" in line for line in certificates)
    assert not [line for line in certificates if "not known" in line]


def test_the_reports_tell_what_they_should(lived: Lived) -> None:
    """The control: they are no empty files."""
    result = lived.said["diagnosis interrupted for machines"].result
    waiting = next(probe for probe in result["probes"] if probe["name"] == "journal")
    assert waiting["facts"]["waiting"] == 1
    assert "SU-5007" in {problem["code"] for problem in result["problems"]}
    assert waiting["groups"][0]["facts"]["case-code"] == lived.said["interrupted"].result["case_code"]


def test_no_log_has_them(lived: Lived) -> None:
    """As it is written without being asked for more."""
    logs = list((lived.place / "logs").rglob("*.log*"))
    assert any(b"confirm-certificates" in path.read_bytes() for path in logs)
    assert any(b"ValueError" in path.read_bytes() for path in logs)
    assert lived.search.below(lived.place / "logs") == set()


def test_the_computer_s_own_log_does_not_have_them(lived: Lived) -> None:
    """It is told that runs began and how they ended, by their codes (the control)."""
    said = "\n".join(lived.logged)
    assert "SU-2003" in said
    assert lived.said["interrupted"].result["case_code"] in said
    assert lived.search.within(said.encode()) == set()


def test_nothing_that_is_left_of_the_upgrade_has_them(lived: Lived) -> None:
    """Journal, history, the last outcome, and whatever else lies there; the receipt tells whom to call, and no more."""
    kept = [path for path in (lived.place / "data").rglob("*") if path.is_file()]
    assert "history.sqlite3" in {path.name for path in kept}
    assert last_outcome.FILE in {path.name for path in kept}
    assert not [path for path in kept if path.name.startswith("journal")]
    receipts = [path for path in kept if path.parent.name == "receipts"]
    assert len(receipts) == 2
    assert [lived.search.besides_contact(path.read_bytes()) for path in receipts] == [set(), set()]
    assert {name for name, _ in lived.search.below(lived.place / "data")} == {path.name for path in receipts}


@pytest.mark.parametrize("name", ["faulty", "faulty for machines"])
def test_a_fault_of_the_program_does_not_tell_them(name: str, lived: Lived) -> None:
    """What it says on the screen may be copied to anybody. Whom to call it tells."""
    said = lived.said[name]
    assert "SU-9001" in said.out + said.err
    assert CONTACT in said.err
    assert lived.search.besides_contact(f"{said.out}{said.err}".encode()) == set()


def test_a_report_does_not_tell_what_the_fullest_log_has(lived: Lived) -> None:
    """At DEBUG a traceback is whole, and the log then has them (the control); the report's last lines do not."""
    fullest = {"SITHSUP_LOGS": str(lived.folder / "fullest"), "SITHSUP_LOG_LEVEL": "DEBUG"}
    lived.run("faulty at length", "check", program=FAULTY, environ=fullest)
    assert {name for _, name in lived.search.below(lived.folder / "fullest")} >= {"given name", "surname"}
    lived.diagnose("fullest", environ=fullest)
    told = lived.said["diagnosis fullest for machines"].result["probes"]
    (log,) = [probe for probe in told if probe["name"] == "log"]
    assert any("ValueError" in line for line in log["groups"][0]["facts"].values())
    assert lived.search.within(lived.reports["fullest"]) == set()
    assert lived.search.within(lived.said["diagnosis fullest"].out.encode()) == set()
