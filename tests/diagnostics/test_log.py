"""Of the log only those words are told that are the program's own."""

from __future__ import annotations

import ast
import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sithsup import logs, texts
from sithsup.ca.cmp_asn1 import PKIBody
from sithsup.card import traffic
from sithsup.diagnostics.log_lines import LEFT_OUT, WORDS, safe, told
from sithsup.diagnostics.probes.log import LINES, log
from sithsup.diagnostics.scene import Scene
from sithsup.settings import Settings
from sithsup.situation import Outcome
from sithsup.upgrade import UPGRADE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sithsup.diagnostics.values import Value

SOURCE = Path(logs.__file__).parent
LEVELS = {"debug", "info", "warning", "error", "exception"}
OF_OTHERS = {"demo", "sim"}
"""Whose lines are in no log of an ordinary user."""
CASE = "2B426L72"
HEAD = "2030-01-01 12:00:00,123 INFO    4711 sithsup.runner: "
TRACEBACK = """Traceback (most recent call last):
  File "/home/kanarie/sithsup/cli/commands.py", line 110, in run
    return COMMANDS[kanarie](context)
           ^^^^^^^^^^^^^^^^^
ValueError: cannot read Kanarie
""".splitlines()


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def lines_of_the_program() -> Iterator[str]:
    """Every message that a module gives to its logger."""
    for path in SOURCE.rglob("*.py"):
        if OF_OTHERS.isdisjoint(path.relative_to(SOURCE).parts):
            yield from _messages(ast.parse(path.read_text("utf-8")))


def _messages(tree: ast.AST) -> Iterator[str]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS:
            first = call.args[0] if call.args else None
            if ast.unparse(call.func.value) == "_log" and isinstance(first, ast.Constant):
                yield str(first.value)


def test_every_line_of_the_program_can_be_read() -> None:
    """No word of its own is left out."""
    said = list(lines_of_the_program())
    assert len(said) > 30
    words = [word for line in said for word in re.sub(r"%[srd]", " ", line).split()]
    assert sorted({word for word in words if LEFT_OUT in safe(word)}) == []


def test_every_fact_of_a_call_and_every_kind_of_message_can_be_read() -> None:
    """What the fullest log tells of the card's module and of the authority."""
    names = {name for table in (traffic.GIVEN, traffic.RETURNED) for name, _ in table.values()}
    kinds = {name for name, *_ in PKIBody._alternatives}
    assert names <= WORDS
    assert {"ir", "cr", "certConf", "error"} <= kinds & WORDS


def test_no_word_is_written_like_a_name() -> None:
    """A name of a person begins with a large letter, and no word of the list does but a method of HTTP."""
    assert {word for word in WORDS if word[0].isupper()} == {"GET", "POST"}


@pytest.mark.parametrize(
    "text",
    [
        f"case {CASE}, card",
        *(f"do {step.name}" for step in UPGRADE),
        *(f"ended: {outcome}" for outcome in Outcome),
        "SU-1008 ModuleCrashedError: exit code -11",
        "walk 1 of 2 ended",
        "C_Sign slot=1 mechanism=CKM_RSA_PKCS answer=CKR_DEVICE_REMOVED ms=12.5 0x1f",
        "a probe failed: journal",
    ],
)
def test_what_helps_is_told(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Kanarie",
        "Kanarie Testperson",
        "kanarie=1",
        "case=Kanarie",
        "738291",
        "SE1655616161-K4N4R13",
        "19121212-1212",
        "/home/kanarie/x",
        "https://ca.example/kanarie",
        "'kanarie'",
        "KanarieErrors",
    ],
)
def test_whatever_else_there_is_is_left_out(text: str) -> None:
    assert safe(f"ended: {text}, {text}") == f"ended: {LEFT_OUT}"


def test_a_line_keeps_its_time_its_level_and_its_module() -> None:
    assert list(told([f"{HEAD}do write-certificates for Kanarie"])) == [
        f"2030-01-01 12:00:00 INFO runner: do write-certificates {LEFT_OUT}"
    ]


@pytest.mark.parametrize(
    "text", ["Kanarie", "  Kanarie said so", "", "{", '{"time": 1}', '{"message": "Kanarie"}', "[]"]
)
def test_what_is_no_line_of_the_log_is_not_told(text: str) -> None:
    assert list(told([text])) == []


def test_a_traceback_is_told_by_its_places_and_its_kind() -> None:
    assert list(told(TRACEBACK)) == ["  commands.py:110", "  ValueError"]


def test_a_line_of_json_is_told_like_any_other() -> None:
    """With its facts, and its traceback."""
    line = {
        "time": "2030-01-01T12:00:00.123+00:00",
        "level": "INFO",
        "process": 4711,
        "logger": "sithsup.runner",
        "message": "C_Sign of\nKanarie",
        "facts": {"slot": 1, "answer": "CKR_OK", "label": "Kanarie"},
        "exception": "\n".join(TRACEBACK),
    }
    assert list(told([json.dumps(line)])) == [
        f"2030-01-01T12:00:00 INFO runner: C_Sign of {LEFT_OUT} slot=1 answer=CKR_OK {LEFT_OUT}",
        "  commands.py:110",
        "  ValueError",
    ]


# ---------------------------------------------------------------------------------------------------- the probe


def scene(folder: Path) -> Scene:
    return Scene(Settings.resolve({"SITHSUP_LOGS": str(folder)}, ()))


def facts(folder: Path) -> dict[str, Value]:
    return {fact.name: fact.value for fact in log(scene(folder)).facts}


@pytest.mark.parametrize("form", logs.FORMATS)
def test_the_last_lines_of_the_real_log_are_told(form: str, tmp_path: Path) -> None:
    """As the program writes it."""
    logs.configure(tmp_path, form=form)
    try:
        for number in range(LINES):
            logging.getLogger("sithsup.runner").info("walk %d of %d ended: %s", number, LINES, "Kanarie")
    finally:
        logs.configure(None)
    found = log(scene(tmp_path))
    (group,) = found.groups
    said = [str(fact.value) for fact in group.facts]
    assert len(said) == LINES
    assert all(line.endswith(f"walk {number} of {LINES} ended: {LEFT_OUT}") for number, line in enumerate(said))
    assert (facts(tmp_path)["is-there"], facts(tmp_path)["is-writable"], found.problems) == (True, True, ())


def test_there_need_not_be_a_log(tmp_path: Path) -> None:
    told = facts(tmp_path / "none")
    assert (told["is-there"], told["bytes"], told["changed"], told["is-writable"]) == (False, None, None, True)
    assert log(scene(tmp_path / "none")).groups == ()


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (problem,) = log(scene(tmp_path / "file")).problems
    assert (problem.code, problem.name) == ("SU-4005", "LogUnwritableError")
    assert problem.cause == f"{tmp_path / 'file'}: part of the path is a file, not a folder"
