"""`docs/faq.md` walked: every question of the FAQ has a behaviour, a place in the code, and a test that is there."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
QUESTIONS = 15
_ROW = re.compile(r"^\| (\d+) \|([^|]+)\|([^|]+)\|([^|]+)\|([^|]+)\|$", re.MULTILINE)
_QUOTED = re.compile(r"`([^`]+)`")


class Answer(NamedTuple):
    number: int
    behaviour: str
    code: tuple[str, ...]
    tests: tuple[str, ...]


def answers() -> list[Answer]:
    rows = _ROW.findall((ROOT / "docs" / "faq.md").read_text("utf-8"))
    return [
        Answer(int(number), behaviour.strip(), tuple(_QUOTED.findall(code)), tuple(_QUOTED.findall(tests)))
        for number, _, behaviour, code, tests in rows
    ]


@lru_cache
def names(path: str) -> frozenset[str]:
    """Every function, class, method, constant and field that a file defines."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(found)


def is_there(place: str) -> bool:
    """Whether `path::name` leads to something; a parametrized test is named with what stands in its brackets."""
    path, _, name = place.partition("::")
    return (ROOT / path).is_file() and name.partition("[")[0] in names(path)


def test_every_question_is_answered() -> None:
    """All fifteen, each once, in order, and none without a behaviour, a place and a test."""
    found = answers()
    assert [answer.number for answer in found] == list(range(1, QUESTIONS + 1))
    assert all(answer.behaviour and answer.code and answer.tests for answer in found)


@pytest.mark.parametrize("answer", answers(), ids=lambda answer: str(answer.number))
def test_what_an_answer_names_is_there(answer: Answer) -> None:
    """Nobody can rename a test or take a behaviour away, and leave the answer standing."""
    assert [place for place in (*answer.code, *answer.tests) if not is_there(place)] == []
    assert all(place.startswith("tests/") for place in answer.tests)


def test_a_wrong_place_is_noticed() -> None:
    """The walk can fail."""
    assert not is_there("tests/core/test_faq.py::test_that_is_not_there")
    assert not is_there("src/sithsup/nowhere.py::reasons")
