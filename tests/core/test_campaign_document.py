"""What is published for issuers, the page and the schema, is what the program reads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sithsup.campaign import Campaign
from sithsup.errors import CampaignInvalidError
from sithsup.texts import resources
from tools import campaign_schema

SHIPPED = resources() / "campaigns" / "siths-2020.json"
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


@pytest.mark.parametrize(
    ("field", "text", "is_right"),
    [
        ("ordered_before", "2020-02-11", True),
        ("ordered_before", "1581379200", False),
        ("ordered_before", "2020-02-11T00:00:00Z", False),
        ("confirm_wait_max", "P1DT2H3M4.5S", True),
        ("confirm_wait_max", "PT90M", True),
        ("confirm_wait_max", "3600", False),
        ("confirm_wait_max", "01:00:00", False),
        ("confirm_wait_max", "P1M", False),
        ("confirm_wait_max", "P1DT", False),
        ("window.opens", "2019-11-04T00:00:00.5+01:00", True),
        ("window.opens", "1572822000", False),
        ("window.opens", "2019-11-04T00:00:00", False),
        ("window.opens", "2019-11-04 00:00:00Z", False),
    ],
)
def test_the_schema_and_the_program_read_times_alike(field: str, text: str, is_right: bool) -> None:
    """An editor that says nothing has nothing to say; what is written comes back as it was meant."""
    data = json.loads(SHIPPED.read_bytes())
    part, _, last = field.rpartition(".")
    (data[part] if part else data)[last] = text
    properties = (SCHEMA["$defs"]["Window"] if part else SCHEMA)["properties"][last]
    pattern = properties.get("anyOf", [properties])[0]["pattern"]
    assert bool(re.search(pattern, text)) is is_right
    try:
        read = Campaign.parse(json.dumps(data).encode(), "x")
    except CampaignInvalidError:
        assert not is_right
    else:
        assert is_right
        assert Campaign.parse(read.model_dump_json().encode(), "x") == read


def test_the_example_of_the_page_is_a_campaign() -> None:
    """Whoever copies it has something to begin with."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert Campaign.parse(example.encode(), "docs/campaign.md").id == "example-2027"


def test_the_page_tells_of_every_field() -> None:
    """In its table: each once."""
    cells = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.MULTILINE)
    assert sorted(name for cell in cells for name in re.findall(r"`(\w+)`", cell)) == sorted(Campaign.model_fields)
