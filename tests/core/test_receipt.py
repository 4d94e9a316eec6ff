"""The receipt: true, whole, without a personal identity number, and never at the upgrade's cost."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from sithsup import receipt as receipts
from sithsup import steps, texts
from sithsup.campaign import EncryptedMail, Terms, Text
from sithsup.certificate import Certificate
from sithsup.cli.receipt import short_lines
from sithsup.contacts import OwnContacts
from sithsup.errors import CardRemovedError
from sithsup.model import CertificateState, KeyRole, Outcome, SubjectKind
from sithsup.receipt import Receipt, alt_security_identity, as_data, as_html, as_text, save, saved_page
from sithsup.receipt.active_directory import reversed_serial
from sithsup.runner import Mark
from sithsup.sim import pki
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from tests.support.lab import NEW, Lab, acts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sithsup.operation import Operation

LEVELS = {"SIM SITHS Type 1 CA v1": 2, pki.NEW_HSA_ID: 3, pki.NEW_PERSON_ID: 3}
TERMS = Terms(version="SIM 2", text=Text(sv="SIM", en="SIM"))
VIEWS = (as_text, as_html, lambda receipt: json.dumps(as_data(receipt), ensure_ascii=False))


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


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


@pytest.fixture
def receipt(tmp_path: Path) -> Receipt:
    with lab(tmp_path).operation() as operation:
        return ended(operation)


def strike(made: Lab, *faults: Fault) -> None:
    """Let these things go wrong on the card's side from now on."""
    made.token.restart(Faults(*faults))


# ------------------------------------------------------------------------------------------------ what is true


def test_it_tells_what_became_of_every_certificate(tmp_path: Path) -> None:
    """As the card really is: what was put there, what is gone, what was left alone; by serial number."""
    made = lab(tmp_path)
    with made.operation() as operation:
        receipt = ended(operation)
    old, on_card = set(made.case.old), made.certificates()
    assert made.end() == NEW

    def serials(ders: set[bytes]) -> set[str]:
        return {f"{Certificate.parse(der).serial_number:x}" for der in ders}

    assert {each.serial_number for each in receipt.written} == serials(on_card - set(made.case.kept))
    assert {each.serial_number for each in receipt.removed} == serials(old)
    assert {each.serial_number for each in receipt.kept} == serials(set(made.case.kept))
    assert (receipt.level_before, receipt.level_after) == (2, 3)
    assert receipt.removed_is_known
    assert receipt.old_keys_left == 2
    assert receipt.case_code == operation.case_code
    assert receipt.log_in_with
    assert (receipt.log_in_with.role, receipt.log_in_with.subject) == (KeyRole.AUTHENTICATION, SubjectKind.HSA_ID)


def test_what_is_kept_for_old_mail_is_on_the_card(tmp_path: Path) -> None:
    """Only what is really there is called kept, whatever the campaign promises."""
    made = lab(tmp_path, encrypted_mail=EncryptedMail.KEEP)
    with made.operation() as operation:
        receipt = ended(operation)
    on_card = {f"{Certificate.parse(der).serial_number:x}" for der in made.certificates()}
    assert {each.serial_number for each in receipt.mail_kept} == {
        each.serial_number
        for each in map(receipts.receipt.entry, map(Certificate.parse, made.case.old))
        if each.opens_mail and each.serial_number in on_card
    }
    said = as_text(replace(receipt, mail_kept=receipt.kept[:1]))
    assert "so that you can read old encrypted e-mail" in " ".join(said.split())


def test_another_computer_says_what_it_does_not_know(tmp_path: Path) -> None:
    """What was removed, and when the terms were accepted, is unknown there; the rest it sees."""
    made = lab(tmp_path, terms=TERMS)
    strike(made, Fault(Mishap(Failure.CARD_PULLED, When.AFTER), 1, frozenset({"destroy"})))
    assert isinstance(made.run("upgrade"), CardRemovedError)
    made.mend()
    made.lose_journal()
    with made.operation() as operation:
        receipt = ended(operation, "resume")
    assert made.end() == NEW
    assert (receipt.terms, receipt.has_terms, receipt.removed_is_known) == (None, True, False)
    said = as_text(receipt)
    assert "the upgrade was begun on another one." in said.replace("\n", " ")
    assert "Whether more was removed there is not known" in said
    assert receipt.works is True


def test_the_organisation_s_own_it_support_stands_there(tmp_path: Path) -> None:
    made = lab(tmp_path)
    operation = made.operation()
    operation._own = OwnContacts(local_it="Låtsas-it, 000-12")
    with operation:
        receipt = ended(operation)
    assert all("Låtsas-it, 000-12" in view(receipt) for view in VIEWS)


# --------------------------------------------------------------------------------------------------- the test


def test_the_signature_key_signs_the_sentence_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One signature for each key, after everything else; and no code is asked for it."""
    made, signed = lab(tmp_path), []
    honest = made.token.sign

    def spy(key: Any, data: bytes, code: Any = None) -> bytes:
        signed.append((key.token.label, data))
        return honest(key, data, code)

    with made.operation() as operation:
        walk = acts(operation, "upgrade")
        for event in walk:
            if event.step.name == "remove-old-certificates":
                monkeypatch.setattr(made.token, "sign", spy)
    assert [data for _, data in signed] == [steps.SENTENCE] * 2
    assert made.holder.given == 2
    assert operation.receipt
    assert [(test.signs, test.is_trusted, test.status) for test in operation.receipt.tests] == [
        (True, True, CertificateState.GOOD)
    ] * 4


def test_a_wrong_signature_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the upgrade has ended well all the same: it was proven before the line."""
    made = lab(tmp_path)
    with made.operation() as operation:
        for event in acts(operation, "upgrade"):
            if event.step.name == "remove-old-certificates":
                monkeypatch.setattr(made.token, "sign", lambda *_: b"nonsense")
        assert operation.outcome is Outcome.UPGRADED
        assert operation.receipt
        assert operation.receipt.works is False
        assert "went wrong" in as_text(operation.receipt)


@pytest.mark.parametrize("failure", [Failure.CARD_PULLED, Failure.MODULE_CRASHED, Failure.MODULE_HUNG])
def test_a_card_that_goes_away_meanwhile_costs_nothing(failure: Failure, tmp_path: Path) -> None:
    """It is upgraded; what could not be tested is said; the journal is closed."""
    first = lab(tmp_path / "first")
    first.run("upgrade")
    test = first.faults.calls.count("sign") - 1  # it signs twice, last of all
    made = lab(tmp_path)
    strike(made, Fault(Mishap(failure, When.BEFORE), test, frozenset({"sign"})))
    with made.operation() as operation:
        receipt = ended(operation)
    assert [each.signs for each in receipt.tests] == [None] * 4
    assert receipt.works is None
    made.mend()
    assert made.end() == NEW
    assert not list(tmp_path.rglob("journal-*"))


def test_an_unknown_status_is_said(receipt: Receipt) -> None:
    """Nothing is called well that is not known."""
    first, *rest = receipt.tests
    doubtful = replace(receipt, tests=(replace(first, status=CertificateState.UNKNOWN), *rest))
    assert doubtful.works is None
    assert "not known yet" in as_text(doubtful)
    revoked = replace(receipt, tests=(replace(first, status=CertificateState.REVOKED), *rest))
    assert revoked.works is False
    assert replace(receipt, tests=(replace(first, is_trusted=False), *rest)).works is False


def test_an_authority_that_goes_away_meanwhile_costs_nothing(tmp_path: Path) -> None:
    """Its status is not known then, and said to be so; the keys were tried all the same."""
    made = lab(tmp_path)
    with made.operation() as operation:
        for event in acts(operation, "upgrade"):
            if (event.step.name, event.mark) == ("remove-old-certificates", Mark.DONE):
                operation.world.statuses.clear()
                made.authority.ledger.policy.unreachable = True
        assert operation.outcome is Outcome.UPGRADED
        assert operation.receipt
    assert {(test.signs, test.status) for test in operation.receipt.tests} == {(True, CertificateState.UNKNOWN)}


def test_the_level_is_told_as_far_as_it_is_known(receipt: Receipt) -> None:
    """Nothing is made up where the campaign says nothing."""
    assert "level of assurance 3 now. Before, it was 2." in as_text(receipt)
    assert "level of assurance 3 now." in as_text(replace(receipt, level_before=None))
    assert "level of assurance" not in as_text(replace(receipt, level_before=None, level_after=None))


def test_nothing_is_asked_where_a_case_is_only_closed(tmp_path: Path) -> None:
    """Another computer has finished: this one writes its receipt without a code, and says what it could not test."""
    made = lab(tmp_path)
    strike(made, Fault(Mishap(Failure.CARD_PULLED, When.AFTER), 2, frozenset({"destroy"})))
    made.run("upgrade")
    made.mend()
    given = made.holder.given
    with made.operation() as operation:
        if operation.look().verdict.situation != "upgraded":
            pytest.skip("there was something left to do")
        receipt = ended(operation, "resume")
    assert made.holder.given == given
    assert {test.signs for test in receipt.tests} == {None}


def test_a_key_that_wants_its_code_each_time_is_not_tested(tmp_path: Path) -> None:
    made = lab(tmp_path)
    for token in made.card.tokens:
        token.always_authenticate = True
    with made.operation() as operation:
        before = 0
        for _ in acts(operation, "upgrade"):
            before = made.holder.given
        assert operation.receipt
        assert {test.signs for test in operation.receipt.tests} == {None}
    assert made.holder.given == before


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


# ------------------------------------------------------------------------------------------------- the disk


def test_it_lies_in_the_data_folder_for_its_owner(tmp_path: Path) -> None:
    """A page and the data, whole, and nothing beside them."""
    made = lab(tmp_path)
    with made.operation() as operation:
        receipt = ended(operation)
    folder = tmp_path / "A" / "receipts"
    assert {path.name for path in folder.iterdir()} == {f"{receipt.case_code}.html", f"{receipt.case_code}.json"}
    assert operation.saved
    assert operation.saved.page == saved_page(tmp_path / "A", receipt.case_code)
    assert (folder / f"{receipt.case_code}.html").read_text("utf-8") == as_html(receipt)
    assert json.loads((folder / f"{receipt.case_code}.json").read_bytes()) == as_data(receipt)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert saved_page(tmp_path / "A", "ANOTHER") is None


def test_a_folder_that_cannot_be_written_costs_the_receipt_alone(tmp_path: Path) -> None:
    """It is said why; the upgrade ends as it would, and the history has it."""
    made = lab(tmp_path)
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "receipts").write_text("in the way")
    with made.operation() as operation:
        receipt = ended(operation)
    assert operation.saved
    assert operation.saved.page is None
    assert operation.saved.problem
    assert receipt.works is True
    assert made.end() == NEW


def test_a_full_disk_leaves_nothing_half_written(
    receipt: Receipt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the old one spoilt, not a draft."""
    folder = tmp_path / "receipts"
    first = save(receipt, folder)
    assert first.page
    before = first.page.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    again = save(replace(receipt, local_it="other"), folder)
    assert (again.page, again.problem) == (None, "No space left on device")
    assert first.page.read_bytes() == before
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_a_bug_in_the_receipt_is_none_of_the_upgrade(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is a Ctrl-C when all is done: the journal is closed, and the outcome stands."""

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("sithsup.operation.make_receipt", broken)
    made = lab(tmp_path)
    with caplog.at_level(logging.ERROR), made.operation() as operation:
        list(acts(operation, "upgrade"))
        assert (operation.outcome, operation.receipt) == (Outcome.UPGRADED, None)
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["no receipt"]
    caplog.clear()
    assert made.end() == NEW
    assert not list(tmp_path.rglob("journal-*"))
