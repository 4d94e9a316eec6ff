"""What is told before any code is asked: of the campaign, the card's status, the clock and the network.

And that nothing of it keeps anybody from finishing or undoing what was begun (law 6).
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from sithsup.demo import start as life
from sithsup.demo.ledger import Reason
from sithsup.demo.server import LEDGER_FILE
from tests.e2e.test_endings import KEYS_MADE, PROVEN, interrupted
from tests.support import campaigns
from tests.support.demo import NEW, OLD, OLD_ISSUER, Demo, authority_beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.needs("softhsm2-util", "pkcs11-tool", "openssl")

DAYS_TO_EXPIRY = 600
"""The demo's old certificates have 485 days left."""
NOW = datetime.now(UTC)
PAST = {"opens": (NOW - timedelta(days=9)).isoformat(), "closes": (NOW - timedelta(days=1)).isoformat()}
FUTURE = {"opens": (NOW + timedelta(days=1)).isoformat(), "closes": (NOW + timedelta(days=9)).isoformat()}


def clock(**ahead: float) -> tuple[str, ...]:
    """The program on a computer whose clock is so far ahead."""
    seconds = timedelta(**ahead).total_seconds()
    return (
        sys.executable,
        "-c",
        "import datetime as d, runpy, sys\n"  # noqa: ISC004  one program
        "from sithsup.cli import commands\n"
        f"now = classmethod(lambda kind, zone: d.datetime.now(zone) + d.timedelta(seconds={seconds}))\n"
        "moved = type('Moved', (d.datetime,), {'now': now})\n"
        "commands.datetime = moved\n"
        "runpy.run_module('sithsup', run_name='__main__')",
    )


def altered(demo: Demo, **changes: Any) -> dict[str, Path]:
    """The variable that leads to another edition of the demo's campaign."""
    edition = campaigns.content(demo.folder) | changes
    return {"SITHSUP_CAMPAIGN": campaigns.signed(demo.folder, edition, demo.folder / "altered.p7m")}


def check(demo: Demo, environ: Mapping[str, str | Path] | None = None, **options: Any) -> tuple[int, list[str]]:
    ended = demo.run("check", "--json", environ=environ, **options)
    return ended.code, ended.result["reasons"]


@pytest.mark.parametrize(
    ("changes", "code", "reasons", "words"),
    [
        ({"paused": True}, 5, ["PAUSED"], "Uppgraderingen är pausad just nu."),
        ({"program_min": "99.1"}, 3, ["PROGRAM_TOO_OLD"], "är för gammal för att påbörja en uppgradering"),
        (
            {"middleware": [{"manufacturer": "softhsm", "version": "99.0"}]},
            3,
            ["MIDDLEWARE_TOO_OLD"],
            "Det behöver vara minst 99.0.",
        ),
        ({"window": PAST}, 3, ["WINDOW_CLOSED"], "Tiden för uppgraderingen gick ut 20"),
        ({"window": FUTURE}, 5, ["WINDOW_NOT_OPEN"], "Uppgraderingen öppnar för det här kortet 20"),
        ({"window": PAST, "paused": True}, 3, ["WINDOW_CLOSED", "PAUSED"], "Utfärda Påhittad"),
    ],
)
def test_what_the_campaign_says_against_it(
    changes: dict[str, Any], code: int, reasons: list[str], words: str, demo: Demo
) -> None:
    """In `check` and in `upgrade`, before a code; with the day, and with whom to ask."""
    environ = altered(demo, **changes)
    assert check(demo, environ) == (code, reasons)
    assert words in demo.run("check", environ={**environ, "SITHSUP_LANGUAGE": "sv"}).err
    ended = demo.run("upgrade", "--json", "--yes", "--pin-stdin", environ=environ)  # and no code at all
    assert (ended.code, ended.error_code, ended.result["reasons"]) == (code, "SU-5001", reasons)
    assert demo.identity() == OLD


def test_log_in_that_is_not_ready_is_told_and_stops_nobody(demo: Demo) -> None:
    """Better before than on the morning after."""
    environ = altered(demo, ad_mapping_ready=False)
    ended = demo.run("check", "--json", environ=environ)
    assert (ended.code, "AD_MAPPING_NOT_READY" in ended.result["warnings"]) == (10, True)
    ended = demo.act("upgrade", environ)
    assert "Log-in to the computers of your organisation is not ready" in ended.err
    assert (ended.code, demo.identity()) == (0, NEW)


def test_a_revoked_card_is_told_without_a_code(demo: Demo) -> None:
    """What the status service says of the old certificate for authentication."""
    with closing(sqlite3.connect(demo.folder / "authority" / LEDGER_FILE)) as ledger, ledger:
        ledger.execute(
            "UPDATE certificate SET state = 'revoked', revoked_at = ?, reason = ? WHERE issuer = ?",
            (datetime.now(UTC).isoformat(), Reason.SUPERSEDED, OLD_ISSUER),
        )
    assert check(demo) == (3, ["CARD_REVOKED"])
    ended = demo.run("upgrade", "--json", "--yes", "--pin-stdin")
    assert (ended.code, ended.result["reasons"]) == (3, ["CARD_REVOKED"])


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        ({"hours": -3}, "is 3 h behind"),
        ({"days": 200}, "is 200 days ahead"),
        ({"minutes": 7}, "is 7 min ahead"),
    ],
)
def test_a_wrong_clock_is_told_and_not_believed(ahead: dict[str, float], words: str, demo: Demo) -> None:
    """Half a year ahead the window would long have closed: that is not said, because it has not."""
    ended = demo.run("check", "--json", program=clock(**ahead))
    assert (ended.code, ended.result["reasons"]) == (3, ["CLOCK_WRONG"])
    assert words in ended.err
    assert "Your local IT support: " in ended.err


def test_nobody_upgrades_by_a_wrong_clock(demo: Demo) -> None:
    """No code is asked for."""
    ended = demo.run("upgrade", "--json", "--yes", "--pin-stdin", program=clock(hours=-3))
    assert (ended.code, ended.result["reasons"]) == (3, ["CLOCK_WRONG"])


def test_a_clock_that_is_nearly_right_will_do(demo: Demo) -> None:
    assert check(demo, program=clock(minutes=3)) == (10, [])


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Demo]:
    """Give a demo of its own to one test."""
    try:
        yield Demo.make(tmp_path / "demo", life.Kind.ORDINARY)
    finally:
        life.stop(tmp_path / "demo")


def test_without_a_network_the_check_answers_and_says_so(own: Demo) -> None:
    """Quickly, and by the computer's own clock; `upgrade` says that it begun nothing."""
    life.stop(own.folder)
    ended = own.run("check", "--json")
    assert (ended.code, ended.result["reasons"]) == (10, [])
    assert "AUTHORITY_UNREACHABLE" in ended.result["warnings"]
    assert ended.seconds < 15
    assert check(own, program=clock(days=200)) == (3, ["WINDOW_CLOSED"])
    tried = own.act("upgrade")
    assert (tried.code, tried.error_code) == (8, "SU-2001")
    assert own.identity() == OLD


# -------------------------------------------------------------------------------------------------- recovery

LATER: dict[str, dict[str, Any]] = {
    "the window has closed": {"window": PAST},
    "a pause": {"paused": True},
    "a newer program": {"program_min": "99"},
}


@pytest.mark.parametrize("later", LATER)
@pytest.mark.parametrize(("action", "ending"), [("resume", NEW), ("restore", OLD)])
def test_what_was_begun_is_finished_or_undone_whatever_the_campaign_says_now(
    action: str, ending: str, later: str, demo: Demo
) -> None:
    """`check` gives no reason against it, and both ways are open."""
    interrupted(demo, KEYS_MADE)
    environ = altered(demo, **LATER[later])
    seen = demo.run("check", "--json", environ=environ)
    assert (seen.code, seen.result["reasons"], seen.result["choices"]) == (4, [], ["continue", "restore"])
    assert demo.act(action, environ).code == 0
    assert demo.identity() == ending


@pytest.mark.parametrize("action", ["resume", "restore"])
def test_when_the_old_certificate_has_expired_the_card_is_put_back(action: str, own: Demo) -> None:
    """Also by `resume`: the authority refuses, and nobody is left half-way. It is not said that the old ones work."""
    demo = own
    interrupted(demo, KEYS_MADE)
    life.stop(demo.folder)
    address = urlsplit((demo.folder / "authority" / "url").read_text())
    later = timedelta(days=DAYS_TO_EXPIRY)
    with authority_beside(demo, later=later, port=address.port or 0) as environ:
        seen = demo.run("check", "--json", environ=environ, program=clock(days=DAYS_TO_EXPIRY))
        assert (seen.code, seen.result["choices"]) == (4, ["continue", "restore"])
        assert (seen.result["old_works"], "OLD_EXPIRED" in seen.result["warnings"]) == (False, True)
        ended = demo.act(action, environ, program=clock(days=DAYS_TO_EXPIRY))
    assert ended.result["outcome"] == "restored"
    assert "The old certificates work" not in ended.err
    assert demo.identity() == OLD


def test_past_the_line_the_new_certificate_finishes_what_the_old_one_began(demo: Demo) -> None:
    """The old one expired while the card lay in a drawer."""
    interrupted(demo, PROVEN)
    with authority_beside(demo) as environ:
        ended = demo.act("resume", environ, program=clock(minutes=1))
    assert ended.code == 0
    assert demo.identity() == NEW
