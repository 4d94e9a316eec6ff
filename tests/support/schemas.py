"""The published schemas of what machines read, and what they say of a document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHECK: dict[str, Any] = json.loads((DOCS / "check.schema.json").read_bytes())
LAST_OUTCOME: dict[str, Any] = json.loads((DOCS / "last-outcome.schema.json").read_bytes())


def require_valid(document: object, schema: dict[str, Any]) -> None:
    """Raise what is wrong with a document; the schema itself must be one."""
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
