"""The receipt: true, whole, and never at the upgrade's cost."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sithsup import receipt as receipts
from sithsup import texts
from sithsup.campaign import EncryptedMail
from sithsup.certificate import Certificate
from sithsup.cli.receipt import show_receipt
from sithsup.cli.view import View
from sithsup.contacts import OwnContacts
from sithsup.errors import CardRemovedError
from sithsup.model import KeyRole, SubjectKind
from sithsup.receipt import Receipt, as_data, as_html, as_text, save, saved_page
from sithsup.receipt.words import sections
from sithsup.sim.faults import Failure, Fault, Mishap, When
from sithsup.situation import Outcome
from tests.support.lab import NEW, acts
from tests.support.receipts import TERMS, VIEWS, ended, lab, strike

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
    assert (receipt.terms, receipt.terms_text) == (None, None)
    assert (receipt.has_terms, receipt.removed_is_known) == (True, False)
    said = as_text(receipt)
    assert "the upgrade was begun on another one." in said.replace("\n", " ")
    assert "Whether more was removed there is not known" in said
    assert receipt.works is True


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "They are valid as long as the ones that they replace: your card does not last longer than before."),
        (
            -700,
            "They are valid until {day}: not as long as the ones that they replace, which were valid until {before}.",
        ),
        (700, ""),
    ],
)
def test_how_long_the_new_certificates_are_valid(days: int, said: str, receipt: Receipt) -> None:
    """As long means the same day. Where one ends earlier that day is said; where they last longer, nothing."""
    before = max(each.not_after for each in receipt.removed)
    first, *others = receipt.written
    written = (replace(first, not_after=before + timedelta(days=days)), *(replace(o, not_after=before) for o in others))
    made = replace(receipt, written=written)
    sentences = next(s.sentences for s in sections(made) if s.title == "New certificates on the card")
    assert sentences == ((said.format(day=written[0].last_day, before=written[1].last_day),) if said else ())
    assert not replace(made, removed=()).is_as_long
    assert not replace(made, removed=()).is_shorter


def test_the_organisation_s_own_it_support_stands_there(tmp_path: Path) -> None:
    made = lab(tmp_path)
    operation = made.operation()
    operation._own = OwnContacts(local_it="Låtsas-it, 000-12")
    with operation:
        receipt = ended(operation)
    assert all("Låtsas-it, 000-12" in view(receipt) for view in VIEWS)


def test_the_level_is_told_as_far_as_it_is_known(receipt: Receipt) -> None:
    """Nothing is made up where the campaign says nothing."""
    assert "level of assurance 3 now. Before, it was 2." in as_text(receipt)
    assert "level of assurance 3 now." in as_text(replace(receipt, level_before=None))
    assert "level of assurance" not in as_text(replace(receipt, level_before=None, level_after=None))


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
    assert (again.page, again.problem) == (None, "the disk is full")
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


def test_where_there_is_none_it_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever waits for a receipt need not look for it; of a card that was put back nobody waits for one."""
    monkeypatch.setattr("sithsup.operation.make_receipt", lambda *_: 1 // 0)
    with lab(tmp_path).operation() as operation:
        list(acts(operation, "upgrade"))
        show_receipt(View("upgrade", as_json=False), operation)
        assert "No receipt could be made. The upgrade is finished all the same." in capsys.readouterr().err
        operation.outcome = Outcome.RESTORED
        show_receipt(View("restore", as_json=False), operation)
    assert capsys.readouterr().err == ""
    caplog.clear()
