"""The log: what is masked, who can read the file, how it rotates, and that nothing is stopped by it."""

from __future__ import annotations

import errno
import io
import json
import logging
import stat
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sithsup import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("sithsup.test")

NAME = "Testa Åkesson"


@pytest.fixture(autouse=True)
def _handlers_closed() -> Iterator[None]:
    yield
    logs.configure(None)
    logging.getLogger("sithsup").setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "number",
    [
        "191212121212",
        "19121212-1212",
        "19121212+1212",
        "1212121212",
        "121212-1212",
        "121212+1212",
        "121212 1212",
        "19121212\N{NON-BREAKING HYPHEN}1212",
        "121212\N{EN DASH}1212",
        "202002291234",
        "199001612384",  # samordningsnummer: the day plus 60
        "900191-2384",
        "191212121213",  # a wrong check digit is still somebody's
    ],
)
@pytest.mark.parametrize("around", ["{}", "a {} b", "({})", "serialNumber={},CN=X", "SE{}", "å{}ö", "\n{}\n", "{}."])
def test_a_personal_identity_number_is_masked(number: str, around: str) -> None:
    assert logs.mask(around.format(number)) == around.format(logs.MASKED)


@pytest.mark.parametrize(
    "text",
    [
        "9752271912121212123",  # a card number has 19 digits
        "9752 2712 3456 7890 123",
        "232100-0131",
        "165565594230",
        "121312-1212",  # no thirteenth month
        "121200-1212",
        "121232-1212",
        "121292-1212",
        "19121212121",  # eleven digits
        "1912121212123",
        "17121212-1212",
        "2026-11-23 10:12:13,123",
        "2026-11-23T10:12:13Z",
        "SU-1234",
        "0",
        "",
    ],
)
def test_other_digits_are_left_alone(text: str) -> None:
    assert logs.mask(text) == text


def test_several_numbers_are_masked_and_masking_twice_changes_nothing() -> None:
    once = logs.mask("191212121212, 19121212-1212;121212-1212")
    assert once == f"{logs.MASKED}, {logs.MASKED};{logs.MASKED}"
    assert logs.mask(once) == once


@given(st.dates(), st.integers(0, 9999), st.sampled_from(["", "-", "+"]), st.booleans())
def test_every_date_of_birth_is_masked(born: object, last: int, separator: str, short: bool) -> None:
    text = str(born).replace("-", "")
    text = text[2:] if short else "19" + text[2:]
    assert logs.mask(f"x{text}{separator}{last:04}y") == f"x{logs.MASKED}y"


@given(st.text("0123456789", min_size=13, max_size=40))
def test_a_long_run_of_digits_is_never_touched(digits: str) -> None:
    assert logs.mask(digits) == digits


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("SE2321000131-P000000123456", "SE2321000131-****"),
        ("serialNumber=TSTNMT2321000156-TA01,CN=X", "serialNumber=TSTNMT2321000156-****,CN=X"),
        ("se2321000131-1abc.", "se2321000131-****."),
        ("232100-0131, SU-1234, ABCD-2321000131", "232100-0131, SU-1234, ABCD-2321000131"),
    ],
)
def test_of_an_hsa_id_the_organisation_is_left(text: str, masked: str) -> None:
    assert logs.mask(text) == logs.mask(masked) == masked


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An account's folder that is called like its holder."""
    folder = Path("/home/Testa Åkesson")
    monkeypatch.setattr(Path, "home", lambda: folder)
    logs._home.cache_clear()
    yield folder
    logs._home.cache_clear()


def test_the_account_s_folder_is_masked(home: Path) -> None:
    """On Windows most of all it is called like a person."""
    assert logs.mask(f"cannot write {home}/data: {home!s}") == "cannot write ~/data: ~"
    assert "Testa" not in logs.mask(repr(OSError(1, "no", str(home / "a\\b"))))


def read(folder: Path) -> str:
    """Give what is in the log."""
    return (folder / logs.FILE).read_text(encoding="utf-8")


def objects(folder: Path) -> list[dict[str, Any]]:
    """Give the objects in it; every line is one."""
    return [json.loads(line) for line in read(folder).splitlines()]


@pytest.mark.parametrize("form", logs.FORMATS)
def test_message_arguments_and_traceback_are_masked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    logs.configure(tmp_path, level="DEBUG", form=form)
    try:
        raise ValueError("191212121212 and SE2321000131-AB12")
    except ValueError:
        log.exception("cannot read %s", "121212-1212", extra={"facts": {"whose": "19121212-1212"}})
    caplog.clear()
    written = read(tmp_path)
    for text in ("cannot read ********-****", "ValueError: ********-**** and SE2321000131-****", "********-****"):
        assert text in written
    assert "1212" not in written.replace("********", "")
    assert "1212" not in capsys.readouterr().err.replace("********", "")


@pytest.mark.parametrize("form", logs.FORMATS)
@pytest.mark.parametrize(("level", "is_told"), [("INFO", False), ("DEBUG", True), ("TRAFFIC", True)])
def test_what_a_library_says_of_an_error_is_told_where_much_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str, level: str, is_told: bool
) -> None:
    """It may hold a name, which no mask knows. The kinds and places of the error, and of its cause, are always told."""
    logs.configure(tmp_path, level=level, form=form)
    try:
        try:
            raise KeyError(NAME)
        except KeyError as cause:
            raise ValueError(NAME) from cause
    except ValueError:
        log.exception("bug")
    caplog.clear()
    written = read(tmp_path)
    assert written.count(NAME) == 2 * is_told
    assert written.index("KeyError") < written.index("ValueError")
    assert written.count("test_logs.py") == 2


def test_an_object_for_each_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of every record, with its facts by their names and in their kinds; text stays readable."""
    logs.configure(tmp_path, form=logs.JSON)
    log.info("första\nraden: %d %%", 100)
    logs.tell(log, logging.WARNING, "did it", number=3, seconds=0.5, name="å 191212121212")
    caplog.clear()
    first, second = objects(tmp_path)
    assert first | {"time": "", "process": 0} == {
        "time": "",
        "level": "INFO",
        "process": 0,
        "logger": "sithsup.test",
        "message": "första\nraden: 100 %",
    }
    assert datetime.now().astimezone() - datetime.fromisoformat(first["time"]) < timedelta(minutes=1)
    assert second["facts"] == {"number": 3, "seconds": 0.5, "name": "å ********-****"}
    assert "första" in read(tmp_path)


def test_facts_stand_behind_the_words(tmp_path: Path) -> None:
    logs.configure(tmp_path, level="TRAFFIC")
    logs.traffic(log, "C_Sign", session=3, answer="CKR_OK")
    assert read(tmp_path).endswith(" sithsup.test: C_Sign session=3 answer=CKR_OK\n")


SAID = {
    "TRAFFIC": ["traffic", "debug", "info"],
    "DEBUG": ["debug", "info"],
    "INFO": ["info"],
    "WARNING": ["info"],
    "ERROR": ["info"],
}


@pytest.mark.parametrize("level", SAID)
def test_what_each_level_tells(tmp_path: Path, capsys: pytest.CaptureFixture[str], level: str) -> None:
    """The terminal is told the same at DEBUG, and never the traffic, which would bury everything else."""
    logs.configure(tmp_path, level=level)
    logs.traffic(log, "traffic")
    log.debug("debug")
    log.info("info")
    assert [line.split(": ")[-1] for line in read(tmp_path).splitlines()] == SAID[level]
    on_terminal = [line.split(": ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert on_terminal == (["debug", "info"] if level in logs.LEVELS else [])


def test_without_a_file_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(None)
    log.info("info")
    assert capsys.readouterr() == ("", "")


def test_configured_twice_writes_once(tmp_path: Path) -> None:
    logs.configure(tmp_path)
    logs.configure(tmp_path)
    log.info("once")
    assert read(tmp_path).count("once") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the profile folder keeps others out")
def test_only_the_owner_can_read_it_also_after_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_BYTES_PER_FILE", 200)
    path = tmp_path / "log" / "sithsup.log"
    path.parent.mkdir()
    path.write_text("older\n", encoding="utf-8")
    path.chmod(0o644)
    logs.configure(path.parent)
    for number in range(20):
        log.info("line %d", number)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["sithsup.log", "sithsup.log.1", "sithsup.log.2", "sithsup.log.3"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_cannot_be_opened_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """And goes on without: warnings go to the terminal, nothing else does."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        logs.configure(tmp_path / "file")
    log.info("info")
    log.warning("warning of 191212121212")
    caplog.clear()
    assert capsys.readouterr().err.endswith("sithsup.test: warning of ********-****\n")


class FullDisk(io.StringIO):
    """Takes nothing."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "the disk is full")


def test_a_full_disk_is_nobody_s_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is said then is lost, and the terminal hears nothing of it. When there is room again it goes on."""
    logs.configure(tmp_path)
    handler = logging.getLogger("sithsup").handlers[-1]
    assert isinstance(handler, logging.FileHandler)
    stream = handler.setStream(FullDisk())  # type: ignore[arg-type]  # all that is written to it fails
    log.info("lost")
    handler.setStream(stream)  # type: ignore[arg-type]  # its own
    log.info("kept")
    assert read(tmp_path).endswith("kept\n")
    assert "lost" not in read(tmp_path)
    assert capsys.readouterr().err == ""
