"""`sithsup demo`: what may be chosen is explained and checked, and a stopped demo goes on where it was."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from sithsup import cli
from sithsup.cli.demo_arguments import ACTIONS, KINDS
from sithsup.demo import start as life
from sithsup.demo.knobs import Knobs
from tests.support.demo import NEW, OLD, PROGRAM, Demo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run `sithsup demo` with arguments with which it cannot begin; what it says."""
    try:
        assert cli.run(["demo", *arguments]) == 2
    except SystemExit as error:
        assert error.code == 2  # noqa: PT017  the other way to end
    return capsys.readouterr().err


@pytest.mark.parametrize("action", ["", *ACTIONS])
def test_every_action_has_its_own_help(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What may be chosen, with what is usual; kinds of cards and the files of a demo are explained."""
    with pytest.raises(SystemExit):
        cli.run(["demo", *([action] if action else []), "--help"])
    text = capsys.readouterr().out
    usage = f"usage: sithsup demo {action}".rstrip()
    assert text.startswith(usage)
    has_options = action in ("", "run", "start")
    assert all((f"  {kind} " in text) == has_options for kind in life.Kind)
    for option in ("--certs", "--confirm-wait", "--ca-delay", "--refuse"):
        assert (option in text) == has_options
    assert text.count("(usual: ") == (10 if has_options else 0)
    assert ("reference, secret" in text) == (action == "start")
    assert ("DIR" in text.partition("\n\n")[0]) == (action not in ("", "run"))


def test_every_kind_of_card_is_explained() -> None:
    assert set(KINDS) == set(life.Kind)


@pytest.mark.parametrize("option", ["--ca-delay", "--poll", "--check-after", "--confirm-wait"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e300", "soon"])
def test_a_number_that_is_none_is_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """2, naming the option; nothing is made of a length of time that cannot be."""
    assert f"argument {option}: “{value}” is not a number of seconds" in said(capsys, option, value)


def test_whole_seconds_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """CMP's checkAfter is an integer; and to be asked again at once would be no waiting."""
    assert "“0.5” is not a whole number of seconds" in said(capsys, "--poll", "5", "--check-after", "0.5")
    assert "longer than nothing" in said(capsys, "--poll", "5", "--check-after", "0")
    assert "longer than nothing" in said(capsys, "--confirm-wait", "0")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--revoke-signed-by", "same"], "--revoke-signed-by has no effect unless the program revokes"),
        (["--revoke-signed-by", "auth", "--revoke-old", "never"], "--revoke-signed-by has no effect unless"),
        (["--revoke-early", "--revoke-old", "client"], "--revoke-early has no effect unless the authority revokes"),
        (["--revoke-early", "--revoke-old", "never"], "--revoke-early has no effect unless the authority revokes"),
        (["--check-after", "2"], "--check-after has no effect without --poll"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A sentence, and nothing is made, whether it is run or started."""
    assert sentence in said(capsys, *arguments)
    assert sentence in said(capsys, "start", str(tmp_path / "demo"), *arguments)
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("arguments", [["start"], ["stop"], ["fly"], ["stop", "--poll", "1", "DIR"]])
def test_other_misuse(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "usage: sithsup" in said(capsys, *arguments)


# --------------------------------------------------------------------------------------------------- again


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Demo]:
    """Give a demo of its own to one test, with an authority that takes a little time."""
    try:
        yield Demo.make(tmp_path / "demo", life.Kind.ORDINARY, knobs=Knobs(delay=0.01))
    finally:
        life.stop(tmp_path / "demo")


def demo_command(*arguments: str) -> tuple[int, str]:
    """Run `sithsup demo` in a process of its own; its exit code and what it said."""
    ended = subprocess.run(
        [*PROGRAM, "demo", *arguments], check=False, capture_output=True, encoding="utf-8", timeout=60
    )
    return ended.returncode, ended.stderr


@pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")
def test_an_outage(own: Demo) -> None:
    """Stopped, the authority is out of reach; started again, the same card is upgraded by the same authority."""
    folder = str(own.folder)
    code, text = demo_command("start", folder)
    assert (code, "runs already" in text) == (2, True)
    code, text = demo_command("stop", folder)
    assert (code, f"“sithsup demo start {folder}” starts it again" in text) == (0, True)
    code, text = demo_command("stop", folder)
    assert (code, text) == (0, f"No demo is running in {folder}.\n")
    assert own.act("upgrade").error_code == "SU-2001"
    code, text = demo_command("start", folder, "--certs", "spare")
    assert code == 2
    assert "--certs cannot be chosen again" in text
    code, text = demo_command("start", folder, "--poll", "0.5")
    assert code == 0
    assert "The demo runs again: the same card, and an authority that remembers what it did." in text
    assert own.identity() == OLD
    assert own.act("upgrade").code == 0
    assert own.identity() == NEW
    kept = Knobs.kept(own.folder / "authority")
    assert (kept.delay, kept.poll) == (0.01, 0.5)


@pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")
def test_a_folder_with_something_else_in_it_is_no_demo(tmp_path: Path) -> None:
    """It is neither started in nor stopped, and it stays as it is."""
    (tmp_path / "mine").write_text("mine")
    code, text = demo_command("start", str(tmp_path))
    assert (code, "the folder is not empty" in text) == (2, True)
    assert demo_command("stop", str(tmp_path)) == (0, f"No demo is running in {tmp_path}.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")
def test_an_authority_that_refuses(own: Demo) -> None:
    """The reason that was chosen is the one that a person reads; the card stays as it was."""
    demo_command("stop", str(own.folder))
    assert demo_command("start", str(own.folder), "--refuse", "NOT_HANDED_OUT")[0] == 0
    ended = own.act("upgrade")
    assert (ended.code, ended.error_code) == (3, "SU-5001")
    assert "It is not registered yet that the card was handed out." in ended.err
    assert own.identity() == OLD
    options = json.loads((own.folder / "authority" / "knobs.json").read_bytes())
    assert re.search(r"--refuse=NOT_HANDED_OUT", " ".join(options))
