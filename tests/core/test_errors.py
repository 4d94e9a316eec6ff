"""What errors tell a person and a machine, where that is more than one sentence for each kind."""

from __future__ import annotations

import json

import pytest

from sithsup.cli.view import View
from sithsup.errors import (
    AuthorityBusyError,
    AuthorityUnreachableError,
    IssuerUnknownError,
    NoCardError,
    StatusNotOfferedError,
)

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
    view.error(error, None)
    view.finish(error.exit_code)
    assert json.loads(capsys.readouterr().out)["error"]["retry_after"] == seconds


@pytest.mark.parametrize("kind", [StatusNotOfferedError, IssuerUnknownError])
def test_a_status_that_cannot_be_asked_for_is_no_fault_of_the_network(
    kind: type[StatusNotOfferedError | IssuerUnknownError],
) -> None:
    """Whoever reads that somebody cannot be reached looks for the fault in the wrong place."""
    assert kind.what_text != AuthorityUnreachableError.what_text
    assert "reach" not in kind.what_text + kind.why_text
