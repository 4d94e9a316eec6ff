"""A lab whose upgrades end with a receipt, and the ways in which a receipt is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sithsup.campaign import Terms, Text
from sithsup.receipt import as_data, as_html, as_text
from sithsup.sim import pki
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Fault, Faults
from sithsup.situation import Outcome
from tests.support.lab import Lab, acts

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.operation import Operation
    from sithsup.receipt import Receipt

LEVELS = {"SIM SITHS Type 1 CA v1": 2, pki.NEW_HSA_ID: 3, pki.NEW_PERSON_ID: 3}
TERMS = Terms(version="SIM 2", text=Text(sv="SIM", en="SIM"))
VIEWS = (as_text, as_html, lambda receipt: json.dumps(as_data(receipt), ensure_ascii=False))


def lab(tmp_path: Path, **changes: object) -> Lab:
    """A card that shares its old keys with an e-legitimation, whose certificates name the personal identity number."""
    made = Lab(tmp_path, kind=CardKind.SHARED)
    assert made.campaign
    made.campaign = made.campaign.model_copy(update={"levels": LEVELS, **changes})
    return made


def ended(operation: Operation, action: str = "upgrade") -> Receipt:
    """Run it to its end; the receipt."""
    list(acts(operation, action))
    assert operation.outcome is Outcome.UPGRADED
    assert operation.receipt
    return operation.receipt


def strike(made: Lab, *faults: Fault) -> None:
    """Let these things go wrong on the card's side from now on."""
    made.token.restart(Faults(*faults))
