"""Texts: the language that is chosen, the placeholders, the pseudo-language and where the catalogue lies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sithsup import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLES = ("SITHSUP_LANGUAGE", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def _silent_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    texts.set_language(None)
    yield
    texts.set_language(None)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("", "en"),
        ("LANG=sv_SE.UTF-8", "sv"),
        ("LANG=sv", "sv"),
        ("LANG=en_GB.UTF-8", "en"),
        ("LANG=C.UTF-8", "en"),
        ("LANG=de_DE", "en"),
        ("LC_ALL=sv_FI LANG=en_GB", "sv"),
        ("LC_MESSAGES=sv_SE LANG=en_GB", "sv"),
        ("LANGUAGE=sv:en LC_ALL=en_GB", "sv"),
        ("SITHSUP_LANGUAGE=en LANG=sv_SE", "en"),
        ("SITHSUP_LANGUAGE=xx LANG=sv_SE", "xx"),
        ("SITHSUP_LANGUAGE= LANG=sv_SE", "sv"),
    ],
)
def test_the_language_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: str, expected: str
) -> None:
    for assignment in environment.split():
        monkeypatch.setenv(*assignment.split("=", 1))
    assert texts.language() == expected


def test_the_explicit_language_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITHSUP_LANGUAGE", "sv")
    texts.set_language("en")
    assert texts.language() == "en"
    texts.set_language(None)
    assert texts.language() == "sv"


def test_english_is_the_message_itself() -> None:
    texts.set_language("en")
    assert texts.tr("Card {number} of {count}", number=1, count="two") == "Card 1 of two"


def test_doubled_braces_are_braces_with_and_without_values() -> None:
    texts.set_language("en")
    assert texts.tr("{{}}") == "{}"
    assert texts.tr("{{{name}}}", name="å") == "{å}"


def test_a_placeholder_without_a_value_is_a_bug() -> None:
    with pytest.raises(KeyError):
        texts.tr("Card {number}")


def test_a_value_is_not_read_as_a_format() -> None:
    assert texts.tr("{text}", text="{number}") == "{number}"


def test_the_pseudo_language_wraps_every_text() -> None:
    texts.set_language("xx")
    assert texts.tr("Card {number}", number=7) == "⟦Card 7⟧"


def test_swedish_comes_from_the_catalogue() -> None:
    texts.set_language("sv")
    assert texts.tr("a text that is in no catalogue") == "a text that is in no catalogue"
    assert "Language: sv" in texts.tr("")  # the header, which every catalogue has


def test_a_marked_constant_is_unchanged() -> None:
    texts.set_language("xx")
    assert texts.mark("Card") == "Card"


def test_resources_lie_at_the_root_of_a_checkout_or_inside_an_installed_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = tmp_path / "src" / "sithsup" / "texts.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(texts, "__file__", str(module))
    assert texts.resources() == tmp_path / "resources"
    (module.parent / "resources").mkdir()
    assert texts.resources() == module.parent / "resources"


def test_windows_is_asked_when_the_environment_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(texts, "_windows_language", lambda: "sv_SE")
    assert texts.language() == "sv"
