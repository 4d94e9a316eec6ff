"""`sithsup settings`: what is in force, where it comes from, what is broken; and never a password."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import cli, texts
from sithsup.settings import Level, Settings, sources
from sithsup.settings.sources import TomlFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Put layers in the place of this computer's; log and data are the test's."""
    for variable in ("DATA", "LOGS"):
        monkeypatch.setenv(f"SITHSUP_{variable}", str(tmp_path / variable))
    monkeypatch.setenv("SITHSUP_LANGUAGE", "en")

    def put(**contents: str) -> None:
        for level, content in contents.items():
            (tmp_path / f"{level}.toml").write_text(content, encoding="utf-8")
        places = tuple(TomlFile(level, tmp_path / f"{level}.toml") for level in (Level.POLICY, Level.MACHINE))
        monkeypatch.setattr(sources, "of_this_computer", lambda: places)

    put()
    yield put
    texts.set_language(None)


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[str], str]:
    """Give the exit code, the lines on stdout, and stderr."""
    code = cli.run(["settings", *options])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


def result(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    """Give the exit code and what machines read."""
    code, lines, _ = listed(capsys, "--json", *options)
    found: dict[str, Any] = json.loads("\n".join(lines))
    return code, found


def row(found: dict[str, Any], name: str) -> dict[str, Any]:
    """Give a setting's row."""
    (one,) = (each for each in found["settings"] if each["name"] == name)
    return dict(one)


def test_a_line_for_each_setting(write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """On stdout, in the order of the table; nothing else is said."""
    write(machine="key_timeout = 0.5")
    code, lines, err = listed(capsys)
    assert (code, err) == (0, "")
    assert [line.partition(" = ")[0] for line in lines] == list(Settings.table())
    assert {"module = not set", "key_timeout = 0.5", "card_timeout = 60", f"data = {tmp_path / 'DATA'}"} < set(lines)


def test_it_is_told_why_a_setting_is_what_it_is(
    write: Write,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it is, whose it is, where it stands, what it goes before, what the program does not know."""
    write(policy='local_it = "the house"\ncolour = "blue"', machine='local_it = "this room"')
    monkeypatch.setenv("SITHSUP_LOCAL_IT", "me")
    code, lines, _ = listed(capsys, "--explain")
    start = lines.index("local_it = the house")
    policy, machine = tmp_path / "policy.toml", tmp_path / "machine.toml"
    assert code == 0
    assert lines[start + 1 : start + 6] == [
        "    How this organisation's local IT support is reached, in place of the campaign's text.",
        f"    Decided by the organisation, and by nobody else. From policy: {policy}: local_it",
        "    It goes before: me, from environment: SITHSUP_LOCAL_IT",
        f"    It goes before: this room, from this computer: {machine}: local_it",
        "",
    ]
    assert f"    policy: {policy}: sets 1" in lines
    assert lines[-1] == f"Not known, and left aside: {policy}: colour (policy)"
    caplog.clear()


def test_the_result_for_machines(
    write: Write,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same with and without `--explain`; every row has the same names."""
    write(policy="card_timeout = 5\nnew = 1")
    monkeypatch.setenv("SITHSUP_CARD_TIMEOUT", "7")
    code, found = result(capsys)
    assert (code, found) == result(capsys, "--explain")
    assert (code, found["command"], found["exit_code"]) == (0, "settings", 0)
    assert row(found, "card_timeout") == {
        "name": "card_timeout",
        "value": 5.0,
        "hidden": False,
        "layer": "policy",
        "place": f"{tmp_path / 'policy.toml'}: card_timeout",
        "problem": None,
        "managed": True,
        "help": "Seconds until a call to the smart card program counts as hung.",
        "overridden": [
            {
                "value": 7.0,
                "hidden": False,
                "layer": "environment",
                "place": "SITHSUP_CARD_TIMEOUT",
                "problem": None,
            }
        ],
    }
    assert {frozenset(each) for each in found["settings"]} == {frozenset(row(found, "card_timeout"))}
    assert (row(found, "module")["value"], row(found, "module")["layer"]) == (None, "shipped")
    assert found["unknown"] == [{"layer": "policy", "place": f"{tmp_path / 'policy.toml'}: new"}]
    assert [(each["layer"], each["there"]) for each in found["layers"]] == [
        ("policy", True),
        ("environment", True),
        ("machine", False),
    ]
    caplog.clear()


@pytest.mark.parametrize("options", [(), ("--explain",), ("--json",)])
def test_a_password_is_never_shown(
    options: tuple[str, ...], write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in force, not overridden, not broken, in no layer; only that there is one, and where."""
    write(machine='proxy = "http://someone:hemligt@proxy"')
    for value in ("http://someone:hemligt@other", "hemligt@broken", "http://a:hemligt@b:c"):
        monkeypatch.setenv("SITHSUP_PROXY", value)
        code = cli.run(["settings", *options])
        said = capsys.readouterr()
        assert code == (0 if value.endswith("other") else 2)
        assert "hemligt" not in said.out + said.err
        assert "someone" not in said.out
    monkeypatch.setenv("SITHSUP_PROXY", "http://someone:hemligt@other")
    found = row(result(capsys)[1], "proxy")
    assert (found["value"], found["hidden"], found["place"]) == (None, True, "SITHSUP_PROXY")
    assert found["overridden"][0]["hidden"]


def test_a_proxy_without_a_password_is_shown(
    write: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SITHSUP_PROXY", "http://proxy:3128")
    assert "proxy = http://proxy:3128" in listed(capsys)[1]


def test_what_is_broken_is_shown_at_its_row(
    write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it at once, with everything else; the exit code is that of a wrong setting."""
    write(policy='module = "x.so"', machine='key_timeout = "soon"')
    monkeypatch.setenv("SITHSUP_KEY_TIMEOUT", "7")
    code, lines, err = listed(capsys, "--explain")
    assert code == 2
    assert "module = broken: “x.so” is not an absolute path" in lines
    assert "key_timeout = 7" in lines
    (overridden,) = (line for line in lines if "“soon”" in line)
    assert overridden.endswith(f"from this computer: {tmp_path / 'machine.toml'}: key_timeout")
    assert "card_timeout = 60" in lines
    assert "SU-3002" in err
    code, found = result(capsys)
    assert (code, found["error"]["code"], found["exit_code"]) == (2, "SU-3002", 2)
    assert row(found, "module")["problem"] == "“x.so” is not an absolute path"
    assert row(found, "key_timeout")["overridden"][0]["problem"]


def test_a_layer_that_cannot_be_read_is_shown(write: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write(policy="module =", machine="card_timeout = 5")
    code, lines, err = listed(capsys, "--explain")
    assert code == 2
    assert "card_timeout = 5" in lines
    assert any(
        line.startswith(f"    policy: {tmp_path / 'policy.toml'}: broken: it is not a TOML file") for line in lines
    )
    assert f"{tmp_path / 'policy.toml'} (policy): it is not a TOML file" in err


def test_nothing_in_a_file_steers_the_terminal(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write(policy='"\\u001b[2J" = 1\ndata = "/a\\u001b[2J"\nlanguage = "\\u001b[2J"')
    for options in ((), ("--explain",)):
        _, lines, err = listed(capsys, *options)
        assert "\x1b" not in "".join(lines) + err


def test_every_command_logs_what_it_does_not_know(
    write: Write, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """And goes on: after a step back to an older program that is how a file looks."""
    write(policy="colour = 1")
    assert cli.run(["history"]) == 0
    assert [record.getMessage() for record in caplog.records] == [
        f"a setting that is not known: {tmp_path / 'policy.toml'}: colour (policy)"
    ]
    caplog.clear()


def test_where_the_log_is_stands_there_also_when_it_cannot_be_written(
    write: Write, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is stopped by that; the terminal has the warning that the log cannot have."""
    write(policy='logs = "/dev/null/logs"')
    code, lines, err = listed(capsys)
    assert code == 0
    assert "logs = /dev/null/logs" in lines
    assert err.endswith("sithsup.start: there is no log in /dev/null/logs: part of the path is a file, not a folder\n")
    assert cli.run(["history"]) == 0
    caplog.clear()
