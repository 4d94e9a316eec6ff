#!/usr/bin/env python3
"""The published JSON Schema of a campaign (docs/campaign.schema.json), made from the models that read it.

Without arguments it looks whether the file is up to date (exit code 1); with --write it writes it. What describes a
field is the docstring under it. The program itself does not look for those: it would cost every start a while.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from pathlib import Path
from typing import Any

from sithsup.campaign import Campaign, campaign, parts

FILE = Path(__file__).resolve().parents[1] / "docs" / "campaign.schema.json"


def main(arguments: list[str]) -> int:
    """Check or write; the exit code."""
    made = text()
    if "--write" in arguments:
        FILE.write_text(made, "utf-8")
    is_current = FILE.exists() and FILE.read_text("utf-8") == made
    print("campaign schema: up to date" if is_current else "campaign schema: run ./dev schema")
    return 0 if is_current else 1


def text() -> str:
    """The file as it should be."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The schema of the models, every field described."""
    made = Campaign.model_json_schema(mode="validation")
    described = {**docstrings(parts), **docstrings(campaign)}
    definitions: dict[str, Any] = made["$defs"]
    for name, part in {**definitions, "Campaign": made}.items():
        for field, value in part.get("properties", {}).items():
            if found := _description(described, name, field):
                value["description"] = found
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A campaign of sithsup, format 1",
        "description": "What is signed and published; docs/campaign.md tells how. Rules across fields stand there too.",
    }
    return {**head, **{name: value for name, value in made.items() if name not in head}}


def docstrings(module: Any) -> dict[str, dict[str, str]]:
    """The string under each field of each class of a module."""
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = {
                field.target.id: " ".join(doc.value.value.split())
                for field, doc in zip(node.body, node.body[1:], strict=False)
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(doc, ast.Expr)
                and isinstance(doc.value, ast.Constant)
                and isinstance(doc.value.value, str)
            }
    return found


def _description(described: dict[str, dict[str, str]], name: str, field: str) -> str:
    """Its own, or that of the class it is inherited from."""
    kinds = inspect.getmro(getattr(parts, name, Campaign))
    return next((said[field] for kind in kinds if field in (said := described.get(kind.__name__, {}))), "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
