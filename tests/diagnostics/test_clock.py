"""This computer's clock beside the authority's: whom is believed, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from sithsup.diagnostics.probes.clock import clock, signed_time
from sithsup.eligibility import AuthorityTime
from sithsup.errors import AnswerOfAnotherTimeError, PortalError
from sithsup.model import CertificateState, CertificateStatus
from tests.diagnostics.site import OwnScene, campaign_of, codes, facts, now, site

if TYPE_CHECKING:
    from pathlib import Path

    from sithsup.diagnostics.statuses import Told

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "words"), [(3, "is 3 h ahead"), (-3, "is 3 h behind"), (0, None)], ids=["ahead", "behind", "right"]
)
def test_a_wrong_clock_is_told(hours: int, words: str | None, tmp_path: Path) -> None:
    """Against a time that was signed for this very question."""
    with site(tmp_path) as world:
        found = clock(OwnScene(campaign_of(world), clock=lambda: now() + hours * HOUR))
    told = facts(found)
    assert codes(found) == (["CLOCK_WRONG"] if words else [])
    assert abs(told["ahead-of-signed"] - hours * 3600) < 10
    assert abs(told["ahead-of-answer"] - hours * 3600) < 10
    assert told["is-exact"] is True
    if words:
        assert words in found.problems[0].what


def test_without_anything_signed_the_web_server_s_time_is_a_doubt(tmp_path: Path) -> None:
    """A campaign that names nobody to ask."""
    with site(tmp_path) as world:
        alone = campaign_of(world).model_copy(update={"intermediates": ()})
        found = clock(OwnScene(alone, clock=lambda: now() + 3 * HOUR))
        assert codes(clock(OwnScene(alone))) == []
    assert codes(found) == ["CLOCK_DOUBTFUL"]
    assert "by 3 h" in found.problems[0].what
    assert facts(found)["ahead-of-signed"] is None


def test_without_a_network_the_clock_is_told_and_nothing_more() -> None:
    found = clock(OwnScene(None, clock=lambda: NOON))
    told = facts(found)
    assert codes(found) == []
    assert (told["clock"], told["ahead-of-answer"], told["is-exact"]) == (NOON, None, None)
    assert isinstance(told["zone-minutes"], int)


def answer(ahead: timedelta, *, is_fresh: bool = False) -> Told:
    status = CertificateStatus(CertificateState.GOOD, NOON - ahead, is_fresh=is_fresh)
    return cast("Told", SimpleNamespace(status=status, clock=NOON, error=None))


def failed(error: Exception) -> Told:
    return cast("Told", SimpleNamespace(status=None, clock=NOON, error=error))


HINT = AuthorityTime(NOON - 2 * HOUR, NOON, is_exact=True)
OTHER_TIME, PORTAL = failed(AnswerOfAnotherTimeError(check="-")), failed(PortalError())


@pytest.mark.parametrize(
    ("answers", "ahead", "is_exact"),
    [
        ((answer(HOUR), answer(3 * HOUR, is_fresh=True), answer(-HOUR)), 3 * HOUR, True),
        ((answer(HOUR), answer(-HOUR)), -HOUR, False),
        ((OTHER_TIME, PORTAL), 2 * HOUR, True),
        ((PORTAL,), None, None),
        ((), None, None),
    ],
    ids=["for this question", "the youngest of the others", "two witnesses", "a failure", "nothing"],
)
def test_which_time_is_believed(answers: tuple[Told, ...], ahead: timedelta | None, is_exact: bool | None) -> None:
    found = signed_time(answers, HINT)
    assert (found and found.clock - found.at, found and found.is_exact) == (ahead, is_exact)
