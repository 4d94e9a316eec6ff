"""`sithsup diagnose`, as a person runs it: whatever is broken there is a report, soon, and it names what is wrong.

Each row breaks one thing. Nothing here needs a card.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from sithsup.diagnostics.report_file import DATA, PAGE
from sithsup.history import FILE as HISTORY
from sithsup.journal import Journal
from sithsup.texts import resources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "sithsup", "diagnose")
DEADLINE = 20
"""Seconds that any diagnosis may take."""
NOBODY = 65534
FILL_DISKS = """
for disk in "$SITHSUP_DATA" "$SITHSUP_LOGS"; do
    mount -t tmpfs -o size=64k none "$disk"
    head -c 100000 /dev/zero >"$disk/full" 2>/dev/null
done
exec "$@"
"""
DAMAGE = b"this is no database, it is a text" * 100
SCHEMA = json.loads((resources() / "diagnosis.schema.json").read_bytes())


@dataclass
class Place:
    """A computer of its own: folders and settings of one test."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = PROGRAM
    before: Callable[[], None] | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def variables(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME") if name in os.environ}
        folders = {"DATA": self.data, "LOGS": self.logs, "LOCKS": self.folder, "LANGUAGE": "en"}
        own = {f"SITHSUP_{name}": str(value) for name, value in folders.items()}
        own |= {"XDG_CONFIG_HOME": str(self.folder / "config"), "SITHSUP_MODULE": str(self.folder / "none.so")}
        return {**kept, **own, **self.environ}

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, result and words; never later than it may be."""
        begun = time.monotonic()
        ended = subprocess.run(
            [*self.program, *arguments],
            env=self.variables(),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=120,
            preexec_fn=self.before,
        )
        assert time.monotonic() - begun < DEADLINE
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    def diagnosis(self) -> dict[str, Any]:
        """What `--json` tells, which is as the schema says."""
        code, out, err = self.run("--json")
        assert code == 0, err
        result: dict[str, Any] = json.loads(out)
        assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(result)] == []
        return result


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def write(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


# --------------------------------------------------------------------------------------------------- what breaks


def broken_layer(place: Place) -> None:
    write(place.folder / "config" / "sithsup" / "settings.toml", "this is not TOML")


def layer_that_is_a_folder(place: Place) -> None:
    (place.folder / "config" / "sithsup" / "settings.toml").mkdir(parents=True)


def wrong_settings(place: Place) -> None:
    place.environ |= {"SITHSUP_CARD_TIMEOUT": "soon", "SITHSUP_PROXY": "ftp://x"}


def wrong_data_folder(place: Place) -> None:
    place.environ["SITHSUP_DATA"] = "relative/folder"


def missing_campaign(place: Place) -> None:
    place.environ["SITHSUP_CAMPAIGN"] = str(place.folder / "none.p7m")


def torn_campaign(place: Place) -> None:
    write(place.folder / "torn.p7m", b"\x30\x82\x10\x00torn")
    place.environ["SITHSUP_CAMPAIGN"] = str(place.folder / "torn.p7m")


def campaign_that_is_a_folder(place: Place) -> None:
    place.environ["SITHSUP_CAMPAIGN"] = str(place.folder)


def broken_anchor(place: Place) -> None:
    torn_campaign(place)
    write(place.folder / "anchor.pem", "no certificate")
    place.environ["SITHSUP_CAMPAIGN_ANCHOR"] = str(place.folder / "anchor.pem")


def data_folder_that_is_a_file(place: Place) -> None:
    write(place.data, "in the way")


def log_folder_that_is_a_file(place: Place) -> None:
    write(place.logs, "in the way")


def corrupted_journal(place: Place) -> None:
    write(place.data / "journal-card.sqlite3", DAMAGE)


def journal_that_is_a_folder(place: Place) -> None:
    (place.data / "journal-card.sqlite3").mkdir(parents=True)


def waiting_upgrade(place: Place) -> None:
    with Journal(place.data, "card", lambda: datetime.now(UTC)) as journal:
        journal.begin("…1234", "campaign", "2B426L72")


def corrupted_history(place: Place) -> None:
    write(place.data / HISTORY, DAMAGE)


def broken_log(place: Place) -> None:
    """A log of bytes that are no text is read all the same: nothing is wrong with it that anybody could mend."""
    write(place.logs / "sithsup.log", os.urandom(200_000))


def no_lock_folder(place: Place) -> None:
    write(place.folder / "file", "in the way")
    place.environ["SITHSUP_LOCKS"] = str(place.folder / "file")


def full_disk(place: Place) -> None:
    """A disk of its own, with no room left, that only this run sees."""
    place.data.mkdir()
    place.logs.mkdir()
    place.program = ("unshare", "--map-root-user", "--mount", "sh", "-c", FILL_DISKS, "sh", *PROGRAM)


def files_may_have_no_size(place: Place) -> None:
    place.before = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def everything_at_once(place: Place) -> None:
    for break_it in (broken_layer, wrong_settings, torn_campaign, corrupted_journal, corrupted_history):
        break_it(place)
    log_folder_that_is_a_file(place)


ROWS = {
    broken_layer: {("settings", "SU-3002", "SettingsInvalidError")},
    layer_that_is_a_folder: {("settings", "SU-3002", "SettingsInvalidError")},
    wrong_settings: {("settings", "SU-3002", "SettingsInvalidError")},
    wrong_data_folder: {("settings", "SU-3002", "SettingsInvalidError")},
    missing_campaign: {("campaign", "SU-3001", "CampaignMissingError")},
    torn_campaign: {("campaign", "SU-3003", "CampaignUntrustedError")},
    campaign_that_is_a_folder: {("campaign", "SU-3001", "CampaignInvalidError")},
    broken_anchor: {("campaign", "SU-3002", "SettingsInvalidError")},
    data_folder_that_is_a_file: {("journal", "SU-4001", "JournalUnwritableError")},
    log_folder_that_is_a_file: {("log", "SU-4005", "LogUnwritableError")},
    corrupted_journal: {("journal", "SU-4003", "JournalUnreadableError")},
    journal_that_is_a_folder: {("journal", "SU-4003", "JournalUnreadableError")},
    waiting_upgrade: {("journal", "SU-5007", "UpgradeWaitsError")},
    corrupted_history: {("history", "SU-4004", "HistoryUnreadableError")},
    broken_log: set(),
    no_lock_folder: {("locks", "SU-5001", "LOCKS_UNUSABLE")},
    full_disk: {("journal", "SU-4001", "DiskFullError"), ("log", "SU-4005", "LogUnwritableError")},
    files_may_have_no_size: {
        ("journal", "SU-4001", "JournalUnwritableError"),
        ("log", "SU-4005", "LogUnwritableError"),
    },
    everything_at_once: {
        ("settings", "SU-3002", "SettingsInvalidError"),
        ("campaign", "SU-3003", "CampaignUntrustedError"),
        ("journal", "SU-4003", "JournalUnreadableError"),
        ("history", "SU-4004", "HistoryUnreadableError"),
        ("log", "SU-4005", "LogUnwritableError"),
    },
}
"""What is named, and by which probe. A computer without a card has problems of its own besides."""
OF_MEMORY = {"settings", "campaign", "journal", "history", "locks", "log"}


@pytest.mark.parametrize(("break_it", "named"), ROWS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_it_is_named(break_it: Callable[[Place], None], named: set[tuple[str, str, str]], place: Place) -> None:
    """And nothing else is, nor does any probe fail."""
    if break_it is full_disk and not shutil.which("unshare"):
        pytest.skip("missing tool: unshare")
    break_it(place)
    result = place.diagnosis()
    found = {
        (probe["name"], problem["code"], problem["name"])
        for probe in result["probes"]
        for problem in probe["problems"]
        if probe["name"] in OF_MEMORY
    }
    assert found == named
    assert [(probe["name"], probe["fault"]) for probe in result["probes"] if probe["fault"] or probe["is_late"]] == []
    words = {problem["code"]: problem for problem in result["problems"]}
    for _, code, _ in named:
        assert words[code]["what"]
        assert words[code]["remedy"]


def test_nothing_is_wrong_with_memory_where_nothing_is_broken(place: Place) -> None:
    """The control."""
    probes = {probe["name"]: probe["status"] for probe in place.diagnosis()["probes"]}
    assert {probes[name] for name in OF_MEMORY} == {"good"}


@pytest.mark.needs("setpriv")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_folders_of_another_account(place: Place) -> None:
    """Nothing may be looked into: what is in them is not known, and is not told as nothing."""
    waiting_upgrade(place)
    for folder in (place.data, place.logs):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        os.chown(folder, NOBODY, NOBODY)
    place.program = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", *PROGRAM)
    probes = {probe["name"]: probe for probe in place.diagnosis()["probes"]}
    named = {name: [problem["code"] for problem in probe["problems"]] for name, probe in probes.items()}
    assert set(named["journal"]) == {"SU-4001"}
    assert (named["history"], named["log"]) == (["SU-4004"], ["SU-4005"])
    assert not [name for name, probe in probes.items() if probe["fault"] or probe["is_late"]]


# ------------------------------------------------------------------------------------------------- and the report


def test_a_report_is_saved_whatever_is_broken(place: Place) -> None:
    everything_at_once(place)
    code, out, err = place.run("--out", str(place.folder / "report.zip"))
    assert code == 0
    assert err.splitlines()[-1] == f"The report: {place.folder / 'report.zip'}"
    with zipfile.ZipFile(place.folder / "report.zip") as file:
        data, page = json.loads(file.read(DATA)), file.read(PAGE).decode()
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(data)] == []
    for problem in data["problems"]:
        assert problem["code"] in out
        assert problem["code"] in page
    assert data["case_code"] in out.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "exit_code", "why"),
    [
        ("there", 2, "there is something else by this name already"),
        ("none/report.zip", 2, "there is no such file or folder"),
        ("there/report.zip", 2, "there is no such file or folder"),
    ],
)
def test_a_report_that_cannot_be_saved_is_told_all_the_same(name: str, exit_code: int, why: str, place: Place) -> None:
    """With a code and what to do; for a machine too."""
    write(place.folder / "there", "mine")
    code, out, err = place.run("--out", str(place.folder / name))
    assert code == exit_code
    assert "The report could not be saved. (SU-4006)" in err
    assert f"{place.folder / name}: {why}" in err
    assert "The program and this computer" in out
    code, out, err = place.run("--json", "--out", str(place.folder / name))
    result = json.loads(out)
    assert (code, result["exit_code"], result["error"]["code"]) == (exit_code, exit_code, "SU-4006")
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(result)] == []
    assert (place.folder / "there").read_text() == "mine"


@pytest.mark.needs("unshare")
def test_a_report_on_a_full_disk(place: Place) -> None:
    """5: there may be room later. Nothing is left of it."""
    full_disk(place)
    code, out, err = place.run("--out", str(place.data))
    assert code == 5
    assert "(SU-4006)" in err
    assert "the disk is full" in err
    assert "1. " in out
