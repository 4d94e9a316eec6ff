"""The test after the end: what was tried is told, what was not is said to be so, and nothing of it costs anything."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sithsup import steps, texts
from sithsup.model import CertificateState
from sithsup.receipt import Receipt, as_data, as_html, as_text
from sithsup.runner import Mark
from sithsup.sim.faults import Failure, Fault, Mishap, When
from sithsup.situation import Outcome
from tests.support.lab import NEW, acts
from tests.support.receipts import ended, lab, strike

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


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_whatever_ends_the_test_the_receipt_is_there(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was written before, and says in every view that nothing was tested."""

    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("sithsup.operation.self_test", broken)
    made = lab(tmp_path)
    with caplog.at_level(logging.ERROR), made.operation() as operation:
        receipt = ended(operation)
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == ["not tested"]
    caplog.clear()
    assert operation.saved
    assert operation.saved.page
    assert operation.saved.page.read_text("utf-8") == as_html(receipt)
    assert "Log-in and signature were not tested." in as_text(receipt)
    assert (receipt.works, as_data(receipt)["tests"]) == (None, [])
    assert made.end() == NEW
