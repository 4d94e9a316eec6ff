"""What errors tell a person and a machine, where that is more than one sentence for each kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sithsup.cli.view import View
from sithsup.errors import (
    AnswerOfAnotherTimeError,
    AuthorityBusyError,
    AuthorityRefusedError,
    AuthorityUnreachableError,
    CampaignUnreachableError,
    CancelledError,
    CardChoiceError,
    CardRemovedError,
    CodeIncorrectError,
    CodeLockedError,
    CodeNeededError,
    CodeNotReadError,
    Contact,
    InterruptedByPersonError,
    InterruptedUpgradeError,
    IssuerUnknownError,
    LastTryError,
    ModuleBrokenError,
    NoCardError,
    NoModuleError,
    ProxyUnusableError,
    SithsupError,
    StatusNotOfferedError,
    StepNotSeenError,
    StillWaitingError,
    bug,
    role_text,
)
from sithsup.model import CodeState, KeyRole
from sithsup.ways import advise

HOUR, DAY = 3600, 24 * 3600


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a minute"),
        (60, "a minute"),
        (61, "2 minutes"),
        (HOUR, "60 minutes"),
        (HOUR + 1, "2 hours"),
        (2 * DAY, "48 hours"),
        (2 * DAY + 1, "3 days"),
        (365 * DAY, "365 days"),
        (1e300, "more than a year"),
    ],
)
def test_a_busy_issuer_s_time_is_told_as_people_say_it(seconds: float, words: str) -> None:
    """Rounded up: whoever comes back then is not too early."""
    assert f"Try again in {words}." in AuthorityBusyError(retry_after=seconds).next_step


@pytest.mark.parametrize(("minutes", "words"), [(1, "a minute"), (45, "45 minutes"), (180, "3 hours")])
def test_how_long_to_wait_is_told_as_people_say_it_too(minutes: int, words: str) -> None:
    assert StillWaitingError(minutes=minutes).next_step == f"Leave the card as it is and try again in {words}."


def test_a_busy_issuer_that_names_no_time_gets_a_while() -> None:
    """Nothing is made up."""
    assert "in a while" in AuthorityBusyError().next_step


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(AuthorityBusyError(retry_after=90), 90), (AuthorityBusyError(), None), (NoCardError(), None)],
)
def test_a_machine_gets_the_seconds(
    error: AuthorityBusyError | NoCardError, seconds: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--json`."""
    view = View("upgrade", as_json=True)
    view.error(error)
    view.finish(error.exit_code)
    assert json.loads(capsys.readouterr().out)["error"]["retry_after"] == seconds


@pytest.mark.parametrize("kind", [StatusNotOfferedError, IssuerUnknownError])
def test_a_status_that_cannot_be_asked_for_is_no_fault_of_the_network(
    kind: type[StatusNotOfferedError | IssuerUnknownError],
) -> None:
    """Whoever reads that somebody cannot be reached looks for the fault in the wrong place."""
    assert kind.what_text != AuthorityUnreachableError.what_text
    assert "reach" not in kind.what_text + kind.why_text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (AnswerOfAnotherTimeError, "time zone of this computer"),
        (StepNotSeenError, "how to go on"),
        (NoModuleError, "your local IT support"),
        (ModuleBrokenError, "your local IT support"),
        (ProxyUnusableError, "your local IT support"),
        (CampaignUnreachableError, "your local IT support"),
    ],
)
def test_a_remedy_leads_to_what_helps(kind: type[SithsupError], words: str) -> None:
    """Nobody is sent to another network because of a clock, or told to do what only an administrator may."""
    assert words in advise(kind.next_text)


def shown(
    error: SithsupError, capsys: pytest.CaptureFixture[str], *, can_log_in: bool | None = None
) -> tuple[str, Any]:
    """What a person reads, and what a machine does."""
    view = View("upgrade", as_json=True)
    if can_log_in is not None:
        view.left(can_log_in=can_log_in)
    view.error(error)
    view.finish(error.exit_code)
    said = capsys.readouterr()
    return said.err, json.loads(said.out)


@pytest.mark.parametrize(
    "error",
    [
        CodeNeededError(role="TEST SITHS card (signature)"),
        CodeLockedError(role="TEST SITHS card (signature)"),
        LastTryError(role="TEST SITHS card (signature)"),
        CodeIncorrectError(role="TEST SITHS card (signature)", state=CodeState.OK),
    ],
    ids=lambda error: error.code,
)
def test_a_token_s_label_is_no_name_of_a_code(error: SithsupError) -> None:
    """Where the role is not known it is left out; where it is, it stands there."""
    assert "TEST" not in error.why
    assert "signature" not in error.why
    error.values["role"] = "signature"
    assert "signature" in error.why


def test_only_a_script_is_told_of_an_option() -> None:
    assert "--" not in CodeNeededError().next_step
    assert "--pin-stdin" in CodeNotReadError().next_step
    assert CodeNotReadError.code == CodeNeededError.code


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (CodeState.OK, "After too many"),
        (CodeState.COUNT_LOW, "Few tries are left"),
        (CodeState.FINAL_TRY, "Only one try is left"),
        (CodeState.LOCKED, "The code is locked now. Unlock it"),
    ],
)
def test_how_many_tries_are_left(state: CodeState, words: str) -> None:
    """As far as the card tells; whoever does not know the code may want to call somebody before the next try."""
    error = CodeIncorrectError(state=state)
    assert words in error.next_step
    assert error.contact is Contact.DEPUTY_ISSUER


@pytest.mark.parametrize(
    "error", [CancelledError(), InterruptedUpgradeError(), InterruptedByPersonError(works=True, may_restore=True)]
)
def test_nobody_is_called_where_nothing_is_wrong(error: SithsupError) -> None:
    assert error.contact is None


def test_an_address_is_for_the_machine_and_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """A person cannot do anything with the address of a list; whom to call is another matter."""
    error = AuthorityUnreachableError("timed out", address="http://crl.example/crl/a.crl")
    said, result = shown(error, capsys)
    assert "crl" not in said
    assert "call your local IT support" in said
    assert result["error"]["address"] == "http://crl.example/crl/a.crl"
    assert "http://crl.example/crl/a.crl" in str(error)


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("this card is not upgraded: NO_NEED", "This card does not need to be upgraded."),
        (
            "not allowed (“WINDOW_CLOSED”)",
            "The time for the upgrade is over. Order a new card from your deputy issuer.",
        ),
        ("OUT_OF_PAPER", "Its reason: OUT_OF_PAPER"),
        ("-", "Its reason: -"),
    ],
)
def test_a_reason_s_name_is_told_in_plain_words(reason: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever words of its own the authority has put around it."""
    said, result = shown(AuthorityRefusedError(reason, reason=reason), capsys)
    assert why in said.splitlines()
    assert result["error"]["why"] == why


@pytest.mark.parametrize("can_log_in", [True, False, None])
def test_what_works_now_is_said_where_it_is_known(can_log_in: bool | None, capsys: pytest.CaptureFixture[str]) -> None:
    said, result = shown(AuthorityUnreachableError(), capsys, can_log_in=can_log_in)
    assert ("You can log in with the card now." in said.splitlines()) is bool(can_log_in)
    assert result.get("can_log_in") is can_log_in


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (CardChoiceError(cards="9752000584137218537 (a reader)"), "SU-1005 CardChoiceError: "),
        (CardRemovedError("gone", role="Testa Åkesson (legitimering)"), "SU-1006 CardRemovedError: gone"),
        (CodeLockedError("-", role=role_text({KeyRole.SIGNATURE})), "SU-1102 CodeLockedError: - role='signature'"),
        (CodeLockedError("-", role="Testa Åkesson"), "SU-1102 CodeLockedError: -"),
        (AuthorityRefusedError("badPOP", reason="Testa"), "SU-2003 AuthorityRefusedError: badPOP"),
        (AuthorityUnreachableError("-", address="x"), "SU-2001 AuthorityUnreachableError: - address='x'"),
    ],
)
def test_what_may_tell_of_a_person_is_not_logged(error: SithsupError, logged: str) -> None:
    """Numbers of cards, labels of tokens, the words of an authority; the rest of the values is."""
    assert str(error) == logged


def test_a_fault_of_the_program_is_told_by_its_kind_alone() -> None:
    """Its words may repeat a card, and whatever an error says comes to the log."""
    error = bug(ValueError("cannot read Kanarielle"))
    assert str(error) == "SU-9001 SithsupError: ValueError"
