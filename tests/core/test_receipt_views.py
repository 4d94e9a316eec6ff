"""The receipt as it is read: nobody's name in it, for everybody, and with what Active Directory needs."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from sithsup import texts
from sithsup.certificate import Certificate
from sithsup.cli.receipt import short_lines
from sithsup.model import KeyRole, SubjectKind
from sithsup.receipt import Receipt, alt_security_identity, as_data, as_html, as_text
from sithsup.receipt.active_directory import reversed_serial
from sithsup.sim import pki
from tests.support.receipts import VIEWS, ended, lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


@pytest.fixture
def receipt(tmp_path: Path) -> Receipt:
    with lab(tmp_path).operation() as operation:
        return ended(operation)


# ------------------------------------------------------------------------------------------------------ privacy


@pytest.mark.parametrize("language", ["sv", "en"])
def test_no_view_tells_who_it_is(language: str, tmp_path: Path) -> None:
    """The canaries: the card carries all of them, in what was removed, put there and left alone."""
    texts.set_language(language)
    made = lab(tmp_path)
    person = made.case.person
    number = person.identity(SubjectKind.PERSONAL_NUMBER)
    canaries = {number, number[2:], f"{number[:8]}-{number[8:]}", f"{number[2:8]}-{number[8:]}"}
    canaries |= {person.identity(SubjectKind.HSA_ID), person.given_name, person.surname}
    on_card = b"".join(made.certificates())
    assert number.encode() in on_card
    with made.operation() as operation:
        receipt = ended(operation)
    assert any(each.subject is SubjectKind.PERSONAL_NUMBER for each in (*receipt.written, *receipt.kept))
    for view in VIEWS:
        assert not [canary for canary in canaries if canary in view(receipt)]


# --------------------------------------------------------------------------------------------------- the views


class Outline(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


@pytest.mark.parametrize("language", ["sv", "en", "xx"])
def test_the_page_stands_alone_and_is_for_everybody(language: str, receipt: Receipt) -> None:
    """Its language, one first heading, headings of columns; no script, nothing that is fetched."""
    texts.set_language(language)
    page = Outline(as_html(receipt))
    tags = dict(page.tags)
    assert tags["html"]["lang"] == ("sv" if language == "sv" else "en")
    assert (page.count("h1"), page.count("title"), page.count("main")) == (1, 1, 1)
    assert page.count("h2") >= 6
    assert page.count("table") == 4
    assert all(attributes.get("scope") == "col" for tag, attributes in page.tags if tag == "th")
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "img", "iframe", "a", "object"})
    assert not [a for _, attributes in page.tags for a in attributes if a in {"src", "href"} or a.startswith("on")]


def test_values_cannot_write_the_page(receipt: Receipt) -> None:
    """What an authority, a campaign or an organisation calls itself is text."""
    evil = '<script>alert("1")</script>'
    written = tuple(replace(each, issuer=evil) for each in receipt.written)
    page = as_html(
        replace(receipt, written=written, given_up=(evil,), local_it=evil, card_number=evil, log_in_with=written[0])
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8


def test_text_and_page_say_the_same(receipt: Receipt) -> None:
    """Every word of the page, but for the order of lines and the style."""
    page = Outline(as_html(receipt))
    said = set(as_text(receipt).casefold().split())
    style = next(words for words in page.words if "color-scheme" in words)
    assert {word for words in page.words if words is not style for word in words.casefold().split()} <= said


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ("Your codes are unchanged.", "close every window", f"choose the certificate from “{pki.NEW_HSA_ID}”")),
        ("sv", ("Dina koder är oförändrade.", "Stäng sedan alla fönster", f"certifikatet från ”{pki.NEW_HSA_ID}”")),
    ],
)
def test_it_says_what_to_do_now(language: str, sentences: tuple[str, ...], receipt: Receipt, tmp_path: Path) -> None:
    """On the screen and in the file; and the screen's few lines name the file."""
    texts.set_language(language)
    short = short_lines(receipt, tmp_path / "page.html")
    assert 5 <= len(short) <= 10
    assert str(tmp_path / "page.html") in short[-1]
    for sentence in sentences:
        assert sentence in as_text(receipt)
        assert sentence in "\n".join(short)


def test_the_data_has_a_stable_shape(receipt: Receipt) -> None:
    """What the documents name, and nothing else."""
    data = as_data(receipt)
    assert list(data) == [
        "format", "case_code", "finished", "card_number", "campaign", "level", "written", "removed",
        "removed_is_known", "kept", "mail_kept", "terms", "has_terms", "log_in_with", "works", "tests",
        "alt_security_identities", "old_keys_left", "given_up", "local_it",
    ]  # fmt: skip
    assert list(data["written"][0]) == [
        "issuer", "role", "subject", "serial_number", "not_before", "not_after", "opens_mail",
    ]  # fmt: skip
    assert json.loads(json.dumps(data)) == data


# ------------------------------------------------------------------------------------------- Active Directory


def test_the_serial_number_runs_backwards() -> None:
    """Inera's own example; and the zero that DER puts before a set first bit, where Windows keeps it."""
    assert reversed_serial(0x01772941CE29B3EC999D657F0E0174) == "74010e7f659d99ecb329ce41297701"
    assert reversed_serial(0xF1) == "f100"
    assert reversed_serial(0x7F) == "7f"


def test_the_issuer_runs_as_it_is_written(receipt: Receipt) -> None:
    """C, O, CN; of the certificates for authentication alone."""
    assert len(receipt.mappings) == 2
    for mapping in receipt.mappings:
        assert mapping.entry.role is KeyRole.AUTHENTICATION
        issuer = f"C=SE,O=SIM Inera AB,CN={mapping.entry.issuer}"
        serial = reversed_serial(int(mapping.entry.serial_number, 16))
        assert mapping.value == f"X509:<I>{issuer}<SR>{serial}"
        assert mapping.value in as_text(receipt)


def test_a_comma_in_a_name_is_no_separator(tmp_path: Path) -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Vård, "Omsorg" AB'),
            x509.NameAttribute(NameOID.TITLE, "x"),
        ]
    )
    certificate = replace(Certificate.parse(lab(tmp_path).case.old[0]), issuer=name.public_bytes(), serial_number=1)
    assert alt_security_identity(certificate) == 'X509:<I>C=SE,O="Vård, ""Omsorg"" AB",OID.2.5.4.12=x<SR>01'
