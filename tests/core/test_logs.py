"""The log: what is masked, who can read the file, how it rotates."""

from __future__ import annotations

import logging
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sithsup import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger("sithsup.test")


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
        "SE2321000131-P000000123456",  # an HSA-id: organisation number and serial
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


def test_message_arguments_and_traceback_are_masked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log" / "sithsup.log"
    logs.configure(path)
    try:
        raise ValueError("191212121212")
    except ValueError:
        log.exception("cannot read %s", "121212-1212")
    caplog.clear()
    written = path.read_text(encoding="utf-8")
    assert "sithsup.test: cannot read ********-****" in written
    assert "ValueError: ********-****" in written
    assert "1212" not in written.replace("********", "")


@pytest.mark.parametrize(("verbose", "expected"), [(False, ["info"]), (True, ["debug", "info"])])
def test_verbose_tells_more_and_on_the_terminal(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    verbose: bool,
    expected: list[str],
) -> None:
    path = tmp_path / "sithsup.log"
    logs.configure(path, verbose=verbose)
    log.debug("debug")
    log.info("info")
    assert [line.split(": ")[-1] for line in path.read_text(encoding="utf-8").splitlines()] == expected
    assert capsys.readouterr().err.count("sithsup.test") == (2 if verbose else 0)


def test_without_a_file_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(None)
    log.info("info")
    assert capsys.readouterr() == ("", "")


def test_configured_twice_writes_once(tmp_path: Path) -> None:
    path = tmp_path / "sithsup.log"
    logs.configure(path)
    logs.configure(path)
    log.info("once")
    assert path.read_text(encoding="utf-8").count("once") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="the profile folder keeps others out")
def test_only_the_owner_can_read_it_also_after_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_BYTES_PER_FILE", 200)
    path = tmp_path / "log" / "sithsup.log"
    path.parent.mkdir()
    path.write_text("older\n", encoding="utf-8")
    path.chmod(0o644)
    logs.configure(path)
    for number in range(20):
        log.info("line %d", number)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["sithsup.log", "sithsup.log.1", "sithsup.log.2", "sithsup.log.3"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        logs.configure(tmp_path / "file" / "sithsup.log")
