"""What is published for whoever looks after many computers is what the program writes: schemas, tables, examples."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import last_outcome
from sithsup.cli import all_readers, exit_codes
from sithsup.cli.parser import COMMANDS
from sithsup.errors import CancelledError
from sithsup.last_outcome import Ending
from sithsup.situation import Choice, Situation
from sithsup.survey import State
from tests.core.test_documents import column, read, table
from tests.support.lab import START
from tests.support.schemas import CHECK, LAST_OUTCOME

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS = ("docs/fleet.sv.md", "docs/fleet.en.md")
READER, LAST, CAMPAIGN = CHECK["$defs"]["reader"], LAST_OUTCOME["$defs"]["last"], LAST_OUTCOME["$defs"]["campaign"]


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Every object that a schema describes."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def names(document: str, *heads: str, nth: int = 0) -> list[str]:
    """The fields that the first column of a table names, in its order; `nth` of several with the same head."""
    text = read(document)
    starts = [text.index(f"| {head} |") for head in heads if f"| {head} |" in text]
    rest = text[min(starts) :]
    for _ in range(nth):
        rest = rest[rest.index("\n\n") :]
        rest = rest[rest.index(f"| {next(head for head in heads if f'| {head} |' in rest)} |") :]
    rows = rest[: rest.index("\n\n")].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]


# ------------------------------------------------------------------------------------------------- the schemas


@pytest.mark.parametrize("schema", [CHECK, LAST_OUTCOME], ids=["check", "last-outcome"])
def test_a_schema_knows_every_field_and_wants_each(schema: dict[str, Any]) -> None:
    """Nothing is ever missing, nothing unknown comes, and everything is described."""
    found = list(objects(schema))
    assert len(found) >= 3
    for part in found:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
        assert part["description"]
        assert not [name for name, value in part["properties"].items() if not ({"description", "$ref"} & value.keys())]


def test_the_formats_are_the_program_s() -> None:
    assert CHECK["properties"]["format"]["const"] == all_readers.FORMAT
    assert LAST_OUTCOME["properties"]["format"]["const"] == last_outcome.FORMAT


def test_the_words_are_the_program_s() -> None:
    """Those that are a closed list are all of them, and no other."""
    of = READER["properties"]
    assert of["state"]["enum"] == list(State)
    assert set(of["situation"]["enum"]) == {*Situation, None}
    assert of["choices"]["items"]["enum"] == list(Choice)
    assert set(of["exit_code"]["enum"]) == {*exit_codes.URGENCY, None}
    assert set(CHECK["properties"]["exit_code"]["enum"]) == {*exit_codes.URGENCY, CancelledError.exit_code}
    assert LAST["properties"]["outcome"]["enum"] == list(Ending)
    assert set(LAST["properties"]["act"]["enum"]) < set(COMMANDS)


def test_what_is_written_before_anything_is_known_has_every_field() -> None:
    """So nothing is missing whatever stops the look; `View` gives the other two."""
    assert {*all_readers.blank(), "command", "exit_code"} == set(CHECK["properties"])


# ----------------------------------------------------------------------------------------------- the documents


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_order_of_the_exit_codes_is_the_program_s(document: str) -> None:
    """From the most urgent one down."""
    assert [int(code) for code in column(table(document, "code", "kod"))] == list(exit_codes.URGENCY)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_field_is_documented(document: str) -> None:
    """In the order in which it is written."""
    heads = ("name", "namn")
    assert names(document, *heads) == list(CHECK["properties"])
    assert set(names(document, *heads, nth=1)) == set(READER["properties"])
    assert names(document, *heads, nth=2) == list(LAST_OUTCOME["properties"])
    told = read(document)
    for field in (*LAST["properties"], *CAMPAIGN["properties"]):
        assert f"`{field}`" in told


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_outcome_and_every_state_is_documented(document: str) -> None:
    assert column(table(document, "outcome", "utfall")) == list(Ending)
    assert not [state for state in State if f"`{state}`" not in read(document)]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_values_of_the_registry_are_documented(document: str) -> None:
    """With the key that they are under."""
    run = last_outcome.Run(START, "upgrade", Ending.UPGRADED, None, (), None, "", "ID", 1, is_open=False)
    tally = {"id": "ID", "upgraded": 1, "restored": 0, "unfinished": 0, "done": True}
    rows = {row[0]: row[1] for row in table(document, "value", "värde")}
    for key, values in last_outcome._keys(run, (tally,)):
        kinds = {int: "`REG_DWORD`", str: "`REG_SZ`"}
        cell = f"`HKCU\\{key}`: {', '.join(f'`{name}`' for name in values)}"
        assert rows[cell] == kinds[type(next(iter(values.values())))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_examples_ask_for_what_there_is(document: str) -> None:
    """Keys, values, files and fields of the scripts, and of the rule without one."""
    text = read(document)
    scripts = "\n".join(re.findall(r"```powershell\n(.*?)```", text, re.DOTALL))
    assert f"HKCU:\\{last_outcome.KEY}\\Campaigns\\example-2027" in scripts
    assert f"HKEY_CURRENT_USER\\{last_outcome.KEY}\\Campaigns\\example-2027" in text
    assert last_outcome.FILE in scripts
    assert set(re.findall(r"\$told\.(\w+)", scripts)) == {"Done", "campaigns", "format", "readers", "exit_code"}
    assert set(re.findall(r"\$reader\.(\w+)", scripts)) < set(READER["properties"])
    assert {"format", "campaigns"} < set(LAST_OUTCOME["properties"])
    assert {"format", "readers", "exit_code"} < set(CHECK["properties"])
    assert set(re.findall(r"\$_\.(\w+)", scripts)) < set(CAMPAIGN["properties"])


def test_both_languages_have_the_same_examples() -> None:
    swedish, english = (re.findall(r"```.*?\n(.*?)```", read(document), re.DOTALL) for document in DOCUMENTS)
    assert swedish == english


def test_the_schemas_are_written_as_they_are_read() -> None:
    """As the program's other schema is: two spaces, letters as letters, a line's end at the end."""
    for name, schema in (("check", CHECK), ("last-outcome", LAST_OUTCOME)):
        assert read(f"docs/{name}.schema.json") == json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
