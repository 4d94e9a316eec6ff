"""What is published for issuers, the page and the schema, is what the program reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sithsup.campaign import Campaign
from tools import campaign_schema

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "campaign.md").read_text("utf-8")
SCHEMA: dict[str, Any] = json.loads((DOCS / "campaign.schema.json").read_bytes())


def test_the_schema_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """As the gate has it, which finds out what is not."""
    assert campaign_schema.main([]) == 0
    assert campaign_schema.text() == (DOCS / "campaign.schema.json").read_text("utf-8")
    assert "up to date" in capsys.readouterr().out


def test_the_gate_finds_a_schema_that_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Another file, or none; --write mends it."""
    monkeypatch.setattr(campaign_schema, "FILE", tmp_path / "schema.json")
    assert campaign_schema.main([]) == 1
    (tmp_path / "schema.json").write_text("{}")
    assert campaign_schema.main([]) == 1
    assert campaign_schema.main(["--write"]) == 0
    assert campaign_schema.main([]) == 0


def test_every_field_and_every_part_is_described() -> None:
    """Nobody has to read the code."""
    for name, part in {**SCHEMA["$defs"], "Campaign": SCHEMA}.items():
        assert part.get("description"), name
        for field, value in part.get("properties", {}).items():
            assert value.get("description"), f"{name}.{field}"
            assert not re.search(r"`(Campaign|Part)\b", value["description"])


def test_an_unknown_field_is_an_error_in_the_schema_too() -> None:
    for name, part in {**SCHEMA["$defs"], "Campaign": SCHEMA}.items():
        if "properties" in part:
            assert part["additionalProperties"] is False, name


def test_the_example_of_the_page_is_a_campaign() -> None:
    """Whoever copies it has something to begin with."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert Campaign.parse(example.encode(), "docs/campaign.md").id == "example-2027"


def test_the_page_tells_of_every_field() -> None:
    """In its table: each once."""
    cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(Campaign.model_fields)
