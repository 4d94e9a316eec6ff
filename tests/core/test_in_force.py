"""Law 6: what was begun goes on with the campaign that it was begun with, whatever is in force by then."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sithsup.campaign import Campaign
from sithsup.errors import CampaignMissingError
from sithsup.in_force import Campaigns
from sithsup.journal import Journal, begun_campaign, card_key
from sithsup.model import KeyRole
from sithsup.settings import Settings
from sithsup.situation import Outcome
from sithsup.texts import resources

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = Campaign.load(resources() / "campaigns" / "siths-2020.json")
OLDER = SHIPPED.model_copy(update={"id": "older", "version": 7})
CARD: Any = SimpleNamespace(serials=("one", "two"))
OTHER: Any = SimpleNamespace(serials=("three",))


def clock() -> datetime:
    return datetime.now(UTC)


def journal(folder: Path) -> Journal:
    return Journal(folder, card_key(CARD), clock)


def begin(folder: Path, campaign: Campaign = OLDER, *, is_announced: bool = True) -> None:
    """Leave a journal as an interrupted run does."""
    with journal(folder) as found:
        found.begin("…1", campaign.id, "CASE")
        found.remember_campaign(campaign.id, campaign.version, campaign.model_dump_json().encode())
        if is_announced:
            found.announce_key(KeyRole.AUTHENTICATION, b"id")


def test_a_campaign_comes_back_from_the_journal_as_it_was(tmp_path: Path) -> None:
    """Every field of it: what is written is read as the same."""
    begin(tmp_path)
    assert Campaign.parse(begun_campaign(tmp_path, card_key(CARD)), "x") == OLDER
    with closing(sqlite3.connect(tmp_path / f"journal-{card_key(CARD)}.sqlite3")) as db:
        assert db.execute("SELECT id, version FROM campaign").fetchall() == [("older", 7)]


def test_what_was_begun_goes_on_with_its_own(tmp_path: Path) -> None:
    """Every other card has the one in force."""
    begin(tmp_path)
    campaigns = Campaigns(Settings(data=tmp_path))
    assert campaigns.likely == SHIPPED
    assert campaigns.of(CARD) == OLDER
    assert campaigns.likely == OLDER
    assert campaigns.of(OTHER) == SHIPPED


def test_the_campaign_in_force_may_be_broken_by_then(tmp_path: Path) -> None:
    """It is told when a card needs it; where nothing waits to be recovered, at once."""
    settings = Settings(data=tmp_path, campaign=tmp_path / "nowhere.p7m")
    with pytest.raises(CampaignMissingError):
        Campaigns(settings)
    begin(tmp_path)
    campaigns = Campaigns(settings, recovers=True)
    assert campaigns.likely is None
    assert campaigns.of(CARD) == OLDER
    with pytest.raises(CampaignMissingError):
        campaigns.of(OTHER)


def test_what_was_only_prepared_takes_the_newest(tmp_path: Path) -> None:
    """A journal that announces nothing holds nobody to its campaign; one that does keeps it."""
    begin(tmp_path, is_announced=False)
    assert Campaigns(Settings(data=tmp_path)).of(CARD) == SHIPPED
    begin(tmp_path, SHIPPED)
    begin(tmp_path, OLDER)
    assert Campaigns(Settings(data=tmp_path)).of(CARD) == SHIPPED


def test_a_journal_from_before_campaigns_were_kept(tmp_path: Path) -> None:
    """The one in force goes for it, and is kept from then on."""
    with journal(tmp_path) as found:
        found.begin("…1", "older", "CASE")
        found.announce_key(KeyRole.AUTHENTICATION, b"id")
    with closing(sqlite3.connect(tmp_path / f"journal-{card_key(CARD)}.sqlite3")) as db, db:
        db.execute("DROP TABLE campaign")
    assert Campaigns(Settings(data=tmp_path)).of(CARD) == SHIPPED
    begin(tmp_path, SHIPPED)
    assert json.loads(begun_campaign(tmp_path, card_key(CARD)))["id"] == SHIPPED.id


def test_a_campaign_that_this_program_cannot_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Written by a later version of it: the one in force is the best there is."""
    with journal(tmp_path) as found:
        found.begin("…1", "later", "CASE")
        found.remember_campaign("later", 1, b'{"format": 2}')
        found.announce_key(KeyRole.AUTHENTICATION, b"id")
    assert Campaigns(Settings(data=tmp_path)).of(CARD) == SHIPPED
    assert "cannot go by the campaign in the journal" in caplog.text
    caplog.clear()


def test_a_journal_in_use_or_gone_tells_nothing(tmp_path: Path) -> None:
    """The one who uses it goes on; a finished upgrade leaves no campaign behind."""
    begin(tmp_path)
    with journal(tmp_path) as found:
        assert begun_campaign(tmp_path, card_key(CARD)) == b""
        found.finish(Outcome.UPGRADED)
    assert begun_campaign(tmp_path, card_key(CARD)) == b""
