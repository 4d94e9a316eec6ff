"""The whitelist: what may stand in a diagnosis, and what is blotted from text that comes from outside."""

from __future__ import annotations

import unicodedata
from typing import Literal

import pytest

from sithsup.diagnostics.values import (
    BLOT,
    LONGEST,
    Blotter,
    Fact,
    Foreign,
    Word,
    card_number,
    foreign,
    host,
    one_of,
    version,
)
from sithsup.logs import MASKED

NAMES = Blotter(frozenset({"Kanarie Testperson", "Ek"}))


def test_a_bare_text_is_refused() -> None:
    with pytest.raises(TypeError, match="release"):
        Fact("release", "Version", "Debian")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "code 738291 was sent",
        "code 7382 91",
        "73-82-91",
        "puk=90817263",
        "191212121212",
        "19121212-1212",
        "SE1655616161-K4N4R13",
        "se1655616161-1A",
        "held by KANARIE",
        "Testperson, Kanarie",
        "kanarie_testperson@region.example",
        "/srv/kanarie2/TESTPERSON",
        "TSTNMT2321000156-K4N4R13",
        "x_SE1655616161\N{NON-BREAKING HYPHEN}K4N4R13",
        "/home/K4N4R13/.local, /Users/K4N4R13/x and C:\\Users\\K4N4R13 Test\\x",
    ],
)
def test_what_could_be_somebodys_is_blotted(text: str) -> None:
    told = NAMES.text(text)

    assert BLOT in told or "****" in told
    for secret in ("738291", "7382", "9081", "121212", "K4N4R13", "1655616161", "KANARIE", "Kanarie", "Testperson"):
        assert secret not in told


@pytest.mark.parametrize(
    "text",
    [
        "ACS ACR39U ICC Reader 00 00",
        "valid until 2027-02-23 15:43, SU-1008",
        "Net iD 6.8.4.20",
        "Ekonomi",  # a name of two letters is in too many words
        "127.0.0.1",
        "SCARD_E_NO_SERVICE (0x8010001D)",
        "SITHS e-id Person HSA-id 3 CA v1",
    ],
)
def test_what_support_needs_is_left(text: str) -> None:
    assert NAMES.text(text) == text


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_blotted_however_its_letters_are_put_together(form: Literal["NFC", "NFD"]) -> None:
    """A Mac takes them apart in names of files."""
    for known in ("NFC", "NFD"):
        blotter = Blotter(frozenset({unicodedata.normalize(known, "Åsa Öst")}))
        assert blotter.text(unicodedata.normalize(form, "/srv/Åsa/öst")) == f"/srv/{BLOT}/{BLOT}"


def test_of_an_address_in_a_text_the_host_is_left() -> None:
    """Whatever brackets there are: a text from outside breaks nothing."""
    assert NAMES.text("no answer from https://u:p@ca.example:8443/a/b?c “d”") == "no answer from https://ca.example “d”"
    assert NAMES.text("http://[::1 and http://]") == f"{BLOT} and {BLOT}"


def test_a_telephone_is_left_where_only_identities_are_blotted() -> None:
    assert NAMES.identities("Ring Kanarie, 010-123 45 67 (191212121212)") == f"Ring {BLOT}, 010-123 45 67 ({MASKED})"


def test_text_cannot_steer_a_terminal() -> None:
    assert NAMES.text("a\x1b[31mb\nc") == "a [31mb c"


def test_what_cannot_be_printed_is_left_out() -> None:
    """A problem's text quotes what readers and cards call themselves."""
    assert NAMES.text("in \x1b[2Jthe \ud800reader\n") == "in  [2Jthe  reader "


def test_only_foreign_values_are_blotted() -> None:
    assert NAMES.value(Word("738291")) == "738291"
    assert NAMES.value(Foreign("738291")) == BLOT
    assert NAMES.value(738291) == 738291


def test_text_from_outside_is_printable_and_short() -> None:
    assert foreign("\x1b[31mred\n" + "x" * 500) == ("[31mred " + "x" * 500)[:LONGEST]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://ca.example/pkix?who=738291", "https://ca.example"),
        ("http://anna:hemligt@proxy.example:8080", "http://proxy.example"),
        ("ldap://x.example", None),
        ("not an address", None),
    ],
)
def test_of_an_address_only_the_host_is_told(address: str, told: str | None) -> None:
    assert host(address) == told


def test_words_are_checked() -> None:
    assert version("6.8.4.20 (738291xx)") == "6.8.4.20"
    assert version("Anna 1.0") is None
    assert one_of("Linux", {"Linux"}) == "Linux"
    assert one_of("Kanarie", {"Linux"}) == "other"
    assert card_number("9752278000000000017") == "9752278000000000017"
    assert card_number("Kanarie") is None
    assert card_number(None) is None
