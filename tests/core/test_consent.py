"""Terms and encrypted e-mail: nothing is begun without consent, and what was begun needs none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sithsup import texts
from sithsup.campaign import EncryptedMail, KeySource, OldCertificates, OldKeys, Terms, Text, Words
from sithsup.certificate import Certificate
from sithsup.cli.agree import agree, script_arguments
from sithsup.cli.view import View
from sithsup.consent import Asked, Consent, mail_lines
from sithsup.errors import (
    CancelledError,
    CardRemovedError,
    MailNotUnderstoodError,
    NotBegunError,
    TermsDeclinedError,
    TermsNotAcceptedError,
)
from sithsup.journal import Journal
from sithsup.model import KeyRole
from sithsup.receipt import as_data, as_html, as_text
from sithsup.sim.case import CardKind
from sithsup.sim.faults import Failure, Fault, Faults, Mishap, When
from sithsup.situation import Outcome
from tests.support.lab import NEW, OLD, START, Lab, acts, retarget

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TERMS = Terms(version="SIM 2", text=Text(sv="SIM: kortet är personligt.", en="SIM: the card is personal."))
AGREED = Consent("SIM 2", mail_understood=True)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    texts.set_language("en")
    yield
    texts.set_language(None)


def lab(tmp_path: Path, **changes: object) -> Lab:
    """A lab whose campaign has terms."""
    made = Lab(tmp_path)
    assert made.campaign
    made.campaign = made.campaign.model_copy(update={"terms": TERMS, **changes})
    return made


def asked(made: Lab) -> Asked:
    with made.operation() as operation:
        return operation.look().asked


@pytest.mark.parametrize(
    ("consent", "error"),
    [
        (Consent(), TermsNotAcceptedError),
        (Consent("SIM 1", mail_understood=True), TermsNotAcceptedError),
        (Consent("", mail_understood=True), TermsNotAcceptedError),
        (Consent("SIM 2"), MailNotUnderstoodError),
    ],
)
def test_nothing_is_begun_without_consent(consent: Consent, error: type[Exception], tmp_path: Path) -> None:
    """No code is asked, no journal made, nothing is said to the authority; the old identity is as it was."""
    made = lab(tmp_path)
    with made.operation() as operation, pytest.raises(error) as raised:
        list(operation.upgrade(consent))
    assert raised.value.exit_code == 2  # type: ignore[attr-defined]
    assert made.holder.given == 0
    assert not list(tmp_path.rglob("journal-*"))
    assert "query" not in made.faults.calls
    assert made.end() == OLD


def test_the_version_that_is_asked_for_is_told(tmp_path: Path) -> None:
    """Whoever wrote a script knows then what to read."""
    with lab(tmp_path).operation() as operation, pytest.raises(TermsNotAcceptedError) as raised:
        list(operation.upgrade(Consent("SIM 1")))
    assert "“SIM 2”" in raised.value.why
    assert "--accept-terms" in raised.value.next_step


def test_what_was_accepted_is_in_the_journal_and_in_the_receipt(tmp_path: Path) -> None:
    """The version and the time, from the first row on, and until the receipt is written."""
    made = lab(tmp_path)
    with made.operation() as operation:
        for _ in operation.upgrade(AGREED):
            assert operation.world.journal.terms == ("SIM 2", START)
        assert operation.receipt
        assert operation.receipt.terms == ("SIM 2", START)
    assert made.end() == NEW


@pytest.mark.parametrize(
    ("language", "wording"), [("sv", "SIM: kortet är personligt."), ("en", "SIM: the card is personal.")]
)
def test_the_wording_that_was_accepted_is_in_the_receipt(language: str, wording: str, tmp_path: Path) -> None:
    """In the language in use, for the holder and for machines."""
    texts.set_language(language)
    with lab(tmp_path).operation() as operation:
        list(operation.upgrade(AGREED))
        assert operation.receipt
    assert wording in as_text(operation.receipt)
    assert wording in as_html(operation.receipt)
    assert as_data(operation.receipt)["terms"] == {"version": "SIM 2", "accepted": START.isoformat(), "text": wording}


def test_a_wording_that_nobody_accepted_is_not(tmp_path: Path) -> None:
    """The campaign in force has other terms by now, and the one of the beginning is not known."""
    with lab(tmp_path).operation() as operation:
        for _ in operation.upgrade(AGREED):
            newer = TERMS.model_copy(update={"version": "SIM 3"})
            operation.world.campaign = operation.world.campaign.model_copy(update={"terms": newer})
        assert operation.receipt
    assert (operation.receipt.terms, operation.receipt.terms_text) == (("SIM 2", START), None)
    assert TERMS.text.en not in as_text(operation.receipt)
    data = as_data(operation.receipt)["terms"]
    assert (data["version"], data["text"]) == ("SIM 2", None)


def test_terms_that_nobody_has_are_not_remembered(tmp_path: Path) -> None:
    """A script may say more than it must."""
    made = Lab(tmp_path)
    with made.operation() as operation:
        list(operation.upgrade(AGREED))
        assert operation.receipt
        assert operation.receipt.terms is None
        assert not operation.receipt.has_terms


def test_the_journal_keeps_the_terms_until_the_end(tmp_path: Path) -> None:
    """Over a restart; the newest counts; `discard` forgets them."""
    with Journal(tmp_path, "card", lambda: START) as journal:
        assert journal.terms is None
        journal.remember_terms("1")
        journal.remember_terms("2")
    with Journal(tmp_path, "card", lambda: START) as journal:
        assert journal.terms == ("2", START)
        journal.discard()
    with Journal(tmp_path, "card", lambda: START) as journal:
        assert journal.terms is None


@pytest.mark.parametrize("action", ["resume", "restore"])
def test_what_was_begun_is_finished_or_undone_without(action: str, tmp_path: Path) -> None:
    """Law 6; and the receipt of what was resumed still knows of the terms."""
    made = lab(tmp_path)
    made.token.restart(Faults(Fault(Mishap(Failure.CARD_PULLED, When.BEFORE), 1, frozenset({"write_certificate"}))))
    assert isinstance(made.run("upgrade"), CardRemovedError)
    made.mend()
    with made.operation() as operation:
        list(acts(operation, action))
        assert operation.outcome is (Outcome.UPGRADED if action == "resume" else Outcome.RESTORED)
        assert (operation.receipt.terms if operation.receipt else None) == (
            ("SIM 2", START) if action == "resume" else None
        )
    assert made.end() == (NEW if action == "resume" else OLD)


# ------------------------------------------------------------------------------------------ encrypted e-mail


def test_the_old_certificate_that_opens_mail_is_named(tmp_path: Path) -> None:
    """The one for authentication alone; what is not replaced is nobody's business."""
    (mail,) = asked(lab(tmp_path)).mail
    assert (mail.role, mail.issuer_common_name) == (KeyRole.AUTHENTICATION, "SIM SITHS Type 1 CA v1")


@pytest.mark.parametrize(
    "changes", [{"encrypted_mail": EncryptedMail.KEEP}, {"old_certificates": OldCertificates.KEEP}]
)
def test_what_stays_needs_no_yes(changes: dict[str, object], tmp_path: Path) -> None:
    """It is named all the same, and said to stay."""
    found = asked(lab(tmp_path, **changes))
    assert found.mail
    assert (found.mail_stays, found.mail_goes) == (True, False)
    found.require(Consent("SIM 2"))
    assert script_arguments(found) == ("--accept-terms", "SIM 2")


@pytest.mark.parametrize("role", KeyRole)
def test_a_key_that_is_certified_again_does_not_go(role: KeyRole, tmp_path: Path) -> None:
    """Nobody need agree to a loss that there is not; where the other role's key is certified again, somebody must."""
    made = lab(tmp_path)
    assert made.campaign
    made.campaign = retarget(
        made.campaign, key=lambda target: KeySource.REUSE if target.role is role else KeySource.GENERATE
    )
    found = asked(made)
    is_again = role is KeyRole.AUTHENTICATION
    assert (found.mail_stays, found.mail_goes, found.mail_keys_alone) == (is_again, not is_again, True)
    assert ("You can still read old e-mail." in mail_lines(found)[-1]) is is_again
    assert ("--mail-understood" in script_arguments(found)) is not is_again
    with made.operation() as operation:
        list(operation.upgrade(Consent("SIM 2", mail_understood=not is_again)))
    assert found.mail[0].der not in made.certificates()
    assert found.mail[0].public_key in made.working_keys()


@pytest.mark.parametrize(
    ("old_keys", "said"),
    [
        (OldKeys.KEEP, "the old certificate goes, and only its key stays on the card."),
        (OldKeys.DESTROY, "After the upgrade you cannot read e-mail that was encrypted for you before."),
    ],
)
def test_what_is_said_of_a_key_is_what_becomes_of_it(old_keys: OldKeys, said: str, tmp_path: Path) -> None:
    """Either way somebody must agree: without the certificate an e-mail program may not find the key."""
    made = Lab(tmp_path, kind=CardKind.TWO_PINS)
    assert made.campaign
    made.campaign = made.campaign.model_copy(update={"old_keys": old_keys})
    found = asked(made)
    assert said in mail_lines(found)[-1]
    assert found.mail_goes
    made.run("upgrade")
    assert (found.mail[0].public_key in made.working_keys()) is (old_keys is OldKeys.KEEP)


def test_nothing_is_said_of_mail_where_no_certificate_opens_it() -> None:
    assert mail_lines(Asked(None, (), mail_stays=False)) == ()


@pytest.mark.parametrize(
    ("usage", "purposes", "opens"),
    [
        ({"digital_signature", "key_encipherment"}, set(), True),
        ({"digital_signature"}, {"email_protection"}, True),
        ({"digital_signature"}, {"client_auth"}, False),
        ({"non_repudiation"}, set(), False),
        ({"key_cert_sign", "key_encipherment"}, {"email_protection"}, False),
    ],
)
def test_which_certificates_open_mail(usage: set[str], purposes: set[str], opens: bool, tmp_path: Path) -> None:
    """Those of a person, for e-mail or for the wrapping of keys."""
    certificate = replace(
        Certificate.parse(Lab(tmp_path).case.old[0]),
        key_usage=frozenset(usage),
        extended_key_usage=frozenset(purposes),
    )
    assert certificate.opens_mail is opens


# ---------------------------------------------------------------------------------------------- at a terminal


class Person:
    """Answers in turn, and remembers what was asked."""

    def __init__(self, *answers: bool) -> None:
        self.answers, self.questions = list(answers), list[str]()

    def __call__(self, question: str) -> bool:
        self.questions.append(question)
        return self.answers.pop(0)


def test_a_person_is_asked_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The terms are shown whole; the certificate, the campaign's words and plain ones stand before the question."""
    made = lab(
        tmp_path,
        words=Words(why=Text(sv="x", en="x"), encrypted_mail=Text(sv="SIM: flytta den.", en="SIM: move it.")),
    )
    person, campaign = Person(True, True), made.campaign
    assert campaign
    assert agree(View("upgrade", as_json=False), asked(made), campaign, Consent(), person) == AGREED
    said = capsys.readouterr().err
    for words in ("SIM: the card is personal.", "SIM SITHS Type 1 CA v1", "SIM: move it.", "only its key stays"):
        assert words in said
    assert [question.split()[2] for question in person.questions] == ["accept", "understand"]


@pytest.mark.parametrize(
    ("answers", "error", "why"),
    [
        ((False,), TermsDeclinedError, "You did not accept the terms, and without them there is no upgrade."),
        ((True, False), NotBegunError, "You chose not to go on."),
    ],
)
def test_a_no_ends_it(answers: tuple[bool, ...], error: type[CancelledError], why: str, tmp_path: Path) -> None:
    """It is said why, and that the card is as it was."""
    made = lab(tmp_path)
    assert made.campaign
    with pytest.raises(error) as raised:
        agree(View("upgrade", as_json=False), asked(made), made.campaign, Consent(), Person(*answers))
    assert (raised.value.code, raised.value.exit_code) == (CancelledError.code, 130)
    assert (raised.value.what, raised.value.why) == ("No upgrade was begun.", why)
    assert raised.value.next_step.startswith("Nothing on the card was changed.")


def test_what_was_said_before_is_not_asked(tmp_path: Path) -> None:
    """Nor is anything where there is nobody to ask: the heart refuses then."""
    made = lab(tmp_path)
    assert made.campaign
    view = View("upgrade", as_json=False)
    assert agree(view, asked(made), made.campaign, AGREED, Person()) == AGREED
    assert agree(view, asked(made), made.campaign, Consent(), None) == Consent()
    wrong = Consent("SIM 1", mail_understood=True)
    assert agree(view, asked(made), made.campaign, wrong, Person()) == wrong
