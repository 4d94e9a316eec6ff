"""What is wrong with a campaign is told in the author's language, and not in a library's words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import texts
from sithsup.campaign import Campaign, complaints, parts, read_file
from sithsup.errors import CampaignInvalidError
from tests.core.test_campaign import LINES, NOT_JSON, RULES, SHIPPED, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHAPES: dict[str, tuple[str, object]] = {
    "an object that is a list": ("levels", []),
    "an empty name": ("source_issuers", [""]),
    "a long text": ("words.why.sv", "x" * 20_001),
    "a level too high": ("levels", {"x": 5}),
    "a day that there is not": ("ordered_before", "2020-13-01"),
    "an endless wait": ("confirm_wait_max", "P99999999999D"),
    "a number for a text": ("id", 7),
    "a tab in a name": ("source_issuers", ["a\tb"]),
    "a window that is none": ("window", 1),
}


@pytest.fixture(autouse=True)
def _in_no_language() -> Iterator[None]:
    texts.set_language("xx")
    yield
    texts.set_language(None)


def told(text: bytes) -> str:
    """What is wrong with a text."""
    with pytest.raises(CampaignInvalidError) as caught:
        Campaign.parse(text, "x")
    return str(caught.value.values["problem"])


def changed(field: str, value: object) -> bytes:
    """The shipped campaign with a field set."""
    data: dict[str, Any] = json.loads(SHIPPED.read_bytes())
    put(data, field, value)
    return json.dumps(data).encode()


@pytest.mark.parametrize("case", [*RULES, *SHAPES])
def test_a_wrong_field_is_told_in_words_of_our_own(case: str) -> None:
    """Every text went through the catalogue."""
    field, value = RULES[case][:2] if case in RULES else SHAPES[case]
    reason = told(changed(field, value))
    assert re.fullmatch("⟦.*⟧", reason), reason


@pytest.mark.parametrize("case", LINES)
def test_a_fault_of_the_text_is_told_in_words_of_our_own(case: str) -> None:
    before, after, _, _ = LINES[case]
    reason = told(SHIPPED.read_text("utf-8").replace(before, after, 1).encode())
    assert re.fullmatch("⟦.*⟧", reason), reason


@pytest.mark.parametrize("content", [each for each in NOT_JSON.values() if len(each) < 1 << 20])
def test_what_is_no_campaign_is_told_in_words_of_our_own(content: bytes) -> None:
    reason = told(content)
    assert re.fullmatch("⟦.*⟧", reason), reason


def test_a_file_that_is_too_long_is_told_in_words_of_our_own(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(CampaignInvalidError, match="⟦the file is longer than"):
        read_file(tmp_path / "x")


def test_every_form_of_a_text_has_words() -> None:
    """But those that say themselves how they are written."""
    patterns = set(re.findall(r'"pattern": ("(?:[^"\\\\]|\\\\.)*")', json.dumps(Campaign.model_json_schema())))
    timed = {f"^{pattern}$" for pattern in (parts._TIME, parts._DAY, parts._LENGTH)}
    assert {json.loads(pattern) for pattern in patterns} - timed == set(complaints.FORMS)


def test_what_has_no_words_is_told_in_the_librarys() -> None:
    assert complaints.told({"type": "new_in_a_later_version", "msg": "Something else"}) == "Something else"


def test_a_choice_is_told_in_swedish_throughout() -> None:
    """No English word between what may be chosen."""
    texts.set_language("sv")
    assert told(changed("targets.1.role", "x")) == "det är inget av detta: 'authentication', 'signature'"
